// The link to Redis: keeps one wire alive. Connects, greets, reconnects with a growing pause, and says whether it is up.
//
// Shape   make_shared<RedisLink>(io, options); start(); send(command, done); stop()
// Units   the pause between attempts grows from limits::redis_retry_first to redis_retry_max, each shortened by up to half
// Limits  one thread: the one that runs the io_context
// Errors  unavailable while down, at once; the rest as RedisWire says
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "denrei/adapters/redis/redis_wire.hpp"

namespace denrei {

struct LinkOptions {
  RedisAddress address;
  std::chrono::milliseconds deadline{};
  // What happens on a new wire before anybody else may use it; a fault keeps the link down.
  std::function<void(const std::shared_ptr<RedisWire>&, std::function<void(Result<void>)>)> greet;
  std::function<void(bool up, std::string why)> on_state;  // each change, and each new reason for being down
};

class RedisLink : public std::enable_shared_from_this<RedisLink> {
 public:
  RedisLink(boost::asio::io_context& io, LinkOptions options);
  void start();
  void stay_down(std::string why);  // instead of start: there is nothing to connect to
  void stop() noexcept;  // nobody is called after this
  void send(const RedisCommand& command, ReplyDone done);
  void answer(Result<ReplyView> reply, ReplyDone done);
  [[nodiscard]] bool is_up() const noexcept { return up_; }

 private:
  void connect();
  void on_connected();
  void on_greeted(const Result<void>& greeted);
  void on_lost(std::string why);
  void say(bool up, std::string why);
  void retry_later();

  boost::asio::io_context& io_;
  LinkOptions options_;
  SteadyTimer timer_;
  std::minstd_rand dice_{std::random_device{}()};
  std::shared_ptr<RedisWire> wire_;
  std::chrono::milliseconds pause_;
  std::string why_down_;
  bool up_ = false, stopped_ = false;
};

}  // namespace denrei
