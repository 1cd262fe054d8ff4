// From a verified request to an event: which key, type, time and identity it has, as its source says where to look.
//
// Shape   make_event(source, body, json, now) -> Event, or the violations that forbid one
// Errors  a key, type or identity that is absent, no text, or too long
// Source  protocol §1.7; design §8 (pointers)
#pragma once
#include <memory>
#include <vector>

#include "denrei/domain/event.hpp"
#include "denrei/domain/schema.hpp"
#include "denrei/domain/source.hpp"

namespace denrei {

// Takes the body when it succeeds, and leaves it when not. `offered_identity` stands in where a source that takes role tokens
// has none in its body: an Idempotency-Key, or something that never comes again.
[[nodiscard]] tl::expected<std::shared_ptr<Event>, std::vector<Violation>> make_event(
    const Source& source, std::string& body, std::shared_ptr<const JsonDocument> json, WallTime now,
    std::string_view offered_identity = {});

// The second identity under which a limit "once a day and key" lets only one event in.
[[nodiscard]] EventId once_a_day_id(const Source& source, const Event& event, WallTime now);

}  // namespace denrei
