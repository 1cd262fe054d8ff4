// A Clockwork between a store in memory and Scribes that only listen: tests answer for them.
//
// Shape   class ClockworkTest : public ClockworkWorld; announce({"A"}); begin({.hourly = true}); until("…T09:00:00Z"); answer()
#pragma once
#include <algorithm>

#include "denrei/actors/clockwork.hpp"
#include "denrei/actors/partition.hpp"
#include "denrei/domain/key_file.hpp"
#include "support/actor_world.hpp"
#include "support/fake_outbox.hpp"
#include "support/line_keeper.hpp"

namespace denrei::test {

inline WallTime at(std::string_view text) { return parse_iso8601(text).value(); }

class ClockworkWorld : public ActorWorld {
 protected:
  static constexpr std::uint32_t partitions = 4;
  struct Orders {
    bool hourly = false;
    bool daily = false;
  };

  void announce(const std::vector<std::string>& keys) {
    for (const auto& key : keys) journal.log(partition_tag(partition_of("tally", key, partitions))).states[file_field("tally", key)] = "file";
  }
  void announce_many(int count) {
    for (int n = 0; n < count; ++n) announce({"A" + std::to_string(n)});
  }
  // What the registers say of an earlier life.
  void remember(const std::string& order, const std::string& boundary) { outbox.registers("clockwork")[order] = boundary; }
  [[nodiscard]] std::string remembered(const std::string& order) { return outbox.registers("clockwork")[order]; }

  void begin(Orders orders, std::vector<Scribe> scribes = {}) {
    if (scribes.empty())
      for (auto* one : {&even, &odd}) scribes.push_back(caf::actor_cast<Scribe>(one->actor()));
    clockwork = keep(spawn_clockwork(stage, clockwork_meter,
                                     {.scribes = std::move(scribes), .shelf = journal, .registers = outbox,
                                      .clock = [this] { return read_clock(); }, .hourly = orders.hourly, .daily = orders.daily,
                                      .observer = observer.actor(), .log = &log}));
    say(PartitionsOpened{std::vector<caf::actor>(partitions)});
    say(StoreChanged{true, {}});
  }
  template <class Fact>
  void say(Fact fact) {
    caf::anon_send(clockwork, std::move(fact));
    run();
  }

  // Forward to a moment of the wall clock, timer by timer.
  void until(std::string_view moment) { advance(at(moment) - now); }
  // The same, while the Scribes answer.
  void live_until(std::string_view moment) {
    while (now < at(moment)) {
      advance(std::min(Millis{10'000}, at(moment) - now));
      answer();
    }
  }
  // The wall clock alone is set.
  void set_clock(std::string_view moment) { now = at(moment); }
  void crash_once() { crash_ = true; }

  // What the Scribes have heard so far, and how far it was answered.
  [[nodiscard]] std::vector<AppendOwn> heard() {
    auto all = even.all<AppendOwn>();
    all.insert(all.end(), odd.all<AppendOwn>().begin(), odd.all<AppendOwn>().end());
    std::sort(all.begin(), all.end(), [](const AppendOwn& a, const AppendOwn& b) { return a.ticket < b.ticket; });
    return all;
  }
  // "tally.hour 09:00 A": the events that were handed in since the last call, in the order of the alphabet.
  std::vector<std::string> news() {
    std::vector<std::string> out;
    const auto all = heard();
    for (; seen_ < all.size(); ++seen_) {
      const auto& event = *all[seen_].event;
      out.push_back(event.type + " " + format_iso8601(*event.occurred_at).substr(11, 5) + " " + event.key);
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  // Answers what was not answered yet, what follows from that not included; how many.
  std::size_t answer_once(bool ok = true, std::size_t most = SIZE_MAX) {
    const auto all = heard();
    std::size_t count = 0;
    for (; answered_ < all.size() && count < most; ++answered_, ++count) caf::anon_send(clockwork, OwnAppended{all[answered_].ticket, ok});
    run();
    return count;
  }
  void answer() {
    while (answer_once() > 0) {}
  }

  FakeJournal journal;
  FakeOutbox outbox{journal};
  LineKeeper log;
  Recorder<AppendOwn> even{system}, odd{system};  // Scribes of partitions 0, 2 and of 1, 3
  Recorder<Drained> observer{system};
  ActorMeter& clockwork_meter = meter("Clockwork");
  ClockworkActor clockwork;

 private:
  WallTime read_clock() {
    if (std::exchange(crash_, false)) throw std::runtime_error("planned crash of the clock");
    return now;
  }
  std::size_t seen_ = 0, answered_ = 0;
  bool crash_ = false;
};

}  // namespace denrei::test
