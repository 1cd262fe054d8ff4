// Names and addresses of objects in an object storage: keys that need no escaping by people, URLs as a signature wants them.
//
// Shape   make_object_url(provider, "audit/2025/11/20/all.jsonl") -> https://endpoint/bucket/audit/2025/11/20/all.jsonl (path style)
//         or https://bucket.endpoint/audit/…; make_sorted_query({{"prefix", "a+b"}, …}) -> "…&prefix=a%2Bb"
// Limits  a key has 1 to object_key_bytes_max bytes of UTF-8 and no segment "." or ".." (clients fold them away)
// Errors  invalid: a key that is none
// Source  Amazon S3 API (object keys; signature version 4: canonical request)
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "denrei/domain/service.hpp"

namespace denrei {

inline constexpr std::size_t object_key_bytes_max = 1'024;

[[nodiscard]] Result<void> check_object_key(std::string_view key);
// Everything but A-Z a-z 0-9 - _ . ~ / becomes %XX, byte by byte, in upper case.
[[nodiscard]] std::string encode_object_key(std::string_view key);
[[nodiscard]] std::string make_object_url(const Provider& provider, std::string_view key);
// Encoded, then sorted by name; a name without a value gets "=" too.
[[nodiscard]] std::string make_sorted_query(std::vector<std::pair<std::string, std::string>> parts);

// "exports/audit/2025/11/20/exp_1234-3.jsonl": the day is that of Asia/Tokyo; objects of an export count from 1.
struct ExportPlace {
  std::string_view what;                // "audit", "dead-letters"
  std::string_view id;                  // of the export
  WallTime at{};                        // when it began
};
[[nodiscard]] std::string make_export_key(const ExportPlace& place, std::size_t number);

// "audit/2025/11/20/all.jsonl", and "…/all-2.jsonl" for what the first object had no room for. Days as tokyo_day() counts them.
[[nodiscard]] std::string make_audit_key(std::int64_t tokyo_day, std::size_t number);
[[nodiscard]] std::string tokyo_day_text(std::int64_t tokyo_day);  // "2025-11-20"
[[nodiscard]] Result<std::int64_t> parse_tokyo_day(std::string_view text);
[[nodiscard]] WallTime tokyo_day_begin(std::int64_t tokyo_day) noexcept;

}  // namespace denrei
