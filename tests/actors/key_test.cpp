// A key's own actor: poison events, files that nobody can read, what it emits, and what it hands to its Partition.
#include "denrei/actors/key.hpp"
#include "denrei/base/assert.hpp"
#include "support/actor_world.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

// Remembers the events it took; throws at those that say so, but only after it has spoilt its state.
class TouchyLogic final : public KeyLogic {
 public:
  explicit TouchyLogic(std::string_view packed) : taken_(packed) {}
  Decision decide(const Event& event) override {
    taken_ += "<" + event.type + ">";
    if (event.type == "poison") throw Bug("planned");
    Decision d;
    if (event.type == "huge note") d.note.assign(70'000, 'x');
    if (event.type == "news") d.notifications.push_back({"level99", event.id, event.received_at, "{}"});
    if (event.type.starts_with("quiet")) d.has_line = false;
    if (event.type == "quiet failure") d.outcome = Outcome::failed;
    if (event.type == "quiet huge note") d.note.assign(70'000, 'x');
    if (event.type == "huge note") d.emissions.push_back({"sums.updated", "never"});
    if (event.type == "click" || event.type == "poison") d.emissions.push_back({"sums.updated", taken_});
    if (event.type == "hour") d.emissions.push_back({"sums.hourly", taken_});
    return d;
  }
  std::string encode_state() const override { return taken_; }

 private:
  std::string taken_;
};

class KeyTest : public ActorWorld {
 protected:
  KeyActor spawn(std::string file = {}) {
    return keep(spawn_key(stage, numbers, {.effect = Effect::ledger, .field = file_field("ledger", "A"), .file = std::move(file),
                                           .make_logic = [](Effect, std::string_view, std::string_view state) -> Result<std::unique_ptr<KeyLogic>> {
                                             if (state == "unreadable") return fail(FaultCode::invalid, "planned");
                                             return std::make_unique<TouchyLogic>(state);
                                           }}));
  }

  const Decided& decide(const KeyActor& key, const std::vector<std::string>& types) {
    Decide order{++batch, {}, routes, now};
    for (const auto& type : types) {
      auto event = ledger_event("A", static_cast<int>(++seq), now);
      event->type = type;
      order.events.push_back({seq, std::move(event)});
    }
    caf::send_as(partition.actor(), key, std::move(order));
    run();
    static const Decided nothing;
    EXPECT_EQ(partition.count<DecidedPtr>(), batch) << "every Decide is answered";
    return partition.count<DecidedPtr>() == batch ? *partition.all<DecidedPtr>().back() : nothing;
  }
  // What is delivered of a batch: destination, type and body, in order.
  static std::vector<std::string> out_of(const Decided& d) {
    std::vector<std::string> out;
    for (const auto& delivery : d.deliveries) out.push_back(delivery->head.destination + " " + delivery->head.type + " " + delivery->body);
    return out;
  }
  static std::string state_of(const Decided& d) { return open_key_file(d.file).value().state; }
  static std::vector<Outcome> outcomes_of(const Decided& d) {
    std::vector<Outcome> out;
    const auto lines = unpack_lines(open_key_file(d.file).value().tail).value();
    for (const auto& line : lines) out.push_back(line.outcome);
    return out;
  }

  ActorMeter numbers{"Ledger", "Ledgers", "", {}, {}, {}, {}, {}, {}, {}};
  Recorder<DecidedPtr> partition{system};
  std::shared_ptr<const Routes> routes;
  std::uint64_t batch = 0;
  std::uint64_t seq = 0;
};

std::shared_ptr<const Routes> route_of_sums() {
  return std::make_shared<Routes>(Routes{{.name = "out", .destination = "records", .sources = {"denrei"}, .types = {"sums.*"}}});
}

TEST_F(KeyTest, AnswersADecideWithItsFileAndNotifications) {
  const auto key = spawn();
  const auto& d = decide(key, {"a", "news", "b"});
  EXPECT_EQ(d.batch, 1u);
  EXPECT_EQ(d.field, file_field("ledger", "A"));
  EXPECT_EQ(d.applied, 3u);
  EXPECT_EQ(state_of(d), "<a><news><b>");
  ASSERT_EQ(d.notifications.size(), 1u);
  EXPECT_EQ(d.notifications[0].first, "2-0");
}

TEST_F(KeyTest, GoesOnFromTheFileItWakesWith) {
  const auto first = decide(spawn(), {"a"});
  EXPECT_EQ(state_of(decide(spawn(first.file), {"b"})), "<a><b>");
}

TEST_F(KeyTest, RecordsAPoisonEventAsFailedAndKeepsTheOthers) {
  const auto& d = decide(spawn(), {"a", "poison", "b", "poison", "c"});
  EXPECT_EQ(state_of(d), "<a><b><c>") << "the state has no trace of what threw";
  EXPECT_EQ(outcomes_of(d), (std::vector{Outcome::applied, Outcome::failed, Outcome::applied, Outcome::failed, Outcome::applied}));
  EXPECT_EQ(d.applied, 3u);
  EXPECT_EQ(d.failed, 2u);
  EXPECT_EQ(numbers.restarts.load(), 2u);
}

TEST_F(KeyTest, StaysHealthyInTheBatchesAfterAPoisonEvent) {
  const auto key = spawn();
  decide(key, {"a", "poison"});
  EXPECT_EQ(state_of(decide(key, {"b"})), "<a><b>");
}

TEST_F(KeyTest, RecordsAnEventWhoseLineCannotBeWrittenAsFailed) {
  const auto& d = decide(spawn(), {"a", "huge note", "b"});
  EXPECT_EQ(d.failed, 1u);
  EXPECT_EQ(d.applied, 2u);
  EXPECT_EQ(state_of(d), "<a><b>");
}

TEST_F(KeyTest, LeavesAFileThatItCannotReadAsItIs) {
  const std::string file = "\x7f from a later version";
  const auto& d = decide(spawn(file), {"a", "b"});
  EXPECT_EQ(d.file, file);
  EXPECT_EQ(d.failed, 2u);
  EXPECT_TRUE(d.chunks.full.empty());
}

TEST_F(KeyTest, KeepsAStateThatItCannotReadAndRecordsItsEventsAsFailed) {
  const auto key = spawn(encode_key_file({0, {}, "unreadable"}));
  const auto& d = decide(key, {"a"});
  EXPECT_EQ(state_of(d), "unreadable");
  EXPECT_EQ(outcomes_of(d), std::vector{Outcome::failed});
}

TEST_F(KeyTest, LeavesOutTheLinesOfWhatComesInMassesUnlessItFailed) {
  const auto& d = decide(spawn(), {"a", "quiet", "quiet failure", "quiet huge note", "b"});
  EXPECT_EQ(outcomes_of(d), (std::vector{Outcome::applied, Outcome::failed, Outcome::applied}));
  EXPECT_EQ(d.applied, 4u) << "they are counted all the same";
  EXPECT_EQ(state_of(d), "<a><quiet><quiet failure><quiet huge note><b>");
}

TEST_F(KeyTest, DeliversWhatAnEventEmitsAsAnEventOfDenrei) {
  routes = route_of_sums();
  const auto& d = decide(spawn(), {"a", "click"});
  ASSERT_EQ(out_of(d), std::vector<std::string>{"records sums.updated <a><click>"});
  const auto& head = d.deliveries[0]->head;
  const auto source = ledger_event("A", 2, now);
  EXPECT_EQ(head.event, make_event_id("denrei", source->id.hex() + "sums.updated"));
  EXPECT_EQ(head.source, "denrei");
  EXPECT_EQ(head.family, "ledger");
  EXPECT_EQ(head.key, "A");
  EXPECT_EQ(head.seq, 2u);
  EXPECT_EQ(head.received_at, now);
  EXPECT_EQ(head.lane_sequence, 1u);
}

TEST_F(KeyTest, OfSeveralEmissionsOfOneTypeInABatchOnlyTheLastGoesOut) {
  routes = route_of_sums();
  const auto key = spawn();
  const auto first = decide(key, {"click", "hour", "click", "click", "a"});
  EXPECT_EQ(out_of(first), (std::vector<std::string>{"records sums.hourly <click><hour>", "records sums.updated <click><hour><click><click>"}));
  EXPECT_EQ(first.deliveries[0]->head.seq, 2u);
  EXPECT_EQ(first.deliveries[1]->head.seq, 4u);
  EXPECT_EQ(first.deliveries[1]->head.lane_sequence, 2u);
  const auto second = decide(key, {"click"});
  ASSERT_EQ(second.deliveries.size(), 1u) << "the next batch has its own";
  EXPECT_EQ(second.deliveries[0]->head.lane_sequence, 3u);
  EXPECT_NE(second.deliveries[0]->head.id, first.deliveries[1]->head.id);
}

TEST_F(KeyTest, DeliversWhatCameAndRightBehindItWhatItEmitted) {
  routes = std::make_shared<Routes>(Routes{{.name = "all", .destination = "copy"}});
  const auto& d = decide(spawn(), {"click", "a"});
  ASSERT_EQ(d.deliveries.size(), 3u);
  EXPECT_EQ(d.deliveries[0]->head.type, "click");
  EXPECT_EQ(d.deliveries[1]->head.type, "sums.updated");
  EXPECT_EQ(d.deliveries[2]->head.type, "a");
  routes = route_of_sums();
  EXPECT_EQ(decide(spawn(), {"a"}).deliveries.size(), 0u) << "a route of denrei takes nothing else";
}

TEST_F(KeyTest, APoisonEventEmitsNothingAndSpoilsNoEmission) {
  routes = route_of_sums();
  EXPECT_EQ(out_of(decide(spawn(), {"click", "poison"})), std::vector<std::string>{"records sums.updated <click>"});
  EXPECT_EQ(out_of(decide(spawn(), {"poison", "click"})), std::vector<std::string>{"records sums.updated <click>"}) << "decided without the poison";
  EXPECT_EQ(out_of(decide(spawn(), {"click", "huge note"})), std::vector<std::string>{"records sums.updated <click>"});
  EXPECT_TRUE(out_of(decide(spawn(encode_key_file({0, {}, "unreadable"})), {"click"})).empty());
}

TEST_F(KeyTest, AFileThatItCannotReadStopsWhatItEmitsAndNothingElse) {
  routes = std::make_shared<Routes>(Routes{{.name = "all", .destination = "copy"}});
  const auto& d = decide(spawn("\x7f from a later version"), {"click"});
  ASSERT_EQ(d.deliveries.size(), 1u);
  EXPECT_EQ(d.deliveries[0]->head.source, "ledger");
}

TEST_F(KeyTest, NamesItsRoleByItsEffect) {
  EXPECT_EQ(key_kind(Effect::employee), "StaffMember");
  EXPECT_EQ(key_kind(Effect::acknowledgement), "CaseFile");
  EXPECT_EQ(key_kind(Effect::bulletin), "Bulletin");
  EXPECT_EQ(key_kind(Effect::announcement), "Announcement");
  EXPECT_EQ(key_kind(Effect::tally), "Tally");
  EXPECT_EQ(key_kind(Effect::ledger), "Ledger");
}

}  // namespace
}  // namespace denrei::test
