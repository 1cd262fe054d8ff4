// The default configuration and its schemas, as the build put them into the binary.
#include <string_view>
#include <utility>

#include "denrei/app/config/config_file.hpp"

namespace denrei {
namespace {
const std::pair<const char*, const char*> files[] = {
#include "denrei_gen/embedded_config.inc"
};
}  // namespace

std::optional<std::string_view> embedded_file(std::string_view name) {
  for (const auto& [file_name, text] : files)
    if (name == file_name) return std::string_view(text);
  return std::nullopt;
}

}  // namespace denrei
