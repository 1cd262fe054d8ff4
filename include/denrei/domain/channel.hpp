// A channel: where alerts go, as configuration. The inbox of level 99, live streams, Slack, e-mail, any HTTP receiver.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "denrei/base/time.hpp"

namespace denrei {

enum class ChannelKind : std::uint8_t { slack, email, inbox, sse, webhook };
enum class Language : std::uint8_t { ja, en };

struct Channel {
  std::string name;                     // unique
  ChannelKind kind = ChannelKind::slack;
  bool optional = false;                // without its secret: off (true), or start-up stops (false)
  std::string secret;                   // name of the secret: slack: the webhook's URL; webhook: what signs (empty: unsigned)
  std::string service;                  // email: the [[service]] that sends; one written out in the channel gets the channel's name
  std::vector<std::string> to;          // email: addresses
  std::string url;                      // webhook: https://…
  bool plain_http = false;              // webhook
  std::string ca_file;
  std::vector<std::string> allow;       // CIDR of private addresses that may be connected to
  std::uint32_t retries = 3;            // after the first try; waits of 1, 2, 4 s …
  Millis timeout{10'000};
  Language language = Language::ja;
  std::string subject;                  // template over the alert's own: {subject} {severity} {mark} {time} {destination} {rule}; empty: {subject}
  std::string text;                     // likewise, and {text}; empty: {text}
  std::uint32_t per_minute = 0;         // messages; 0: no limit. What is more waits, and is gathered when too much waits
};

}  // namespace denrei
