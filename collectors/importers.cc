#include "collectors/importers.h"

#include <filesystem>

#include "collectors/adexplorer/adexplorer.h"
#include "collectors/bloodhound/import.h"
#include "collectors/ldif/ldif.h"
#include "core/base/file.h"

namespace tierline::collectors {
namespace {

constexpr Importer kImporters[] = {
    {"AD Explorer snapshot", is_adexplorer, read_adexplorer},
    {"collection for BloodHound", is_bloodhound, read_bloodhound},
    {"LDIF", is_ldif, read_ldif},
};

}  // namespace

Status import_file(const std::string& path, snapshot::Builder& builder, snapshot::Provenance& provenance) {
  if (std::filesystem::is_directory(path)) return read_bloodhound(path, builder, provenance);
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return file.error();
  for (const Importer& importer : kImporters) {
    if (importer.matches(file->bytes())) return importer.read(path, builder, provenance);
  }
  std::string known;
  for (const Importer& importer : kImporters)
    known += (known.empty() ? "" : ", ") + std::string(importer.format);
  return Error{ErrorCode::BadData, "none of the formats that can be imported (" + known + ")", path, 0};
}

}  // namespace tierline::collectors
