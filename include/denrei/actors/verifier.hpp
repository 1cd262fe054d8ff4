// Verifier: decides whether a request is an event. Credentials, JSON, schema, authorisation, budgets, in that order.
//
// Shape   hears Verify; says Append to the Scribe of the event's partition, or a refusal in the source's dialect
// Limits  failures_per_address_per_minute wrong credentials of one address; then 429 before any hashing
// Source  protocol §1.1–1.4, §1.8, §2
#pragma once
#include "denrei/actors/messages.hpp"
#include "denrei/actors/scribe_handle.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/ports/clock.hpp"

namespace denrei {

using Verifier = caf::typed_actor<caf::reacts_to<Verify>, caf::reacts_to<BudgetReturned>, caf::reacts_to<SiteChanged>,
                                  caf::reacts_to<PartitionsOpened>>;

struct VerifierOptions {
  SitePtr site;
  std::vector<Scribe> scribes;  // by thread; partition p is written down by scribes[p % size]
  Clock clock;
};

Verifier spawn_verifier(const Stage& stage, ActorMeter& meter, VerifierOptions options);

}  // namespace denrei
