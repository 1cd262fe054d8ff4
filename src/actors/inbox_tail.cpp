// The tail of an inbox.
#include "inbox_tail.hpp"

#include <algorithm>
#include <charconv>

#include "denrei/base/limits.hpp"
#include "denrei/base/packing.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {

std::optional<std::uint64_t> parse_cursor(std::string_view text) {
  std::uint64_t cursor = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cursor);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(cursor) : std::nullopt;
}

TailItem make_tail_item(std::uint64_t seq, std::shared_ptr<const std::string> nonce, std::string json) {
  TailItem item{seq, std::move(nonce), std::make_shared<const std::string>(std::move(json)), {}, {}, false};
  if (const auto document = parse_json(*item.json)) {
    const auto& root = (*document)->root();
    item.id = find_string(root, "/notificationId");
    item.type = find_string(root, "/type");
    item.is_high = find_string(root, "/priority") == "high";
  }
  return item;
}

std::shared_ptr<const std::string> nonce_of(std::string_view log_id) {
  return std::make_shared<const std::string>(log_id.substr(std::min(log_id.size(), log_id.find('-') + 1)));
}

std::vector<TailItem> read_feed_entry(const LogEntry& entry) {
  std::vector<TailItem> items;
  auto seq = parse_cursor(std::string_view(entry.id).substr(0, entry.id.find('-'))).value_or(0);
  const auto nonce = nonce_of(entry.id);
  for (const auto record : split_texts(entry.blob)) {
    if (auto n = decode_notification(record)) items.push_back(make_tail_item(seq, nonce, std::move(n->json)));
    ++seq;
  }
  return items;
}

FeedItem feed_item(const TailItem& item) { return {{item.seq, *item.nonce}, item.json}; }

bool InboxTail::is_over_full(std::size_t items, std::size_t bytes) const noexcept {
  return items > limits::inbox_tail_max || (bytes > limits::inbox_tail_bytes_max && items > 1);
}

void InboxTail::add(TailItem item) {
  bytes_ += item.json->size();
  items_.push_back(std::move(item));
  if (const auto& added = items_.back(); !added.id.empty()) by_id_.emplace(added.id, added.seq);
  while (is_over_full(items_.size(), bytes_)) let_oldest_go();
}

bool InboxTail::add_older(TailItem item) {
  if (is_over_full(items_.size() + 1, bytes_ + item.json->size())) return false;
  bytes_ += item.json->size();
  items_.push_front(std::move(item));
  if (const auto& added = items_.front(); !added.id.empty()) by_id_.emplace(added.id, added.seq);
  return true;
}

void InboxTail::let_oldest_go() {
  const auto& oldest = items_.front();
  const auto [from, to] = by_id_.equal_range(oldest.id);
  const auto entry = std::find_if(from, to, [&](const auto& known) { return known.second == oldest.seq; });
  if (entry != to) by_id_.erase(entry);
  bytes_ -= oldest.json->size();
  items_.pop_front();
}

FeedPlace InboxTail::newest() const {
  return items_.empty() ? FeedPlace{} : FeedPlace{items_.back().seq, *items_.back().nonce};
}

MarkStretch InboxTail::window() const noexcept {
  return items_.empty() ? MarkStretch{1, 0} : MarkStretch{items_.front().seq, items_.back().seq};
}

InboxTail::Items::const_iterator InboxTail::first_behind(std::uint64_t cursor) const {
  return std::upper_bound(items_.begin(), items_.end(), cursor, [](std::uint64_t c, const TailItem& item) { return c < item.seq; });
}

const TailItem* InboxTail::at(std::uint64_t seq) const {
  if (seq == 0) return nullptr;
  const auto found = first_behind(seq - 1);
  return found != items_.end() && found->seq == seq ? &*found : nullptr;
}

std::vector<std::uint64_t> InboxTail::find(std::string_view id) const {
  std::vector<std::uint64_t> cursors;
  const auto [from, to] = by_id_.equal_range(id);
  for (auto entry = from; entry != to; ++entry) cursors.push_back(entry->second);
  if (!cursors.empty()) return cursors;
  const auto cursor = parse_cursor(id);
  if (cursor && at(*cursor) != nullptr) cursors.push_back(*cursor);
  return cursors;
}

bool InboxTail::knows(const FeedPlace& place) const {
  if (place.seq == 0) return items_.empty() || items_.front().seq == 1;
  const auto* item = at(place.seq);
  return item != nullptr && *item->nonce == place.nonce;
}

InboxFollowed InboxTail::follow(const FollowInbox& order) const {
  InboxFollowed out{order.ticket, true, true, newest(), {}};
  if (!order.after) return out;
  out.resumed = knows(*order.after);
  auto first = items_.end() - static_cast<std::ptrdiff_t>(std::min(items_.size(), limits::feed_reset_items));
  if (out.resumed) first = first_behind(order.after->seq);
  for (; first != items_.end(); ++first) out.items.push_back(feed_item(*first));
  return out;
}

std::vector<FeedItem> InboxTail::news_since(const InboxTail& before) const {
  std::vector<FeedItem> news;
  const auto known = before.window();
  for (const auto& item : items_) {
    const auto* same = before.at(item.seq);
    const bool is_other = same != nullptr ? *same->nonce != *item.nonce : item.seq > known.last;
    if (is_other) news.push_back(feed_item(item));
  }
  return news;
}

}  // namespace denrei
