// An inbox and its feed.
#include "denrei/actors/inbox.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"
#include "inbox_queue.hpp"
#include "inbox_readers.hpp"
#include "inbox_tail.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;
constexpr auto retry_after = 500ms;
constexpr std::size_t pending_page = 1'000;  // ports/shelf.hpp: a list of pending ones that long may go on
constexpr std::size_t followers_waiting_max = 1'000;  // one FanOut asks for each stream that begins

class InboxAtWork final : public Supervised<Inbox::base> {
 public:
  InboxAtWork(caf::actor_config& config, ActorMeter& own_meter, InboxOptions options)
      : Supervised(config, own_meter), options_(std::move(options)), feed_("f." + options_.name), readers_(options_.registers, options_.name, tail_) {}

  behavior_type make_behavior() override {
    return {
        [this](Relay& fact) { on_relay(fact); },
        [this](const RelayPending& order) { on_relay_pending(order); },
        [this](PendingRead& fact) { on_pending_read(fact); },
        [this](InboxFilled& fact) { on_inbox_filled(fact); },
        [this](const RelayAppended& fact) { on_relay_appended(fact); },
        [this](const FeedAcquired& fact) { on_feed_acquired(fact); },
        [this](const FeedTrimmed& fact) { on_feed_trimmed(fact); },
        [this](PostNotification& order) { on_post_notification(order); },
        [this](RetryRelay) { on_retry(); },
        [this](AskInbox& ask) { on_ask_inbox(ask); },
        [this](const FollowInbox& order) { on_follow_inbox(order); },
        [this](const MarksRead& fact) { on_marks_read(fact); },
        [this](const MarksStored& fact) { if (!readers_.on_marks_stored(me(), fact)) retry(); },
        [this](const StoreChanged& fact) { on_store_changed(fact); },
        [this](const Drain&) { on_drain(); },
    };
  }

  void on_exit() override {  // handles that hold each other
    options_.fan_out = nullptr;
    waiting_followers_.clear();
    readers_.clear();
    queue_ = {};
  }

 private:
  void restart_state() override {
    for (const auto& arrival : queue_.take_all()) give_up(arrival);
    ++flight_number_;
    readers_.lose_marks();
    filled_ = filling_ = false;
    if (!missed_.empty()) retry();
    if (draining_) on_drain();  // nothing is under way any more that would say so
    begin();
  }

  void on_store_changed(const StoreChanged& fact) {
    if (fact.up && !up_) filled_ = false;  // it may not be the store that it was: a failover can have lost the newest
    up_ = fact.up;
    if (up_) {
      if (!missed_.empty()) retry();
      return begin();
    }
    readers_.refuse_waiting();
    for (const auto& [asker, order] : std::exchange(waiting_followers_, {})) answer_follower(asker, {order.ticket, false, true, {}, {}});
    for (const auto& arrival : queue_.take_posted()) give_up(arrival);
    if (draining_) on_drain();
  }

  void begin() {
    if (!up_) return;
    readers_.load(me());
    if (filled_) append_next();
    else if (!filling_) fill();
  }

  // --- the tail: read from the feed once, backwards and page by page, then kept up to date by what we append

  void fill() {
    filling_ = true;
    filling_tail_ = {};
    read_page({});
  }

  void read_page(std::string before) {
    options_.shelf.newest(feed_, {std::move(before), limits::feed_page_entries, limits::feed_page_bytes},
                          [self = me(), number = ++fill_number_](Result<std::vector<LogEntry>> result) {
                            caf::anon_send(self, InboxFilled{number, std::move(result)});
                          });
  }

  void on_inbox_filled(InboxFilled& fact) {
    if (fact.fill != fill_number_ || !filling_) return;
    if (!fact.result) {
      filling_ = false;
      return retry();
    }
    for (auto entry = fact.result->rbegin(); entry != fact.result->rend(); ++entry) {
      auto items = read_feed_entry(*entry);
      for (auto item = items.rbegin(); item != items.rend(); ++item)
        if (!filling_tail_.add_older(std::move(*item))) return end_filling();
    }
    if (fact.result->empty()) return end_filling();
    read_page(fact.result->front().id);
  }

