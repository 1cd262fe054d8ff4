// What a live stream begins with: that it is new, what its reader missed, or that nobody knows where it was. Pure.
//
// Frames  ready  id <newest>, {"inbox","newest"}                       a reader that asks for nothing older
//         notification …                                               what stands behind the place that it named
//         reset  id <newest>, {"inbox","reason","newest","snapshot"}   one frame, so that it comes whole or not at all: the reader
//                throws its view away and begins with the snapshot, the newest notifications, newest last
// Reasons unknown_place: trimmed, or of another store; malformed_place; too_far_behind: more than stream_beginning_bytes_max;
//         nothing_kept: /ops/stream
#pragma once
#include <string>

#include "denrei/actors/fan_out_messages.hpp"

namespace denrei {

enum class StreamWish : std::uint8_t { what_is_new, resume, unreadable };  // by its Last-Event-ID: none, a place, something else
enum class StreamStart : std::uint8_t { ready, resumed, reset };

struct StreamBeginning {
  StreamStart start = StreamStart::ready;
  std::string text;
};

// `later`: what the inbox said meanwhile; what is in it beyond `followed.newest` comes last.
[[nodiscard]] StreamBeginning begin_inbox_stream(const std::string& inbox, StreamWish wish, const InboxFollowed& followed,
                                                 const std::vector<FeedItem>& later);
[[nodiscard]] StreamBeginning begin_operations_stream(StreamWish wish);

void append_notification(std::string& out, const FeedItem& item);

}  // namespace denrei
