// Mails under way: first libcurl's, until the server has let us in, then a dialogue on the same connection.
#include "denrei/adapters/curl/curl_mailer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "denrei/adapters/curl/curl_loop.hpp"
#include "denrei/adapters/curl/smtp_dialogue.hpp"
#include "denrei/domain/mail_text.hpp"

namespace denrei {
namespace {

constexpr std::size_t mails_max = 16;  // at a time; alerts are gathered before they become mails

using Executor = boost::asio::io_context::executor_type;
using Descriptor = boost::asio::posix::basic_stream_descriptor<Executor>;
using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

Result<SmtpDialogue> make_dialogue(Mail& mail) {
  auto message = make_mail_text({.from = mail.from, .to = mail.to, .subject = mail.subject, .text = mail.text, .message_id = mail.message_id, .date = mail.date});
  if (!message) return tl::unexpected(message.error());
  return SmtpDialogue(std::move(mail.from), std::move(mail.to), std::move(*message));
}

std::size_t keep_line(char* data, std::size_t size, std::size_t count, void* line) {
  static_cast<std::string*>(line)->assign(data, size * count);
  return size * count;
}

// One mail. `ended` is called once, later, by the loop.
class MailInHand : public std::enable_shared_from_this<MailInHand> {
 public:
  using Ended = std::function<void(MailInHand&, Result<void>)>;
  MailInHand(boost::asio::io_context& io, CurlLoop& loop, Done<void> done, Ended ended)
      : loop_(loop), done_(std::move(done)), ended_(std::move(ended)), socket_(io.get_executor()), timer_(io.get_executor()), easy_(curl_easy_init()) {}
  ~MailInHand();
  MailInHand(const MailInHand&) = delete;
  MailInHand& operator=(const MailInHand&) = delete;

  void start(Mail mail);
  void end_at_once(Fault fault);
  void on_connected(CURLcode code);
  [[nodiscard]] bool has(CURL* easy) const noexcept { return easy_.get() == easy; }
  [[nodiscard]] Done<void> take_done() { return std::move(done_); }

 private:
  void set_options(const Mail& mail);
  void watch_time(Millis timeout);
  [[nodiscard]] Fault fault_of(CURLcode code) const;
  void talk();
  void wait(Descriptor::wait_type what);
  void end(Result<void> result);
  void lose(CURLcode code);
  void close() noexcept;

  CurlLoop& loop_;
  Done<void> done_;
  Ended ended_;
  std::optional<SmtpDialogue> dialogue_;
  std::optional<Fault> known_;   // ended before it began
  std::string line_;             // the server's last one while libcurl talks to it
  std::array<char, CURL_ERROR_SIZE> reason_{};
  Descriptor socket_;            // libcurl's: released, not closed
  Timer timer_;
  bool is_closed_ = false;
  EasyHandle easy_;
};

MailInHand::~MailInHand() { close(); }

void MailInHand::close() noexcept {
  if (is_closed_) return;  // then the loop may be gone
  is_closed_ = true;
  timer_.cancel();
  if (socket_.is_open()) (void)socket_.release();
  loop_.remove(easy_.get());  // closes the connection
}

void MailInHand::end_at_once(Fault fault) {
  known_ = std::move(fault);
  loop_.end_later(easy_.get(), CURLE_ABORTED_BY_CALLBACK);
}

void MailInHand::start(Mail mail) {
  if (easy_ == nullptr) return end_at_once({FaultCode::io, "libcurl cannot be set up"});
  set_options(mail);
  const auto timeout = mail.timeout;
  if (!mail.to.empty()) {
    auto dialogue = make_dialogue(mail);
    if (!dialogue) return end_at_once(dialogue.error());
    dialogue_ = std::move(*dialogue);
  }
  watch_time(timeout);
  loop_.add(easy_.get());
}

void MailInHand::set_options(const Mail& mail) {
  auto* easy = easy_.get();
  set_transport_options(easy, mail.ca_file, {});
  curl_easy_setopt(easy, CURLOPT_URL, mail.server.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(mail.starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason_.data());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &keep_line);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &line_);
  if (mail.user.empty()) return;
  curl_easy_setopt(easy, CURLOPT_USERNAME, mail.user.c_str());
  curl_easy_setopt(easy, CURLOPT_PASSWORD, std::string(mail.password.reveal()).c_str());
}

void MailInHand::watch_time(Millis timeout) {
  timer_.expires_after(timeout);
  timer_.async_wait([weak = weak_from_this(), timeout](boost::system::error_code error) {
    if (const auto self = weak.lock(); self && !error) self->end(fail(FaultCode::unavailable, fmt::format("not sent within {} ms", timeout.count())));
  });
}

void MailInHand::on_connected(CURLcode code) {
  if (known_) return end(tl::unexpected(*known_));
  curl_socket_t socket = CURL_SOCKET_BAD;
  if (code == CURLE_OK) curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &socket);
  if (socket == CURL_SOCKET_BAD) return end(tl::unexpected(fault_of(code)));
  boost::system::error_code error;
  socket_.assign(socket, error);
  if (error) return end(fail(FaultCode::io, error.message()));
  if (!dialogue_) return end({});  // it lets us in, which is all that was asked
  talk();
}

