// The sources "api", "announcements" and "actions".
#include "hand_in.hpp"

#include <array>

namespace denrei {
namespace {

constexpr std::string_view event_schema = R"({
  "type": "object",
  "required": ["type", "key", "payload"],
  "properties": {
    "type": {"type": "string", "minLength": 1, "maxLength": 128},
    "key": {"type": "string", "minLength": 1, "maxLength": 256},
    "id": {"type": "string", "minLength": 1, "maxLength": 256},
    "payload": {"type": "object"}
  }
})";

constexpr std::string_view announcement_schema = R"({
  "type": "object",
  "required": ["title", "category", "priority", "publishedAt", "delivered"],
  "properties": {
    "title": {"type": "string", "maxLength": 1000},
    "category": {"type": "string", "enum": ["announcement", "interview", "training", "survey", "other"]},
    "priority": {"type": "string", "enum": ["low", "medium", "high"]},
    "publishedAt": {"type": "string", "maxLength": 64, "predicate": "iso8601"},
    "delivered": {"type": "integer", "minimum": 0},
    "environment": {"type": "string", "enum": ["production", "staging", "development"]}
  }
})";

constexpr std::string_view action_schema = R"({
  "type": "object",
  "required": ["action"],
  "properties": {
    "action": {"type": "string", "enum": ["click", "view", "completion"]},
    "department": {"type": "string", "minLength": 1, "maxLength": 100},
    "viewer": {"type": "string", "minLength": 1, "maxLength": 256},
    "readTimeSeconds": {"type": "number", "minimum": 0},
    "at": {"type": "string", "predicate": "iso8601"},
    "actionId": {"type": "string", "minLength": 1, "maxLength": 256}
  }
})";

// What the schemas above say, in the order of the sources.
constexpr std::array schemas{event_schema, announcement_schema, action_schema};

Source make_source(std::string name, std::string path) {
  Source source;
  source.family = name;
  source.name = std::move(name);
  source.paths = {std::move(path)};
  source.takes_role_token = true;
  source.dialect = Dialect::api;
  return source;
}

Source make_event_source() {
  auto source = make_source("api", "/api/events");
  source.key_pointer = "/key";
  source.type_pointer = "/type";
  source.payload_pointer = "/payload";
  source.identity_pointer = "/id";
  return source;
}

Source make_announcement_source() {
  auto source = make_source("announcements", "/api/announcements/{key}");
  source.method = "PUT";
  source.family = "tally";
  source.effect = Effect::tally;
  source.event_type = "announcement.published";
  return source;
}

Source make_action_source() {
  auto source = make_source("actions", "/api/announcements/{key}/actions");
  source.family = "tally";
  source.effect = Effect::tally;
  source.type_pointer = "/action";
  source.type_prefix = "action.";
  source.time_pointer = "/at";
  source.identity_pointer = "/actionId";
  source.masked_pointer = "/viewer";
  return source;
}

}  // namespace

std::vector<Source> make_hand_in_sources() { return {make_event_source(), make_announcement_source(), make_action_source()}; }

Result<std::vector<LiveSource>> make_hand_in(const std::map<std::string, SourceCounters>& counters) {
  auto sources = make_hand_in_sources();
  std::vector<LiveSource> live;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    auto schema = compile_schema(schemas.at(i), {});
    if (!schema) return fail(FaultCode::invalid, "source " + sources[i].name + ": " + schema.error().detail);
    const auto& own = counters.at(sources[i].name);
    live.push_back({.source = std::move(sources[i]), .schema = std::move(*schema), .counters = own});
  }
  return live;
}

}  // namespace denrei
