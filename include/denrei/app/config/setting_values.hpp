// Values of settings: from text, with what is wrong in words; the same whether they came from an option, a variable or the file.
#pragma once
#include <charconv>
#include <cstdint>
#include <fmt/format.h>
#include <string>

#include "denrei/app/config.hpp"
#include "denrei/app/config/table_reader.hpp"

namespace denrei {

// Each answers what is wrong, or nothing after having put the value.
[[nodiscard]] std::string put_endpoint(const std::string& text, Endpoint& out);
[[nodiscard]] std::string put_path(const std::string& text, std::filesystem::path& out);
[[nodiscard]] std::string put_flag(const std::string& text, bool& out);
// Letters, digits, '.', '_' and '-'.
[[nodiscard]] std::string put_word(const std::string& text, std::size_t length_max, std::string& out);
[[nodiscard]] std::string put_redis(const std::string& text, std::string& out);
[[nodiscard]] std::string put_origins(const std::string& text, std::vector<std::string>& out);
[[nodiscard]] std::string put_ranges(const std::string& text, std::vector<std::string>& out);

template <class Put>
[[nodiscard]] std::string put_whole(const std::string& text, IntegerRange range, Put put) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < range.min || value > range.max)
    return fmt::format("'{}' is not a whole number from {} to {}", text, range.min, range.max);
  put(value);
  return {};
}

[[nodiscard]] std::string show_endpoint(const Endpoint& endpoint);
// "redis://user:********@host" for a URL that carries a password.
[[nodiscard]] std::string mask_password(const std::string& url);

}  // namespace denrei
