// A story of deliveries from one seed: what happens step by step, and all that may go wrong.
//
// Shape   class of a test : public DeliveryStory; take_step() …; end_faults()
// Rules   after end_faults() everything works and every receiver answers 200: what is left drains
#pragma once
#include "delivery_process.hpp"

namespace denrei::test {

class DeliveryStory : public DeliveryProcess {
 public:
  using DeliveryProcess::DeliveryProcess;

 protected:
  // --- one step

  void take_step() {
    const auto what = roll(100);
    if (what < 40) run_some();
    else if (what < 60) answers_of_store();
    else if (what < 75) answer_of_receiver();
    else if (what < 85) pass_time(Millis{one_in(10) ? roll(6'000) : roll(150)});
    else if (what < 90) accept();
    else if (what < 93) operate();
    else if (what < 96) confirm_alerts();
    else if (one_in(calm_)) make_a_fault();
  }

  void run_some() {
    auto& jobs = scheduler.jobs;
    for (auto count = 1 + roll(20); count > 0 && !jobs.empty(); --count) {
      std::swap(jobs.front(), jobs[roll(jobs.size())]);
      scheduler.run_once();
    }
  }
  void answers_of_store() {
    for (auto count = 1 + roll(3); count > 0 && journal_.waiting() > 0; --count) {
      const auto tags = journal_.waiting_tags();
      journal_.deliver_of(tags[roll(tags.size())]);
    }
  }
  void answer_of_receiver() { random_seat().receiver->answer_one(); }
  void pass_time(Millis by) {
    now += by;
    scheduler.advance_time(by);
  }
  virtual void accept() = 0;

  // --- operators

  void operate() {
    if (one_in(8)) return reload();
    if (one_in(3)) {
      const bool enable = roll(4) > 0;
      return caf::anon_send(random_seat().actor, DirectDestination{1, enable, "a story", "operator"});
    }
    const auto p = static_cast<std::uint32_t>(roll(partitions));
    const auto& dead = outbox_.records(partition_tag(p), OutboxPart::dead);
    if (dead.empty()) return;
    const auto id = decode_delivery_head(std::next(dead.begin(), static_cast<std::ptrdiff_t>(roll(dead.size())))->second)->id;
    if (one_in(3)) order(p, DiscardDead{2, {id}, "a story", "operator"});
    else order(p, ReviveDead{3, {id}, "operator"});
  }
  // The order that lanes keep stays as it was at the start, until the process starts again with what it started with.
  void reload() {
    auto site = std::make_shared<Site>(*site_);
    for (auto& [name, live] : site->destinations) {
      auto changed = *live;
      changed.destination.concurrency = static_cast<std::uint32_t>(1 + roll(8));
      changed.destination.order = changed.destination.order == LaneOrder::unordered ? LaneOrder::fifo_skip : LaneOrder::unordered;
      live = std::make_shared<LiveDestination>(std::move(changed));
    }
    for (const auto& [name, seat] : seats_) caf::anon_send(seat->actor, SiteChanged{site});
    for (const auto& dispatcher : dispatchers_) caf::anon_send(dispatcher, SiteChanged{site});
    for (const auto& partition : partitions_) caf::anon_send(partition, SiteChanged{site});
  }
  template <class Order>
  void order(std::uint32_t p, Order what) {
    ++orders_;
    caf::send_as(asker_.actor(), dispatchers_[p], std::move(what));
  }
  void confirm_alerts() {
    for (const auto& raised : std::exchange(alerts_.all<RaiseAlert>(), {})) {
      if (!raised.id) continue;
      alarmed_.insert(*raised.id);
      caf::anon_send(dispatchers_[raised.partition], AlertsSent{{*raised.id}});
    }
  }
  Seat& random_seat() { return *std::next(seats_.begin(), static_cast<std::ptrdiff_t>(roll(seats_.size())))->second; }

  // --- faults

  void make_a_fault() {
    const auto acted = one_in(2) ? Acted::yes : Acted::no;
    const Fault lost{FaultCode::unavailable, "lost"};
    switch (roll(14)) {
      case 0: return journal_.fail_next_commit(lost, acted);
      case 1: return outbox_.fail_next(OutboxCall::settle, lost, acted);
      case 2: return outbox_.fail_next(OutboxCall::settle, {FaultCode::overloaded, "OOM"}, Acted::no);
      case 3: return outbox_.fail_next(OutboxCall::scan, lost);
      case 4: return outbox_.fail_next(OutboxCall::fetch, lost);
      case 5: return outbox_.fail_next(one_in(2) ? OutboxCall::all : OutboxCall::put, lost);
      case 6: return steal();
      case 7: return up_ ? cut() : mend();
      case 8: return outbox_.crash_next_settle();
      case 9: return journal_.crash_next_write();
      case 10: return random_seat().receiver->crash_next();
      case 11:
      case 12: fuse_ = 1 + roll(30); return;  // somebody's next look at the clock throws
      case 13: return kill();
    }
  }

  void kill() {
    kill_process();
    asker_.all<DeadSettled>().clear();
    orders_ = 0;
  }
  // Another node owns the partition for a moment.
  void steal() {
    auto& log = journal_.log(partition_tag(static_cast<std::uint32_t>(roll(partitions))));
    const auto token = "thief-" + std::to_string(dice_());
    ASSERT_TRUE(log.acquire({"other", true}, token).has_value());
    ASSERT_TRUE(log.release(token).has_value());
  }
  void cut() {
    up_ = false;
    journal_.away(true);
    journal_.lose_connection();
    tell_store(false);
  }
  void mend() {
    up_ = true;
    journal_.away(false);
    tell_store(true);
  }
  void end_faults() {
    journal_.stop_faults();
    outbox_.stop_faults();
    fuse_ = 0;
    for (auto& [name, seat] : seats_) seat->receiver->be_well();
    if (!up_) mend();
  }

  std::set<DeliveryId> alarmed_;         // whose alert somebody has heard
  const std::uint64_t calm_ = std::array<std::uint64_t, 4>{1, 4, 16, 100}[roll(4)];  // how rarely something fails
  std::size_t orders_ = 0;               // given to dispatchers, each to be answered
};

}  // namespace denrei::test
