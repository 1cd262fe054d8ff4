// Is this Redis fit to keep promises? A judgement on what INFO and CONFIG say; pure.
//
// Shape   judge_store(facts) -> warnings, or the reason why not
// Errors  unavailable: too old, evicting, a replica or still loading; the detail says what to change
// Source  redis.md §1.6, §4h
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/result.hpp"

namespace denrei {

struct StoreFacts {
  std::string info;                          // the text of INFO
  std::optional<std::string> append_fsync;   // of CONFIG GET, where that is allowed
};

[[nodiscard]] Result<std::vector<std::string>> judge_store(const StoreFacts& facts);
// The value of "name:value" in the text of INFO.
[[nodiscard]] std::optional<std::string_view> info_value(std::string_view info, std::string_view name) noexcept;

}  // namespace denrei
