// The whole way of an event under faults, in one thread from one seed: nothing acknowledged is lost, nothing is applied
// twice, order is kept per key, and once the faults stop everything drains.
//
// DENREI_SEEDS says how many seeds (default 50), DENREI_SEED which one comes first.
#include <cstdlib>
#include <random>
#include <set>

#include "denrei/actors/inbox.hpp"
#include "denrei/actors/partition.hpp"
#include "denrei/actors/scribe.hpp"
#include "denrei/base/packing.hpp"
#include "support/actor_world.hpp"
#include "support/fake_journal.hpp"
#include "support/fake_outbox.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

constexpr std::uint32_t partitions = 2;
constexpr int senders = 6;
constexpr int events_of_a_sender = 12;
constexpr int keys = 4;
constexpr std::uint64_t steps_max = 3'000;  // under faults; some stories end while many events are under way

Source case_source() {
  auto s = ledger_source();
  s.name = s.family = "cases";
  s.effect = Effect::acknowledgement;
  s.key_pointer = "/caseNumber";
  s.type_pointer.clear();
  s.event_type = "acknowledged";
  return s;
}

// Sends its events one after the other and repeats each until it is acknowledged, as protocol §1.5 wants it.
struct Sender {
  int at = 0;
  RequestPtr waiting_for;
  int patience = 0;
};

class Story final : public ActorWorld {
 public:
  explicit Story(std::uint64_t seed) : dice_(seed) { start(); }
  ~Story() override { TearDown(); }
  void TestBody() override {}

  void tell() {
    for (auto steps = 100 + roll(steps_max); steps > 0; --steps) take_step(true);
    stop_faults();
    for (int round = 0; round < 400 && !is_over(); ++round) {
      for (int i = 0; i < 40; ++i) take_step(false);
      settle();
      advance(500ms);
    }
    for (int i = 0; i < 40; ++i) {
      advance(500ms);
      settle();
    }
  }

  void check() {
    for (const auto& s : senders_) EXPECT_EQ(s.at, events_of_a_sender) << "a sender was never answered";
    std::set<EventId> logged;
    std::map<std::string, int> notified;
    for (std::uint32_t p = 0; p < partitions; ++p) check_log(p, logged);
    for (const auto& id : acknowledged_) EXPECT_TRUE(logged.contains(id)) << id.text() << " was acknowledged and is lost";
    EXPECT_EQ(logged.size(), static_cast<std::size_t>(senders * events_of_a_sender));
    for (const auto& entry : journal_.log("f.acknowledgements").entries)
      for (const auto record : split_texts(entry.blob)) ++notified[std::string(decode_notification(record).value().id.raw())];
    EXPECT_EQ(notified.size(), logged.size()) << "each event becomes a notification";
    for (const auto& [id, times] : notified) EXPECT_EQ(times, 1) << event_id_from_raw(id).text();
    EXPECT_EQ(journal_.waiting(), 0u);
    check_readers_are_told();
  }

 private:
  void start() {
    const auto inbox = spawn_inbox(stage, meter("Inbox"), {.name = "acknowledgements", .node = "node", .journal = journal_, .shelf = journal_,
                                                          .registers = registers_, .observer = observer_.actor(), .clock = clock()});
    hears_store_.push_back(caf::actor_cast<caf::actor>(keep(inbox)));
    PartitionsOpened opened;
    for (std::uint32_t p = 0; p < partitions; ++p) {
      const auto partition = keep(spawn_partition(
          stage, meter("Partition"),
          {.index = p, .node = "node", .journal = journal_, .shelf = journal_, .key_meters = {{Effect::acknowledgement, &key_meter_}},
           .inboxes = {{"acknowledgements", caf::actor_cast<caf::actor>(inbox)}}, .observer = observer_.actor(), .applied = &count_,
           .stale = &count_, .failed = &failed_, .apply_delay = &metrics.histogram("d", ""), .clock = clock()}));
      opened.partitions.push_back(caf::actor_cast<caf::actor>(partition));
      hears_store_.push_back(opened.partitions.back());
    }
    partitions_ = opened.partitions;
    scribe_ = keep(spawn_scribe(stage, meter("Scribe"), {.journal = journal_, .observer = observer_.actor(), .registry = observer_.actor(),
                                                        .append_duration = &metrics.histogram("a", ""), .appends = &count_, .clock = clock()}));
    hears_store_.push_back(caf::actor_cast<caf::actor>(scribe_));
    caf::anon_send(scribe_, opened);
    tell_store(true);
  }

