// The first frames of a live stream.
#include "stream_beginning.hpp"

#include <fmt/format.h>

#include "denrei/base/limits.hpp"
#include "denrei/domain/event_stream.hpp"

namespace denrei {
namespace {

std::string place_text(const FeedPlace& place) { return stream_place_text(place.seq, place.nonce); }

// The names in here are ours and need no escaping.
void append_reset(std::string& out, const std::string& inbox, std::string_view reason, const InboxFollowed& followed) {
  std::size_t bytes = 0, first = followed.items.size();
  while (first > 0 && (bytes == 0 || bytes + followed.items[first - 1].json->size() <= limits::stream_beginning_bytes_max))
    bytes += followed.items[--first].json->size();
  const auto newest = place_text(followed.newest);
  auto data = fmt::format(R"({{"inbox":"{}","reason":"{}","newest":"{}","snapshot":[)", inbox, reason, newest);
  for (auto i = first; i < followed.items.size(); ++i) data.append(i == first ? "" : ",").append(*followed.items[i].json);
  append_frame(out, {"reset", newest, data + "]}"});
}

bool is_too_much(const std::vector<FeedItem>& items) {
  std::size_t bytes = 0;
  for (const auto& item : items) bytes += item.json->size();
  return items.size() > 1 && bytes > limits::stream_beginning_bytes_max;
}

}  // namespace

void append_notification(std::string& out, const FeedItem& item) {
  append_frame(out, {"notification", place_text(item.place), *item.json});
}

StreamBeginning begin_inbox_stream(const std::string& inbox, StreamWish wish, const InboxFollowed& followed,
                                   const std::vector<FeedItem>& later) {
  StreamBeginning out{StreamStart::ready, std::string(retry_frame)};
  if (wish == StreamWish::what_is_new) {
    const auto newest = place_text(followed.newest);
    append_frame(out.text, {"ready", newest, fmt::format(R"({{"inbox":"{}","newest":"{}"}})", inbox, newest)});
  } else if (wish == StreamWish::resume && followed.resumed && !is_too_much(followed.items)) {
    out.start = StreamStart::resumed;
    for (const auto& item : followed.items) append_notification(out.text, item);
  } else {
    out.start = StreamStart::reset;
    append_reset(out.text, inbox, wish == StreamWish::unreadable ? "malformed_place" : followed.resumed ? "too_far_behind" : "unknown_place",
                 followed);
  }
  for (const auto& item : later)
    if (item.place.seq > followed.newest.seq) append_notification(out.text, item);
  return out;
}

StreamBeginning begin_operations_stream(StreamWish wish) {
  StreamBeginning out{StreamStart::ready, std::string(retry_frame)};
  if (wish == StreamWish::what_is_new) {
    append_frame(out.text, {"ready", "", R"({"topic":"operations"})"});
  } else {
    out.start = StreamStart::reset;
    append_frame(out.text, {"reset", "", R"({"topic":"operations","reason":"nothing_kept"})"});
  }
  return out;
}

}  // namespace denrei
