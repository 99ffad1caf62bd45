#include "collectors/ldif/records.h"

#include "core/base/text.h"

namespace tierline::collectors::ldif {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";

Error malformed(std::string message, std::size_t offset) {
  return {ErrorCode::BadData, "LDIF: " + std::move(message), {}, offset};
}

Result<Line> parse(std::string_view text, std::size_t offset) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return malformed("a line without a name", offset);
  Line line{std::string(text.substr(0, colon)), {}, offset};
  std::string_view rest = text.substr(colon + 1);
  const bool is_base64 = rest.starts_with(':');
  if (rest.starts_with('<')) return malformed("a value that stands in another file is not fetched", offset);
  if (is_base64) rest.remove_prefix(1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (!is_base64) {
    line.value = rest;
    return line;
  }
  while (rest.ends_with(' ')) rest.remove_suffix(1);
  std::optional<std::string> decoded = from_base64(rest);
  if (!decoded) return malformed("no base64 after " + visible(line.name) + "::", offset);
  line.value = *std::move(decoded);
  return line;
}

}  // namespace

Reader::Reader(std::string_view text) : text_(text), at_(text.starts_with(kMark) ? kMark.size() : 0) {}

std::string_view Reader::physical_line() {
  const std::size_t end = text_.find('\n', at_);
  std::string_view line = text_.substr(at_, end == std::string_view::npos ? end : end - at_);
  at_ = end == std::string_view::npos ? text_.size() : end + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<std::string> Reader::logical_line() {
  if (at_ >= text_.size()) return std::nullopt;
  std::string line(physical_line());
  if (line.empty()) return std::nullopt;
  // RFC 2849 note 2: a line that begins with a space goes on where the one before ended.
  while (at_ < text_.size() && text_[at_] == ' ') line += physical_line().substr(1);
  return line;
}

Result<std::optional<Record>> Reader::next() {
  while (at_ < text_.size()) {
    Record record;
    std::size_t offset = at_;
    for (std::optional<std::string> line = logical_line(); line; offset = at_, line = logical_line()) {
      if (line->starts_with('#')) continue;
      Result<Line> parsed = parse(*line, offset);
      if (!parsed) return std::move(parsed).error();
      const bool is_version = record.empty() && equal_ascii_nocase(parsed->name, "version");
      if (!is_version) record.push_back(*std::move(parsed));
    }
    if (!record.empty()) return std::optional(std::move(record));
  }
  return std::optional<Record>();
}

}  // namespace tierline::collectors::ldif
