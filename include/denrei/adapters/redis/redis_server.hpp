// The embedded store: a redis-server child with its data in our directory, listening on a unix socket only.
//
// Shape   RedisServer::start({.data_dir, .maxmemory_mb}) -> Result<unique_ptr>; url() for RedisJournal; poll_restart(now) from a
//         timer; stop(timeout) last of all
// Limits  one Denrei for one data directory (<data>/lock); the socket path stays below the 108 bytes of sun_path
// Errors  not_found: redis-server is not installed; conflict: another Denrei runs here; io: directory or process
// Source  redis.md §4i. Start, restart and stop on one thread that lives as long as the process (PDEATHSIG)
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <sys/types.h>

#include "denrei/base/result.hpp"

namespace denrei {

struct RedisServerOptions {
  std::filesystem::path data_dir;
  std::size_t maxmemory_mb = 1024;
  std::string program = "redis-server";  // searched in PATH
};

enum class ServerState : std::uint8_t { running, restarted, down };

class RedisServer {
  struct Key { explicit Key() = default; };  // only start() makes one

 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Takes the directory, ends what a killed parent left there, starts the child. It may still be loading afterwards.
  [[nodiscard]] static Result<std::unique_ptr<RedisServer>> start(RedisServerOptions options);
  explicit RedisServer(Key) {}
  ~RedisServer();  // as stop, with little patience
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // Starts the child again when it has died, with a growing pause between tries. Never waits.
  ServerState poll_restart(TimePoint now);
  // SIGTERM and wait; SIGKILL after `timeout`. No restart after this.
  void stop(std::chrono::milliseconds timeout) noexcept;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] const std::string& last_end() const noexcept { return last_end_; }  // how the child ended last, for the log

 private:
  Result<void> take_directory();
  Result<void> choose_socket();
  Result<void> launch();
  [[nodiscard]] std::filesystem::path pid_file() const { return data_dir_ / "redis.pid"; }
  void schedule_restart(TimePoint now);

  RedisServerOptions options_;
  std::filesystem::path program_, data_dir_, socket_;
  int lock_ = -1;
  pid_t pid_ = -1;
  TimePoint started_{}, restart_at_{};
  std::chrono::milliseconds pause_{};
  std::string last_end_;
};

}  // namespace denrei
