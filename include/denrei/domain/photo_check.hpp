// Photo check: whether a photo on a CDN is served as agreed. Which requests to make, and what their answers come to; who makes them is
// somebody else.
//
// Shape   photo_check_requests(url, origin) -> GET and, with an origin, a CORS preflight; judge_photo({url, origin, get, preflight},
//         expectation, language) -> one check after the other
// Rules   nothing is judged that is not known: without a photo there is nothing to say about its type. A redirect is no photo
// Units   sizes in bytes; times in microseconds since the start of the exchange
// Errors  none; what is wrong is a check that failed, with a hint for the operator
// Source  protocol §4; seed employee-photo-webhooks §1.2, §3.3, §4.3
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/domain/channel.hpp"
#include "denrei/domain/destination.hpp"

namespace denrei {

inline constexpr std::chrono::hours photo_cached_for{24};       // seed §1.1, §3.3
inline constexpr std::chrono::seconds photo_preflight_kept{3'600};  // seed §1.2

struct PhotoRequest {
  std::string method;
  std::string url;
  std::vector<OwnedHeader> headers;
};
struct PhotoRequests {
  PhotoRequest photo;
  std::optional<PhotoRequest> preflight;     // nothing without an origin: then CORS is not looked at
};
// `method`: GET, or HEAD for who does not want the photo itself; its size is then what the server says.
[[nodiscard]] PhotoRequests photo_check_requests(std::string_view url, std::string_view origin, std::string_view method = "GET");

struct PhotoAnswer {
  int status = 0;                            // 0: there was no answer
  AttemptError error = AttemptError::none;
  std::string error_text;
  std::string headers;                       // lines as received, without the status line
  std::optional<std::uint64_t> body_bytes;   // really read; nothing: the body was not asked for
  std::uint32_t dns_us = 0, connect_us = 0, tls_us = 0, first_byte_us = 0, total_us = 0;
};
struct PhotoFacts {
  std::string url;
  std::string origin;                        // empty: CORS is not looked at
  std::optional<PhotoAnswer> photo;          // nothing: not asked for
  std::optional<PhotoAnswer> preflight;
};

struct PhotoExpectation {
  std::string type;                          // "image/jpeg"; empty: any image
  std::optional<std::uint64_t> bytes;
  Millis load_max{1'000};                    // slower is worth a warning
};

// From good to bad.
enum class PhotoVerdict : std::uint8_t { ok, warning, failed };
[[nodiscard]] std::string_view photo_verdict_name(PhotoVerdict verdict) noexcept;

struct PhotoCheck {
  std::string name;                          // "cors_origin": for programs
  std::string title;                         // for people
  PhotoVerdict verdict = PhotoVerdict::ok;
  std::string expected;
  std::string found;
  std::string hint;                          // what to change; empty when all is well
};
[[nodiscard]] std::vector<PhotoCheck> judge_photo(const PhotoFacts& facts, const PhotoExpectation& expectation, Language language);
[[nodiscard]] PhotoVerdict worst_of(const std::vector<PhotoCheck>& checks) noexcept;

}  // namespace denrei
