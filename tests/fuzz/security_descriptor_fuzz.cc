#include "core/directory/security_descriptor.h"

#include "core/directory/sddl.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = tierline::directory::SecurityDescriptor::parse({data, size});
  if (parsed && parsed->dacl) {
    for (const auto& ace : parsed->dacl->aces) tierline::directory::to_sddl(ace);
  }
  return 0;
}
