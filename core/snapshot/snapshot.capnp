# The snapshot file format; docs/snapshot-format.md describes the bytes around these messages.
#
# A snapshot is a sequence of chunks, each one Cap'n Proto message in the standard framing, so that a
# reader maps the file and looks only at the chunks it needs. Lists are columns: entry i of each belongs to
# object i of the chunk. No list reaches 2^29 elements, as a chunk holds at most 65,536 objects.
@0xd1b7a3c25e4f6091;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tierline::snapshot::schema");

# Where each chunk lies. Written last, so that a file without it is known to be cut off.
struct Contents {
  chunks @0 :List(Chunk);
}

struct Chunk {
  kind @0 :Kind;
  count @1 :UInt32;     # objects or descriptors in it
  offset @2 :UInt64;    # from the start of the file, a multiple of 8
  size @3 :UInt64;      # in bytes, a multiple of 8
  checksum @4 :UInt64;  # XXH3-64 of those bytes

  enum Kind {
    meta @0;
    objects @1;
    descriptors @2;
  }
}

struct Meta {
  provenance @0 :Provenance;
  coverage @1 :List(Area);
  attributes @2 :List(Attribute);  # an attribute's id is its place in this list
}

struct Provenance {
  tool @0 :Text;
  toolVersion @1 :Text;
  source @2 :Text;           # the collector: "ldap", "adexplorer"
  server @3 :Text;           # the server or file that was read
  reader @4 :Text;           # the account that read it, empty when unknown
  started @5 :Int64;         # seconds since 1970-01-01 UTC
  finished @6 :Int64;
  highestUsn @7 :UInt64;     # highestCommittedUSN of the server before reading, 0 when unknown
  dirsyncCookie @8 :Data;
}

# What was asked for and what came of it.
struct Area {
  area @0 :Text;
  domain @1 :Text;
  asked @2 :Bool;
  read @3 :UInt64;     # things read
  missing @4 :UInt64;  # things known to be there and not read
  reason @5 :Text;     # why something is missing
}

struct Attribute {
  name @0 :Text;     # lDAPDisplayName
  syntax @1 :UInt8;  # directory::AttributeSyntax
}

# Objects in order of their objectGUID bytes over the whole file.
struct ObjectChunk {
  guids @0 :Data;                   # 16 bytes each, zero when the source gave none
  parents @1 :List(UInt32);         # index of the parent object in the file, 0xffffffff when it is not in it
  descriptors @2 :List(UInt32);     # index of the security descriptor, 0xffffffff when it was not readable
  attributeStarts @3 :List(UInt32); # count + 1 places in the next two lists
  attributeIds @4 :List(UInt16);    # ascending within an object
  valueStarts @5 :List(UInt32);     # one more than attributeIds: places in valueOffsets
  valueOffsets @6 :List(UInt32);    # one more than there are values: offsets into heap
  heap @7 :Data;                    # values as LDAP transmits them. Values of DN syntax begin with a tag byte:
                                    # 0 = the DN as text, 1 = a little-endian UInt32, the object that has this DN
}

# Distinct security descriptors in the self-relative form of [MS-DTYP] 2.4.6.
struct DescriptorChunk {
  offsets @0 :List(UInt32);  # count + 1 offsets into heap
  heap @1 :Data;
}
