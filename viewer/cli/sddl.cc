// sddl: security descriptors from standard input, one a line, in whatever form, as JSON.

#include <algorithm>
#include <iostream>
#include <memory>

#include "core/base/text.h"
#include "core/directory/sddl.h"
#include "viewer/cli/commands.h"
#include "viewer/export/ace_json.h"

namespace tierline::viewer::cli {
namespace {

struct Options {
  std::string domain_sid;
};

bool is_hexadecimal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

Error malformed(std::string message, std::size_t offset) {
  return {ErrorCode::BadData, std::move(message), {}, offset};
}

Result<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return malformed("an odd number of hexadecimal digits", text.size());
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  }
  return bytes;
}

// Every SDDL has a colon, and neither of the others one.
Result<std::string> to_bytes(std::string_view line, const directory::SddlContext& context) {
  if (line.empty()) return malformed("an empty line", 0);
  if (line.find(':') != std::string_view::npos) return directory::parse_sddl(line, context);
  if (std::all_of(line.begin(), line.end(), is_hexadecimal)) return from_hex(line);
  std::optional<std::string> bytes = from_base64(line);
  if (!bytes) return malformed("neither SDDL nor hexadecimal nor base64", 0);
  return *std::move(bytes);
}

// One line of JSON; false for an input that is none.
bool answer(std::string_view line, const directory::SddlContext& context) {
  JsonWriter json;
  const Result<std::string> bytes = to_bytes(line, context);
  const auto descriptor = bytes ? directory::SecurityDescriptor::parse(as_bytes(*bytes)) : bytes.error();
  if (descriptor) {
    write_descriptor(json, *descriptor, context);
  } else {
    json.begin_object();
    json.key("error").text(descriptor.error().message);
    json.key("offset").number(descriptor.error().offset.value_or(0));
    json.end_object();
  }
  print(json.take() + "\n");
  return descriptor.ok();
}

Result<int> run(const Options& options) {
  directory::SddlContext context;
  if (!options.domain_sid.empty()) {
    context.domain = directory::Sid::parse(options.domain_sid);
    if (!context.domain) return Error{ErrorCode::Usage, options.domain_sid + " is not a SID"};
  }
  std::uint64_t lines = 0;
  std::uint64_t bad = 0;
  for (std::string line; std::getline(std::cin, line); ++lines) {
    while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
    if (!answer(line, context)) ++bad;
  }
  if (std::cin.bad()) return Error{ErrorCode::Io, "cannot be read", "standard input"};
  if (lines == 0) return Error{ErrorCode::Incomplete, "there is no descriptor", "standard input"};
  return bad == 0 ? kDone : static_cast<int>(ErrorCode::BadData);
}

}  // namespace

Action declare_sddl(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("--domain-sid", options->domain_sid, "what DA, DU and the like belong to");
  return [options] { return run(*options); };
}

}  // namespace tierline::viewer::cli
