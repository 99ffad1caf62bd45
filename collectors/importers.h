#pragma once

// The file formats that `import` reads. A format is one room under collectors/ and one row in importers.cc.

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/snapshot/builder.h"

namespace tierline::collectors {

struct Importer {
  std::string_view format;          ///< for people
  bool (*matches)(ByteSpan start);  ///< looks at the first bytes of a file
  Status (*read)(const std::string& path, snapshot::Builder& builder, snapshot::Provenance& provenance);
};

/// Reads one file with the importer that knows it. Errors: those of the importer; BadData when none does.
Status import_file(const std::string& path, snapshot::Builder& builder, snapshot::Provenance& provenance);

}  // namespace tierline::collectors
