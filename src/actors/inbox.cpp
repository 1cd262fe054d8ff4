// An inbox and its feed.
#include "denrei/actors/inbox.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/base/packing.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;
constexpr auto retry_after = 500ms;
constexpr std::size_t queue_max = 10'000;  // beyond it notifications wait in their partition, not here
constexpr std::size_t pending_page = 1'000;  // ports/shelf.hpp: a list of pending ones that long may go on

struct Queued {
  LogTag from;
  std::string id;  // in the partition's list of pending notifications
  Notification notification;
};

class InboxAtWork final : public Supervised<Inbox::base> {
 public:
  InboxAtWork(caf::actor_config& config, ActorMeter& own_meter, InboxOptions options)
      : Supervised(config, own_meter), options_(std::move(options)), feed_("f." + options_.name) {}

  behavior_type make_behavior() override {
    return {
        [this](Relay& fact) { on_relay(fact); },
        [this](const RelayPending& order) { on_relay_pending(order); },
        [this](PendingRead& fact) { on_pending_read(fact); },
        [this](const InboxFilled& fact) { on_inbox_filled(fact); },
        [this](const RelayAppended& fact) { on_relay_appended(fact); },
        [this](const FeedAcquired& fact) { on_feed_acquired(fact); },
        [this](const FeedTrimmed& fact) { on_feed_trimmed(fact); },
        [this](RetryRelay) { on_retry(); },
        [this](const ReadInbox& order) { on_read_inbox(order); },
        [this](const StoreChanged& fact) { on_store_changed(fact); },
        [this](const Drain&) { on_drain(); },
    };
  }

 private:
  void restart_state() override {
    for (const auto* held : {&queue_, &flight_})
      for (const auto& q : *held) missed_.insert(q.from);
    queue_.clear();
    flight_.clear();
    ++flight_number_;
    filled_ = false;
    if (!missed_.empty()) retry();
    fill();
  }

  void on_store_changed(const StoreChanged& fact) {
    up_ = fact.up;
    if (up_) {
      if (!missed_.empty()) retry();
      return fill();
    }
    for (const auto& [asker, order] : std::exchange(waiting_readers_, {}))
      caf::anon_send(caf::actor_cast<caf::actor>(asker), InboxPage{order.ticket, false, 0, {}});
    if (draining_) on_drain();
  }

  // The tail is read from the feed once, and kept up to date by what we append.
  void fill() {
    if (!up_ || filled_) return append_next();
    options_.shelf.newest(feed_, limits::inbox_tail_max, [self = me()](Result<std::vector<LogEntry>> result) {
      caf::anon_send(self, InboxFilled{std::move(result)});
    });
  }

  void on_inbox_filled(const InboxFilled& fact) {
    if (filled_) return;
    if (!fact.result) return retry();
    tail_.clear();
    tail_bytes_ = 0;
    for (const auto& entry : *fact.result) remember_entry(entry);
    filled_ = true;
    append_next();
    answer_readers();
  }

  void remember_entry(const LogEntry& entry) {
    std::uint64_t seq = std::strtoull(entry.id.c_str(), nullptr, 10);
    for (const auto record : split_texts(entry.blob)) {
      if (auto n = decode_notification(record)) remember(seq, std::move(n->json));
      ++seq;
    }
  }

  void remember(std::uint64_t seq, std::string json) {
    newest_ = std::max(newest_, seq);
    tail_bytes_ += json.size();
    tail_.emplace_back(seq, std::move(json));
    while (tail_.size() > limits::inbox_tail_max || (tail_bytes_ > limits::inbox_tail_bytes_max && tail_.size() > 1)) {
      tail_bytes_ -= tail_.front().second.size();
      tail_.pop_front();
    }
  }

  void on_relay(Relay& fact) {
    for (auto& [id, notification] : fact.notifications) {
      if (queue_.size() >= queue_max) {
        miss(fact.from);
        break;
      }
      queue_.push_back({fact.from, std::move(id), std::move(notification)});
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
      if (queue_.size() < queue_max) queue_.push_back({fact.from, id, std::move(*n)});
      else all = false;
    }
    if (!all) miss(fact.from);
    append_next();
  }

  // Its pending list will be read again: when what we have is appended, or after a while.
  void miss(const LogTag& from) {
    missed_.insert(from);
    retry();
  }

  void read_missed() {
    for (const auto& from : std::exchange(missed_, {})) on_relay_pending({from});
  }

