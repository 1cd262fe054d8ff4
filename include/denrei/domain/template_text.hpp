// Template texts: what stands in {braces} is replaced by what the slot of that name holds.
//
// Shape   fill_template("{mark}{subject}", slots) where slots(name) -> optional text
// Rules   one pass: what a value says is never read as a slot; a slot that nobody knows stays as it is
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace denrei {

template <class Slots>
[[nodiscard]] std::string fill_template(std::string_view pattern, const Slots& slots) {
  std::string out;
  out.reserve(2 * pattern.size());
  while (!pattern.empty()) {
    const auto open = std::min(pattern.find('{'), pattern.size());
    out.append(pattern.substr(0, open));
    pattern.remove_prefix(open);
    if (pattern.empty()) break;
    const auto close = pattern.find('}');
    const std::optional<std::string> value = close == std::string_view::npos ? std::nullopt : slots(pattern.substr(1, close - 1));
    out.append(value ? std::string_view(*value) : pattern.substr(0, 1));
    pattern.remove_prefix(value ? close + 1 : 1);
  }
  return out;
}

}  // namespace denrei
