// Self-signed certificates by OpenSSL.
#include "self_signed.hpp"

#include <memory>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace denrei {
namespace {

template <auto release>
struct Freed {
  template <class T>
  void operator()(T* object) const { release(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;

constexpr long valid_s = 24 * 60 * 60;

bool name_it(X509& certificate, const std::string& host) {
  auto* name = X509_get_subject_name(&certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(host.data());
  const auto alternative = "DNS:" + host;
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative.c_str()));
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, static_cast<int>(host.size()), -1, 0) == 1 &&
         X509_set_issuer_name(&certificate, name) == 1 && extension && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

bool fill(X509& certificate, EVP_PKEY& key, const std::string& host) {
  return X509_set_version(&certificate, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(&certificate), 1) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(&certificate), -valid_s) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(&certificate), valid_s) != nullptr && X509_set_pubkey(&certificate, &key) == 1 &&
         name_it(certificate, host) && X509_sign(&certificate, &key, EVP_sha256()) > 0;
}

std::string take_text(BIO& memory) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(&memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<PemPair> make_self_signed(const std::string& host) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  const Memory certificate_text(BIO_new(BIO_s_mem())), key_text(BIO_new(BIO_s_mem()));
  const bool made = key && certificate && certificate_text && key_text && fill(*certificate, *key, host) &&
                    PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1 &&
                    PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  if (!made) return fail(FaultCode::io, "OpenSSL cannot make a certificate");
  return PemPair{take_text(*certificate_text), take_text(*key_text)};
}

}  // namespace denrei
