// The actor of one live key: StaffMember, CaseFile, Bulletin, Announcement, Tally or Ledger, by its effect. It decides in
// arrival order and answers each Decide with a Decided; the Partition wakes it with the key's file, carries its decisions
// to the store and lets it sleep. What its logic emits is delivered as an event of source "denrei": of several of one type in
// a batch only the last.
#pragma once
#include "denrei/actors/messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"

namespace denrei {

using KeyActor = caf::typed_actor<caf::reacts_to<Decide>>;

using KeyLogicFactory =
    std::function<Result<std::unique_ptr<KeyLogic>>(Effect effect, std::string_view key, std::string_view state)>;

struct KeyOptions {
  Effect effect = Effect::ledger;
  std::string field;        // of the states shelf: family, NUL, key
  std::string file;         // packed; empty: nobody has heard of this key yet
  KeyLogicFactory make_logic = make_key_logic;
};

// The role's name for the actor tree: "StaffMember" …
[[nodiscard]] std::string_view key_kind(Effect effect) noexcept;

KeyActor spawn_key(const Stage& stage, ActorMeter& meter, KeyOptions options);

}  // namespace denrei
