// A channel: where alerts go, as configuration. Slack by an incoming webhook, e-mail by SMTP.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "denrei/base/time.hpp"

namespace denrei {

enum class ChannelKind : std::uint8_t { slack, email };

struct Channel {
  std::string name;                     // unique
  ChannelKind kind = ChannelKind::slack;
  bool optional = false;                // without its secret: off (true), or start-up stops (false)
  std::string secret;                   // name of the secret: slack: the webhook's URL; email: the password (empty: none)
  std::string server;                   // email: smtp://host:587 or smtps://host:465
  bool starttls = true;
  std::string user;
  std::string from;
  std::vector<std::string> to;
  std::string ca_file;
  std::vector<std::string> allow;       // CIDR of private addresses that may be connected to
  std::uint32_t retries = 3;            // after the first try; waits of 1, 2, 4 s …
  Millis timeout{10'000};
};

}  // namespace denrei
