// The rule book: all alert rules with what they have come to: judgements, incidents, silences, and what the channels still have to hear.
//
// Shape   book.sample(i, counts, now); book.decide(now) -> rules that changed; book.take_news(now) -> alerts to raise now
//         book.encode() is what outlives the process; book.restore(text, now) takes it back
// Rules   a rule is announced when it fires and when it is over, once each, by comparing what the channels have heard with how it is:
//         a rule that fires and ends while it is silenced is announced by nobody, one that still fires when its silence ends is
//         announced then. Nothing is announced before it has been kept (settle), nor while an announcement of that rule is on its way
// Limits  rules_max rules, incidents_kept ended incidents
// Errors  not_found: no such rule; conflict: nothing to acknowledge; invalid: what is kept cannot be read
// Source  protocol §4: they fire once, resolve once, and are listed
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/domain/json.hpp"
#include "denrei/domain/rule_judge.hpp"
#include "denrei/domain/rule_text.hpp"

namespace denrei {

struct Silence {
  WallTime until{};
  std::string by;
  std::string reason;
};

// One rule as lists show it.
struct RuleView {
  const AlertRuleSpec* spec = nullptr;
  RuleState state;
  std::optional<double> value;
  std::optional<Incident> incident;              // the last one; it goes on while the rule is firing
  std::optional<Silence> silence;
};

struct RuleAnnouncement {
  std::uint64_t ticket = 0;
  Alert alert;
};

class RuleBook {
 public:
  RuleBook(std::vector<AlertRuleSpec> specs, RuleTime begin);

  [[nodiscard]] std::size_t size() const noexcept { return seats_.size(); }
  [[nodiscard]] const AlertRuleSpec& spec(std::size_t index) const { return seats_[index].judge.spec(); }
  [[nodiscard]] RuleView view(std::size_t index) const;
  [[nodiscard]] std::optional<std::size_t> find_rule(std::string_view name) const;
  [[nodiscard]] const std::deque<Incident>& history() const noexcept { return history_; }  // ended ones, oldest first

  void sample(std::size_t index, const RuleCounts& counts, RuleTime now) { seats_[index].judge.sample(counts, now); }
  // The rules that have changed for whoever looks at them, in order.
  [[nodiscard]] std::vector<std::size_t> decide(RuleTime now);

  [[nodiscard]] Result<void> acknowledge(std::size_t index, std::string by, std::string note, WallTime now);
  void silence(std::size_t index, Silence silence);
  void unsilence(std::size_t index);

  // What channels have to hear now; each waits for its `told`.
  [[nodiscard]] std::vector<RuleAnnouncement> take_news();
  // Every channel has taken it or given it up. False: nobody was waiting for it.
  bool told(std::uint64_t ticket);

  // Rises with everything that has to be kept.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
  // What stood in `encode()` at that version has been kept, or cannot be kept now.
  void settle(std::uint64_t version) noexcept { settled_ = version; }
  [[nodiscard]] std::string encode() const;
  // A text that cannot be read changes nothing.
  [[nodiscard]] Result<void> restore(std::string_view text, RuleTime now);

 private:
  struct Seat {
    RuleJudge judge;
    std::optional<Incident> incident;
    std::optional<Silence> silence;
    bool channels_know = false;                    // what they heard last was that it fires
    std::uint64_t version = 0;                     // with which it changed last
    std::uint64_t ticket = 0;                      // of the announcement on its way; 0: none
    bool telling_fired = false;                    // and what it says
  };
  void change(Seat& seat) { seat.version = ++version_; }
  void begin_incident(Seat& seat, WallTime now);
  void end_incident(Seat& seat, WallTime now);
  bool follow(Seat& seat, RuleTurn turn, WallTime now);
  [[nodiscard]] static std::string encode_seat(const Seat& seat);
  static void restore_seat(Seat& seat, const json::value& kept, RuleTime now);

  std::vector<Seat> seats_;
  std::deque<Incident> history_;
  std::uint64_t incidents_ = 0;
  std::uint64_t tickets_ = 0;
  std::uint64_t version_ = 0;
  std::uint64_t settled_ = 0;
};

// {"id","rule","firedAt","resolvedAt","value","acknowledgedBy","acknowledgedAt","note"}; null where there is none.
[[nodiscard]] std::string incident_json(const Incident& incident);

}  // namespace denrei
