#pragma once

// Reads SDDL from left to right. What is common to a descriptor, a condition and a resource attribute.

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/directory/sddl_names.h"

namespace tierline::directory {

/// The first thing that does not fit is the error; after it nothing more is read.
class SddlReader {
 public:
  SddlReader(std::string_view text, const SddlContext& context) : text_(text), context_(context) {}

  std::size_t offset() const noexcept { return at_; }
  bool at_end() const noexcept { return failed_ || at_ >= text_.size(); }
  bool failed() const noexcept { return failed_; }
  /// REQUIRES: failed().
  Error take_error() { return std::move(error_); }

  /// Keeps the first error. `offset` is where in the text it is.
  void fail(std::string message, std::size_t offset);
  void fail(std::string message) { fail(std::move(message), at_); }

  /// The next character, NUL at the end.
  char peek() const noexcept { return at_end() ? '\0' : text_[at_]; }
  /// Moves past `expected` if it comes next.
  bool skip(std::string_view expected) noexcept;
  /// Moves past `word`, in any case, if it comes next.
  bool skip_word(std::string_view word) noexcept;
  /// Moves past `expected`; it is an error if something else comes next.
  void expect(char expected);
  void skip_spaces() noexcept;

  /// What comes before the first of `ends`; an error when none comes.
  std::string_view take_until(std::string_view ends);
  /// As many characters as `belongs` says yes to; peek_while() does not move past them.
  template <class Belongs>
  std::string_view peek_while(Belongs belongs) const {
    std::size_t end = at_;
    while (!failed_ && end < text_.size() && belongs(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }
  template <class Belongs>
  std::string_view take_while(Belongs belongs) {
    const std::string_view taken = peek_while(belongs);
    at_ += taken.size();
    return taken;
  }

  /// A SID in full or by its two-letter name.
  Sid sid();

 private:
  std::string_view text_;
  const SddlContext& context_;
  std::size_t at_ = 0;
  bool failed_ = false;
  Error error_;
};

/// [MS-DTYP] 2.5.1.1 wspace.
constexpr bool is_sddl_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr bool is_decimal(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_hexadecimal(char c) noexcept {
  return is_decimal(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace tierline::directory
