#include "core/derive/certificate.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <array>
#include <limits>

#include "core/base/text.h"

namespace tierline::derive {

std::optional<Certificate> Certificate::parse(ByteSpan bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<long>::max())) return std::nullopt;
  const unsigned char* next = bytes.data();
  X509* const certificate = d2i_X509(nullptr, &next, static_cast<long>(bytes.size()));
  if (certificate == nullptr) return std::nullopt;
  return Certificate(certificate);
}

bool Certificate::operator==(const Certificate& other) const {
  return X509_cmp(certificate_.get(), other.certificate_.get()) == 0;
}

bool Certificate::is_issued_by(const Certificate& issuer) const {
  return X509_check_issued(issuer.certificate_.get(), certificate_.get()) == X509_V_OK &&
         X509_verify(certificate_.get(), X509_get0_pubkey(issuer.certificate_.get())) == 1;
}

std::string Certificate::thumbprint() const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned size = 0;
  X509_digest(certificate_.get(), EVP_sha1(), digest.data(), &size);
  return upper_case(to_hex({digest.data(), size}));
}

}  // namespace tierline::derive
