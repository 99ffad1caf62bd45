#include "tests/scenarios/authority.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace tierline::tests {
namespace {

void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  if (extension == nullptr) throw std::runtime_error("OpenSSL makes no such extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

Authority::Authority(const std::string& name, const Authority* issuer) {
  constexpr long kYear = 365L * 24 * 3600;
  key_.reset(EVP_EC_gen("P-256"));
  certificate_.reset(X509_new());
  X509* const x509 = certificate_.get();
  X509* const above = issuer == nullptr ? x509 : issuer->certificate_.get();
  X509_set_version(x509, X509_VERSION_3);
  static long serial = 0;
  ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x509), -kYear);
  X509_gmtime_adj(X509_getm_notAfter(x509), kYear);
  X509_set_pubkey(x509, key_.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(above));
  add_extension(x509, above, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(x509, above, NID_key_usage, "critical,keyCertSign,cRLSign");
  EVP_PKEY* const signer = issuer == nullptr ? key_.get() : issuer->key_.get();
  if (X509_sign(x509, signer, EVP_sha256()) == 0) throw std::runtime_error("OpenSSL does not sign");
}

std::string Authority::certificate() const {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate_.get(), &bytes);
  if (size < 0) throw std::runtime_error("OpenSSL does not encode");
  std::string text(bytes, bytes + size);
  OPENSSL_free(bytes);
  return text;
}

}  // namespace tierline::tests
