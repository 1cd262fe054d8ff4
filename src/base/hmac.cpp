// HMAC-SHA256 and SHA-256 over OpenSSL 3.
#include "denrei/base/hmac.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "denrei/base/assert.hpp"

namespace denrei {

Secret::~Secret() {
  if (!value_.empty()) OPENSSL_cleanse(value_.data(), value_.size());
}

struct HmacSha256::Context {
  EVP_MAC* mac = nullptr;
  EVP_MAC_CTX* keyed = nullptr;
  ~Context() {
    EVP_MAC_CTX_free(keyed);
    EVP_MAC_free(mac);
  }
};

HmacSha256::HmacSha256(const Secret& key) : HmacSha256(key.reveal()) {}

HmacSha256::HmacSha256(std::string_view raw_key) : context_(std::make_unique<Context>()) {
  context_->mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  context_->keyed = EVP_MAC_CTX_new(context_->mac);
  char digest_name[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
                                   OSSL_PARAM_construct_end()};
  // OpenSSL takes a null key for "keep the old one", so an empty key needs a non-null pointer.
  static constexpr unsigned char nothing = 0;
  const auto* key = raw_key.empty() ? &nothing : reinterpret_cast<const unsigned char*>(raw_key.data());
  DENREI_ASSERT(EVP_MAC_init(context_->keyed, key, raw_key.size(), parameters) == 1);
}

HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;
HmacSha256::~HmacSha256() = default;

Digest HmacSha256::sign(std::initializer_list<std::string_view> parts) const {
  Digest out{};
  std::size_t size = 0;
  DENREI_ASSERT(EVP_MAC_init(context_->keyed, nullptr, 0, nullptr) == 1);
  for (const auto part : parts)
    DENREI_ASSERT(EVP_MAC_update(context_->keyed, reinterpret_cast<const unsigned char*>(part.data()), part.size()) == 1);
  DENREI_ASSERT(EVP_MAC_final(context_->keyed, out.data(), &size, out.size()) == 1);
  return out;
}

Digest sha256(std::initializer_list<std::string_view> parts) {
  struct Free {
    void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
  };
  // Fetching the algorithm costs more than hashing an event, so each thread keeps one context.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  Digest out{};
  unsigned size = 0;
  DENREI_ASSERT(EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1);
  for (const auto part : parts) DENREI_ASSERT(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  DENREI_ASSERT(EVP_DigestFinal_ex(context.get(), out.data(), &size) == 1);
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace denrei
