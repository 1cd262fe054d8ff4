// The embedded redis-server: its directory, its flags, its restarts.
#include "denrei/adapters/redis/redis_server.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "denrei/adapters/redis/child_process.hpp"
#include "denrei/base/encoding.hpp"
#include "denrei/base/hmac.hpp"
#include "denrei/base/limits.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t socket_path_bytes_max = 100;  // sun_path has 108
constexpr auto stale_child_timeout = 20s;           // it may be writing its last fsync
constexpr auto destructor_timeout = 5s;
constexpr auto calm_after = 10s;                    // a child that ran this long is restarted at once

std::string errno_text() { return std::strerror(errno); }

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) return fmt::format("redis-server was ended by signal {}", WTERMSIG(status));
  if (WEXITSTATUS(status) == 127) return "redis-server could not be executed";
  return fmt::format("redis-server exited with code {} (see redis.log)", WEXITSTATUS(status));
}

// A directory under /tmp could be somebody else's trap: it must be ours and nobody else's.
Result<void> make_private_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(FaultCode::io, fmt::format("cannot create {}: {}", path.string(), errno_text()));
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 0077U) != 0)
    return fail(FaultCode::io, fmt::format("{} is not a private directory of ours", path.string()));
  return {};
}

std::string read_holder(int lock) {
  char text[16] = {};
  const auto count = ::pread(lock, text, sizeof text - 1, 0);
  return count > 0 ? fmt::format(" (process {})", std::string(text, static_cast<std::size_t>(count))) : std::string();
}

}  // namespace

Result<std::unique_ptr<RedisServer>> RedisServer::start(RedisServerOptions options) {
  auto server = std::make_unique<RedisServer>(Key());
  const auto program = find_program(options.program);
  if (!program)
    return fail(FaultCode::not_found, fmt::format("{} is not installed (Debian: apt install redis-server), or point --redis to a Redis of your own", options.program));
  server->program_ = *program;
  server->options_ = std::move(options);
  if (auto taken = server->take_directory(); !taken) return tl::unexpected(taken.error());
  if (auto chosen = server->choose_socket(); !chosen) return tl::unexpected(chosen.error());
  const auto ended = end_stale_child({.pid_file = server->pid_file(), .program_name = "redis-server",
                                      .working_directory = server->data_dir_, .timeout = stale_child_timeout});
  if (!ended) return tl::unexpected(ended.error());
  if (auto launched = server->launch(); !launched) return tl::unexpected(launched.error());
  return server;
}

RedisServer::~RedisServer() {
  stop(destructor_timeout);
  if (lock_ >= 0) ::close(lock_);
}

Result<void> RedisServer::take_directory() {
  std::error_code error;
  const bool created = fs::create_directories(options_.data_dir, error);
  if (!error && created) fs::permissions(options_.data_dir, fs::perms::owner_all, error);
  if (!error) data_dir_ = fs::canonical(options_.data_dir, error);
  if (error) return fail(FaultCode::io, fmt::format("cannot use the data directory {}: {}", options_.data_dir.string(), error.message()));
  const auto path = data_dir_ / "lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return fail(FaultCode::io, fmt::format("cannot open {}: {}", path.string(), errno_text()));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
    return fail(FaultCode::conflict, fmt::format("another Denrei{} is using the data directory {}", read_holder(lock_), data_dir_.string()));
  const auto pid = std::to_string(::getpid());  // only for the message above
  if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, pid.data(), pid.size(), 0) < 0)
    return fail(FaultCode::io, fmt::format("cannot write {}: {}", path.string(), errno_text()));
  return {};
}

Result<void> RedisServer::choose_socket() {
  socket_ = data_dir_ / "redis.sock";
  if (socket_.string().size() <= socket_path_bytes_max) return {};
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const auto digest = sha256({data_dir_.string()});
  const auto name = "denrei-" + encode_hex(as_view(digest).substr(0, 8));
  auto directory = fs::path(runtime != nullptr && *runtime == '/' ? runtime : "/tmp") / name;
  if ((directory / "redis.sock").string().size() > socket_path_bytes_max) directory = fs::path("/tmp") / name;
  socket_ = directory / "redis.sock";
  return make_private_directory(directory);
}

Result<void> RedisServer::launch() {
  const auto log = data_dir_ / "redis.log";
  auto pid = spawn_child({.program = program_,
                          .arguments = {"--port", "0", "--unixsocket", socket_.string(), "--unixsocketperm", "700",
                                        "--dir", data_dir_.string(), "--logfile", log.string(),
                                        "--daemonize", "no", "--save", "", "--appendonly", "yes", "--appendfsync", "always",
                                        "--no-appendfsync-on-rewrite", "no", "--aof-load-truncated", "yes",
                                        "--auto-aof-rewrite-min-size", "256mb",
                                        "--maxmemory", fmt::format("{}mb", options_.maxmemory_mb), "--maxmemory-policy", "noeviction"},
                          .working_directory = data_dir_,
                          .output = log});
  if (!pid) return tl::unexpected(pid.error());
  pid_ = *pid;
  started_ = std::chrono::steady_clock::now();
  // Not redis-server's own --pidfile: it comes late, after the socket, and a kill in between would leave a child unnamed.
  std::ofstream(pid_file()) << pid_ << '\n';
  return {};
}

ServerState RedisServer::poll_restart(TimePoint now) {
  if (pid_ > 0) {
    const auto status = reap_child(pid_);
    if (!status) return ServerState::running;
    pid_ = -1;
    last_end_ = describe_end(*status);
    schedule_restart(now);
  }
  if (now >= restart_at_) {
    if (auto launched = launch()) return ServerState::restarted;
    else last_end_ = launched.error().detail;
    schedule_restart(now);
  }
  return ServerState::down;
}

void RedisServer::schedule_restart(TimePoint now) {
  if (now - started_ >= calm_after) pause_ = 0ms;
  restart_at_ = now + pause_;
  pause_ = std::clamp(pause_ * 2, std::chrono::milliseconds(limits::redis_retry_first), std::chrono::milliseconds(limits::redis_retry_max));
}

void RedisServer::stop(std::chrono::milliseconds timeout) noexcept {
  restart_at_ = TimePoint::max();
  if (pid_ <= 0) return;
  end_child(pid_, timeout);
  pid_ = -1;
  std::error_code ignored;
  fs::remove(pid_file(), ignored);
}

std::string RedisServer::url() const {
  std::string path;
  for (const char c : socket_.string()) {
    if (c == '%' || c == '?') path += fmt::format("%{:02x}", static_cast<unsigned>(c));
    else path += c;
  }
  return "unix://" + path;
}

}  // namespace denrei
