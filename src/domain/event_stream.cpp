// Writing Server-Sent Events.
#include "denrei/domain/event_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace denrei {
namespace {

constexpr std::size_t seq_digits_max = 19;
constexpr std::size_t nonce_digits_max = 20;

// One field of a frame. An end of line in its value would end the field, so each line of the value is a field of its own.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  for (;;) {
    const auto end = value.find_first_of("\r\n");
    out.append(name).append(": ").append(value.substr(0, end)).push_back('\n');
    if (end == std::string_view::npos) return;
    const bool both = value.substr(end).starts_with("\r\n");
    value.remove_prefix(end + (both ? 2 : 1));
  }
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find_first_of("\r\n")); }

bool is_number(std::string_view text, std::size_t digits_max) {
  return !text.empty() && text.size() <= digits_max && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void append_frame(std::string& out, const StreamFrame& frame) {
  append_field(out, "event", first_line(frame.event));
  if (!frame.id.empty()) append_field(out, "id", first_line(frame.id));
  append_field(out, "data", frame.data);
  out.push_back('\n');
}

void append_comment(std::string& out, std::string_view text) {
  append_field(out, "", text);
  out.push_back('\n');
}

std::optional<StreamPlace> parse_stream_place(std::string_view text) noexcept {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto seq = text.substr(0, dash), nonce = text.substr(dash + 1);
  if (!is_number(seq, seq_digits_max) || !is_number(nonce, nonce_digits_max)) return std::nullopt;
  StreamPlace place{0, nonce};
  std::from_chars(seq.data(), seq.data() + seq.size(), place.seq);  // 19 digits always fit
  return place;
}

std::string stream_place_text(std::uint64_t seq, std::string_view nonce) {
  return fmt::format("{}-{}", seq, nonce.empty() ? "0" : nonce);
}

}  // namespace denrei
