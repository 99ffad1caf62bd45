#include "collectors/bloodhound/import.h"
#include "tests/fuzz/temporary_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tierline;
  const tests::TemporaryFile file(data, size);
  snapshot::Builder builder;
  snapshot::Provenance provenance;
  (void)collectors::read_bloodhound(file.path(), builder, provenance).ok();
  return 0;
}
