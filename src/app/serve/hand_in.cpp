// The source "api".
#include "hand_in.hpp"

namespace denrei {
namespace {

constexpr std::string_view schema_text = R"({
  "type": "object",
  "required": ["type", "key", "payload"],
  "properties": {
    "type": {"type": "string", "minLength": 1, "maxLength": 128},
    "key": {"type": "string", "minLength": 1, "maxLength": 256},
    "id": {"type": "string", "minLength": 1, "maxLength": 256},
    "payload": {"type": "object"}
  }
})";

}  // namespace

Source make_hand_in_source() {
  Source source;
  source.name = source.family = "api";
  source.paths = {"/api/events"};
  source.key_pointer = "/key";
  source.type_pointer = "/type";
  source.payload_pointer = "/payload";
  source.identity_pointer = "/id";
  source.takes_role_token = true;
  source.dialect = Dialect::api;
  source.effect = Effect::ledger;
  return source;
}

Result<LiveSource> make_hand_in(const SourceCounters& counters) {
  auto schema = compile_schema(std::string(schema_text), {});
  if (!schema) return tl::unexpected(schema.error());
  return LiveSource{make_hand_in_source(), std::move(*schema), {}, {}, {}, counters};
}

}  // namespace denrei
