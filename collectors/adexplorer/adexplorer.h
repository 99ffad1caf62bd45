#pragma once

// Reads snapshots of Sysinternals AD Explorer (".dat").

#include <string>

#include "core/base/result.h"
#include "core/snapshot/builder.h"

namespace tierline::collectors {

/// True when `start`, the first bytes of a file, are those of an AD Explorer snapshot.
bool is_adexplorer(ByteSpan start);

/// Hands every object of the file to `builder`, with all attributes but secret ones (see
/// knowledge/secret_attributes.h and the schema's confidential flag), whose values are only counted.
/// `provenance` gets the server and the time of capture, so that the same file always gives the same facts.
/// Errors: NoInput, Io; BadData with the offset of what does not fit.
Status read_adexplorer(const std::string& path, snapshot::Builder& builder, snapshot::Provenance& provenance);

}  // namespace tierline::collectors