  std::uint64_t roll(std::uint64_t sides) { return dice_() % sides; }

  // --- one step of the story

  void take_step(bool with_faults) {
    const auto what = roll(100);
    if (what < 45) run_one();
    else if (what < 65) deliver_one();
    else if (what < 75) pass_time();
    else if (what < 96) act(static_cast<int>(roll(senders)));
    else if (with_faults) make_a_fault();
    hear_answers();
  }

  void run_one() {
    auto& jobs = scheduler.jobs;
    if (jobs.empty()) return;
    std::swap(jobs.front(), jobs[roll(jobs.size())]);
    scheduler.run_once();
  }

  void deliver_one() {
    const auto tags = journal_.waiting_tags();
    if (!tags.empty()) journal_.deliver_of(tags[roll(tags.size())]);
  }

  void pass_time() {
    const Millis by{roll(80)};
    now += by;
    scheduler.advance_time(by);
  }

  void act(int index) {
    auto& s = senders_[static_cast<std::size_t>(index)];
    if (s.at == events_of_a_sender) return;
    if (s.waiting_for && --s.patience > 0) return;  // no answer for long: as a session's time-out, it repeats
    s.waiting_for = make_request({.edge = edge_.actor()});
    s.patience = 60;
    caf::anon_send(scribe_, Append{s.waiting_for, site_, &site_->sources[0], event_of(index, s.at)});
  }

  std::shared_ptr<Event> event_of(int sender, int n) {
    auto body = R"({"reportId":"VD-1","caseNumber":"MED-)" + std::to_string((sender + n) % keys) + R"(","timestamp":"2025-10-09T00:00:00Z","sender":)" +
                std::to_string(sender) + R"(,"n":)" + std::to_string(n) + "}";
    auto json = parse_json(body).value();
    return make_event(site_->sources[0].source, body, std::move(json), now).value();
  }

  void hear_answers() {
    for (const auto& ready : std::exchange(edge_.all<RepliesReady>(), {}))
      for (const auto& reply : ready.replies) hear(reply);
  }

  void hear(const Reply& reply) {
    if (reply.answer.status == 200) {
      EXPECT_TRUE(is_in_log(reply.event->id)) << "acknowledged before it was durable";
      acknowledged_.insert(reply.event->id);
    }
    for (auto& s : senders_) {
      if (s.waiting_for != reply.request) continue;
      s.waiting_for.reset();
      if (reply.answer.status == 200) ++s.at;
    }
  }

  bool is_in_log(const EventId& id) {
    for (std::uint32_t p = 0; p < partitions; ++p)
      for (const auto& entry : journal_.log(partition_tag(p)).entries)
        if (std::find(entry.remembered.begin(), entry.remembered.end(), id) != entry.remembered.end()) return true;
    return false;
  }

  // --- faults

  void make_a_fault() {
    const auto acted = roll(2) == 0 ? Acted::yes : Acted::no;
    switch (roll(8)) {
      case 0: return journal_.fail_next_append({FaultCode::overloaded, "OOM"}, Acted::no);
      case 1: return journal_.fail_next_append({FaultCode::unavailable, "lost"}, acted);
      case 2: return journal_.fail_next_commit({FaultCode::unavailable, "lost"}, acted);
      case 3: return journal_.fail_next_commit({FaultCode::conflict, "moved"}, Acted::no);
      case 4: return steal(static_cast<std::uint32_t>(roll(partitions)));
      case 5: return journal_.crash_next_write();
      case 6: return journal_.full(roll(2) == 0);
      case 7: return up_ ? cut() : mend();
    }
  }

