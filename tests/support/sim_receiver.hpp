// A receiver of webhooks that is simulated: it notes every arrival, answers as its mood is, at once, late or not at all.
//
// Shape   SimReceiver r(roll, on_arrival); r.send(…) by the attempts; r.answer_one() later; r.time_out_all(now); r.forget() when the sender dies
// Rules   what it has decided counts from the arrival on, whether the sender hears of it or not
//         a request that is never answered ends for its sender by the time-out that it asked for, as the real client's does
// Errors  crash_next(): the next send throws before anything has arrived
#pragma once
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "denrei/ports/http_client.hpp"
#include "support/fake_http_client.hpp"

namespace denrei::test {

struct Arrival {
  std::string id;                       // webhook-id
  std::uint64_t sequence = 0;           // Denrei-Sequence
  std::string body;
};

class SimReceiver final : public HttpClient {
 public:
  using Dice = std::function<std::uint64_t(std::uint64_t sides)>;
  using Listener = std::function<void(const Arrival&)>;
  SimReceiver(Dice roll, Listener on_arrival) : roll_(std::move(roll)), on_arrival_(std::move(on_arrival)) {}

  // --- what a story turns
  void be_well() { well_ = true; }      // from now on 200, at once
  void crash_next() noexcept { crash_ = true; }
  void forget() { waiting_.clear(); }   // the sender has died
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  [[nodiscard]] bool has_taken(const std::string& id) const { return taken_.contains(id); }
  [[nodiscard]] bool is_answering(const std::string& id) const { return waits_for(id); }

  void send(OutboundRequest request, std::function<void(Exchange)> done) override {
    if (std::exchange(crash_, false)) throw std::runtime_error("planned crash");
    const Arrival arrival{header(request, "webhook-id"), std::stoull("0" + header(request, "Denrei-Sequence")), std::move(request.body)};
    on_arrival_(arrival);
    auto answer = decide();
    if (answer.status == 200) taken_.insert(arrival.id);
    if (well_ || roll_(3) == 0) return done(std::move(answer));
    waiting_.push_back({arrival.id, std::move(done), std::move(answer)});
  }

  // One of those that wait hears what was decided, or that its time is over.
  void answer_one() {
    if (waiting_.empty()) return;
    const auto at = waiting_.begin() + static_cast<std::ptrdiff_t>(roll_(waiting_.size()));
    auto one = std::move(*at);
    waiting_.erase(at);
    if (roll_(12) == 0) one.answer = unanswered(AttemptError::timeout, "no answer");
    one.done(std::move(one.answer));
  }

 private:
  struct Waiting {
    std::string id;
    std::function<void(Exchange)> done;
    Exchange answer;
  };

  [[nodiscard]] bool waits_for(const std::string& id) const {
    for (const auto& one : waiting_)
      if (one.id == id) return true;
    return false;
  }

  static std::string header(const OutboundRequest& request, std::string_view name) {
    for (const auto& h : request.headers)
      if (h.name == name) return h.value;
    return {};
  }

  Exchange decide() {
    const auto what = well_ ? 0 : roll_(100);
    if (what < 55) return answered(200);
    if (what < 70) return answered(500);
    if (what < 78) return answered(400);
    if (what < 80) return answered(410);
    if (what < 90) return answered(429, {}, std::to_string(roll_(15)));
    return unanswered(AttemptError::connect);
  }

  Dice roll_;
  Listener on_arrival_;
  std::vector<Waiting> waiting_;
  std::set<std::string> taken_;
  bool well_ = false;
  bool crash_ = false;
};

}  // namespace denrei::test
