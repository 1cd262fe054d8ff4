// Mail out: libcurl connects, encrypts and authenticates, SmtpDialogue hands over the message. Nothing blocks the loop.
//
// Shape   CurlMailer{io}; send(mail, done) as ports/http_client.hpp, on the io_context's thread
// Why     libcurl's own SMTP upload waits, within its multi interface, for the server's word on the message and for its good-bye
//         (smtp_done, smtp_disconnect in 7.88): a slow mail server would stop the loop. CURLOPT_CONNECT_ONLY ends before both
// Limits  mails_max under way, then overloaded; each has its time-out, from send to the server's last word
// Errors  invalid: refused for good (5xx), in part too, or no mail that could be sent; unavailable: 4xx, network, TLS, time-out.
//         The detail has the server's line. The server's address is configuration and not guarded: mail servers are often private
// Source  RFC 5321; RFC 3207 (STARTTLS). When the object goes, mails under way go unanswered
#pragma once
#include <memory>

#include "denrei/ports/http_client.hpp"

namespace boost::asio {
class io_context;
}

namespace denrei {

class CurlMailer final : public Mailer {
 public:
  explicit CurlMailer(boost::asio::io_context& io);
  ~CurlMailer() override;
  CurlMailer(const CurlMailer&) = delete;
  CurlMailer& operator=(const CurlMailer&) = delete;
  void send(Mail mail, Done<void> done) override;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace denrei
