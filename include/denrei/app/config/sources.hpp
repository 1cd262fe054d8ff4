// Sources of the file: every [[source]] read, checked and completed, whether or not its secret is there.
//
// Shape   read_sources(file, draft, problems) -> drafts in the file's order; load_sources(inputs) for commands that need no secrets
// Limits  100 sources, 16 paths each
// Errors  into Problems, with file:line:column
#pragma once
#include <array>
#include <string>
#include <vector>

#include "denrei/app/config/settings.hpp"

namespace denrei {

// What routes call the events that are handed in at POST /api/events; no source can have this name.
inline constexpr std::string_view api_source = "api";
// What routes may name besides the sources of the file: what is handed in at our own paths, and what Denrei makes itself.
inline constexpr std::array<std::string_view, 4> built_in_sources{api_source, "announcements", "actions", "denrei"};

struct SourceDraft {
  Source source;
  bool enabled = true;
  std::string place;   // of the table, for what is found out later
  std::string scheme_place;
  std::string needs_place;
};

// Reads the schemas too: their texts are in draft.config.schemas afterwards.
[[nodiscard]] std::vector<SourceDraft> read_sources(const ConfigFile& file, ConfigDraft& draft, Problems& problems);
// All sources of the configuration, enabled or not.
[[nodiscard]] Result<std::vector<Source>> load_sources(const ConfigInputs& inputs);

// The text of a schema file: from schema_dir, else from "schemas" beside the file, else built in.
struct SchemaText {
  std::string text;
  std::string origin;
};
[[nodiscard]] Result<SchemaText> find_schema(const std::string& name, const ConfigFile& file, const std::filesystem::path& schema_dir);

}  // namespace denrei
