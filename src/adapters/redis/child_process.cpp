// fork, exec and the end of child processes. Between fork and exec only async-signal-safe calls.
#include "denrei/adapters/redis/child_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace denrei {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { if (fd_ >= 0) ::close(fd_); }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::string errno_text() { return std::strerror(errno); }

// A pidfd names one process for good: a number that is used again by another process does no harm.
int open_pid(pid_t pid) noexcept { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

bool wait_on(int pid_fd, std::chrono::milliseconds timeout) noexcept {
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wanted{pid_fd, POLLIN, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

void send_signal(int pid_fd, int signal) noexcept { ::syscall(SYS_pidfd_send_signal, pid_fd, signal, nullptr, 0); }

struct Launch {
  const char* program;
  char* const* arguments;
  const char* directory;
  int output;
  pid_t parent;
};

[[noreturn]] void become_child(const Launch& launch) noexcept {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != launch.parent || ::chdir(launch.directory) != 0) ::_exit(126);  // it died before prctl, or no such place
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(launch.output, STDOUT_FILENO);
  ::dup2(launch.output, STDERR_FILENO);
  ::close_range(3, ~0U, 0);  // a listening socket that the child inherits would keep our port busy
  ::execv(launch.program, launch.arguments);
  ::_exit(127);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_that_child(pid_t pid, const StaleChild& stale) {
  const auto proc = std::filesystem::path("/proc") / std::to_string(pid);
  std::error_code error;
  const auto directory = std::filesystem::read_symlink(proc / "cwd", error);
  if (error || !std::filesystem::equivalent(directory, stale.working_directory, error)) return false;
  return read_file(proc / "cmdline").find(stale.program_name) != std::string::npos;
}

}  // namespace

Result<pid_t> spawn_child(const ChildSpec& spec) {
  const Descriptor output(::open(spec.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (output.get() < 0) return fail(FaultCode::io, fmt::format("cannot write {}: {}", spec.output.string(), errno_text()));
  auto name = spec.program.string();
  auto arguments = spec.arguments;
  std::vector<char*> argv{name.data()};
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid < 0) return fail(FaultCode::io, fmt::format("cannot start {}: {}", name, errno_text()));
  if (pid == 0) become_child({name.c_str(), argv.data(), spec.working_directory.c_str(), output.get(), parent});
  return pid;
}

std::optional<int> reap_child(pid_t pid) noexcept {
  int status = 0;
  const pid_t done = ::waitpid(pid, &status, WNOHANG);
  if (done == 0) return std::nullopt;
  return done == pid ? status : 0;
}

void end_child(pid_t pid, std::chrono::milliseconds timeout) noexcept {
  ::kill(pid, SIGTERM);  // not reaped yet, so the number is still its own
  const Descriptor pid_fd(open_pid(pid));
  if (pid_fd.get() < 0 || !wait_on(pid_fd.get(), timeout)) ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
}

Result<bool> end_stale_child(const StaleChild& stale) {
  const auto text = read_file(stale.pid_file);
  const auto pid = static_cast<pid_t>(std::strtol(text.c_str(), nullptr, 10));
  if (pid <= 1) return false;
  const Descriptor pid_fd(open_pid(pid));
  if (pid_fd.get() < 0 || !is_that_child(pid, stale)) return false;
  send_signal(pid_fd.get(), SIGTERM);
  if (wait_on(pid_fd.get(), stale.timeout)) return true;
  send_signal(pid_fd.get(), SIGKILL);
  if (wait_on(pid_fd.get(), stale.timeout)) return true;
  return fail(FaultCode::io, fmt::format("process {} of an earlier run does not end", pid));
}

std::optional<std::filesystem::path> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    const auto candidate = std::filesystem::absolute(std::filesystem::path(rest.substr(0, colon)) / name);
    std::error_code error;
    if (std::filesystem::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
  }
  return std::nullopt;
}

}  // namespace denrei
