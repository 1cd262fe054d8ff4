// Alerts: sends what operators must know to their channels: Slack and e-mail. One at once, then one digest a minute.
//
// Shape   hears RaiseAlert; says AlertsSent to the Dispatcher of the dead letter when every channel has taken it or given it up
// Rules   per destination and severity the first alert goes out at once with its own text; those that follow within
//         alert_window are counted and sent as one digest when it ends. Dead letters and other news are counted apart
//         each channel has its own queue, so that a slow one holds up no other; a dead letter that waits is not alerted twice
//         what the end of the process leaves unsent is not confirmed: it is raised again at the next start
// Limits  alerts_waiting_max messages wait for a channel; beyond it a digest says how many were left out
//         a channel tries `retries` times more, after 1, 2, 4 s … or as long as Retry-After says, whichever is longer
// Source  protocol §3; seeds external-services (1, 2, 4 s)
#pragma once
#include <map>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/log_sink.hpp"

namespace denrei {

struct AlertSendEnded {
  std::string channel;
  bool ok = true;
  bool again = true;                             // a failure that another try may mend
  std::string why;
  std::uint64_t number = 0;                      // of the send, so that an answer which nobody waits for is known
  std::string retry_after;                       // as the channel asked; empty: it did not
};
struct AlertTick {};

using AlertsActor = caf::typed_actor<caf::reacts_to<RaiseAlert>, caf::reacts_to<AlertSendEnded>, caf::reacts_to<AlertTick>,
                                     caf::reacts_to<DispatchersOpened>, caf::reacts_to<SiteChanged>, caf::reacts_to<Drain>>;

struct AlertsOptions {
  SitePtr site;                                  // holds the channels
  std::map<std::string, HttpClient*> clients;    // one per Slack channel: each has its own address guard
  Mailer& mailer;
  caf::actor observer;                           // hears Drained
  LogSink* log = nullptr;                        // one line an alert and channel
  Counter* sent = nullptr;
  Counter* failed = nullptr;
  Clock clock;
};

// DispatchersOpened carries the Dispatchers, by partition.
AlertsActor spawn_alerts(const Stage& stage, ActorMeter& meter, AlertsOptions options);

}  // namespace denrei

DENREI_MESSAGE(AlertSendEnded)
DENREI_MESSAGE(AlertTick)
