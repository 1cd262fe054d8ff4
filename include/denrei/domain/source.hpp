// A source: an inbound endpoint as configuration. Everything that differs between the contracts of protocol §2 is a value here.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "denrei/base/limits.hpp"
#include "denrei/domain/dialect.hpp"
#include "denrei/domain/event.hpp"
#include "denrei/domain/signature.hpp"

namespace denrei {

// At most `count` accepted events of `event_type` (empty: of any) in `window`; with `once_per_tokyo_day`, one per key and day.
struct RateLimit {
  std::string event_type;
  std::uint32_t count = 0;
  std::chrono::seconds window{60};
  bool once_per_tokyo_day = false;
};

// A member that must have one integer value; anything else is the dialect's 403 (accountLevel = 99).
struct Requirement {
  std::string pointer;
  std::int64_t equals = 0;
};

struct Source {
  std::string name;                // unique; part of every event id
  std::string family;              // empty: the name
  std::vector<std::string> paths;  // one segment may be {key}: it is the key then, and key_pointer is not used
  std::string method = "POST";
  SignatureSpec signature;
  std::string secret;              // name of the secret; <name>_PREVIOUS is accepted while rotating
  std::string bearer;              // name of the bearer token's secret; empty: none needed
  bool optional = false;           // without its secret: off (true), or start-up stops (false)
  std::string schema;              // file name in the schema directory
  std::string key_pointer;         // JSON Pointer to the key
  std::string type_pointer;        // JSON Pointer to the event type; empty: `event_type` is it
  std::string event_type;
  std::string type_prefix;         // stands before the text at type_pointer: "click" -> "action.click"
  std::string time_pointer;        // JSON Pointer to the body's time (ISO 8601, or integer Unix seconds); empty: none
  std::string payload_pointer;     // JSON Pointer to what becomes the event's body; empty: the whole body
  std::string masked_pointer;      // JSON Pointer to a text that names a person: only its hash is written down; empty: none
  std::string identity_pointer;    // JSON Pointer to the sender's id; empty: the body's SHA-256 is the identity
  bool takes_role_token = false;   // POST /api/events: a role's bearer token instead of a signature, the identity may be absent
  Dialect dialect = Dialect::problem;
  Effect effect = Effect::ledger;
  std::size_t body_bytes_max = limits::body_bytes_max;
  bool require_tls = false;
  std::vector<std::string> allow;  // CIDR; empty: every address
  std::vector<std::string> photo_hosts;  // the schema's list "photo_hosts"
  std::vector<RateLimit> limits;
  std::optional<Requirement> requirement;
  std::vector<std::string> needs;  // services: while one of high dependency is down, the overload answer
};

}  // namespace denrei
