// Files of console/, by name.
#include "console_files.hpp"

#include <array>

namespace denrei {
namespace {

struct Embedded {
  std::string_view name;
  std::string_view text;
};
constexpr Embedded embedded[] = {
#include "denrei_gen/embedded_console.inc"
};

constexpr std::string_view content_type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  return "text/javascript; charset=utf-8";
}

}  // namespace

std::map<std::string, ConsoleFile, std::less<>> console_files() {
  std::map<std::string, ConsoleFile, std::less<>> files;
  for (const auto& file : embedded) files.emplace(std::string(file.name), ConsoleFile{content_type_of(file.name), file.text});
  return files;
}

}  // namespace denrei
