// What the head of a request says: path, query values, media type, bearer token. Pure functions over the text as sent.
//
// Shape   path_of("/a/b?x=1") -> "/a/b"; query_value("/a?x=1", "x") -> "1"; decode_percent("%E7%94%B0") -> bytes
// Errors  an empty optional or false; never an exception
// Source  RFC 3986 §3, RFC 9110 §8.3, RFC 6750 §2.1
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace denrei {

[[nodiscard]] std::string_view path_of(std::string_view target) noexcept;
// The decoded value of the first parameter of that name; empty when there is none; nothing when its coding is broken.
[[nodiscard]] std::optional<std::string> query_value(std::string_view target, std::string_view name);
[[nodiscard]] bool has_query(std::string_view target, std::string_view name);
[[nodiscard]] std::optional<std::string> decode_percent(std::string_view text);
// "/api/employees/EMP-1/timeline" -> {"api","employees","EMP-1","timeline"}, decoded; nothing when a coding is broken.
[[nodiscard]] std::optional<std::vector<std::string>> path_segments(std::string_view path);
// Whether the pattern has a segment {key}, and the decoded segment of a path that stands there: "/a/{key}/b" and "/a/x%20y/b" ->
// "x y". Nothing for a path that does not fit, or whose segment is empty, badly coded, no UTF-8 or has a NUL.
[[nodiscard]] bool has_key_segment(std::string_view pattern) noexcept;
[[nodiscard]] std::optional<std::string> key_in_path(std::string_view pattern, std::string_view path);
// application/json, in any case, with no charset or with UTF-8.
[[nodiscard]] bool is_json_media_type(std::string_view content_type);
// The token of "Bearer <token>"; empty when it is something else.
[[nodiscard]] std::string_view bearer_token(std::string_view authorization) noexcept;
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
// Echoed when it is 1–128 of [A-Za-z0-9._-] (protocol §1.10).
[[nodiscard]] bool is_sane_request_id(std::string_view id) noexcept;

}  // namespace denrei
