// A certificate for tests: key.pem and a self-signed cert.pem for "localhost", which is its own root.
#pragma once
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace denrei::test {

template <auto Free>
struct OpensslFreer {
  template <class T>
  void operator()(T* object) const noexcept { Free(object); }
};

struct TestCertificate {
  std::string certificate;  // paths
  std::string key;
};

inline TestCertificate write_test_certificate(const std::filesystem::path& directory) {
  const std::unique_ptr<EVP_PKEY, OpensslFreer<EVP_PKEY_free>> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const std::unique_ptr<X509, OpensslFreer<X509_free>> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  auto* name = X509_get_subject_name(certificate.get());
  const std::string host = "localhost";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, static_cast<const unsigned char*>(static_cast<const void*>(host.data())),
                             static_cast<int>(host.size()), -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const std::unique_ptr<X509_EXTENSION, OpensslFreer<X509_EXTENSION_free>> names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost"));
  X509_add_ext(certificate.get(), names.get(), -1);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  TestCertificate out{(directory / "cert.pem").string(), (directory / "key.pem").string()};
  const std::unique_ptr<std::FILE, OpensslFreer<std::fclose>> key_file(std::fopen(out.key.c_str(), "w"));
  const std::unique_ptr<std::FILE, OpensslFreer<std::fclose>> certificate_file(std::fopen(out.certificate.c_str(), "w"));
  PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_X509(certificate_file.get(), certificate.get());
  return out;
}

}  // namespace denrei::test
