// The tail of an inbox: its newest notifications in memory, oldest first, and what readers and streams ask of it. Pure.
//
// Shape   add() what is new, add_older() while filling backwards; items_behind(cursor); find(id); follow(place)
// Units   a cursor is the sequence number in the feed; sequences rise, and nearly always by one
// Limits  inbox_tail_max items, inbox_tail_bytes_max bytes; one item may be larger and is then alone
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/domain/read_marks.hpp"

namespace denrei {

struct TailItem {
  std::uint64_t seq = 0;
  std::shared_ptr<const std::string> nonce;  // of the log entry, shared by all that came with it
  std::shared_ptr<const std::string> json;
  std::string id;                            // its notificationId; empty: it has none
  std::string type;
  bool is_high = false;                      // its priority
};
[[nodiscard]] TailItem make_tail_item(std::uint64_t seq, std::shared_ptr<const std::string> nonce, std::string json);
// The notifications of one entry of a feed, oldest first.
[[nodiscard]] std::vector<TailItem> read_feed_entry(const LogEntry& entry);
[[nodiscard]] FeedItem feed_item(const TailItem& item);
// The part of "<first seq>-<nonce>" behind the dash.
[[nodiscard]] std::shared_ptr<const std::string> nonce_of(std::string_view log_id);

// Digits and nothing else.
[[nodiscard]] std::optional<std::uint64_t> parse_cursor(std::string_view text);

class InboxTail {
 public:
  using Items = std::deque<TailItem>;

  InboxTail() = default;
  InboxTail(InboxTail&&) = default;            // the index points into the deque, which hands its items over as they are
  InboxTail& operator=(InboxTail&&) = default;

  void add(TailItem item);
  // Before all others; false: there is no room, and it was not taken.
  bool add_older(TailItem item);

  [[nodiscard]] const Items& items() const noexcept { return items_; }
  [[nodiscard]] FeedPlace newest() const;
  // From the oldest to the newest cursor; of an empty tail it ends before it begins.
  [[nodiscard]] MarkStretch window() const noexcept;
  [[nodiscard]] Items::const_iterator first_behind(std::uint64_t cursor) const;
  // The cursors of the notifications with that id, or of the one at that cursor. None: unknown.
  [[nodiscard]] std::vector<std::uint64_t> find(std::string_view id) const;

  // What a stream that knew `after` has to hear.
  [[nodiscard]] InboxFollowed follow(const FollowInbox& order) const;
  // What this tail has and `before`, read earlier, did not know.
  [[nodiscard]] std::vector<FeedItem> news_since(const InboxTail& before) const;

 private:
  [[nodiscard]] bool is_over_full(std::size_t items, std::size_t bytes) const noexcept;
  [[nodiscard]] const TailItem* at(std::uint64_t seq) const;
  [[nodiscard]] bool knows(const FeedPlace& place) const;
  void let_oldest_go();

  Items items_;
  std::size_t bytes_ = 0;
  std::unordered_multimap<std::string_view, std::uint64_t> by_id_;  // the keys live in items_
};

}  // namespace denrei
