#include "collectors/adexplorer/adexplorer.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <vector>

#include "collectors/naming_context.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/directory/distinguished_name.h"
#include "core/knowledge/attribute_syntaxes.h"
#include "core/knowledge/secret_attributes.h"

// The file, all little-endian:
//
//   header    "win-ad-ob\0", marker (4), FILETIME of capture (8), description and server (260 UTF-16 units
//             each), number of objects (4), number of attributes used (4), offset of the property table (8),
//             end of the property table (4), a constant (4)
//   objects   size (4), count (4), count times { index into the property table (4), offset of the values
//             relative to the object, signed (4) }; values that equal earlier ones are stored once, hence
//             offsets before the object
//   values    count (4), then by type: offsets of UTF-16 texts, lengths and bytes, numbers, or times
//   table     count (4), count times { name, internal syntax (4), ADSI type (4), DN, schemaIDGUID,
//             attributeSecurityGUID, 4 bytes }; texts with their size in bytes (4) before them

namespace tierline::collectors {
namespace {

using directory::AttributeSyntax;
using snapshot::AttributeId;

constexpr std::string_view kSignature{"win-ad-ob\0", 10};
constexpr std::size_t kTimeOffset = 14;
constexpr std::size_t kServerOffset = 22 + 520;
constexpr std::size_t kNameSize = 520;
constexpr std::size_t kCountsOffset = kServerOffset + kNameSize;
constexpr std::size_t kFirstObject = kCountsOffset + 24;

// ADSI value types, as the property table has them.
enum class AdsType : std::uint32_t {
  DnString = 1,
  CaseExactString = 2,
  CaseIgnoreString = 3,
  PrintableString = 4,
  NumericString = 5,
  Boolean = 6,
  Integer = 7,
  OctetString = 8,
  UtcTime = 9,
  LargeInteger = 10,
  ObjectClass = 12,
  NtSecurityDescriptor = 25,
};
constexpr std::uint32_t kSyntaxDnWithBinary = 21;  // the internal syntax of 2.5.5.7 attributes
constexpr std::int64_t kConfidential = 0x80;       // searchFlags, [MS-ADTS] 2.2.10

struct Property {
  std::string name;
  AdsType type = AdsType::CaseIgnoreString;
  std::uint32_t internal_syntax = 0;
  AttributeId id = snapshot::kNoAttribute;
  bool secret = false;
};

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

// UTF-16 up to its terminator or the end of `bytes`; a surrogate without its other half becomes U+FFFD.
// Returns the number of bytes looked at.
std::size_t utf16_to_utf8(ByteSpan bytes, std::string& out) {
  out.clear();
  std::size_t at = 0;
  const auto unit = [&](std::size_t i) {
    return static_cast<std::uint32_t>(bytes[i]) | (static_cast<std::uint32_t>(bytes[i + 1]) << 8);
  };
  while (at + 2 <= bytes.size()) {
    std::uint32_t c = unit(at);
    at += 2;
    if (c == 0) break;
    if (c >= 0xD800 && c < 0xDC00 && at + 2 <= bytes.size() && unit(at) >= 0xDC00 && unit(at) < 0xE000) {
      c = 0x10000 + ((c - 0xD800) << 10) + (unit(at) - 0xDC00);
      at += 2;
    } else if (c >= 0xD800 && c < 0xE000) {
      c = 0xFFFD;
    }
    append_utf8(out, c);
  }
  return at;
}

class Reader {
 public:
  Reader(const std::string& path, ByteSpan file, snapshot::Builder& builder)
      : path_(path), file_(file), builder_(builder) {}

