// Addresses in configuration: numeric endpoints, CIDR ranges and origins. Names are not resolved here.
#pragma once
#include <string_view>

#include "denrei/app/config.hpp"

namespace denrei {

// "10.0.0.0/8", "2001:db8::/32" or a single address.
[[nodiscard]] bool is_cidr(std::string_view text);
[[nodiscard]] bool is_loopback(const Endpoint& endpoint);
// "https://host[:port]" without a path, as a browser sends it.
[[nodiscard]] bool is_origin(std::string_view text);

}  // namespace denrei
