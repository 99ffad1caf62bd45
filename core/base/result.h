#pragma once

// Errors as values. Every fallible function of the project returns Result<T> (or Status, which
// carries no value); the compiler insists that the caller looks. An Error says what went wrong in
// words for a person, where (file, server or object) and, for binary input, at which byte.
//
// Exceptions come only from libraries and are turned into an Error where they enter.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace tierline {

/// What kind of trouble it is. The values are the exit codes of sysexits(3), so that the
/// command line needs no table to honour its contract.
enum class ErrorCode : int {
  Incomplete = 3,     ///< it ran, but coverage is partial or the question has no meaningful answer
  Usage = 64,         ///< the command line is wrong
  BadData = 65,       ///< input is malformed
  NoInput = 66,       ///< an input does not exist or cannot be opened
  Unavailable = 69,   ///< a server cannot be reached or gave up
  Internal = 70,      ///< a defect of this program
  CannotCreate = 73,  ///< an output cannot be created
  Io = 74,            ///< reading or writing failed half-way
  TryAgain = 75,      ///< a passing condition, such as clock skew or a lock
  Refused = 77,       ///< credentials or rights are not enough
  Config = 78,        ///< configuration is wrong, such as a missing CA file
};

/// One failure. `where` names the file, server or object; `offset` is a byte offset into it.
struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;
  std::string where = {};
  std::optional<std::uint64_t> offset = {};

  /// The error as one line: "WHERE: MESSAGE (at byte N)".
  std::string describe() const;

  /// The same error seen from further out: names the place unless a nearer one is already named.
  Error in(std::string_view place) && {
    if (where.empty()) where = place;
    return std::move(*this);
  }
};

/// A value or an Error.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// REQUIRES: ok().
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// REQUIRES: !ok().
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success or an Error, for functions with nothing to return.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}

  bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }

  /// REQUIRES: !ok().
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace tierline
