// Problems: what is wrong with a configuration, gathered so that all of it is said at once. Also: the word that was meant.
//
// Shape   problems.add(place, text); then problems.fault() -> Fault with one problem a line; suggest_word(wrong, known) -> hint
// Limits  100 problems are listed; the rest is counted
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/result.hpp"

namespace denrei {

class Problems {
 public:
  // `place` is "file:line:column", a variable or an option; empty: the configuration as a whole.
  void add(std::string_view place, std::string_view text);
  [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }
  [[nodiscard]] std::size_t count() const noexcept { return lines_.size() + unlisted_; }
  [[nodiscard]] Fault fault() const;

 private:
  static constexpr std::size_t listed_max = 100;
  std::vector<std::string> lines_;
  std::size_t unlisted_ = 0;
};

// "; did you mean 'listen'?" when a known word is close, "; known are: a, b" when there are few, else nothing.
[[nodiscard]] std::string suggest_word(std::string_view wrong, const std::vector<std::string>& known);
// Insertions, removals, replacements and swaps of neighbours that turn one word into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace denrei
