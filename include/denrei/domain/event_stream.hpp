// The text of live streams (Server-Sent Events): frames on the way out, the place that a reader names on the way in. Pure.
//
// Shape   append_frame(out, {"notification", "12-345", json}); parse_stream_place("12-345") -> {12, "345"}
// Limits  the sequence has up to 19 digits, the nonce up to 20: both as the store writes them
// Errors  an empty optional: the text is no place
// Source  WHATWG HTML §9.2 (server-sent events)
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace denrei {

inline constexpr std::string_view stream_media_type = "text/event-stream; charset=utf-8";
inline constexpr std::string_view heartbeat_frame = ":\n\n";
inline constexpr std::string_view retry_frame = "retry: 2000\n\n";  // a reader that lost us asks again after 2 s

struct StreamFrame {
  std::string_view event;
  std::string_view id;      // empty: the reader keeps the one that it has
  std::string_view data;    // may have several lines
};
void append_frame(std::string& out, const StreamFrame& frame);
// For people who look at the bytes; readers pass over it.
void append_comment(std::string& out, std::string_view text);

struct StreamPlace {
  std::uint64_t seq = 0;
  std::string_view nonce;   // points into the text
};
[[nodiscard]] std::optional<StreamPlace> parse_stream_place(std::string_view text) noexcept;
[[nodiscard]] std::string stream_place_text(std::uint64_t seq, std::string_view nonce);

}  // namespace denrei
