// Reads one HTTP/1.1 answer at a time from a connection: its status, its length, and whether the connection goes on.
//
// Shape   feed(bytes) -> incomplete | complete | broken; after complete: status(), closes()
// Limits  an answer has at most 64 KiB, a Content-Length, and nothing after it (we never pipeline)
// Errors  broken; the connection is of no more use
// Source  RFC 9112
#pragma once
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace denrei::bench {

inline constexpr std::size_t answer_bytes_max = 64 * 1024;

enum class Reading : std::uint8_t { incomplete, complete, broken };

class AnswerReader {
 public:
  // The usual answer comes whole and is never copied.
  [[nodiscard]] Reading feed(std::string_view bytes) {
    if (partial_.empty()) {
      const auto reading = judge(bytes);
      if (reading == Reading::incomplete) partial_ = bytes;
      return reading;
    }
    partial_ += bytes;
    const auto reading = judge(partial_);
    if (reading != Reading::incomplete) partial_.clear();
    return reading;
  }
  [[nodiscard]] unsigned status() const noexcept { return status_; }
  [[nodiscard]] bool closes() const noexcept { return closes_; }

 private:
  Reading judge(std::string_view text) {
    const auto head_end = text.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return text.size() < answer_bytes_max ? Reading::incomplete : Reading::broken;
    if (!read_head(text.substr(0, head_end + 2))) return Reading::broken;
    const auto size = head_end + 4 + body_bytes_;
    if (size > answer_bytes_max || text.size() > size) return Reading::broken;
    return text.size() == size ? Reading::complete : Reading::incomplete;
  }

  bool read_head(std::string_view head) {
    if (!head.starts_with("HTTP/1.") || head.size() < 14 || !read_number(head.substr(9, 3), status_)) return false;
    closes_ = head[7] == '0';
    bool has_length = false;
    for (head.remove_prefix(head.find("\r\n") + 2); !head.empty(); head.remove_prefix(head.find("\r\n") + 2)) {
      const auto line = head.substr(0, head.find("\r\n"));
      if (auto v = value_of(line, "content-length"); !v.empty()) {
        if (has_length || !read_number(v, body_bytes_)) return false;
        has_length = true;
      } else if (is_same_word(value_of(line, "connection"), "close")) {
        closes_ = true;
      }
    }
    return has_length && status_ >= 200 && status_ < 600;
  }

  template <class Number>
  static bool read_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
  }
  static bool is_same_word(std::string_view a, std::string_view lower) {
    if (a.size() != lower.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
      if ((a[i] >= 'A' && a[i] <= 'Z' ? a[i] + 32 : a[i]) != lower[i]) return false;
    return true;
  }
  static std::string_view value_of(std::string_view line, std::string_view lower_name) {
    if (line.size() <= lower_name.size() || line[lower_name.size()] != ':') return {};
    if (!is_same_word(line.substr(0, lower_name.size()), lower_name)) return {};
    line.remove_prefix(lower_name.size() + 1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    return line;
  }

  std::string partial_;
  std::size_t body_bytes_ = 0;
  unsigned status_ = 0;
  bool closes_ = false;
};

}  // namespace denrei::bench
