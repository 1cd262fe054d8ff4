// One command for Redis, encoded as its arguments are added. Our own encoder and not redisFormatCommandArgv: batches of
// 256 KiB would be copied once more and need an array of pointers first.
//
// Shape   RedisCommand("HGET").arg(key).arg(field).append_to(out): "*3\r\n$4\r\nHGET\r\n…"
// Source  RESP2: array of bulk strings
#pragma once
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace denrei {

class RedisCommand {
 public:
  explicit RedisCommand(std::string_view name, std::size_t reserve_bytes = 128) {
    body_.reserve(reserve_bytes);
    arg(name);
  }
  RedisCommand& arg(std::string_view bytes) {
    append_count('$', bytes.size(), body_);
    body_.append(bytes).append("\r\n");
    ++count_;
    return *this;
  }
  template <std::integral Number>
  RedisCommand& arg(Number number) {
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    return arg(std::string_view(text, static_cast<std::size_t>(end - text)));
  }
  [[nodiscard]] std::size_t size() const noexcept { return body_.size() + 24; }
  void append_to(std::string& out) const {
    append_count('*', count_, out);
    out.append(body_);
  }

 private:
  static void append_count(char kind, std::size_t count, std::string& out) {
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, count).ptr;
    out.push_back(kind);
    out.append(text, end).append("\r\n");
  }
  std::string body_;
  std::size_t count_ = 0;
};

}  // namespace denrei
