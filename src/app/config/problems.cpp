// Gathering problems, and guessing which known word an unknown one was meant to be.
#include "denrei/app/config/problems.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace denrei {
namespace {
constexpr std::size_t word_bytes_max = 100;  // the distance costs the product of both lengths
constexpr std::size_t few_words = 8;
}  // namespace

void Problems::add(std::string_view place, std::string_view text) {
  if (lines_.size() == listed_max) {
    ++unlisted_;
    return;
  }
  lines_.push_back(place.empty() ? std::string(text) : fmt::format("{}: {}", place, text));
}

Fault Problems::fault() const {
  auto text = fmt::format("{}", fmt::join(lines_, "\n"));
  if (unlisted_ > 0) text += fmt::format("\nand {} more", unlisted_);
  return Fault{FaultCode::invalid, std::move(text)};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string suggest_word(std::string_view wrong, const std::vector<std::string>& known) {
  if (wrong.size() <= word_bytes_max) {
    const auto near_enough = std::max<std::size_t>(1, wrong.size() / 3);
    const std::string* best = nullptr;
    std::size_t best_distance = near_enough + 1;
    for (const auto& word : known) {
      const auto distance = edit_distance(wrong, word);
      if (distance < best_distance) {
        best_distance = distance;
        best = &word;
      }
    }
    if (best != nullptr) return fmt::format("; did you mean '{}'?", *best);
  }
  if (known.empty() || known.size() > few_words) return {};
  return fmt::format("; known are: {}", fmt::join(known, ", "));
}

}  // namespace denrei
