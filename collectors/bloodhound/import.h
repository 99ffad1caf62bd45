#pragma once

// Reads collections for BloodHound: the JSON of SharpHound and of those that write its format, and graphs in the
// OpenGraph format, as a ZIP archive, a folder or single files.

#include <string>

#include "core/base/result.h"
#include "core/snapshot/builder.h"

namespace tierline::collectors {

/// True when `start`, the first bytes of a file, are those of JSON or of a ZIP archive.
bool is_bloodhound(ByteSpan start);

/// Hands every object of the collection to `builder`. Secrets are only counted. What is wrong with a document of an
/// archive or folder is coverage, and the others are read; `provenance` gets the name of the collection.
/// Errors: NoInput, Io; BadData when nothing of it is a collection, or the only document is none.
Status read_bloodhound(const std::string& path, snapshot::Builder& builder, snapshot::Provenance& provenance);

}  // namespace tierline::collectors