  // Another node owns the partition for a moment.
  void steal(std::uint32_t p) {
    auto& log = journal_.log(partition_tag(p));
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
  void tell_store(bool up) {
    for (const auto& actor : hears_store_) caf::anon_send(actor, StoreChanged{up, up ? "" : "cut"});
  }

  void stop_faults() {
    journal_.stop_faults();
    journal_.full(false);
    if (!up_) mend();
  }

  // --- the end

  bool is_over() const {
    return std::all_of(senders_.begin(), senders_.end(), [](const Sender& s) { return s.at == events_of_a_sender; });
  }

  void settle() {
    do run();
    while (journal_.deliver() > 0);
    hear_answers();
  }

  void check_log(std::uint32_t p, std::set<EventId>& logged) {
    auto& log = journal_.log(partition_tag(p));
    EXPECT_EQ(log.cursor, log.last) << "partition " << p << " has not applied its whole log";
    EXPECT_TRUE(log.notifications.empty()) << "partition " << p << " has notifications that nobody relayed";
    std::map<std::string, std::vector<std::uint64_t>> of_key;
    std::map<std::int64_t, std::int64_t> newest_of_sender;
    for (const auto& entry : log.entries) {
      auto seq = entry.first;
      const auto events = decode_batch(entry.blob).value();
      for (const auto& event : events) {
        EXPECT_TRUE(logged.insert(event->id).second) << event->id.text() << " stands twice in the log";
        EXPECT_EQ(partition_of(event->family, event->key, partitions), p);
        of_key[event->key].push_back(seq++);
        const auto body = parse_json(event->body).value();
        const auto n = body->root().at("n").as_int64();
        auto& newest = newest_of_sender.try_emplace(body->root().at("sender").as_int64(), -1).first->second;
        EXPECT_LT(newest, n) << "a sender's events changed places";
        newest = n;
      }
    }
    for (const auto& [key, positions] : of_key) EXPECT_EQ(timeline_of(log, key), positions) << key;
  }

  static std::vector<std::uint64_t> timeline_of(FakeLog& log, const std::string& key) {
    const auto field = file_field("cases", key);
    if (!log.states.contains(field)) return {};
    const auto file = open_key_file(log.states.at(field)).value();
    std::string packed;
    for (std::uint32_t chunk = 0; chunk < file.lines / limits::timeline_chunk_lines; ++chunk) packed += log.timeline[chunk_field(field, chunk)];
    std::vector<std::uint64_t> out;
    const auto lines = unpack_lines(packed + file.tail).value();
    for (const auto& line : lines) out.push_back(line.position);
    return out;
  }

  void check_readers_are_told() {
    for (const auto& partition : partitions_) caf::anon_send(partition, TellWhenApplied{reader_.actor().address(), 1});
    settle();
    ASSERT_EQ(reader_.count<AppliedNow>(), partitions_.size());
    for (const auto& told : reader_.all<AppliedNow>()) EXPECT_TRUE(told.ok);
  }

  std::mt19937_64 dice_;
  SitePtr site_ = make_site({live_source(case_source())});
  FakeJournal journal_{Answers::by_hand};
  FakeOutbox registers_{journal_};
  ActorMeter key_meter_{"CaseFile", "CaseFiles", "", {}, {}, {}, {}, {}, {}, {}};
  Counter count_, failed_;
  Recorder<RepliesReady> edge_{system};
  Recorder<PartitionChanged, Drained, WritesRefused> observer_{system};
  Recorder<AppliedNow> reader_{system};
  std::vector<caf::actor> hears_store_, partitions_;
  Scribe scribe_;
  std::vector<Sender> senders_ = std::vector<Sender>(senders);
  std::set<EventId> acknowledged_;
  bool up_ = true;
};

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(Simulation, LosesNothingDoublesNothingAndKeepsTheOrder) {
  const auto first = number_from("DENREI_SEED", 1);
  const auto count = number_from("DENREI_SEEDS", std::getenv("DENREI_SEED") != nullptr ? 1 : 50);
  for (auto seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("to replay: DENREI_SEED=" + std::to_string(seed) + " test_actors --gtest_filter='Simulation.*'");
    Story story(seed);
    story.tell();
    story.check();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace denrei::test
