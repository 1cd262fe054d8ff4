// Alert texts: what operators read when a delivery was given up. Templates are configuration; filling them in is done here.
//
// Shape   make_alert(destination, delivery, now) -> Alert{severity, subject, text, subject_en, text_en}
// Slots   {eventType} {key} {destination} {error} {attempts} {retries} (of the round) {retryState} {time} (JST) {deliveryId}
//         {eventId} {mark} (the severity: 【重大】, in English texts [CRITICAL]) and, from the body, {/json/pointer}; what is unknown
//         or not there stays as it is
// Texts   each in two languages; where a destination has a text of its own in one only, the other is the general one
// Limits  a value is cut to 200 code points; what in it breaks lines or turns the writing becomes a blank
// Source  protocol §3; the exact texts: seeds employee-photo-webhooks §2.3, compliance-acknowledgement (question 2)
#pragma once
#include <string>

#include "denrei/domain/channel.hpp"
#include "denrei/domain/delivery.hpp"

namespace denrei {

struct Alert {
  std::string destination;             // whose alert; empty: of Denrei itself
  Severity severity = Severity::error;
  std::string subject;
  std::string text;
  std::vector<std::string> channels;   // names
  std::string subject_en;              // for channels whose language is en; empty: as above
  std::string text_en;
  std::string rule;                    // the alert rule that it comes from; those are never gathered into a digest
};

[[nodiscard]] Alert make_alert(const Destination& destination, const Delivery& delivery, Severity severity, WallTime now);
// One alert that stands for many: how many more were given up since the last one.
[[nodiscard]] Alert make_digest(const Alert& last, std::uint64_t more, WallTime now);
// The destination was disabled by its own answer (410), or its breaker opened.
[[nodiscard]] Alert make_disabled_alert(const Destination& destination, std::string_view reason, WallTime now);
// "【重大】", "[CRITICAL] "; empty for none.
[[nodiscard]] std::string_view severity_mark(Severity severity, Language language) noexcept;
// "500 Internal Server Error", "connect: connection refused": the last attempt in one line.
[[nodiscard]] std::string attempt_line(const Attempt& attempt);
// The audit entry as a JSON object: action, the destination's audit_fields, attempts, lastError, timestamp, ids.
[[nodiscard]] std::string make_audit_entry(const Destination& destination, const Delivery& delivery, WallTime now);

}  // namespace denrei
