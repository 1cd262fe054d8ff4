// The five commands of a mail, one after another: alerts are few, so nothing is pipelined.
#include "denrei/adapters/curl/smtp_dialogue.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace denrei {
namespace {

constexpr std::size_t reply_bytes_max = 8 * 1024;  // all lines of one; RFC 5321 §4.5.3.1.5 has 512 a line
constexpr std::size_t line_kept = 200;             // of a reply, for a person

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The code of "250 text" and "250-text"; 0: no reply line.
int reply_code(std::string_view line) {
  if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit) || (line.size() > 3 && line[3] != ' ' && line[3] != '-')) return 0;
  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

// `for_good` is what a 5xx means here.
Fault refusal(std::string_view what, int code, std::string_view line, FaultCode for_good = FaultCode::invalid) {
  return {code / 100 == 5 ? for_good : FaultCode::unavailable, fmt::format("{} refused: {}", what, tidy_reply(line))};
}

// RFC 3463 §3.8: "550 5.7.1 relaying denied" is about us, not about who is to get the mail.
FaultCode refused_recipient(std::string_view line) { return line.substr(0, 8).ends_with(" 5.7.") ? FaultCode::denied : FaultCode::invalid; }

}  // namespace

std::string tidy_reply(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  std::string out(line.substr(0, line_kept));
  std::replace_if(out.begin(), out.end(), [](char c) { return c < ' ' || c >= '\x7f'; }, '?');
  return out;
}

SmtpDialogue::SmtpDialogue(std::string from, std::vector<std::string> to, std::string message)
    : to_(std::move(to)), message_(std::move(message)), output_(fmt::format("MAIL FROM:<{}>\r\n", from)) {}

std::optional<Result<void>> SmtpDialogue::take(std::string_view bytes) {
  input_ += bytes;
  reply_bytes_ += bytes.size();
  if (reply_bytes_ > reply_bytes_max) return fail(FaultCode::unavailable, "an endless answer");
  for (auto end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
    const auto line = input_.substr(0, end);
    input_.erase(0, end + 1);
    const auto code = reply_code(line);
    if (code == 0) return fail(FaultCode::unavailable, "not an answer of SMTP: " + tidy_reply(line));
    if (line.size() > 3 && line[3] == '-') continue;
    reply_bytes_ = input_.size();
    if (auto ended = on_reply(code, line)) return ended;
  }
  return {};
}

std::optional<Result<void>> SmtpDialogue::on_reply(int code, std::string_view line) {
  switch (stage_) {
    case Stage::sender:
      if (code / 100 != 2) return tl::unexpected(refusal("the sender was", code, line, FaultCode::denied));
      stage_ = Stage::recipient;
      ask_next_recipient();
      return {};
    case Stage::recipient: return on_recipient(code, line);
    case Stage::data:
      if (code != 354) return tl::unexpected(refusal("the message was", code, line));
      stage_ = Stage::message;
      output_ = message_ + ".\r\n";
      return {};
    case Stage::message:
      if (code / 100 != 2) return tl::unexpected(refusal("the message was", code, line));
      return end();
  }
  return {};
}

std::optional<Result<void>> SmtpDialogue::on_recipient(int code, std::string_view line) {
  const auto& recipient = to_[asked_ - 1];
  if (code == 421) return tl::unexpected(refusal(recipient + " was", code, line));  // the server is closing down
  if (code / 100 == 2) {
    ++accepted_;
  } else {
    auto fault = refusal(recipient + " was", code, line, refused_recipient(line));
    if (!refused_ || (refused_->code != FaultCode::unavailable && fault.code == FaultCode::unavailable)) refused_ = std::move(fault);
  }
  if (asked_ < to_.size()) {
    ask_next_recipient();
    return {};
  }
  if (accepted_ == 0) return tl::unexpected(*refused_);
  stage_ = Stage::data;
  output_ = "DATA\r\n";
  return {};
}

Result<void> SmtpDialogue::end() const {
  if (!refused_) return {};
  return fail(FaultCode::invalid, fmt::format("sent to {} of {} recipients; {}", accepted_, to_.size(), refused_->detail));
}

void SmtpDialogue::ask_next_recipient() { output_ = fmt::format("RCPT TO:<{}>\r\n", to_[asked_++]); }

}  // namespace denrei
