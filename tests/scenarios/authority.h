#pragma once

// A certification authority with a real key and certificate, for scenarios.

#include <openssl/x509.h>

#include <memory>
#include <string>

namespace tierline::tests {

class Authority {
 public:
  /// Signed by the issuer, or by itself when there is none.
  Authority(const std::string& name, const Authority* issuer);

  /// DER.
  std::string certificate() const;

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{nullptr, EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> certificate_{nullptr, X509_free};
};

}  // namespace tierline::tests
