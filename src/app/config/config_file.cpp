// Choosing, reading and parsing the configuration file.
#include "denrei/app/config/config_file.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>

namespace denrei {
namespace {

constexpr std::streamsize file_bytes_max = 1024 * 1024;
constexpr const char* default_file = "config/denrei.toml";

Result<ConfigFile> open_path(const std::filesystem::path& path) {
  const auto text = read_small_file(path);
  if (!text) return tl::unexpected(text.error());
  auto file = parse_config_text(*text, path.string());
  if (file) file->folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  return file;
}

}  // namespace

Result<std::string> read_small_file(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return fail(FaultCode::io, fmt::format("{}: is a directory", path.string()));
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return fail(FaultCode::io, fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  std::string text(static_cast<std::size_t>(file_bytes_max) + 1, '\0');
  stream.read(text.data(), file_bytes_max + 1);
  if (stream.bad()) return fail(FaultCode::io, fmt::format("{}: cannot be read", path.string()));
  if (stream.gcount() > file_bytes_max)
    return fail(FaultCode::io, fmt::format("{}: is larger than {} bytes", path.string(), file_bytes_max));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

Result<ConfigFile> parse_config_text(std::string_view text, std::string name) {
  try {
    ConfigFile file;
    file.root = toml::parse(text, std::string_view(name));
    file.name = std::move(name);
    return file;
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    return fail(FaultCode::invalid, fmt::format("{}:{}:{}: {}", name, at.line, at.column, error.description()));
  }
}

Result<ConfigFile> open_config_file(const ConfigInputs& inputs) {
  if (inputs.file) return open_path(*inputs.file);
  if (const auto named = inputs.env("DENREI_CONFIG"); named && !named->empty()) return open_path(*named);
  std::error_code error;
  if (std::filesystem::exists(default_file, error)) return open_path(default_file);
  auto file = parse_config_text(embedded_file("denrei.toml").value_or(""), "built-in denrei.toml");
  if (file) file->built_in = true;
  return file;
}

}  // namespace denrei
