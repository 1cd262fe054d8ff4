// An HTTP client and a mailer in memory, for tests of everything above the port. They record what is sent.
//
// Shape   client.plan(answered(500)); client.always([](const OutboundRequest&) { return answered(200); });
//         otherwise a request waits: client.answer(answered(200)) ends the oldest, answer(exchange, 2) the third that waits
// Rules   planned answers come first, then `always`, both inside the call; every answer is given once
// Errors  crash_next() lets the next call throw before it has kept anything, as a bug in an adapter would
#pragma once
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "denrei/ports/http_client.hpp"

namespace denrei::test {

[[nodiscard]] inline Exchange answered(int status, std::string body = {}, std::string retry_after = {}) {
  Exchange exchange;
  exchange.status = status;
  exchange.address = "192.0.2.80";
  exchange.body = std::move(body);
  exchange.retry_after = std::move(retry_after);
  exchange.dns_us = 1'000;
  exchange.connect_us = 2'000;
  exchange.tls_us = 3'000;
  exchange.first_byte_us = 4'000;
  exchange.total_us = 5'000;
  return exchange;
}

[[nodiscard]] inline Exchange unanswered(AttemptError error, std::string text = "planned fault") {
  Exchange exchange;
  exchange.error = error;
  exchange.error_text = std::move(text);
  exchange.total_us = 5'000;
  return exchange;
}

template <class Request, class Answer>
class FakeSends {
 public:
  // --- what tests turn
  void plan(Answer answer) { planned_.push_back(std::move(answer)); }
  void always(std::function<Answer(const Request&)> rule) { rule_ = std::move(rule); }
  void crash_next() noexcept { crash_ = true; }
  // False: there is none that waits there.
  bool answer(Answer answer, std::size_t at = 0) {
    if (at >= waiting_.size()) return false;
    const auto done = std::move(waiting_[at]);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(at));
    done(std::move(answer));
    return true;
  }
  void forget_waiting() { waiting_.clear(); }  // as when the process dies: nobody is told
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  [[nodiscard]] const std::vector<Request>& sent() const noexcept { return sent_; }

 protected:
  void take(Request request, std::function<void(Answer)> done) {
    if (std::exchange(crash_, false)) throw std::runtime_error("planned crash");
    sent_.push_back(std::move(request));
    if (!planned_.empty()) {
      auto answer = std::move(planned_.front());
      planned_.pop_front();
      return done(std::move(answer));
    }
    if (rule_) return done(rule_(sent_.back()));
    waiting_.push_back(std::move(done));
  }

 private:
  std::deque<Answer> planned_;
  std::function<Answer(const Request&)> rule_;
  std::deque<std::function<void(Answer)>> waiting_;
  std::vector<Request> sent_;
  bool crash_ = false;
};

class FakeHttpClient final : public HttpClient, public FakeSends<OutboundRequest, Exchange> {
 public:
  void send(OutboundRequest request, std::function<void(Exchange)> done) override { take(std::move(request), std::move(done)); }
  // Of the request sent last; empty: there is none of that name.
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& header : sent().back().headers)
      if (header.name == name) return header.value;
    return {};
  }
};

class FakeMailer final : public Mailer, public FakeSends<Mail, Result<void>> {
 public:
  void send(Mail mail, Done<void> done) override { take(std::move(mail), std::move(done)); }
};

}  // namespace denrei::test
