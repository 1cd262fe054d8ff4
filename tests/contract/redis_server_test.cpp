// The embedded redis-server: one for a directory, restarted when it dies, never left behind.
#include "denrei/adapters/redis/redis_server.hpp"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/journal_rig.hpp"
#include "contract/raw_redis.hpp"
#include "denrei/adapters/redis/child_process.hpp"

namespace denrei::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int patience_ms = 20'000;  // only a hang gets there

std::unique_ptr<RedisServer> start_in(const std::filesystem::path& directory) {
  auto server = RedisServer::start({.data_dir = directory, .maxmemory_mb = 32});
  EXPECT_TRUE(server) << server.error().detail;
  return std::move(server).value();
}

// Waits until any process has ended, child of ours or not.
bool has_ended(pid_t pid) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return true;
  pollfd wanted{fd, POLLIN, 0};
  const bool ended = ::poll(&wanted, 1, patience_ms) == 1;
  ::close(fd);
  return ended;
}

void kill_and_wait(pid_t pid) {
  ::kill(pid, SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
}

// Connecting works as soon as the server listens; it answers LOADING or more.
std::string ask(const RedisServer& server, const std::vector<std::string>& command) {
  const auto path = server.url().substr(std::string("unix://").size());
  const auto end = Clock::now() + std::chrono::milliseconds(patience_ms);
  while (Clock::now() < end) {
    RawRedis redis(path);
    if (!redis.is_connected()) continue;
    auto answer = redis.one(command);
    if (!answer.starts_with("LOADING")) return answer;
  }
  return "no server";
}

TEST(RedisServer, AnswersOnItsSocketAndSurvivesAPoll) {
  ScratchDirectory directory;
  const auto server = start_in(directory.path() / "data");
  EXPECT_EQ(ask(*server, {"PING"}), "PONG");
  EXPECT_EQ(server->poll_restart(Clock::now()), ServerState::running);
  struct stat info {};
  ASSERT_EQ(::stat((directory.path() / "data").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700u);
}

TEST(RedisServer, RunsWithTheFlagsThatKeepThePromise) {
  ScratchDirectory directory;
  const auto server = start_in(directory.path());
  const std::vector<std::pair<std::string, std::string>> expected{
      {"appendonly", "yes"}, {"appendfsync", "always"}, {"no-appendfsync-on-rewrite", "no"}, {"aof-load-truncated", "yes"},
      {"maxmemory-policy", "noeviction"}, {"maxmemory", std::to_string(32 * 1024 * 1024)}, {"port", "0"}, {"save", ""}};
  ask(*server, {"PING"});
  RawRedis redis(server->url().substr(std::string("unix://").size()));
  for (const auto& [name, value] : expected) EXPECT_EQ(redis({"CONFIG", "GET", name}).at(1), value) << name;
}

TEST(RedisServer, RefusesADirectoryThatAnotherDenreiUses) {
  ScratchDirectory directory;
  const auto first = start_in(directory.path());
  const auto second = RedisServer::start({.data_dir = directory.path()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, FaultCode::conflict);
  EXPECT_NE(second.error().detail.find("process " + std::to_string(::getpid())), std::string::npos) << second.error().detail;
  EXPECT_EQ(ask(*first, {"PING"}), "PONG") << "the first one is left alone";
}

TEST(RedisServer, SaysThatItIsNotInstalled) {
  ScratchDirectory directory;
  const auto server = RedisServer::start({.data_dir = directory.path(), .program = "no-such-redis-server"});
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, FaultCode::not_found);
  EXPECT_NE(server.error().detail.find("not installed"), std::string::npos);
}

TEST(RedisServer, SaysWhichDirectoryItCannotUse) {
  ScratchDirectory directory;
  std::ofstream(directory.path() / "file") << "in the way";
  const auto server = RedisServer::start({.data_dir = directory.path() / "file"});
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, FaultCode::io);
  EXPECT_NE(server.error().detail.find("file"), std::string::npos);
}

TEST(RedisServer, StartsADeadChildAgainAndThenWithAPause) {
  ScratchDirectory directory;
  const auto server = start_in(directory.path());
  ask(*server, {"SET", "k", "kept"});
  const auto begin = Clock::now();
  kill_and_wait(server->pid());
  EXPECT_EQ(server->poll_restart(begin), ServerState::restarted);
  EXPECT_NE(server->last_end().find("signal 9"), std::string::npos) << server->last_end();
  EXPECT_EQ(ask(*server, {"GET", "k"}), "kept");
  kill_and_wait(server->pid());
  EXPECT_EQ(server->poll_restart(begin), ServerState::down);
  EXPECT_EQ(server->poll_restart(begin + 10ms), ServerState::down);
  EXPECT_EQ(server->poll_restart(begin + 60ms), ServerState::restarted);
  EXPECT_EQ(ask(*server, {"GET", "k"}), "kept");
}

TEST(RedisServer, StopsForGood) {
  ScratchDirectory directory;
  const auto server = start_in(directory.path());
  ask(*server, {"PING"});
  const auto pid = server->pid();
  server->stop(10s);
  EXPECT_TRUE(has_ended(pid));
  EXPECT_EQ(server->poll_restart(Clock::now() + 24h), ServerState::down);
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "redis.pid"));
}

