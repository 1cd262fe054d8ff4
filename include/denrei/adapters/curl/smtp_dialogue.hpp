// What is said to a mail server once it has been greeted: sender, recipients, message. Pure; the caller moves the bytes.
//
// Shape   send output(); then take(bytes received) -> nothing yet (output() may have more to send) or how it ended
// Limits  reply_bytes_max in one reply, however many lines it has
// Errors  denied: the sender is refused for good (5xx), or a recipient because of who we are (5.7.x);
//         invalid: the mail is, and also one that went to some recipients only: it is not to be sent again;
//         unavailable: anything else that is no consent
// Source  RFC 5321 §3.3, §4.2; RFC 3463 §3.8. The message must end with CR LF and have no line that begins with a dot (mail_text.hpp)
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/result.hpp"

namespace denrei {

class SmtpDialogue {
 public:
  SmtpDialogue(std::string from, std::vector<std::string> to, std::string message);
  // What is left to be sent; the caller takes away what it has sent.
  [[nodiscard]] std::string& output() noexcept { return output_; }
  [[nodiscard]] std::optional<Result<void>> take(std::string_view bytes);

 private:
  enum class Stage : std::uint8_t { sender, recipient, data, message };
  std::optional<Result<void>> on_reply(int code, std::string_view line);
  std::optional<Result<void>> on_recipient(int code, std::string_view line);
  Result<void> end() const;
  void ask_next_recipient();

  std::vector<std::string> to_;
  std::string message_, output_, input_;
  Stage stage_ = Stage::sender;
  std::size_t asked_ = 0, accepted_ = 0, reply_bytes_ = 0;
  std::optional<Fault> refused_;  // the first recipient that was, or one that was refused for now
};

// A server's line as it may stand in a text for a person.
[[nodiscard]] std::string tidy_reply(std::string_view line);

}  // namespace denrei