  void end_filling() {
    filling_ = false;
    filled_ = true;
    if (was_filled_) tell_fan_out(filling_tail_.news_since(tail_));  // a lost append may have written something
    was_filled_ = true;
    tail_ = std::exchange(filling_tail_, {});
    readers_.cut_marks(me());
    append_next();
    answer_waiting();
  }

  void tell_fan_out(std::vector<FeedItem> items) {
    if (options_.fan_out && !items.empty()) caf::anon_send(options_.fan_out, InboxGrew{options_.name, std::move(items)});
  }

  // --- what comes in

  void on_relay(Relay& fact) {
    for (auto& [id, notification] : fact.notifications) {
      if (!queue_.has_room()) {
        miss(fact.from);
        break;
      }
      queue_.add({fact.from, std::move(id), std::move(notification)});
    }
    append_next();
  }

  void on_relay_pending(const RelayPending& order) {
    options_.shelf.pending_notifications(
        order.from, [self = me(), from = order.from](Result<std::vector<std::pair<std::string, std::string>>> result) {
          caf::anon_send(self, PendingRead{from, std::move(result)});
        });
  }

  void on_pending_read(PendingRead& fact) {
    if (!fact.result) return miss(fact.from);
    bool all = fact.result->size() < pending_page;
    for (auto& [id, record] : *fact.result) {
      auto n = decode_notification(record);
      if (!n || n->inbox != options_.name) continue;
      if (queue_.has_room()) queue_.add({fact.from, std::move(id), std::move(*n)});
      else all = false;
    }
    if (!all) miss(fact.from);
    append_next();
  }

  // Nobody keeps it in a list for us: who posts it tries again.
  void on_post_notification(PostNotification& order) {
    order.notification.inbox = options_.name;
    Arrival posted{{}, {}, std::move(order.notification), current_sender(), order.number};
    if (!up_ || draining_ || !queue_.has_room()) return answer_poster(posted, false);
    queue_.add(std::move(posted));
    append_next();
  }

  void give_up(const Arrival& arrival) {
    if (arrival.is_posted()) answer_poster(arrival, false);
    else missed_.insert(arrival.from);
  }

  static void answer_poster(const Arrival& posted, bool ok) {
    if (posted.poster) caf::anon_send(caf::actor_cast<caf::actor>(posted.poster), NotificationPosted{posted.number, ok});
  }

  // Its pending list will be read again: when what we have is appended, or after a while.
  void miss(const LogTag& from) {
    missed_.insert(from);
    retry();
  }

  void read_missed() {
    for (const auto& from : std::exchange(missed_, {})) on_relay_pending({from});
  }

  // --- into the feed

  void append_next() {
    if (!up_ || !filled_ || queue_.is_flying() || queue_.is_empty()) return;
    auto records = queue_.start_flight();
    options_.journal.append(feed_, std::move(records), options_.clock(),
                            [self = me(), number = flight_number_](Result<AppendReply> reply) {
                              caf::anon_send(self, RelayAppended{number, std::move(reply)});
                            });
  }

  void on_relay_appended(const RelayAppended& fact) {
    if (fact.flight != flight_number_) return;
    ++flight_number_;
    auto flight = queue_.land();
    if (!fact.reply || fact.reply->outcomes.size() != flight.size()) {
      for (auto at = flight.rbegin(); at != flight.rend(); ++at) {
        if (at->is_posted()) answer_poster(*at, false);
        else queue_.put_back(std::move(*at));
      }
      filled_ = false;  // nobody knows what the feed has now: read it before the next append
      if (draining_) on_drain();
      return retry();
    }
    remember(flight, *fact.reply);
    std::map<LogTag, std::vector<std::string>> relayed;
    for (auto& arrival : flight) {
      if (arrival.is_posted()) answer_poster(arrival, true);
      else relayed[arrival.from].push_back(std::move(arrival.id));
    }
    // If forgetting fails, the next start relays them again and the feed knows them.
    for (auto& [from, ids] : relayed) options_.shelf.forget_notifications(from, std::move(ids), [](Result<void>) {});
    if (queue_.is_empty() && !draining_) read_missed();
    append_next();
    answer_waiting();
    if (newest() >= trimmed_at_ + limits::feed_trim_every) trim();
    if (draining_) on_drain();
  }

