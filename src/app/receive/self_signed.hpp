// A certificate that nobody should believe: self-signed, for a name that is not ours, made anew at each start and kept in memory.
//
// Shape   make_self_signed("elsewhere.invalid") -> certificate and key, PEM
// Errors  io: OpenSSL cannot
#pragma once
#include <string>

#include "denrei/base/result.hpp"

namespace denrei {

struct PemPair {
  std::string certificate;
  std::string key;
};
[[nodiscard]] Result<PemPair> make_self_signed(const std::string& host);

}  // namespace denrei
