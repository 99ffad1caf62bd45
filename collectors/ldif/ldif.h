#pragma once

// Reads LDIF (RFC 2849), as ldapsearch and ldifde write it: a directory dumped where no collector may run.

#include <string>

#include "core/base/result.h"
#include "core/snapshot/builder.h"

namespace tierline::collectors {

/// True when `start`, the first bytes of a file, are those of LDIF, in UTF-8 or UTF-16.
bool is_ldif(ByteSpan start);

/// Hands every entry of the file to `builder` with the attributes that the LDAP collector would ask for, so that
/// both give the same facts. What the file shows to be missing is coverage: descriptors, values of large groups
/// that were cut off, a search that the server broke off. `provenance` gets the latest change in the file as its
/// time, so that the same file always gives the same facts.
/// Errors: NoInput, Io; BadData with the offset of what does not fit: a line that is none, a record that
/// changes something.
Status read_ldif(const std::string& path, snapshot::Builder& builder, snapshot::Provenance& provenance);

}  // namespace tierline::collectors