// Whether the server refused for good what libcurl said to it (EHLO, AUTH), or anything else went wrong.
Fault MailInHand::fault_of(CURLcode code) const {
  std::string text = reason_[0] != '\0' ? reason_.data() : curl_easy_strerror(code);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) return {FaultCode::invalid, "not an smtp or smtps URL"};
  long reply = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &reply);
  const bool is_refused = code == CURLE_LOGIN_DENIED || code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_REMOTE_ACCESS_DENIED;
  if (is_refused || code == CURLE_USE_SSL_FAILED) text += "; the server said: " + tidy_reply(line_);
  return {is_refused && reply / 100 == 5 ? FaultCode::denied : FaultCode::unavailable, tidy_reply(text)};
}

void MailInHand::talk() {
  std::array<char, 1024> bytes;
  while (true) {
    while (!dialogue_->output().empty()) {
      std::size_t count = 0;
      const auto code = curl_easy_send(easy_.get(), dialogue_->output().data(), dialogue_->output().size(), &count);
      if (code == CURLE_AGAIN) return wait(Descriptor::wait_write);
      if (code != CURLE_OK) return lose(code);
      dialogue_->output().erase(0, count);
    }
    std::size_t count = 0;
    const auto code = curl_easy_recv(easy_.get(), bytes.data(), bytes.size(), &count);
    if (code == CURLE_AGAIN) return wait(Descriptor::wait_read);
    if (code != CURLE_OK || count == 0) return lose(code == CURLE_OK ? CURLE_GOT_NOTHING : code);
    if (auto ended = dialogue_->take({bytes.data(), count})) return end(std::move(*ended));
  }
}

void MailInHand::wait(Descriptor::wait_type what) {
  socket_.async_wait(what, [weak = weak_from_this()](boost::system::error_code error) {
    if (const auto self = weak.lock(); self && !error) self->talk();
  });
}

void MailInHand::lose(CURLcode code) {
  end(fail(FaultCode::unavailable, fmt::format("the connection broke: {}", curl_easy_strerror(code))));
}

void MailInHand::end(Result<void> result) {
  constexpr std::string_view good_bye = "QUIT\r\n";  // its answer is not waited for
  std::size_t count = 0;
  if (socket_.is_open()) (void)curl_easy_send(easy_.get(), good_bye.data(), good_bye.size(), &count);
  close();
  ended_(*this, std::move(result));
}

}  // namespace

struct CurlMailer::Core {
  explicit Core(boost::asio::io_context& given)
      : io(given), loop(std::make_shared<CurlLoop>(given, mails_max, [this](CURL* easy, CURLcode code) { on_connected(easy, code); })) {
    loop->start();
  }
  ~Core() {
    mails.clear();
    loop->stop();
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  void on_connected(CURL* easy, CURLcode code);
  void on_ended(const MailInHand& mail, Result<void> result);

  boost::asio::io_context& io;
  std::shared_ptr<CurlLoop> loop;
  std::vector<std::shared_ptr<MailInHand>> mails;
};

void CurlMailer::Core::on_connected(CURL* easy, CURLcode code) {
  const auto at = std::find_if(mails.begin(), mails.end(), [easy](const auto& m) { return m->has(easy); });
  if (at == mails.end()) return;
  const auto keep = *at;  // ends itself
  keep->on_connected(code);
}

void CurlMailer::Core::on_ended(const MailInHand& mail, Result<void> result) {
  const auto at = std::find_if(mails.begin(), mails.end(), [&mail](const auto& m) { return m.get() == &mail; });
  const auto gone = *at;
  mails.erase(at);
  const auto done = gone->take_done();
  done(std::move(result));  // last: it may destroy the mailer
}

CurlMailer::CurlMailer(boost::asio::io_context& io) : core_(std::make_unique<Core>(io)) {}

CurlMailer::~CurlMailer() = default;

void CurlMailer::send(Mail mail, Done<void> done) {
  auto* core = core_.get();
  const bool is_full = core->mails.size() >= mails_max;
  core->mails.push_back(std::make_shared<MailInHand>(core->io, *core->loop, std::move(done), [core](MailInHand& ended, Result<void> result) {
    core->on_ended(ended, std::move(result));
  }));
  const auto begun = core->mails.back();
  if (is_full) begun->end_at_once({FaultCode::overloaded, fmt::format("{} mails are under way", mails_max)});
  else begun->start(std::move(mail));
}

}  // namespace denrei