TEST(RedisServer, KillsAChildThatDoesNotWantToStop) {
  ScratchDirectory directory;
  const auto server = start_in(directory.path());
  ask(*server, {"PING"});
  const auto pid = server->pid();
  ::kill(pid, SIGSTOP);
  server->stop(50ms);
  EXPECT_TRUE(has_ended(pid));
}

TEST(RedisServer, KeepsItsChildOutOfTheTerminalsReach) {
  ScratchDirectory directory;
  const auto server = start_in(directory.path());
  ask(*server, {"PING"});
  EXPECT_EQ(::getpgid(server->pid()), server->pid());
}

TEST(RedisServer, ItsChildGetsNoneOfOurDescriptors) {
  ScratchDirectory directory;
  const int ours = ::open("/dev/null", O_RDONLY);  // as a listening socket would be: not close-on-exec
  const auto server = start_in(directory.path());
  ask(*server, {"PING"});
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(server->pid()) + "/fd")) {
    const auto fd = std::stoi(entry.path().filename().string());
    if (fd > 2) { EXPECT_NE(std::filesystem::read_symlink(entry.path(), error), "/dev/null") << fd; }
  }
  ::close(ours);
}

TEST(RedisServer, DiesWithItsParent) {
  ScratchDirectory directory;
  int channel[2];
  ASSERT_EQ(::pipe(channel), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const auto server = RedisServer::start({.data_dir = directory.path()});
    const pid_t child = server ? (*server)->pid() : -1;
    if (server) ask(**server, {"PING"});
    static_cast<void>(::write(channel[1], &child, sizeof child) == 0);
    for (;;) ::pause();
  }
  pid_t child = -1;
  ASSERT_EQ(::read(channel[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  ASSERT_GT(child, 0);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(has_ended(child));
  ::close(channel[0]);
  ::close(channel[1]);
}

TEST(RedisServer, EndsAChildThatAKilledParentLeftBehind) {
  ScratchDirectory directory;
  const auto program = find_program("redis-server");
  ASSERT_TRUE(program);
  const auto path = directory.path().string();
  const auto left_over = spawn_child({.program = *program,
                                      .arguments = {"--port", "0", "--unixsocket", path + "/redis.sock"},
                                      .working_directory = path,
                                      .output = directory.path() / "old.log"});
  ASSERT_TRUE(left_over);
  std::ofstream(directory.path() / "redis.pid") << *left_over << "\n";
  const auto end = Clock::now() + std::chrono::milliseconds(patience_ms);
  while (!std::filesystem::exists(directory.path() / "redis.sock") && Clock::now() < end) {}
  const auto server = start_in(directory.path());
  const bool ended = reap_child(*left_over).has_value();
  EXPECT_TRUE(ended);
  if (!ended) end_child(*left_over, 5s);
  EXPECT_NE(ask(*server, {"INFO", "server"}).find("process_id:" + std::to_string(server->pid())), std::string::npos);
}

TEST(RedisServer, LeavesAStrangerWithTheNumberOfItsOldChildAlone) {
  ScratchDirectory directory;
  const auto sleeper = find_program("sleep");
  ASSERT_TRUE(sleeper);
  const auto stranger = spawn_child({.program = *sleeper, .arguments = {"1000"}, .working_directory = "/", .output = directory.path() / "stranger.log"});
  ASSERT_TRUE(stranger);
  std::ofstream(directory.path() / "redis.pid") << *stranger << "\n";
  const auto server = start_in(directory.path());
  EXPECT_FALSE(reap_child(*stranger).has_value()) << "it still runs";
  end_child(*stranger, 5s);
}

TEST(RedisServer, IgnoresAPidFileOfRubbish) {
  for (const auto* text : {"", "abc", "-1", "0", "1", "99999999999999999999"}) {
    ScratchDirectory directory;
    std::ofstream(directory.path() / "redis.pid") << text;
    EXPECT_EQ(ask(*start_in(directory.path()), {"PING"}), "PONG") << text;
  }
}

TEST(RedisServer, PutsTheSocketElsewhereWhenThePathIsTooLong) {
  ScratchDirectory directory(std::string(60, 'a') + "/" + std::string(60, 'b'));
  const auto server = start_in(directory.path());
  EXPECT_LE(server->url().size(), 100 + std::string("unix://").size());
  EXPECT_EQ(ask(*server, {"PING"}), "PONG");
  const auto home = std::filesystem::path(server->url().substr(std::string("unix://").size())).parent_path();
  struct stat info {};
  ASSERT_EQ(::stat(home.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700u);
  server->stop(10s);
  std::filesystem::remove_all(home);
}

TEST(RedisServer, RefusesASocketDirectoryThatOthersMayEnter) {
  ScratchDirectory directory(std::string(60, 'a') + "/" + std::string(60, 'b'));
  std::filesystem::path home;
  {
    const auto server = start_in(directory.path());
    home = std::filesystem::path(server->url().substr(std::string("unix://").size())).parent_path();
  }
  std::filesystem::permissions(home, std::filesystem::perms::all);
  const auto refused = RedisServer::start({.data_dir = directory.path()});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("not a private directory"), std::string::npos) << refused.error().detail;
  std::filesystem::remove_all(home);
}

}  // namespace
}  // namespace denrei::test