  void append_next() {
    if (!up_ || !filled_ || !flight_.empty() || queue_.empty()) return;
    std::vector<AppendRecord> records;
    std::size_t bytes = 0;
    while (!queue_.empty() && records.size() < limits::append_events_max && bytes < limits::append_bytes_max) {
      const auto& n = queue_.front().notification;
      bytes += n.json.size();
      records.push_back({n.id, n.created_at, 0, encode_notification(n)});
      flight_.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    options_.journal.append(feed_, std::move(records), options_.clock(),
                            [self = me(), number = flight_number_](Result<AppendReply> reply) {
                              caf::anon_send(self, RelayAppended{number, std::move(reply)});
                            });
  }

  void on_relay_appended(const RelayAppended& fact) {
    if (fact.flight != flight_number_) return;
    ++flight_number_;
    auto flight = std::exchange(flight_, {});
    if (!fact.reply || fact.reply->outcomes.size() != flight.size()) {
      for (auto at = flight.rbegin(); at != flight.rend(); ++at) queue_.push_front(std::move(*at));
      filled_ = false;  // nobody knows what the feed has now: read it before the next append
      if (draining_) on_drain();
      return retry();
    }
    std::map<LogTag, std::vector<std::string>> relayed;
    for (std::size_t i = 0; i < flight.size(); ++i) {
      const auto& outcome = fact.reply->outcomes[i];
      if (outcome.what == Appended::fresh) remember(outcome.seq, std::move(flight[i].notification.json));
      relayed[flight[i].from].push_back(std::move(flight[i].id));
    }
    // If forgetting fails, the next start relays them again and the feed knows them.
    for (auto& [from, ids] : relayed) options_.shelf.forget_notifications(from, std::move(ids), [](Result<void>) {});
    if (queue_.empty() && !draining_) read_missed();
    last_id_ = fact.reply->last;
    append_next();
    answer_readers();
    if (newest_ >= trimmed_at_ + limits::feed_trim_every) trim();
    if (draining_) on_drain();
  }

  // A feed is trimmed as every log is: by a commit of its owner. If that fails, it is tried again a thousand later.
  void trim() {
    trimmed_at_ = newest_;
    options_.journal.acquire(feed_, {options_.node, true}, [self = me()](Result<Acquired> result) {
      caf::anon_send(self, FeedAcquired{std::move(result)});
    });
  }

  void on_feed_acquired(const FeedAcquired& fact) {
    if (!fact.result || newest_ <= limits::feed_keep) return;
    Commit commit;
    commit.token = fact.result->token;
    commit.expected = fact.result->cursor;
    commit.upto = last_id_;
    commit.trim_below = newest_ - limits::feed_keep;
    options_.journal.commit(feed_, std::move(commit), [self = me()](Result<void> result) {
      caf::anon_send(self, FeedTrimmed{std::move(result)});
    });
  }

  void on_feed_trimmed(const FeedTrimmed& fact) {
    if (!fact.result) trimmed_at_ = newest_;
  }

  void retry() {
    if (std::exchange(retrying_, true)) return;
    delayed_send(this, retry_after, RetryRelay{});
  }

  void on_retry() {
    retrying_ = false;
    if (!up_) return;
    if (queue_.empty() && flight_.empty()) read_missed();
    else if (!missed_.empty()) retry();
    fill();
  }

  // A reader sees what was relayed before it asked.
  void on_read_inbox(const ReadInbox& order) {
    if (!up_ || waiting_readers_.size() >= limits::reads_waiting_max)
      return caf::anon_send(caf::actor_cast<caf::actor>(current_sender()), InboxPage{order.ticket, false, 0, {}});
    waiting_readers_.emplace_back(current_sender(), order);
    answer_readers();
  }

  void answer_readers() {
    if (!filled_ || !queue_.empty() || !flight_.empty()) return;
    for (const auto& [asker, order] : std::exchange(waiting_readers_, {}))
      caf::anon_send(caf::actor_cast<caf::actor>(asker), page(order));
  }

  [[nodiscard]] InboxPage page(const ReadInbox& order) const {
    InboxPage out{order.ticket, true, newest_, {}};
    auto first = std::upper_bound(tail_.begin(), tail_.end(), order.after,
                                  [](std::uint64_t after, const auto& item) { return after < item.first; });
    // Without a cursor the newest ones; with one the next ones, so that paging misses nothing.
    const auto available = static_cast<std::size_t>(tail_.end() - first);
    if (order.after == 0 && available > order.limit) first = tail_.end() - static_cast<std::ptrdiff_t>(order.limit);
    for (auto at = first; at != tail_.end() && out.items.size() < order.limit; ++at) out.items.push_back(*at);
    return out;
  }

  void on_drain() {
    draining_ = true;
    const bool nothing_to_do = flight_.empty() && (queue_.empty() || !up_);
    if (!nothing_to_do || std::exchange(drained_, true)) return;
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  Inbox me() { return caf::actor_cast<Inbox>(this); }

  InboxOptions options_;
  LogTag feed_;
  bool up_ = false;
  bool filled_ = false;
  bool retrying_ = false;
  bool draining_ = false;
  bool drained_ = false;
  std::deque<std::pair<std::uint64_t, std::string>> tail_;  // cursor, JSON
  std::size_t tail_bytes_ = 0;
  std::uint64_t newest_ = 0;
  std::string last_id_;       // of the feed, after our last append
  std::uint64_t trimmed_at_ = 0;
  std::deque<Queued> queue_;
  std::deque<Queued> flight_;
  std::uint64_t flight_number_ = 1;
  std::set<LogTag> missed_;                                 // partitions whose pending list must be read again
  std::vector<std::pair<caf::strong_actor_ptr, ReadInbox>> waiting_readers_;
};

}  // namespace

Inbox spawn_inbox(const Stage& stage, ActorMeter& meter, InboxOptions options) {
  return spawn_on<InboxAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
