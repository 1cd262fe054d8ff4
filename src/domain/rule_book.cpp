// Rules and what has become of them.
#include "denrei/domain/rule_book.hpp"

#include <algorithm>

namespace denrei {

RuleBook::RuleBook(std::vector<AlertRuleSpec> specs, RuleTime begin) {
  for (auto& spec : specs) seats_.push_back({RuleJudge(std::move(spec), begin), {}, {}});
}

RuleView RuleBook::view(std::size_t index) const {
  const auto& seat = seats_[index];
  return {&seat.judge.spec(), seat.judge.state(), seat.judge.value(), seat.incident, seat.silence};
}

std::optional<std::size_t> RuleBook::find_rule(std::string_view name) const {
  const auto at = std::find_if(seats_.begin(), seats_.end(), [name](const Seat& seat) { return seat.judge.spec().name == name; });
  return at == seats_.end() ? std::nullopt : std::optional(static_cast<std::size_t>(at - seats_.begin()));
}

// --- time passes

std::vector<std::size_t> RuleBook::decide(RuleTime now) {
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    auto& seat = seats_[i];
    const auto turn = seat.judge.decide(now);
    if (turn != RuleTurn::none) change(seat);
    const bool turned = follow(seat, turn, now.wall);
    const bool silence_ends = seat.silence && seat.silence->until <= now.wall;
    if (silence_ends) unsilence(i);
    if (turned || silence_ends) changed.push_back(i);
  }
  return changed;
}

// Whether it is a change for whoever looks on.
bool RuleBook::follow(Seat& seat, RuleTurn turn, WallTime now) {
  switch (turn) {
    case RuleTurn::none:
    case RuleTurn::noted: return false;
    case RuleTurn::pending:
    case RuleTurn::let_go: return true;
    case RuleTurn::fired: begin_incident(seat, now); return true;
    case RuleTurn::resolved: end_incident(seat, now); return true;
  }
  return false;
}

void RuleBook::begin_incident(Seat& seat, WallTime now) {
  const auto& judge = seat.judge;
  const auto value = judge.value();
  auto text = value ? value_text(judge.spec().measure, *value) : judge.state().last_seen ? format_jst(*judge.state().last_seen) : "-";
  seat.incident = Incident{++incidents_, judge.spec().name, now, std::move(text), {}, {}, {}, {}};
}

void RuleBook::end_incident(Seat& seat, WallTime now) {
  if (!seat.incident) return;
  seat.incident->resolved_at = now;
  history_.push_back(*seat.incident);
  if (history_.size() > incidents_kept) history_.pop_front();
}

// --- what operators do

Result<void> RuleBook::acknowledge(std::size_t index, std::string by, std::string note, WallTime now) {
  auto& seat = seats_[index];
  if (seat.judge.state().phase != RulePhase::firing || !seat.incident)
    return fail(FaultCode::conflict, "rule " + seat.judge.spec().name + " is not firing: there is nothing to acknowledge");
  if (seat.incident->acknowledged_at) return {};  // whoever was first stays
  seat.incident->acknowledged_by = std::move(by);
  seat.incident->acknowledged_at = now;
  seat.incident->note = std::move(note);
  change(seat);
  return {};
}

void RuleBook::silence(std::size_t index, Silence silence) {
  seats_[index].silence = std::move(silence);
  change(seats_[index]);
}

void RuleBook::unsilence(std::size_t index) {
  if (!seats_[index].silence) return;
  seats_[index].silence.reset();
  change(seats_[index]);
}

// --- what channels hear

std::vector<RuleAnnouncement> RuleBook::take_news() {
  std::vector<RuleAnnouncement> news;
  for (auto& seat : seats_) {
    const bool fires = seat.judge.state().phase == RulePhase::firing;
    if (fires == seat.channels_know || seat.silence || seat.ticket != 0 || seat.version > settled_ || !seat.incident) continue;
    seat.ticket = ++tickets_;
    seat.telling_fired = fires;
    news.push_back({seat.ticket, make_rule_alert(seat.judge.spec(), *seat.incident, fires ? RuleNews::fired : RuleNews::resolved)});
  }
  return news;
}

bool RuleBook::told(std::uint64_t ticket) {
  const auto at = std::find_if(seats_.begin(), seats_.end(), [ticket](const Seat& seat) { return ticket != 0 && seat.ticket == ticket; });
  if (at == seats_.end()) return false;
  at->ticket = 0;
  at->channels_know = at->telling_fired;
  change(*at);
  return true;
}

}  // namespace denrei
