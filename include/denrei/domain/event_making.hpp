// From a verified request to an event: which key, type, time and identity it has, as its source says where to look.
//
// Shape   make_event(source, body, json, now) -> Event, or the violations that forbid one
// Privacy what stands at masked_pointer becomes a hash of it and the key before anything is written down: the same person is the same
//         hash within a key and another one elsewhere. Whoever knows all names can try them: it is a pseudonym, no more
// Errors  a key, type or identity that is absent, no text, or too long
// Source  protocol §1.7; design §8 (pointers)
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "denrei/domain/event.hpp"
#include "denrei/domain/schema.hpp"
#include "denrei/domain/source.hpp"

namespace denrei {

// What a request says outside its body.
struct RequestWords {
  std::string identity;            // of a source that takes role tokens, where its body has none: an Idempotency-Key, or what never comes again
  std::optional<std::string> key;  // where the source's path has a segment {key}; the identity then holds for this key alone
};

// The key in the path of a request to this source; nothing where its paths have none.
[[nodiscard]] std::optional<std::string> key_of_path(const Source& source, std::string_view path);

// Takes the body when it succeeds, and leaves it when not.
[[nodiscard]] tl::expected<std::shared_ptr<Event>, std::vector<Violation>> make_event(
    const Source& source, std::string& body, std::shared_ptr<const JsonDocument> json, WallTime now, const RequestWords& words = {});

// The second identity under which a limit "once a day and key" lets only one event in.
[[nodiscard]] EventId once_a_day_id(const Source& source, const Event& event, WallTime now);

}  // namespace denrei