  Status read(snapshot::Provenance& provenance) {
    if (!is_adexplorer(file_)) return damaged("not an AD Explorer snapshot", 0);
    if (file_.size() < kFirstObject) return damaged("cut off inside the header", file_.size());
    ByteReader header(file_, kTimeOffset);
    const std::uint64_t captured = header.u64();
    std::string server;
    utf16_to_utf8(file_.subspan(kServerOffset, kNameSize), server);
    ByteReader counts(file_, kCountsOffset);
    const std::uint32_t objects = counts.u32();
    counts.u32();
    const std::uint64_t low = counts.u32();
    const std::uint64_t table = low | (static_cast<std::uint64_t>(counts.u32()) << 32);

    constexpr std::uint64_t kTicksPerSecond = 10'000'000;
    constexpr std::int64_t kSecondsFrom1601To1970 = 11'644'473'600;
    provenance.source = "adexplorer";
    provenance.server = server;
    provenance.started = static_cast<std::int64_t>(captured / kTicksPerSecond) - kSecondsFrom1601To1970;
    provenance.finished = provenance.started;

    if (Status status = read_properties(table); !status) return status;
    if (Status status = for_each_object(objects, &Reader::note_confidential); !status) return status;
    if (Status status = for_each_object(objects, &Reader::read_object); !status) return status;
    report_coverage();
    return {};
  }

 private:
  using Mapping = std::pair<std::uint32_t, std::size_t>;  ///< property, offset of its values in the file
  using Visit = Status (Reader::*)(const std::vector<Mapping>& mappings);

  Error damaged(std::string message, std::size_t offset) const {
    return {ErrorCode::BadData, std::move(message), path_, offset};
  }

  Status read_properties(std::uint64_t table) {
    if (table < kFirstObject || table > file_.size()) {
      return damaged("the property table lies outside the file", kCountsOffset);
    }
    ByteReader reader(file_, static_cast<std::size_t>(table));
    const std::uint32_t count = reader.u32();
    const auto text = [&](std::string& out) { utf16_to_utf8(reader.take(reader.u32()), out); };
    std::string dn;
    for (std::uint32_t i = 0; i < count; ++i) {
      Property property;
      text(property.name);
      property.internal_syntax = reader.u32();
      property.type = static_cast<AdsType>(reader.u32());
      text(dn);
      reader.take(16 + 16 + 4);
      if (reader.failed()) return damaged("the property table is cut off", reader.offset());
      if (property.name.empty()) return damaged("an attribute has no name", reader.offset());
      property.secret = knowledge::is_secret(property.name);
      properties_.push_back(std::move(property));
    }
    return {};
  }

  Status for_each_object(std::uint32_t count, Visit visit) {
    std::size_t at = kFirstObject;
    std::vector<Mapping> mappings;
    for (std::uint32_t i = 0; i < count; ++i) {
      ByteReader reader(file_, at);
      const std::size_t size = reader.u32();
      const std::size_t table_size = reader.u32();
      if (reader.failed() || size < 8 || size > file_.size() - at || table_size > (size - 8) / 8) {
        return damaged("object " + std::to_string(i + 1) + " of " + std::to_string(count) +
                           " runs over the end of its place",
                       at);
      }
      mappings.clear();
      for (std::size_t k = 0; k < table_size; ++k) {
        const std::uint32_t property = reader.u32();
        const std::int64_t offset = static_cast<std::int32_t>(reader.u32());
        const std::int64_t place = static_cast<std::int64_t>(at) + offset;
        if (property >= properties_.size() || place < static_cast<std::int64_t>(kFirstObject) ||
            place >= static_cast<std::int64_t>(file_.size())) {
          return damaged("an attribute of object " + std::to_string(i + 1) + " points outside the file",
                         reader.offset() - 8);
        }
        mappings.emplace_back(property, static_cast<std::size_t>(place));
      }
      if (Status status = (this->*visit)(mappings); !status) return status;
      at += size;
    }
    return {};
  }

  // First round: attributes that the forest's own schema marks as confidential are secret too.
  Status note_confidential(const std::vector<Mapping>& mappings) {
    std::string name;
    std::int64_t flags = 0;
    const auto take = [&](std::string_view wanted, const Mapping& mapping, auto use) -> Status {
      if (!equal_ascii_nocase(properties_[mapping.first].name, wanted)) return {};
      return for_each_value(properties_[mapping.first], mapping.second, use);
    };
    for (const Mapping& mapping : mappings) {
      Status status = take("lDAPDisplayName", mapping, [&](ByteSpan value) { name = as_text(value); });
      if (!status) return status;
      status = take("searchFlags", mapping, [&](ByteSpan value) {
        flags = std::strtoll(std::string(as_text(value)).c_str(), nullptr, 10);
      });
      if (!status) return status;
    }
    if ((flags & kConfidential) == 0) return {};
    for (Property& property : properties_) {
      if (equal_ascii_nocase(property.name, name)) property.secret = true;
    }
    return {};
  }

