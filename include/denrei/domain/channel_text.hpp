// Channel texts: what one channel says of an alert, in its language and by its own templates, and the JSON that programs read of it.
//
// Shape   word_alert(channel, message) -> {subject, text}; make_alert_notification(channel, message) -> Notification; alert_event_json(…)
// Slots   {subject} {text} {severity} {mark} {time} (JST, of the alert) {destination} {rule}; what is unknown stays as it is
// Rules   the same alert at the same channel always has the same id, so that whoever gets it twice can tell
//         Slack reads <, > and &: the values of an alert that comes from a rule are escaped, a channel's own template is not;
//         the alerts of destinations are fixed to the letter (protocol §3)
// Limits  a notification's title has 100 code points, its message 500
// Source  protocol §4; seed analytics-notification §4.1; Slack API "Escaping text"
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "denrei/domain/alert_text.hpp"
#include "denrei/domain/channel.hpp"
#include "denrei/domain/key_logic.hpp"

namespace denrei {

// One alert, or a digest of several, on its way to channels.
struct AlertMessage {
  std::uint64_t number = 0;         // 0: the channel's own digest of what it left out
  Alert alert;
  std::uint64_t stands_for = 1;     // alerts
  WallTime made_at{};
  std::optional<DeliveryId> about;  // the dead letter, when it is about one
};
using AlertMessagePtr = std::shared_ptr<const AlertMessage>;

struct ChannelWords {
  std::string subject;              // one line
  std::string text;
};
[[nodiscard]] ChannelWords word_alert(const Channel& channel, const AlertMessage& message);

[[nodiscard]] EventId make_alert_id(const Channel& channel, const AlertMessage& message);

// For the inbox "level99", as a bulletin looks there.
[[nodiscard]] Notification make_alert_notification(const Channel& channel, const AlertMessage& message);
// {"severity","subject","text","destination","rule","alerts","deliveryId"}: destination, rule and delivery where there are any.
[[nodiscard]] std::string alert_json(const Channel& channel, const AlertMessage& message);
// {"type":"denrei.alert","timestamp","data":{…}}: what a stream and a generic HTTP receiver get.
[[nodiscard]] std::string alert_event_json(const Channel& channel, const AlertMessage& message);

}  // namespace denrei
