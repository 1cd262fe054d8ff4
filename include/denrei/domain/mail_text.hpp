// Mail text: one message as SMTP carries it, headers and body. Nothing that is put in can become a header of its own.
//
// Shape   make_mail_text(letter) -> Result<text>, lines end with CR LF; the body is base64, so that no line begins with a dot
// Limits  recipients_max addresses; a subject is cut at subject_bytes_max; encoded words and lines of 76 characters at most
// Errors  invalid: an address or message id that is none
// Source  RFC 5322, RFC 2045 §6.8 (base64), RFC 2047 (encoded words), RFC 3834 (Auto-Submitted)
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "denrei/base/result.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

struct Letter {
  std::string_view from;             // addresses, without names and <>
  std::span<const std::string> to;
  std::string_view subject;          // UTF-8; what is none becomes question marks
  std::string_view text;             // UTF-8, as above
  std::string_view message_id;       // without <>; one without @ gets the sender's domain
  WallTime date{};
};
[[nodiscard]] Result<std::string> make_mail_text(const Letter& letter);

// local@domain in ASCII without quotes, blanks and comments: safe in a header and in an SMTP command.
[[nodiscard]] bool is_mail_address(std::string_view text) noexcept;

}  // namespace denrei
