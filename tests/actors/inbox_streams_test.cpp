// What an Inbox tells a FanOut, so that a stream shows everything once: new notifications in order, and what stands behind a place.
// And what channels post.
#include "actors/inbox_world.hpp"

namespace denrei::test {
namespace {

// Hears all that a FanOut hears of an inbox, in the order in which it came.
class StreamEar {
 public:
  explicit StreamEar(caf::actor_system& system) : heard_(std::make_shared<Heard>()) {
    const auto listen = [](const std::shared_ptr<Heard>& heard) -> caf::behavior {
      return {[heard](const InboxGrew& fact) { take(*heard, fact.items); },
              [heard](const InboxFollowed& fact) {
                heard->followed.push_back(fact);
                take(*heard, fact.items);
              }};
    };
    actor_ = system.spawn(listen, heard_);
  }
  [[nodiscard]] const caf::actor& actor() const noexcept { return actor_; }
  // The numbers of all notifications heard so far.
  [[nodiscard]] const std::vector<int>& numbers() const noexcept { return heard_->numbers; }
  [[nodiscard]] const std::vector<FeedPlace>& places() const noexcept { return heard_->places; }
  [[nodiscard]] const std::vector<InboxFollowed>& followed() const noexcept { return heard_->followed; }
  void forget() { *heard_ = Heard{}; }

 private:
  struct Heard {
    std::vector<int> numbers;
    std::vector<FeedPlace> places;
    std::vector<InboxFollowed> followed;
  };
  static void take(Heard& heard, const std::vector<FeedItem>& items) {
    for (const auto& item : items) {
      heard.numbers.push_back(json::parse(*item.json).at("n").to_number<int>());
      heard.places.push_back(item.place);
    }
  }
  std::shared_ptr<Heard> heard_;
  caf::actor actor_;
};

class InboxStreamsTest : public InboxWorld {
 protected:
  void SetUp() override {
    inbox = spawn("level99", ear.actor());
    up();
  }
  void follow(std::optional<FeedPlace> after) {
    caf::send_as(ear.actor(), inbox, FollowInbox{++ticket, std::move(after)});
    run();
  }
  // As a new reader whose last event was that one.
  std::vector<int> followed_from(std::optional<FeedPlace> after) {
    ear.forget();
    follow(std::move(after));
    EXPECT_EQ(ear.followed().size(), 1u);
    EXPECT_EQ(ear.followed().back().ticket, ticket);
    EXPECT_TRUE(ear.followed().back().ok);
    return ear.numbers();
  }
  [[nodiscard]] bool resumed() const { return ear.followed().back().resumed; }