  Status read_object(const std::vector<Mapping>& mappings) {
    builder_.begin_object();
    bool has_descriptor = false;
    std::string dn;
    for (const auto& [index, place] : mappings) {
      Property& property = properties_[index];
      const bool own_descriptor = equal_ascii_nocase(property.name, "nTSecurityDescriptor");
      if (property.id == snapshot::kNoAttribute && !own_descriptor && !property.secret) {
        property.id = builder_.attribute(property.name, syntax_of(property));
      }
      Status status = for_each_value(property, place, [&](ByteSpan value) {
        if (property.secret) {
          ++secrets_;
        } else if (own_descriptor) {
          builder_.descriptor(value);
          has_descriptor = true;
        } else {
          builder_.value(property.id, value);
          if (equal_ascii_nocase(property.name, "distinguishedName")) dn = as_text(value);
        }
      });
      if (!status) {
        builder_.abandon_object();
        return status;
      }
    }
    builder_.end_object();
    ++objects_in_[naming_context_of(dn)];
    ++(has_descriptor ? with_descriptor_ : without_descriptor_);
    return {};
  }

  static AttributeSyntax syntax_of(const Property& property) {
    switch (property.type) {
      case AdsType::DnString:
        return AttributeSyntax::DistinguishedName;
      case AdsType::NtSecurityDescriptor:
        return AttributeSyntax::SecurityDescriptor;
      case AdsType::OctetString:
        if (property.internal_syntax == kSyntaxDnWithBinary) return AttributeSyntax::Text;
        return knowledge::octet_syntax(property.name);
      default:
        return AttributeSyntax::Text;
    }
  }

