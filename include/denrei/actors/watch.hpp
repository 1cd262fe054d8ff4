// Watch: keeps watch over the alert rules. Samples what they count, decides, keeps what has become of them, and raises alerts.
//
// Shape   says RaiseAlert to Alerts when a rule fires and when it is over, hears AlertSettled when every channel has that or has given
//         it up; says Publish{"operations","alert"} to FanOut with each change; answers Serve (handed on by the Registry)
// Rules   every second it samples and decides. Nothing is decided before what was kept has been read, and nothing announced before it
//         has been kept, or could not be: after a crash an announcement may be heard twice, with the same text, and never not at all
// Roles   operator, for every path; 401 otherwise. `by` is operator or admin, or what the order says
//
// GET  /ops/alerts                    {"rules":[rule],"firing":[rule],"history":[incident, newest first]}; rule = {"name","measure","over",
//                                     "comparison","threshold","window","for","severity","channels","state": quiet|pending|firing,"since",
//                                     "value": number|null,"valueText","incident": incident|null (the last one),"acknowledged",
//                                     "acknowledgedBy","silencedUntil","silencedBy","silenceReason","lastSeen" (heartbeat),
//                                     "descriptionJa","descriptionEn"}
//                                     incident = {"id","rule","firedAt","resolvedAt","value","acknowledgedBy","acknowledgedAt","note"}
// GET  /ops/alerts/{rule}             rule and "history": its own incidents
// POST /ops/alerts/{rule}/acknowledge {"by"?,"note"?} -> rule; 409 while it is not firing. Who was first stays
// POST /ops/alerts/{rule}/silence     {"for":"2h","reason","by"?} -> rule; a second one replaces the first
// POST /ops/alerts/{rule}/unsilence   {} -> rule
//
// Limits  silences last a minute to 30 days; one register holds everything: rules_max rules and incidents_kept incidents
// Source  protocol §4
#pragma once
#include <atomic>
#include <functional>
#include <map>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/domain/alert_rule.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/log_sink.hpp"

namespace denrei {

struct WatchTick { std::uint64_t number = 0; };
struct RulesKept { std::uint64_t version = 0; bool ok = true; };

using Watch = caf::typed_actor<caf::reacts_to<Serve>, caf::reacts_to<RegistersRead>, caf::reacts_to<RulesKept>, caf::reacts_to<AlertSettled>, caf::reacts_to<StoreChanged>,
                               caf::reacts_to<WatchTick>>;

// What the metrics page shows of one rule: denrei_alert_firing{rule}.
struct RuleMeter {
  std::atomic<bool> firing{false};
};

struct WatchOptions {
  std::vector<AlertRuleSpec> rules;
  std::function<RuleCounts(const AlertRuleSpec&)> count;  // since the process started; see rule_counts.hpp
  std::map<std::string, RuleMeter*, std::less<>> meters;  // by rule
  Registers& registers;                          // group "alerts"
  caf::actor alerts;
  caf::actor fan_out;                            // null: nobody looks on
  LogSink* log = nullptr;                        // one line a change
  Clock clock;
};

Watch spawn_watch(const Stage& stage, ActorMeter& meter, WatchOptions options);

}  // namespace denrei

DENREI_MESSAGE(WatchTick)
DENREI_MESSAGE(RulesKept)
