// Where structured log lines go: one JSON object a line, on standard output in production.
#pragma once
#include <string_view>

namespace denrei {

class LogSink {
 public:
  virtual ~LogSink() = default;
  // Never blocks. Lines that find the buffer full are dropped and counted; the next flush says how many.
  virtual void write(std::string_view json_line) = 0;
};

}  // namespace denrei
