// A session of the console: a cookie that says until when it is good, signed with a key that lives as long as the process.
//
// Shape   make_session(key, until) -> "<unix seconds>.<signature>"; find_session(cookie header) -> value; is_session(key, value, now)
// Limits  session_life; a restart ends all sessions
// Errors  false: forged, expired, or nothing of the kind
// Source  design §7 (roles): a session stands for an operator
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "denrei/base/hmac.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

inline constexpr std::chrono::hours session_life{12};  // a night shift
inline constexpr std::string_view session_cookie = "denrei_console";
// Only a page of our own can send it: writes without it do not count as the session's.
inline constexpr std::string_view session_write_header = "x-denrei-console";

[[nodiscard]] std::string make_session(const HmacSha256& key, WallTime until);
[[nodiscard]] std::string_view find_session(std::string_view cookie_header) noexcept;
[[nodiscard]] bool is_session(const HmacSha256& key, std::string_view value, WallTime now);

}  // namespace denrei
