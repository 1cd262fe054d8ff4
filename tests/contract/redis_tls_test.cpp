// rediss://: a certificate that is trusted and names the host is accepted, every other one refused.
#include <cstdio>
#include <cstdlib>

#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/journal_fixture.hpp"
#include "contract/redis_rig.hpp"

namespace denrei::test {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const noexcept { Free(object); }
};

// Writes key.pem and a self-signed cert.pem for "localhost".
void write_certificate(const std::filesystem::path& directory) {
  const std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const std::unique_ptr<X509, Freer<X509_free>> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  auto* name = X509_get_subject_name(certificate.get());
  const std::array<unsigned char, 9> host{'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't'};
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host.data(), host.size(), -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost"));
  X509_add_ext(certificate.get(), names.get(), -1);
  ASSERT_NE(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  const std::unique_ptr<std::FILE, Freer<std::fclose>> key_file(std::fopen((directory / "key.pem").c_str(), "w"));
  const std::unique_ptr<std::FILE, Freer<std::fclose>> certificate_file(std::fopen((directory / "cert.pem").c_str(), "w"));
  PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_X509(certificate_file.get(), certificate.get());
}

class RedisTls : public ::testing::Test, protected JournalFixture {
 protected:
  RedisTls() : JournalFixture(std::make_unique<RedisRig>()), rig(static_cast<RedisRig&>(*rig_)) {
    write_certificate(directory_.path());
    const auto certificate = (directory_.path() / "cert.pem").string();
    auto redis = rig.raw();
    port = find_free_port();
    const auto answer = redis.one({"CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", (directory_.path() / "key.pem").string(),
                                   "tls-ca-cert-file", certificate, "tls-auth-clients", "no", "tls-port", port});
    EXPECT_EQ(answer, "OK");
  }
  ~RedisTls() override { ::unsetenv("SSL_CERT_FILE"); }

  void trust_it() { ::setenv("SSL_CERT_FILE", (directory_.path() / "cert.pem").c_str(), 1); }

  static std::string find_free_port() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(probe, reinterpret_cast<const sockaddr*>(&address), size), 0);
    ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(probe);
    return std::to_string(ntohs(address.sin_port));
  }

  ScratchDirectory directory_;
  RedisRig& rig;
  std::string port;
};

TEST_F(RedisTls, WorksWithATrustedCertificate) {
  trust_it();
  rig.reconnect({.url = "rediss://localhost:" + port});
  rig.run_until([&] { return rig.up; });
  EXPECT_EQ(append({record("a", std::string(200'000, 'x'))})->outcomes.at(0).seq, 1u);
  EXPECT_EQ(newest(1)->front().blob.size(), 200'004u);
}

TEST_F(RedisTls, RefusesACertificateThatNobodyVouchesFor) {
  rig.reconnect({.url = "rediss://localhost:" + port});
  rig.run_until([&] { return rig.why_down.find("certificate verify failed") != std::string::npos; });
  EXPECT_FALSE(rig.up);
}

TEST_F(RedisTls, RefusesACertificateOfAnotherHost) {
  trust_it();
  rig.reconnect({.url = "rediss://127.0.0.1:" + port});
  rig.run_until([&] { return rig.why_down.find("certificate verify failed") != std::string::npos; });
  EXPECT_FALSE(rig.up);
}

}  // namespace
}  // namespace denrei::test
