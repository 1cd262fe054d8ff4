// Keeping samples.
#include "denrei/domain/rule_window.hpp"

#include <array>

namespace denrei {
namespace {

constexpr std::array members{&RuleCounts::answered, &RuleCounts::succeeded, &RuleCounts::bad_signatures, &RuleCounts::accepted,
                             &RuleCounts::of_type,  &RuleCounts::timed,     &RuleCounts::time_us};

bool began_anew(const RuleCounts& counts, const RuleCounts& before) noexcept {
  for (const auto member : members)
    if (counts.*member < before.*member) return true;
  return false;
}

}  // namespace

void RuleWindow::add(const RuleCounts& counts, SteadyTime now) {
  const auto before = began_anew(counts, last_) ? RuleCounts{} : last_;
  for (const auto member : members) total_.*member += counts.*member - before.*member;
  last_ = counts;
  newest_ = now;
  while (places_.size() > 1 && places_[1].at + length_ <= now) places_.pop_front();
  if (now - places_.back().at >= length_ / places_max) places_.push_back({now, total_});
}

RuleCounts RuleWindow::within() const noexcept {
  RuleCounts out;
  for (const auto member : members) out.*member = total_.*member - places_.front().total.*member;
  return out;
}

}  // namespace denrei
