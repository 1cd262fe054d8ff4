// An alert in the hands of Alerts: who waits to hear of its end. And its log line, which channels write too.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "denrei/actors/channel.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {

// A dead letter, and the partition whose Dispatcher waits to hear that its alert is sent.
struct DeadReference {
  std::uint32_t partition = 0;
  DeliveryId id;
};
using DeadReferences = std::vector<DeadReference>;

struct AlertAsker {
  caf::actor actor;
  std::uint64_t ticket = 0;
};

// Who is told when every channel is done with it.
struct AlertHearers {
  DeadReferences dead;
  std::vector<AlertAsker> askers;
  void add(AlertHearers&& others) {
    dead.insert(dead.end(), others.dead.begin(), others.dead.end());
    askers.insert(askers.end(), others.askers.begin(), others.askers.end());
  }
};

struct AlertDraft {
  AlertMessage message;
  AlertHearers hearers;
};

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
  std::string_view provider;        // that tried last; empty: the channel has none
  std::string_view why;             // the last failure
};

// Ids only: subject and text may name people.
[[nodiscard]] inline std::string alert_log_line(const AlertMessage& message, const AlertOutcome& outcome, WallTime now) {
  constexpr std::size_t why_shown = 300;  // bytes
  JsonObject line;
  line.text("timestamp", format_iso8601(now)).text("log", "alert").text_if_any("channel", outcome.channel);
  line.text_if_any("provider", outcome.provider).text_if_any("destination", message.alert.destination);
  line.text_if_any("rule", message.alert.rule).text("severity", severity_name(message.alert.severity));
  line.text("result", alert_result_name(outcome.result)).number("tries", outcome.tries);
  line.number("alerts", static_cast<std::int64_t>(message.stands_for));
  if (message.about) line.text("deliveryId", message.about->text());
  line.text_if_any("error", outcome.why.substr(0, why_shown));
  return line.take();
}

}  // namespace denrei
