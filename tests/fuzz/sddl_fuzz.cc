#include "core/directory/sddl.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tierline::directory;
  const SddlContext context(Sid::parse("S-1-5-21-1-2-3"));
  const auto bytes = parse_sddl({reinterpret_cast<const char*>(data), size}, context);
  if (!bytes) return 0;
  // Whatever is read is well-formed, and means the same when it is written and read again.
  const auto descriptor = SecurityDescriptor::parse(tierline::as_bytes(*bytes));
  if (!descriptor) __builtin_trap();
  const std::string text = to_sddl(*descriptor, context);
  const auto again = parse_sddl(text, context);
  if (!again || to_sddl(*SecurityDescriptor::parse(tierline::as_bytes(*again)), context) != text)
    __builtin_trap();
  return 0;
}
