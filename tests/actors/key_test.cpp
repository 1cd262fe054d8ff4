// A key's own actor: poison events, files that nobody can read, and what it hands to its Partition.
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
    Decide order{++batch, {}};
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
  static std::string state_of(const Decided& d) { return open_key_file(d.file).value().state; }
  static std::vector<Outcome> outcomes_of(const Decided& d) {
    std::vector<Outcome> out;
    const auto lines = unpack_lines(open_key_file(d.file).value().tail).value();
    for (const auto& line : lines) out.push_back(line.outcome);
    return out;
  }

  ActorMeter numbers{"Ledger", "Ledgers", "", {}, {}, {}, {}, {}, {}, {}};
  Recorder<DecidedPtr> partition{system};
  std::uint64_t batch = 0;
  std::uint64_t seq = 0;
};

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

TEST_F(KeyTest, NamesItsRoleByItsEffect) {
  EXPECT_EQ(key_kind(Effect::employee), "StaffMember");
  EXPECT_EQ(key_kind(Effect::acknowledgement), "CaseFile");
  EXPECT_EQ(key_kind(Effect::bulletin), "Bulletin");
  EXPECT_EQ(key_kind(Effect::announcement), "Announcement");
  EXPECT_EQ(key_kind(Effect::ledger), "Ledger");
}

}  // namespace
}  // namespace denrei::test