  void remember(InboxQueue::Arrivals& flight, const AppendReply& reply) {
    const auto nonce = nonce_of(reply.last);
    std::vector<FeedItem> news;
    for (std::size_t i = 0; i < flight.size(); ++i) {
      if (reply.outcomes[i].what != Appended::fresh) continue;
      auto item = make_tail_item(reply.outcomes[i].seq, nonce, std::move(flight[i].notification.json));
      if (options_.fan_out) news.push_back(feed_item(item));
      tail_.add(std::move(item));
    }
    last_id_ = reply.last;
    tell_fan_out(std::move(news));
  }

  [[nodiscard]] std::uint64_t newest() const { return tail_.window().last; }

  // A feed is trimmed as every log is: by a commit of its owner. If that fails, it is tried again a thousand later.
  void trim() {
    trimmed_at_ = newest();
    options_.journal.acquire(feed_, {options_.node, true}, [self = me()](Result<Acquired> result) {
      caf::anon_send(self, FeedAcquired{std::move(result)});
    });
  }

  void on_feed_acquired(const FeedAcquired& fact) {
    if (!fact.result || newest() <= limits::feed_keep) return;
    Commit commit;
    commit.token = fact.result->token;
    commit.expected = fact.result->cursor;
    commit.upto = last_id_;
    commit.trim_below = newest() - limits::feed_keep;
    options_.journal.commit(feed_, std::move(commit), [self = me()](Result<void> result) {
      caf::anon_send(self, FeedTrimmed{std::move(result)});
    });
  }

  void on_feed_trimmed(const FeedTrimmed& fact) {
    if (!fact.result) trimmed_at_ = newest();
  }

  void retry() {
    if (std::exchange(retrying_, true)) return;
    delayed_send(this, retry_after, RetryRelay{});
  }

  void on_retry() {
    retrying_ = false;
    if (!up_) return;
    if (queue_.is_empty() && !queue_.is_flying()) read_missed();
    else if (!missed_.empty()) retry();
    begin();
  }

  // --- readers and streams

  // A reader sees what was relayed before it asked.
  void on_ask_inbox(AskInbox& ask) {
    if (!up_) return say_inbox_answer(ask, inbox_unavailable());
    readers_.ask(std::move(ask), queue_.last_place());
    answer_waiting();
  }

  void on_marks_read(const MarksRead& fact) {
    if (!readers_.on_marks_read(fact)) return retry();
    if (filled_) readers_.cut_marks(me());
    answer_waiting();
  }

  void on_follow_inbox(const FollowInbox& order) {
    if (!up_ || waiting_followers_.size() >= followers_waiting_max) return answer_follower(current_sender(), {order.ticket, false, true, {}, {}});
    if (!options_.fan_out) options_.fan_out = caf::actor_cast<caf::actor>(current_sender());
    waiting_followers_.emplace_back(current_sender(), order);
    answer_waiting();
  }

  static void answer_follower(const caf::strong_actor_ptr& asker, InboxFollowed answer) {
    if (asker) caf::anon_send(caf::actor_cast<caf::actor>(asker), std::move(answer));
  }

  void answer_waiting() {
    if (!filled_) return;
    for (const auto& [asker, order] : std::exchange(waiting_followers_, {})) answer_follower(asker, tail_.follow(order));
    readers_.answer_until(me(), queue_.open_place());
  }

  void on_drain() {
    draining_ = true;
    const bool nothing_to_do = !queue_.is_flying() && (queue_.is_empty() || !up_);
    if (!nothing_to_do || std::exchange(drained_, true)) return;
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  Inbox me() { return caf::actor_cast<Inbox>(this); }

  InboxOptions options_;
  LogTag feed_;
  bool up_ = false, filled_ = false, filling_ = false, was_filled_ = false, retrying_ = false, draining_ = false, drained_ = false;
  InboxTail tail_;
  InboxTail filling_tail_;
  std::uint64_t fill_number_ = 0;
  std::string last_id_;       // of the feed, after our last append
  std::uint64_t trimmed_at_ = 0;
  InboxQueue queue_;
  std::uint64_t flight_number_ = 1;
  std::set<LogTag> missed_;                                 // partitions whose pending list must be read again
  InboxReaders readers_;
  std::vector<std::pair<caf::strong_actor_ptr, FollowInbox>> waiting_followers_;
};

}  // namespace

Inbox spawn_inbox(const Stage& stage, ActorMeter& meter, InboxOptions options) {
  return spawn_on<InboxAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
