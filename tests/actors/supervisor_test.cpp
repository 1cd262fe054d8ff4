// The Supervisor's order of ending, and what Supervised gives every actor: a second life after a crash.
#include "denrei/actors/supervisor.hpp"

#include "denrei/actors/supervised.hpp"
#include "support/actor_world.hpp"

namespace denrei::test {

struct Note {
  std::string text;
};

}  // namespace denrei::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(denrei::test::Note)

namespace denrei::test {
namespace {

class SupervisorTest : public ActorWorld {
 protected:
  void SetUp() override {
    supervisor = keep(spawn_supervisor(stage, meter("Supervisor")));
    caf::anon_send(supervisor, PlanMade{{.stages = {{edge.actor(), edge_2.actor()}, {scribe.actor()}, {}, {}, {}, {}, {inbox.actor()}},
                                         .registry = registry.actor(), .timeout = 20s,
                                         .ended = [this](bool clean) { ended.push_back(clean); }}});
    run();
  }
  template <class Fact>
  void say(Fact fact) {
    caf::anon_send(supervisor, std::move(fact));
    run();
  }

  Recorder<Drain, PartitionChanged> registry{system};
  Recorder<Drain> edge{system}, edge_2{system}, scribe{system}, partition{system}, inbox{system};
  SupervisorWithPlan supervisor;
  std::vector<bool> ended;
};

TEST_F(SupervisorTest, DrainsStageAfterStage) {
  say(PartitionsOpened{{partition.actor()}});
  say(Drain{});
  EXPECT_EQ(registry.count<Drain>(), 1u) << "readiness goes first";
  EXPECT_EQ(edge.count<Drain>() + edge_2.count<Drain>(), 2u);
  EXPECT_EQ(scribe.count<Drain>(), 0u);
  say(Drained{"edge"});
  EXPECT_EQ(scribe.count<Drain>(), 0u) << "both edges must be done";
  say(Drained{"edge"});
  EXPECT_EQ(scribe.count<Drain>(), 1u);
  EXPECT_EQ(partition.count<Drain>(), 0u);
  say(Drained{"scribe-0"});
  EXPECT_EQ(partition.count<Drain>(), 1u);
  EXPECT_EQ(inbox.count<Drain>(), 0u);
  say(Drained{"partition-0"});
  EXPECT_EQ(inbox.count<Drain>(), 1u);
  EXPECT_TRUE(ended.empty());
  say(Drained{"inbox"});
  EXPECT_EQ(ended, std::vector{true});
  advance(1min);
  EXPECT_EQ(ended, std::vector{true}) << "ended once";
}

TEST_F(SupervisorTest, SkipsAStageWithoutMembers) {
  say(Drain{});
  for (int i = 0; i < 3; ++i) say(Drained{});
  EXPECT_EQ(inbox.count<Drain>(), 1u) << "the store never opened: there are no partitions";
}

TEST_F(SupervisorTest, WaitsNoLongerThanItsTime) {
  say(Drain{});
  advance(19s);
  EXPECT_TRUE(ended.empty());
  advance(1s);
  EXPECT_EQ(ended, std::vector{false});
}

TEST_F(SupervisorTest, EndsAtOnceWhenAskedTwiceOrInAHurry) {
  say(Drain{});
  say(Drain{});
  EXPECT_EQ(ended, std::vector{false});
  const auto other = keep(spawn_supervisor(stage, meter("Supervisor")));
  caf::anon_send(other, PlanMade{{.stages = {{edge.actor()}}, .registry = registry.actor(), .ended = [this](bool clean) { ended.push_back(clean); }}});
  caf::anon_send(other, Drain{true});
  run();
  EXPECT_EQ(ended, (std::vector{false, false}));
}

TEST_F(SupervisorTest, IgnoresAnybodyWhoIsDoneBeforeTheEnd) {
  say(Drained{"stray"});
  EXPECT_TRUE(ended.empty());
  say(Drain{});
  EXPECT_EQ(edge.count<Drain>(), 1u);
}

TEST_F(SupervisorTest, PassesPartitionNewsToTheRegistry) {
  say(PartitionChanged{3, false, "why"});
  ASSERT_EQ(registry.count<PartitionChanged>(), 1u);
  EXPECT_EQ(registry.all<PartitionChanged>()[0].index, 3u);
}

// --- Supervised

using Diary = caf::typed_actor<caf::reacts_to<Note>>;

class DiaryAtWork final : public Supervised<Diary::base> {
 public:
  DiaryAtWork(caf::actor_config& config, ActorMeter& own_meter, std::vector<std::string>& pages) : Supervised(config, own_meter), pages_(pages) {}
  behavior_type make_behavior() override {
    return {[this](const Note& note) {
      if (note.text == "crash") throw std::runtime_error("planned");
      pages_.push_back(note.text);
    }};
  }

