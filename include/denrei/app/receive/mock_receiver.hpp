// The mock receiver: takes deliveries as the named source of a configuration would, misbehaves as it is told, and keeps the book.
//
// Shape   MockReceiver receiver(trust, behaviour, seed, on_request); receiver.receive(request, now) -> Reception; receiver.report()
// Judges  method, size, credentials, then the behaviour. Bodies are not checked against the schema: that is the sender's affair here
// Rules   a request whose credentials are wrong proves nothing: it is refused and counted, and stands neither in the book nor in the
//         order. In the mode dead nothing is answered, refusals neither
// Admin   POST /_mode {"mode":…} changes the behaviour, GET /_mode and GET /_report show it and the report; from this machine only
// Source  protocol §2 (answers), §3 (what a sender must keep to)
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/app/receive/arrival_book.hpp"
#include "denrei/app/receive/behaviour.hpp"
#include "denrei/domain/source.hpp"

namespace denrei {

// Whom the receiver believes.
struct Trust {
  Source source;
  std::vector<HmacSha256> keys;   // empty: whoever comes
  std::optional<Secret> bearer;
};

struct ReceivedRequest {
  std::string_view method;
  std::string_view target;
  Headers headers;
  std::string_view body;
  bool too_large = false;         // then the body is not here
  bool from_this_machine = false;
};

// What is known about one request, for the line about it.
struct RequestNote {
  WallTime at{};
  std::string_view method;
  std::string_view path;
  std::optional<bool> verified;   // nothing: nobody was asked to prove anything
  std::string_view refusal;       // "bad_signature"; empty: none
  std::string_view id;
  std::uint32_t sequence = 0;     // 0: none
  std::string_view key;
  std::string_view body;
  int status = 0;                 // 0: no answer
  bool repeat = false;
};

struct Reception {
  std::optional<Answer> answer;   // nothing: silence
  bool hang_up = false;           // the connection ends
  Millis delay{0};
  bool is_admin = false;          // then it is not counted
  bool certificate_changed = false;
};

struct ReceiveReport {
  ReceiveMode mode = ReceiveMode::good;
  std::uint64_t requests = 0;
  std::uint64_t failed_handshakes = 0;
  std::map<std::string, std::uint64_t, std::less<>> refused;  // by reason: bad_signature, expired, unauthorized
  std::map<int, std::uint64_t> by_status;                     // 0: no answer
  const ArrivalBook* book = nullptr;                          // of the receiver that gave the report

  [[nodiscard]] std::uint64_t refused_signatures() const;
};
// The exit code's question. Late acceptances are those of dead letters that were sent again, or of a lane that did not wait.
[[nodiscard]] bool has_gone_well(const ReceiveReport& report, bool allow_late);

class MockReceiver {
 public:
  using OnRequest = std::function<void(const RequestNote&)>;
  MockReceiver(Trust trust, Behaviour behaviour, std::uint64_t seed, OnRequest on_request)
      : trust_(std::move(trust)), temper_(std::move(behaviour), seed), on_request_(std::move(on_request)) {}
  [[nodiscard]] Reception receive(const ReceivedRequest& request, WallTime now);
  [[nodiscard]] static bool is_admin(std::string_view target) noexcept;
  [[nodiscard]] ReceiveMode mode() const noexcept { return temper_.behaviour().mode; }
  void note_failed_handshake() noexcept { ++failed_handshakes_; }
  [[nodiscard]] ReceiveReport report() const;

 private:
  [[nodiscard]] Reception serve_admin(const ReceivedRequest& request);
  [[nodiscard]] Reception change_mode(std::string_view body);
  [[nodiscard]] std::optional<RefusalFacts> judge_shape(const ReceivedRequest& request) const;
  [[nodiscard]] std::optional<Refusal> judge_credentials(const ReceivedRequest& request, WallTime now) const;
  [[nodiscard]] Reception refuse(const RefusalFacts& facts, RequestNote& note);
  [[nodiscard]] Reception take(const ReceivedRequest& request, RequestNote& note);
  [[nodiscard]] Answer accept(const ReceivedRequest& request, std::string_view identity, const Acquaintance& known, WallTime now) const;
  [[nodiscard]] Answer react(Reaction reaction) const;
  [[nodiscard]] Reception conclude(Reception reception, RequestNote& note);

  Trust trust_;
  Temper temper_;
  OnRequest on_request_;
  ArrivalBook book_;
  std::uint64_t requests_ = 0, failed_handshakes_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> refused_;
  std::map<int, std::uint64_t> by_status_;
};

}  // namespace denrei
