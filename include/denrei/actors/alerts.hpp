// Alerts: decides when operators hear of something, and hands it to its channels. One at once, then one digest a minute.
//
// Shape   hears RaiseAlert; says AlertsSent to the Dispatcher of the dead letter, and AlertSettled to whoever asked, when every channel has
//         taken it or given it up
// Rules   per destination and severity the first alert goes out at once with its own text; those that follow within
//         alert_window are counted and sent as one digest when it ends. Dead letters and other news are counted apart
//         an alert of a rule always goes out at once with its own text: rules fire once
//         a dead letter that waits is not alerted twice
//         what the end of the process leaves unsent is not confirmed: it is raised again at the next start
// Limits  a channel holds alerts_waiting_max (channel.hpp), so that not more than that times the channels is under way
// Source  protocol §3, §4
#pragma once
#include <map>

#include "denrei/actors/channel.hpp"
#include "denrei/actors/delivery_messages.hpp"

namespace denrei {

struct AlertTick {};

using AlertsActor = caf::typed_actor<caf::reacts_to<RaiseAlert>, caf::reacts_to<AlertEnded>, caf::reacts_to<AlertTick>,
                                     caf::reacts_to<DispatchersOpened>, caf::reacts_to<SiteChanged>, caf::reacts_to<ChannelDrained>,
                                     caf::reacts_to<Drain>>;

struct AlertsOptions {
  SitePtr site;                                  // says which channels there are
  std::map<std::string, caf::actor> channels;    // by name; they hear SiteChanged and the end from here
  caf::actor observer;                           // hears Drained
  LogSink* log = nullptr;                        // what no channel hears of; each channel logs the rest
  Clock clock;
};

// DispatchersOpened carries the Dispatchers, by partition.
AlertsActor spawn_alerts(const Stage& stage, ActorMeter& meter, AlertsOptions options);

}  // namespace denrei

DENREI_MESSAGE(AlertTick)
