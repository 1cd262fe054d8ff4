// Receiver: admission. Looks at the head of a request only: where it wants to go, whether it may come in at all.
//
// Shape   hears Receive; says Verify to the Verifier, Serve to the Archive or the Registry, or a refusal at once
// Limits  requests_in_flight_max and bytes_in_flight_max a thread
// Source  protocol §1.4 (method and path, size, content type come before credentials)
#pragma once
#include "denrei/actors/messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/actors/verifier.hpp"

namespace denrei {

using Receiver = caf::typed_actor<caf::reacts_to<Receive>, caf::reacts_to<SiteChanged>>;

struct ReceiverOptions {
  SitePtr site;
  Verifier verifier;           // of this thread
  Verifier limiting_verifier;  // the one that owns the budgets of sources with limits
  caf::actor archive;          // hears Serve: the reading API
  caf::actor registry;         // hears Serve: the operations listener
};

// The source that a request's path names; null when there is none. A path with {key} is no reader's: GET goes on to the Archive.
[[nodiscard]] const LiveSource* find_source(const Site& site, const InboundRequest& request);
// What the head alone says against a request to this source; nothing: let it in.
[[nodiscard]] std::optional<RefusalFacts> judge_head(const InboundRequest& request, const Source& source);

Receiver spawn_receiver(const Stage& stage, ActorMeter& meter, ReceiverOptions options);

}  // namespace denrei