  StreamEar ear{system};
  std::uint64_t ticket = 0;
};

TEST_F(InboxStreamsTest, TellsWhatIsNewOnceAndInOrder) {
  relay({1, 2});
  relay({2, 3});
  EXPECT_TRUE(ear.numbers().empty()) << "not before it is in the feed";
  settle();
  EXPECT_EQ(ear.numbers(), numbers(1, 3));
  EXPECT_EQ(ear.places().at(2).seq, 3u);
  EXPECT_EQ(ear.places().at(0).nonce, ear.places().at(1).nonce) << "of one entry";
  EXPECT_NE(ear.places().at(1).nonce, ear.places().at(2).nonce);
  restart();
  EXPECT_EQ(ear.numbers(), numbers(1, 3)) << "what was there before is nothing new";
}

TEST_F(InboxStreamsTest, TellsWhoeverFollowedIt) {
  inbox = spawn();
  up();
  relay({1});
  settle();
  ear.forget();
  follow({});
  relay({2});
  settle();
  EXPECT_EQ(ear.numbers(), numbers(2, 2));
}

TEST_F(InboxStreamsTest, ResumesBehindAnyPlaceThatItKnows) {
  relay({1, 2});
  settle();
  relay({3});
  settle();
  const auto places = ear.places();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(followed_from(places[i]), numbers(static_cast<int>(i) + 2, 3));
    EXPECT_TRUE(resumed());
    EXPECT_EQ(ear.followed().back().newest.seq, 3u);
    EXPECT_EQ(ear.followed().back().newest.nonce, places[2].nonce);
  }
  restart();
  EXPECT_EQ(followed_from(places[0]), numbers(2, 3)) << "also after a restart";
  EXPECT_TRUE(resumed());
}

TEST_F(InboxStreamsTest, GivesANewReaderNothingOld) {
  relay(numbers(1, 3));
  settle();
  EXPECT_TRUE(followed_from({}).empty());
  EXPECT_TRUE(resumed());
  EXPECT_EQ(ear.followed().back().newest.seq, 3u);
}

TEST_F(InboxStreamsTest, ResumesFromTheBeginningWhileItStillHasIt) {
  EXPECT_TRUE(followed_from(FeedPlace{}).empty());
  EXPECT_TRUE(resumed()) << "an empty feed";
  EXPECT_EQ(ear.followed().back().newest.seq, 0u);
  relay(numbers(1, 3));
  settle();
  EXPECT_EQ(followed_from(FeedPlace{}), numbers(1, 3));
  EXPECT_TRUE(resumed());
}

TEST_F(InboxStreamsTest, BeginsAnewFromAPlaceThatItDoesNotKnow) {
  const int in_all = static_cast<int>(limits::inbox_tail_max) + 10;
  relay({1});
  settle();
  const auto first = ear.places().front();
  fill_feed(in_all);
  const auto newest = ear.places().back();
  const auto reset = static_cast<int>(limits::feed_reset_items);
  for (const auto& place : {first, FeedPlace{}, FeedPlace{newest.seq, "1"}, FeedPlace{newest.seq, ""}, FeedPlace{newest.seq + 1, newest.nonce}}) {
    EXPECT_EQ(followed_from(place), numbers(in_all - reset + 1, in_all)) << place.seq << '-' << place.nonce;
    EXPECT_FALSE(resumed());
  }
}

TEST_F(InboxStreamsTest, LeavesNoGapAndDoublesNothingWhereFollowingMeetsGrowing) {
  relay({1, 2});
  settle();
  const auto place = ear.places().front();
  ear.forget();
  relay({3, 4});       // its append is under way
  follow(place);
  relay({5});
  settle();
  EXPECT_EQ(ear.numbers(), numbers(2, 5));
  EXPECT_EQ(ear.followed().back().newest.seq, 2u) << "what is behind it came as InboxGrew";
}

TEST_F(InboxStreamsTest, TellsWhatALostAppendHadWrittenOnce) {
  relay({1});
  settle();
  journal.fail_next_append({FaultCode::unavailable, "planned"}, Acted::yes);
  relay({2, 3});
  settle();
  EXPECT_EQ(ear.numbers(), numbers(1, 1));
  follow(ear.places().back());
  EXPECT_TRUE(ear.followed().empty()) << "nobody knows now what the feed has";
  advance(1s);
  settle();
  relay({4});
  settle();
  auto heard = ear.numbers();
  std::sort(heard.begin(), heard.end());
  EXPECT_EQ(ear.followed().size(), 1u);
  const auto in_answer = static_cast<int>(ear.followed().back().items.size());
  EXPECT_EQ(static_cast<int>(ear.followed().back().newest.seq), 3);
  EXPECT_EQ(in_answer, 2) << "an answer holds what it says it holds, even if it was told before";
  EXPECT_EQ(heard, (std::vector<int>{1, 2, 2, 3, 3, 4}));
}

TEST_F(InboxStreamsTest, TellsWhatTookThePlaceOfSomethingLost) {
  for (const auto n : {1, 2, 3}) {
    relay({n});
    settle();
  }
  journal.log("f.level99").drop_tail(2);
  journal.fail_next_append({FaultCode::unavailable, "planned"}, Acted::yes);
  relay({4});
  settle();
  advance(1s);
  settle();
  EXPECT_EQ(ear.numbers(), numbers(1, 4));
  EXPECT_EQ(ear.places().back().seq, 2u);
}

TEST_F(InboxStreamsTest, SaysThatTheStoreIsAway) {
  store(false);
  follow({});
  ASSERT_EQ(ear.followed().size(), 1u);
  EXPECT_FALSE(ear.followed().back().ok);
  inbox = spawn("level99", ear.actor());
  store(true);
  follow({});
  EXPECT_EQ(ear.followed().size(), 1u) << "it waits for the feed";
  store(false);
  ASSERT_EQ(ear.followed().size(), 2u);
  EXPECT_FALSE(ear.followed().back().ok);
}

// --- what channels post

class PostTest : public InboxWorld {
 protected:
  void post(int n, std::uint64_t number) {
    caf::send_as(channel.actor(), inbox, PostNotification{number, note(n, "whatever it says")});
    run();
  }
  std::map<std::uint64_t, bool> posted() {
    std::map<std::uint64_t, bool> out;
    for (const auto& fact : channel.all<NotificationPosted>()) out[fact.number] = fact.ok;
    return out;
  }
  using Posted = std::map<std::uint64_t, bool>;
  Recorder<NotificationPosted> channel{system};
};

TEST_F(PostTest, EntersTheFeedLikeARelayedOne) {
  up();
  post(1, 11);
  EXPECT_TRUE(posted().empty()) << "not before it is in the feed";
  relay({2});
  post(3, 12);
  settle();
  EXPECT_EQ(posted(), (Posted{{11, true}, {12, true}}));
  EXPECT_EQ(read(), numbers(1, 3));
  expect_each_once_in_feed(3);
}

TEST_F(PostTest, IsThereOnceHoweverOftenItIsPosted) {
  up();
  post(1, 11);
  settle();
  post(1, 12);
  settle();
  EXPECT_EQ(posted(), (Posted{{11, true}, {12, true}}));
  expect_each_once_in_feed(1);
}

TEST_F(PostTest, IsRefusedWhileTheStoreIsAway) {
  post(1, 11);
  EXPECT_EQ(posted(), (Posted{{11, false}}));
  store(true);
  post(2, 12);  // waits for the feed to be read
  store(false);
  EXPECT_EQ(posted(), (Posted{{11, false}, {12, false}}));
  journal.lose_connection();
  advance(1s);
  up();
  post(2, 13);
  settle();
  EXPECT_EQ(posted().at(13), true);
  expect_each_once_in_feed(1);
}

TEST_F(PostTest, IsGivenBackWhenNobodyKnowsWhetherItWasAppended) {
  up();
  journal.fail_next_append({FaultCode::unavailable, "planned"}, Acted::yes);
  post(1, 11);
  relay({2});
  settle();
  EXPECT_EQ(posted(), (Posted{{11, false}}));
  advance(1s);
  settle();
  post(1, 12);
  settle();
  EXPECT_EQ(posted().at(12), true);
  expect_each_once_in_feed(2);
}

TEST_F(PostTest, IsRefusedWhenTooManyWait) {
  up();
  relay(numbers(1, 10'000));  // 256 of them are under way
  relay(numbers(10'001, 10'400));
  post(20'000, 11);
  EXPECT_EQ(posted(), (Posted{{11, false}}));
}

TEST_F(PostTest, IsAnsweredAlsoWhenTheInboxCrashes) {
  up();
  journal.crash_next_write();
  post(1, 11);
  advance(5s);
  EXPECT_EQ(posted(), (Posted{{11, false}}));
}

}  // namespace
}  // namespace denrei::test
