// Prints every value of a snapshot, one per line: DN, attribute and value, the first and last in base64. For
// tests that compare a snapshot with what other tools read.

#include <cstdio>
#include <string>

#include "core/snapshot/snapshot.h"

namespace {

using namespace tierline;

std::string base64(ByteSpan bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < left ? bytes[i + k] : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += k <= left ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

void print(const std::string& dn, const std::string& attribute, ByteSpan value) {
  std::printf("%s %s %s\n", dn.c_str(), attribute.c_str(), base64(value).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  const Result<snapshot::Snapshot> opened = snapshot::Snapshot::open(argv[1]);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().describe().c_str());
    return 65;
  }
  for (snapshot::ObjectIndex i = 0; i < opened->object_count(); ++i) {
    const snapshot::Object object = opened->object(i);
    const std::string dn = base64(as_bytes(object.dn()));
    for (const snapshot::AttributeId attribute : object.attributes()) {
      const std::string& name = opened->meta().attributes[attribute].name;
      for (const snapshot::Value value : object.values(attribute)) print(dn, name, value.bytes);
    }
    if (object.descriptor() != snapshot::kNoDescriptor) {
      print(dn, "nTSecurityDescriptor", opened->descriptor(object.descriptor()));
    }
  }
  return 0;
}
