// The log's own thread.
#include "denrei/adapters/line_writer.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace denrei {
namespace {

constexpr std::chrono::milliseconds gather{20};  // so that a busy second is tens of writes, not tens of thousands

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // nobody reads the log any more
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

LineWriter::LineWriter(int fd) : fd_(fd), thread_([this] { run(); }) {}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LineWriter::write(std::string_view json_line) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + json_line.size() > buffer_bytes_max) {
      ++dropped_;
      return;
    }
    first = waiting_.empty();
    if (dropped_ > 0) waiting_.append(R"({"log":"dropped","lines":)").append(std::to_string(std::exchange(dropped_, 0))).append("}\n");
    waiting_.append(json_line).append("\n");
  }
  if (first) wake_.notify_one();
}

void LineWriter::run() {
  std::string writing;
  std::unique_lock lock(mutex_);
  while (!ending_ || !waiting_.empty()) {
    wake_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
    if (!ending_) wake_.wait_for(lock, gather, [&] { return ending_; });
    writing.swap(waiting_);
    lock.unlock();
    write_all(fd_, writing);
    writing.clear();
    lock.lock();
  }
}

}  // namespace denrei
