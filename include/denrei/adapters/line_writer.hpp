// Log lines to a file descriptor, written by a thread of their own: no event loop ever waits for a slow terminal or pipe.
//
// Shape   LineWriter(fd).write(line) from any thread; the destructor writes what is left
// Limits  buffer_bytes_max waiting; beyond it lines are dropped, and the next written line says how many
// Errors  none: a closed reader loses the log, not the service
#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "denrei/ports/log_sink.hpp"

namespace denrei {

class LineWriter final : public LogSink {
 public:
  static constexpr std::size_t buffer_bytes_max = 8u * 1024 * 1024;  // about a second of lines at full load
  explicit LineWriter(int fd);
  ~LineWriter() override;
  void write(std::string_view json_line) override;

 private:
  void run();
  int fd_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string waiting_;
  std::uint64_t dropped_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace denrei
