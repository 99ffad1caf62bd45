#pragma once

// X.509 certificates as directories hold them, read and verified by OpenSSL.

#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>

#include "core/base/bytes.h"

namespace tierline::derive {

class Certificate {
 public:
  /// From DER; absent for anything else.
  static std::optional<Certificate> parse(ByteSpan bytes);

  bool operator==(const Certificate& other) const;
  /// Whether names and key identifiers match and the signature is the issuer's; not whether it is still valid.
  bool is_issued_by(const Certificate& issuer) const;
  /// SHA-1 in upper-case hexadecimal: the name that Windows gives a certificate.
  std::string thumbprint() const;

 private:
  explicit Certificate(X509* certificate) : certificate_(certificate, X509_free) {}

  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

}  // namespace tierline::derive
