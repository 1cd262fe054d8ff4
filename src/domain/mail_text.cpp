// Messages by RFC 5322: addresses are checked, the subject and the body are encoded.
#include "denrei/domain/mail_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

constexpr std::size_t recipients_max = 100;       // what every server takes (RFC 5321 §4.5.3.1.8)
constexpr std::size_t address_bytes_max = 254;    // RFC 5321 §4.5.3.1.3, without <>
constexpr std::size_t message_id_bytes_max = 254;
constexpr std::size_t subject_bytes_max = 512;    // a line for a person
constexpr std::size_t body_line_bytes = 57;       // 76 characters of base64
// RFC 2047 §2: an encoded word has at most 75 characters, 12 of them around the base64, and its line at most 76.
constexpr std::size_t word_bytes = 45;
constexpr std::size_t first_word_bytes = 39;      // "Subject: " stands before it

constexpr std::string_view address_specials = "<>()[]\\,;:\"";

bool is_visible(char c) noexcept { return c > ' ' && c < '\x7f'; }
bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

bool is_word(std::string_view text) noexcept {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_visible(c) && c != '@' && address_specials.find(c) == std::string_view::npos; });
}

std::string make_utf8(std::string_view text) {
  std::string out(text);
  if (!is_utf8(text)) std::replace_if(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return out;
}

// The first bytes of valid UTF-8, at most `bytes`, with no code point cut in two.
std::string_view cut_at_code_point(std::string_view utf8, std::size_t bytes) noexcept {
  if (utf8.size() <= bytes) return utf8;
  while (bytes > 0 && is_continuation(utf8[bytes])) --bytes;
  return utf8.substr(0, bytes);
}

std::string encode_subject(std::string_view subject) {
  auto all = make_utf8(subject);
  std::replace_if(all.begin(), all.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  auto rest = cut_at_code_point(all, subject_bytes_max);
  const bool is_plain = rest.size() <= first_word_bytes && rest.find("=?") == std::string_view::npos &&
                        std::all_of(rest.begin(), rest.end(), [](char c) { return is_visible(c) || c == ' '; });
  if (is_plain) return std::string(rest);
  std::string out;
  while (!rest.empty()) {
    const auto word = cut_at_code_point(rest, out.empty() ? first_word_bytes : word_bytes);
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + encode_base64(word) + "?=";
    rest.remove_prefix(word.size());
  }
  return out;
}

std::string encode_body(std::string_view text) {
  std::string lines;
  const auto utf8 = make_utf8(text);
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    if (utf8[i] == '\r' && i + 1 < utf8.size() && utf8[i + 1] == '\n') continue;
    if (utf8[i] == '\r' || utf8[i] == '\n') lines += "\r\n";
    else lines.push_back(utf8[i]);
  }
  std::string out;
  for (std::size_t at = 0; at < lines.size(); at += body_line_bytes)
    out += encode_base64(std::string_view(lines).substr(at, body_line_bytes)) + "\r\n";
  return out;
}

// "Thu, 20 Nov 2025 05:05:30 +0000"
std::string format_mail_date(WallTime t) {
  using namespace std::chrono;
  constexpr std::array days_of_week{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day_part = floor<days>(t);
  const year_month_day date{day_part};
  const hh_mm_ss clock{floor<seconds>(t - day_part)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", days_of_week[weekday{day_part}.c_encoding()],
                     static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

Result<std::string> complete_message_id(std::string_view id, std::string_view from) {
  const auto at = id.find('@');
  const bool is_whole = at != std::string_view::npos;
  if (id.size() > message_id_bytes_max || !is_word(id.substr(0, at)) || (is_whole && !is_word(id.substr(at + 1))))
    return fail(FaultCode::invalid, "not a message id");
  return is_whole ? std::string(id) : fmt::format("{}{}", id, from.substr(from.find('@')));
}

Result<void> check_addresses(const Letter& letter) {
  if (!is_mail_address(letter.from)) return fail(FaultCode::invalid, "not a mail address: sender");
  if (letter.to.empty() || letter.to.size() > recipients_max)
    return fail(FaultCode::invalid, fmt::format("a mail has 1 to {} recipients", recipients_max));
  for (std::size_t i = 0; i < letter.to.size(); ++i)
    if (!is_mail_address(letter.to[i])) return fail(FaultCode::invalid, fmt::format("not a mail address: recipient {}", i + 1));
  return {};
}

}  // namespace

bool is_mail_address(std::string_view text) noexcept {
  const auto at = text.find('@');
  return at != std::string_view::npos && text.size() <= address_bytes_max && is_word(text.substr(0, at)) && is_word(text.substr(at + 1));
}

Result<std::string> make_mail_text(const Letter& letter) {
  if (auto checked = check_addresses(letter); !checked) return tl::unexpected(checked.error());
  const auto id = complete_message_id(letter.message_id, letter.from);
  if (!id) return tl::unexpected(id.error());
  return fmt::format(
      "From: {}\r\n"
      "To: {}\r\n"
      "Subject: {}\r\n"
      "Date: {}\r\n"
      "Message-ID: <{}>\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=UTF-8\r\n"
      "Content-Transfer-Encoding: base64\r\n"
      "Auto-Submitted: auto-generated\r\n"
      "\r\n"
      "{}",
      letter.from, fmt::join(letter.to, ",\r\n "), encode_subject(letter.subject), format_mail_date(letter.date), *id,
      encode_body(letter.text));
}

}  // namespace denrei