 private:
  void restart_state() override { pages_.emplace_back("restarted"); }
  std::vector<std::string>& pages_;
};

class SupervisedTest : public ActorWorld {
 protected:
  void SetUp() override { diary = keep(spawn_on<DiaryAtWork>(stage, numbers, pages)); }
  void write(const std::string& text) { caf::anon_send(diary, Note{text}); }

  std::vector<std::string> pages;
  ActorMeter numbers{"Diary", "diary", "", {}, {}, {}, {}, {}, {}, {}};
  Diary diary;
};

TEST_F(SupervisedTest, KeepsTheOrderOfItsMailboxThroughACrash) {
  for (const auto* text : {"1", "crash", "2", "3"}) write(text);
  run();
  EXPECT_EQ(pages, std::vector<std::string>{"1"});
  write("4");
  run();
  EXPECT_EQ(pages.size(), 1u) << "paused";
  advance(20ms);
  EXPECT_EQ(pages, (std::vector<std::string>{"1", "restarted", "2", "3", "4"}));
  EXPECT_EQ(numbers.restarts.load(), 1u);
}

TEST_F(SupervisedTest, KeepsItsAddress) {
  write("crash");
  advance(1s);
  write("still here");
  run();
  EXPECT_EQ(pages.back(), "still here");
  EXPECT_EQ(numbers.instances.load(), 1);
}

TEST_F(SupervisedTest, WaitsLongerAfterEachCrashButNotForEver) {
  std::vector<Millis> pauses;
  for (int i = 0; i < 12; ++i) {
    write("crash");
    run();
    const auto lives = pages.size();
    Millis waited{0};
    while (pages.size() == lives && waited < 10s) {
      advance(10ms);
      waited += 10ms;
    }
    pauses.push_back(waited);
  }
  EXPECT_EQ(pauses.front(), 20ms);
  EXPECT_EQ(pauses.back(), 5s);
  EXPECT_TRUE(std::is_sorted(pauses.begin(), pauses.end()));
  advance(2min);
  write("crash");
  run();
  advance(20ms);
  EXPECT_EQ(pages.size(), 13u) << "after a quiet minute it begins anew";
}

TEST_F(SupervisedTest, CanBeEndedWhileItPauses) {
  write("crash");
  run();
  end(caf::actor_cast<caf::actor>(diary));
  run();
  advance(1min);
  EXPECT_TRUE(pages.empty());
}

TEST_F(SupervisedTest, CountsWhatItHears) {
  for (int i = 0; i < 5; ++i) write("x");
  EXPECT_EQ(numbers.enqueued.load(), 5u);
  EXPECT_EQ(numbers.depth_max.load(), 5);
  EXPECT_NE(numbers.waiting_since_ns.load(), 0);
  run();
  EXPECT_EQ(numbers.consumed.load(), 5u);
  EXPECT_EQ(numbers.waiting_since_ns.load(), 0);
}

}  // namespace
}  // namespace denrei::test
