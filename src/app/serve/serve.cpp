// The life of the process.
#include "denrei/app/serve.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_timer.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <iostream>
#include <thread>

#include "denrei/adapters/line_writer.hpp"
#include "denrei/adapters/redis/redis_server.hpp"
#include "real_world.hpp"
#include "wiring.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;
constexpr auto redis_watch_every = 100ms;
constexpr auto redis_stop_timeout = 10s;

void note(LogSink& log, std::string_view event, std::string_view detail) {
  log.write(json::serialize(json::object{{"timestamp", format_iso8601(wall_clock())}, {"log", "process"}, {"event", json::string(event)}, {"detail", json::string(detail)}}));
}

// Restarts the embedded Redis when it dies. On loop 0, which is the main thread: the child is bound to its life.
class RedisWatch {
 public:
  RedisWatch(boost::asio::io_context& loop, RedisServer& server, LogSink& log) : timer_(loop), server_(server), log_(log) { watch(); }
  void stop() { timer_.cancel(); }

 private:
  void watch() {
    timer_.expires_after(redis_watch_every);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      const auto state = server_.poll_restart(std::chrono::steady_clock::now());
      if (state == ServerState::restarted) note(log_, "redis restarted", server_.last_end());
      watch();
    });
  }
  boost::asio::steady_timer timer_;
  RedisServer& server_;
  LogSink& log_;
};

// What signals do: drain, hurry, reload. The end of a previous secret's overlap is a reload, too.
class Signals {
 public:
  Signals(boost::asio::io_context& loop, Wiring& wiring, const Config& config, const std::function<Result<Config>()>& reload, LogSink& log)
      : set_(loop, SIGTERM, SIGINT, SIGHUP), change_(loop), wiring_(wiring), reload_(reload), log_(log) {
    wait();
    await_change(config.secrets_change_at);
  }

 private:
  void wait() {
    set_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      if (number == SIGHUP) reload();
      else {
        note(log_, draining_ ? "hurrying" : "draining", "a signal asked the process to end");
        change_.cancel();
        wiring_.drain(std::exchange(draining_, true));
      }
      wait();
    });
  }

  void reload() {
    const auto config = reload_();
    const auto done = config ? wiring_.reload(*config) : Result<void>(tl::unexpected(config.error()));
    note(log_, done ? "reloaded" : "reload refused, the old configuration stays", done ? "certificates and secrets" : done.error().detail);
    if (done) await_change(config->secrets_change_at);
  }

  // A little later, so that whoever reads the secret then finds it ended.
  void await_change(std::optional<WallTime> at) {
    change_.cancel();
    if (!at) return;
    change_.expires_at(*at + 100ms);
    change_.async_wait([this](const boost::system::error_code& error) {
      if (!error && !draining_) reload();
    });
  }

  boost::asio::signal_set set_;
  boost::asio::system_timer change_;
  Wiring& wiring_;
  const std::function<Result<Config>()>& reload_;
  LogSink& log_;
  bool draining_ = false;
};

void run(Wiring& wiring, Loops& loops) {
  wiring.on_ended = [&](bool) {
    for (auto& loop : loops) loop->stop();
  };
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < loops.size(); ++i) others.emplace_back([&wiring, i] { wiring.run_loop(i); });
  wiring.run_loop(0);
  for (auto& t : others) t.join();
}

}  // namespace

int serve(const Config& config, const std::function<Result<Config>()>& reload) {
  std::signal(SIGPIPE, SIG_IGN);
  std::unique_ptr<RedisServer> redis;
  auto url = config.redis;
  if (url == "embedded") {
    auto started = RedisServer::start({.data_dir = config.data_dir, .maxmemory_mb = config.redis_maxmemory_mb});
    if (!started) {
      std::cerr << "denrei: " << started.error().detail << "\n";
      return 1;
    }
    redis = std::move(*started);
    url = redis->url();
  }
  auto used = config;
  used.take_over = used.take_over || redis != nullptr;  // the lock on the data directory proves that no other owner lives
  LineWriter log(STDOUT_FILENO);
  for (const auto& notice : config.notices) note(log, "notice", notice);
  Loops loops;
  for (unsigned i = 0; i < config.threads + (config.delivery_thread ? 1 : 0); ++i) loops.push_back(std::make_unique<boost::asio::io_context>(1));
  {
    Wiring wiring(used, loops, log, url);
    const auto started = wiring.start();
    if (!started) {
      std::cerr << "denrei: " << started.error().detail << "\n";
      wiring.end_actors();
      return 1;
    }
    std::optional<RedisWatch> watch;
    if (redis) watch.emplace(*loops.front(), *redis, log);
    const Signals signals(*loops.front(), wiring, config, reload, log);
    run(wiring, loops);
    wiring.end_actors();
  }
  if (redis) redis->stop(redis_stop_timeout);
  note(log, "ended", "everything begun is finished");
  return 0;
}

}  // namespace denrei
