// Channel: takes alerts to one place where operators look: Slack, e-mail, the inbox of level 99, live streams, any HTTP receiver.
//
// Shape   hears SendAlert, one after another in order; answers AlertEnded to whoever sent it when it has taken the alert, given it up
//         or left it out. DrainChannel is answered by ChannelDrained, when nothing waits any more or at once in a hurry
// Rules   a try that fails is repeated as domain/failover.hpp says; e-mail goes over the providers of its service
//         e-mail tells the Registry of its service's state at the start and whenever a job changes it. While it is down and nothing waits,
//         the service is asked every return_after whether it lets us in, so that it comes back without an alert
//         what the end leaves unsent is not answered: Alerts raises it again at the next start
// Limits  alerts_waiting_max wait; beyond it one digest says how many were left out. One try at a time
//         at most per_minute messages begin in any minute; what is more waits
// Source  protocol §4; seed external-services; Standard Webhooks (signed webhooks)
#pragma once
#include <map>

#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/domain/channel_text.hpp"
#include "denrei/domain/failover.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/http_client.hpp"
#include "denrei/ports/log_sink.hpp"

namespace denrei {

struct SendAlert { AlertMessagePtr message; caf::actor asker; };        // Alerts -> Channel
struct AlertEnded { std::uint64_t number = 0; };                        // the answer: done with it, one way or another
struct DrainChannel { caf::actor asker; bool hurry = false; };
struct ChannelDrained { std::string channel; };

struct ChannelTryEnded {
  std::uint64_t number = 0;                      // of the try, so that an answer which nobody waits for is known
  JobOutcome outcome = JobOutcome::done;
  std::string why;                               // empty: it went well
  std::string retry_after;                       // as it was asked for; empty: it was not
};
struct ChannelTick {};

using ChannelActor = caf::typed_actor<caf::reacts_to<SendAlert>, caf::reacts_to<ChannelTryEnded>, caf::reacts_to<NotificationPosted>,
                                      caf::reacts_to<ChannelTick>, caf::reacts_to<SiteChanged>, caf::reacts_to<DrainChannel>>;

struct ChannelOptions {
  SitePtr site;                                  // holds the channel, and the service that it sends by
  std::string name;
  HttpClient* client = nullptr;                  // slack, webhook: one of its own, because each has its own address guard
  Mailer& mailer;
  caf::actor inbox;                              // "level99"
  caf::actor fan_out;
  caf::actor registry;                           // hears ServiceReported
  std::map<std::string, ServiceMeter*> service_meters;  // by service; two channels may share one
  LogSink* log = nullptr;                        // one line an alert
  Counter* sent = nullptr;
  Counter* failed = nullptr;
  Clock clock;
};

ChannelActor spawn_channel(const Stage& stage, ActorMeter& meter, ChannelOptions options);

}  // namespace denrei

DENREI_MESSAGE(SendAlert)
DENREI_MESSAGE(AlertEnded)
DENREI_MESSAGE(DrainChannel)
DENREI_MESSAGE(ChannelDrained)
DENREI_MESSAGE(ChannelTryEnded)
DENREI_MESSAGE(ChannelTick)
