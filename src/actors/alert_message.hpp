// One message to operators: what it is about, how it looks in Slack, as mail and in the log. Who gets it when: alerts.cpp.
#pragma once
#include <fmt/format.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/actors/alerts.hpp"
#include "denrei/base/encoding.hpp"
#include "denrei/domain/alert_text.hpp"
#include "denrei/domain/json_text.hpp"
#include "denrei/ports/http_client.hpp"

namespace denrei {

// A dead letter, and the partition whose Dispatcher waits to hear that its alert is sent.
struct DeadReference {
  std::uint32_t partition = 0;
  DeliveryId id;
};
using DeadReferences = std::vector<DeadReference>;

struct AlertMessage {
  Alert alert;
  DeadReferences about;             // dead letters whose alert is done when this message is
  std::uint64_t stands_for = 1;     // alerts
  WallTime made_at{};
  std::uint64_t number = 0;
  std::size_t channels_left = 0;    // that have neither taken it nor given it up
};
using AlertMessagePtr = std::shared_ptr<AlertMessage>;

// The text alone: it begins with a mark of its own, and the contract fixes it to the letter.
[[nodiscard]] inline OutboundRequest make_slack_request(const LiveChannel& live, const AlertMessage& message) {
  OutboundRequest request;
  request.url = live.secret.reveal();
  request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "denrei/" DENREI_VERSION}};
  request.body = JsonObject(message.alert.text.size() + 32).text("text", message.alert.text).take();
  request.connect_timeout = live.channel.timeout;
  request.timeout = live.channel.timeout;
  return request;
}

// Every try carries the same id and date, so that a mailbox which got an earlier one can tell.
[[nodiscard]] inline Mail make_alert_mail(const LiveChannel& live, const AlertMessage& message) {
  const auto& channel = live.channel;
  const auto mark = sha256({channel.name, std::string_view("\0", 1), message.alert.subject, message.alert.text});
  const auto host = std::string_view(channel.from).substr(channel.from.rfind('@') + 1);  // the whole text when there is no @
  Mail mail;
  mail.server = channel.server;
  mail.starttls = channel.starttls;
  mail.user = channel.user;
  mail.password = live.secret;
  mail.ca_file = channel.ca_file;
  mail.from = channel.from;
  mail.to = channel.to;
  mail.subject = message.alert.subject;
  mail.text = message.alert.text;
  mail.message_id = fmt::format("{}.{}.{}@{}", to_unix_ms(message.made_at), message.number, encode_hex(as_view(mark).substr(0, 8)), host);
  mail.date = message.made_at;
  mail.timeout = channel.timeout;
  return mail;
}

[[nodiscard]] inline AlertSendEnded judge_slack_answer(const std::string& channel, std::uint64_t number, Exchange exchange) {
  const bool answered = exchange.error == AttemptError::none;
  if (answered && exchange.status / 100 == 2) return {channel, true, true, {}, number, {}};
  auto why = answered ? fmt::format("HTTP {}", exchange.status)
                      : fmt::format("{}: {}", attempt_error_name(exchange.error), exchange.error_text);
  return {channel, false, true, std::move(why), number, std::move(exchange.retry_after)};
}

// What the server called wrong will not become right by being said again.
[[nodiscard]] inline AlertSendEnded judge_mail(const std::string& channel, std::uint64_t number, const Result<void>& result) {
  if (result) return {channel, true, true, {}, number, {}};
  return {channel, false, result.error().code != FaultCode::invalid, result.error().detail, number, {}};
}

enum class AlertResult : std::uint8_t { sent, given_up, left_out, no_channel, unsent };
[[nodiscard]] inline std::string_view alert_result_name(AlertResult result) noexcept {
  switch (result) {
    case AlertResult::sent: return "sent";
    case AlertResult::given_up: return "given_up";
    case AlertResult::left_out: return "left_out";      // its channel had too many waiting; a digest counts it
    case AlertResult::no_channel: return "no_channel";
    case AlertResult::unsent: return "unsent";          // the process ended first; raised again at the next start
  }
  return "unsent";
}

struct AlertOutcome {
  std::string_view channel;         // empty: of no channel
  AlertResult result = AlertResult::sent;
  std::uint32_t tries = 0;
  std::string_view why;             // the last failure
};

// Ids only: subject and text may name people.
[[nodiscard]] inline std::string alert_log_line(const AlertMessage& message, const AlertOutcome& outcome, WallTime now) {
  constexpr std::size_t why_shown = 300;  // bytes
  JsonObject line;
  line.text("timestamp", format_iso8601(now)).text("log", "alert").text_if_any("channel", outcome.channel);
  line.text_if_any("destination", message.alert.destination).text("severity", severity_name(message.alert.severity));
  line.text("result", alert_result_name(outcome.result)).number("tries", outcome.tries);
  line.number("alerts", static_cast<std::int64_t>(message.stands_for));
  if (message.about.size() == 1) line.text("deliveryId", message.about.front().id.text());
  line.text_if_any("error", outcome.why.substr(0, why_shown));
  return line.take();
}

}  // namespace denrei