  // Calls `use` with each value as LDAP would transmit it.
  template <class Use>
  Status for_each_value(const Property& property, std::size_t place, const Use& use) {
    ByteReader reader(file_, place);
    const std::uint32_t count = reader.u32();
    const auto cut_off = [&] {
      return damaged("the values of " + visible(property.name) + " are cut off", place);
    };
    if (reader.failed() || count > reader.remaining() / 2) return cut_off();
    std::string text;
    const auto give = [&](ByteSpan value) -> Status {
      // Values may be shared between objects; a file in which everything is shared with everything would
      // grow without bound.
      constexpr std::uint64_t kGrowth = 64;
      emitted_ += value.size() + 1;
      if (emitted_ > file_.size() * kGrowth) {
        return damaged("the values are shared so often that they no longer fit the file's size", place);
      }
      use(value);
      return {};
    };
    switch (property.type) {
      case AdsType::DnString:
      case AdsType::CaseExactString:
      case AdsType::CaseIgnoreString:
      case AdsType::PrintableString:
      case AdsType::NumericString:
      case AdsType::ObjectClass:
        for (std::uint32_t i = 0; i < count; ++i) {
          const std::size_t offset = reader.u32();
          if (reader.failed() || offset > file_.size() - place) return cut_off();
          utf16_to_utf8(file_.subspan(place + offset), text);
          if (Status status = give(as_bytes(text)); !status) return status;
        }
        return {};
      case AdsType::OctetString: {
        if (count > reader.remaining() / 4) return cut_off();
        ByteReader values(file_, reader.offset() + std::size_t{count} * 4);
        for (std::uint32_t i = 0; i < count; ++i) {
          const ByteSpan value = values.take(reader.u32());
          if (values.failed() || reader.failed()) return cut_off();
          if (property.internal_syntax == kSyntaxDnWithBinary) {
            // [MS-ADTS] 3.1.1.2.2.2.2: "B:" digits ":" hexadecimal ":" DN, which follows the bytes here.
            std::string dn;
            values.take(utf16_to_utf8(file_.subspan(values.offset()), dn));
            text = "B:" + std::to_string(value.size() * 2) + ":" + upper_case(to_hex(value)) + ":" + dn;
            if (Status status = give(as_bytes(text)); !status) return status;
          } else if (Status status = give(value); !status) {
            return status;
          }
        }
        return {};
      }
      case AdsType::Boolean:
        for (std::uint32_t i = 0; i < count; ++i) {
          text = reader.u32() != 0 ? "TRUE" : "FALSE";
          if (reader.failed()) return cut_off();
          if (Status status = give(as_bytes(text)); !status) return status;
        }
        return {};
      case AdsType::Integer:
        for (std::uint32_t i = 0; i < count; ++i) {
          text = std::to_string(static_cast<std::int32_t>(reader.u32()));
          if (reader.failed()) return cut_off();
          if (Status status = give(as_bytes(text)); !status) return status;
        }
        return {};
      case AdsType::LargeInteger:
        for (std::uint32_t i = 0; i < count; ++i) {
          text = std::to_string(static_cast<std::int64_t>(reader.u64()));
          if (reader.failed()) return cut_off();
          if (Status status = give(as_bytes(text)); !status) return status;
        }
        return {};
      case AdsType::UtcTime:
        for (std::uint32_t i = 0; i < count; ++i) {
          std::uint16_t parts[8];  // SYSTEMTIME: year, month, day of week, day, hour, minute, second, ms
          for (std::uint16_t& part : parts) part = reader.u16();
          if (reader.failed()) return cut_off();
          char generalized[64];
          std::snprintf(generalized, sizeof generalized, "%04u%02u%02u%02u%02u%02u.0Z", unsigned{parts[0]},
                        unsigned{parts[1]}, unsigned{parts[3]}, unsigned{parts[4]}, unsigned{parts[5]},
                        unsigned{parts[6]});
          if (Status status = give(as_bytes(generalized)); !status) return status;
        }
        return {};
      case AdsType::NtSecurityDescriptor:
        for (std::uint32_t i = 0; i < count; ++i) {
          const ByteSpan value = reader.take(reader.u32());
          if (reader.failed()) return cut_off();
          if (Status status = give(value); !status) return status;
        }
        return {};
    }
    // Values of other types, such as DN with string (28), stand by themselves: all else can be read without them.
    ++not_understood_;
    return {};
  }

  void report_coverage() {
    for (const auto& [context, count] : objects_in_) {
      builder_.cover({.area = context.area, .domain = context.domain, .read = count});
    }
    builder_.cover(
        {.area = "security descriptors",
         .read = with_descriptor_,
         .missing = without_descriptor_,
         .reason = without_descriptor_ == 0 ? "" : "not readable by the account that took the snapshot"});
    builder_.cover(
        {.area = "secret attributes", .asked = false, .missing = secrets_, .reason = "never imported"});
    if (not_understood_ != 0) {
      builder_.cover({.area = "attributes of a type that is not known",
                      .missing = not_understood_,
                      .reason = "their values are left out"});
    }
    for (const std::string_view area : {"sysvol", "local groups", "sessions"}) {
      builder_.cover({.area = std::string(area), .asked = false, .reason = "not in an AD Explorer snapshot"});
    }
  }

  const std::string& path_;
  ByteSpan file_;
  snapshot::Builder& builder_;
  std::vector<Property> properties_;
  std::map<NamingContext, std::uint64_t> objects_in_;
  std::uint64_t with_descriptor_ = 0;
  std::uint64_t without_descriptor_ = 0;
  std::uint64_t secrets_ = 0;
  std::uint64_t not_understood_ = 0;  ///< attributes of single objects
  std::uint64_t emitted_ = 0;
};

}  // namespace

bool is_adexplorer(ByteSpan start) {
  return start.size() >= kSignature.size() && as_text(start.first(kSignature.size())) == kSignature;
}

Status read_adexplorer(const std::string& path, snapshot::Builder& builder,
                       snapshot::Provenance& provenance) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  return Reader(path, file->bytes(), builder).read(provenance);
}

}  // namespace tierline::collectors
