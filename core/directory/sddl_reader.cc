#include "core/directory/sddl_reader.h"

#include <charconv>

#include "core/base/text.h"

namespace tierline::directory {
namespace {

// One number of a SID; Windows takes hexadecimal for each of them.
std::optional<std::uint64_t> sid_part(std::string_view text, std::uint64_t most) {
  const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  if (is_hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, is_hex ? 16 : 10);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value > most)
    return std::nullopt;
  return value;
}

// "S-1-5-21-1-2-3", by way of the stored form.
std::optional<Sid> sid_in_full(std::string_view text) {
  if (text.size() < 4 || text.substr(1, 3) != "-1-") return std::nullopt;
  text.remove_prefix(4);
  std::string raw = {1, 0};
  for (bool is_authority = true;; is_authority = false) {
    const std::size_t end = text.find('-');
    const std::string_view part = text.substr(0, end);
    const auto value = sid_part(part, is_authority ? 0xFFFFFFFFFFFF : 0xFFFFFFFF);
    if (!value || (!is_authority && static_cast<unsigned char>(raw[1]) == Sid::kMaxSubAuthorities)) {
      return std::nullopt;
    }
    if (is_authority) {
      for (int shift = 40; shift >= 0; shift -= 8) raw += static_cast<char>((*value >> shift) & 0xFF);
    } else {
      for (int shift = 0; shift < 32; shift += 8) raw += static_cast<char>((*value >> shift) & 0xFF);
      ++raw[1];
    }
    if (end == std::string_view::npos) return Sid::from_bytes(as_bytes(raw));
    text.remove_prefix(end + 1);
  }
}

}  // namespace

void SddlReader::fail(std::string message, std::size_t offset) {
  if (failed_) return;
  failed_ = true;
  error_ = {ErrorCode::BadData, "SDDL: " + std::move(message), {}, offset};
}

bool SddlReader::skip(std::string_view expected) noexcept {
  if (failed_ || text_.substr(at_, expected.size()) != expected) return false;
  at_ += expected.size();
  return true;
}

bool SddlReader::skip_word(std::string_view word) noexcept {
  if (failed_ || !equal_ascii_nocase(text_.substr(at_, word.size()), word)) return false;
  at_ += word.size();
  return true;
}

void SddlReader::expect(char expected) {
  if (peek() != expected || at_end()) return fail(std::string("expected '") + expected + "'");
  ++at_;
}

void SddlReader::skip_spaces() noexcept {
  while (!at_end() && is_sddl_space(text_[at_])) ++at_;
}

std::string_view SddlReader::take_until(std::string_view ends) {
  const std::size_t end = failed_ ? std::string_view::npos : text_.find_first_of(ends, at_);
  if (end == std::string_view::npos) {
    fail("the text ends too early", text_.size());
    return {};
  }
  const std::string_view taken = text_.substr(at_, end - at_);
  at_ = end;
  return taken;
}

Sid SddlReader::sid() {
  if (failed_) return {};
  const std::string_view start = text_.substr(at_, 2);
  if (start == "S-" || start == "s-") {
    std::size_t end = at_ + 2;
    while (end < text_.size() &&
           (is_hexadecimal(text_[end]) || text_[end] == '-' || (text_[end] | 0x20) == 'x')) {
      ++end;
    }
    // "O:S-1-5-18D:...": the D begins the next part, though it could be a digit.
    if (end < text_.size() && text_[end] == ':' && text_[end - 1] == 'D') --end;
    const std::optional<Sid> parsed = sid_in_full(text_.substr(at_, end - at_));
    if (!parsed) {
      fail("not a SID");
      return {};
    }
    at_ = end;
    return *parsed;
  }
  Result<Sid> named = sid_by_name(start, context_);
  if (!named) {
    fail(named.error().message);
    return {};
  }
  at_ += 2;
  return *named;
}

}  // namespace tierline::directory
