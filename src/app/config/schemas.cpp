// Where a schema file is found.
#include <fmt/format.h>

#include "denrei/app/config/sources.hpp"

namespace denrei {

Result<SchemaText> find_schema(const std::string& name, const ConfigFile& file, const std::filesystem::path& schema_dir) {
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.'))
    return fail(FaultCode::invalid, fmt::format("schema '{}' must be a plain file name", name));
  const auto folder = !schema_dir.empty() ? schema_dir : file.built_in ? std::filesystem::path() : file.folder / "schemas";
  std::error_code error;
  if (!folder.empty() && std::filesystem::exists(folder / name, error)) {
    auto text = read_small_file(folder / name);
    if (!text) return tl::unexpected(text.error());
    return SchemaText{std::move(*text), (folder / name).string()};
  }
  if (const auto text = embedded_file(name); text && name.ends_with(".json")) return SchemaText{std::string(*text), "built-in"};
  return fail(FaultCode::not_found, folder.empty() ? fmt::format("schema '{}' is not built in", name)
                                                   : fmt::format("schema '{}' is neither in {} nor built in", name, folder.string()));
}

}  // namespace denrei
