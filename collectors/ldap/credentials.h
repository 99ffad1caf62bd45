#pragma once

// Secrets on their way to the server: a password from a file, Kerberos tickets from a keytab.

#include <string>

#include "core/base/result.h"

namespace tierline::collectors::ldap {

/// A password that is wiped when it goes away.
class Password {
 public:
  /// The first line of the file. Errors: NoInput; Config when others than the owner may read it.
  static Result<Password> read(const std::string& path);

  Password(Password&& other) noexcept = default;
  Password& operator=(Password&&) = delete;
  ~Password();

  std::string& text() { return text_; }

 private:
  Password() = default;
  std::string text_;
};

/// Whether the file can be read. Errors: NoInput.
Status check_keytab(const std::string& keytab);

/// Gets tickets for `principal` with its keys in `keytab`, into a cache in this process's memory that GSSAPI
/// uses from then on; nothing is written to disk. Errors: Refused, Unavailable, TryAgain (clock skew), NoInput.
Status use_keytab(const std::string& keytab, const std::string& principal);

}  // namespace tierline::collectors::ldap
