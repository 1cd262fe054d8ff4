// A log that keeps its lines, for tests.
#pragma once
#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "denrei/ports/log_sink.hpp"

namespace denrei::test {

class LineKeeper final : public LogSink {
 public:
  void write(std::string_view json_line) override {
    if (std::exchange(crash_, false)) throw std::runtime_error("planned crash of the log");
    lines_.emplace_back(json_line);
  }
  void crash_next() noexcept { crash_ = true; }
  [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }
  // How many lines contain this text.
  [[nodiscard]] std::size_t count(std::string_view text) const {
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(), [text](const std::string& line) { return line.find(text) != std::string::npos; }));
  }

 private:
  std::vector<std::string> lines_;
  bool crash_ = false;
};

}  // namespace denrei::test
