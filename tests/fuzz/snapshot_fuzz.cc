#include "core/snapshot/snapshot.h"
#include "tests/fuzz/temporary_file.h"

// A file that loads must also be readable to its last value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tierline;
  const tests::TemporaryFile file(data, size);
  const auto opened = snapshot::Snapshot::open(file.path());
  if (!opened) return 0;
  for (snapshot::ObjectIndex i = 0; i < opened->object_count(); ++i) {
    const snapshot::Object object = opened->object(i);
    for (const auto attribute : object.attributes()) {
      for (const auto value : object.values(attribute)) (void)value.text();
    }
  }
  return 0;
}
