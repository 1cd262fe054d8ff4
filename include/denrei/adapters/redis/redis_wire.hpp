// One connection to Redis, from connecting to its loss: commands go out pipelined, answers come back in the order sent.
// A wire that is lost stays lost; RedisLink makes the next one.
//
// Shape   connect(); send(command, done): done gets the reply (never an error reply) or a fault, exactly once unless abandoned
// Units   what is sent in one turn of the event loop leaves in one write
// Limits  limits::redis_pending_bytes_max unanswered, then overloaded; no answer within the deadline loses the wire
// Errors  unavailable for everything outstanding when the wire is lost; error replies as in redis_reply.hpp
#pragma once
#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>

#include "denrei/adapters/redis/redis_command.hpp"
#include "denrei/adapters/redis/redis_reply.hpp"
#include "denrei/adapters/redis/redis_socket.hpp"

struct redisReader;

namespace denrei {

using ReplyDone = std::function<void(Result<ReplyView>)>;
using SteadyTimer = boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                                      boost::asio::io_context::executor_type>;

class RedisWire : public std::enable_shared_from_this<RedisWire> {
 public:
  using Lost = std::function<void(std::string why)>;
  RedisWire(boost::asio::io_context& io, std::unique_ptr<RedisSocket> socket, std::chrono::milliseconds deadline);
  void connect(std::function<void()> on_connected, Lost on_lost);
  void send(const RedisCommand& command, ReplyDone done);
  // An answer that needs no Redis, in its turn: after the answers of all that was sent before.
  void answer(Result<ReplyView> reply, ReplyDone done);
  void lose(std::string why);
  // Closes without another word to anybody: for the end of the owner.
  void abandon() noexcept;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Pending {
    ReplyDone done;
    TimePoint deadline;
    std::size_t bytes = 0;
    std::optional<Result<ReplyView>> known{};  // answered by us
  };
  struct FreeReader { void operator()(redisReader* reader) const noexcept; };

  void on_connected(boost::system::error_code error);
  void watch(TimePoint deadline);
  void on_watch();
  void schedule_flush();
  void flush();
  void read();
  void on_read(boost::system::error_code error, std::size_t count);
  void take_reply(ReplyView reply);
  void give_known_answers();

  boost::asio::io_context& io_;
  std::unique_ptr<RedisSocket> socket_;
  std::unique_ptr<redisReader, FreeReader> reader_;
  std::chrono::milliseconds deadline_;
  SteadyTimer timer_;
  std::function<void()> on_connected_;
  Lost on_lost_;
  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::string out_, writing_;
  std::array<char, 64 * 1024> in_{};
  TimePoint connect_deadline_{};
  bool connected_ = false, closed_ = false, flushing_ = false, watching_ = false;
};

}  // namespace denrei
