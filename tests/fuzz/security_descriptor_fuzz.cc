#include "core/directory/security_descriptor.h"

#include "core/directory/sddl.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tierline::directory;
  const auto parsed = SecurityDescriptor::parse({data, size});
  // Whatever is read can be said, and what is said can be read; but for what text makes longer than 64 KiB.
  if (parsed && size < 0x4000 && !parse_sddl(to_sddl(*parsed))) __builtin_trap();
  return 0;
}
