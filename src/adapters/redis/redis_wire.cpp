// The wire: hiredis parses what comes in, everything else about the connection is here.
#include "denrei/adapters/redis/redis_wire.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "denrei/base/limits.hpp"

namespace denrei {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t buffer_kept_max = 1024 * 1024;  // more than a full batch of appends; the rest goes back after a burst

struct FreeReply { void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); } };

}  // namespace

void RedisWire::FreeReader::operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }

RedisWire::RedisWire(asio::io_context& io, std::unique_ptr<RedisSocket> socket, std::chrono::milliseconds deadline)
    : io_(io), socket_(std::move(socket)), reader_(redisReaderCreate()), deadline_(deadline), timer_(io.get_executor()) {
  reader_->maxbuf = buffer_kept_max;
}

void RedisWire::connect(std::function<void()> on_connected, Lost on_lost) {
  on_connected_ = std::move(on_connected);
  on_lost_ = std::move(on_lost);
  connect_deadline_ = Clock::now() + deadline_;
  watch(connect_deadline_);
  socket_->connect([self = shared_from_this()](error_code error) { self->on_connected(error); });
}

void RedisWire::on_connected(error_code error) {
  if (closed_) return;
  if (error) return lose("cannot connect: " + error.message());
  connected_ = true;
  read();
  std::exchange(on_connected_, nullptr)();
}

void RedisWire::send(const RedisCommand& command, ReplyDone done) {
  if (closed_) return asio::post(io_, [done = std::move(done)] { done(fail(FaultCode::unavailable, "Redis is away")); });
  if (pending_bytes_ + command.size() > limits::redis_pending_bytes_max)
    return answer(fail(FaultCode::overloaded, "too much is waiting for Redis"), std::move(done));
  command.append_to(out_);
  pending_bytes_ += command.size();
  pending_.push_back({std::move(done), Clock::now() + deadline_, command.size()});
  watch(pending_.back().deadline);
  schedule_flush();
}

void RedisWire::answer(Result<ReplyView> reply, ReplyDone done) {
  pending_.push_back({std::move(done), {}, 0, std::move(reply)});
  if (pending_.size() == 1) asio::post(io_, [self = shared_from_this()] { self->give_known_answers(); });
}

// Deadlines rise along the queue, so one timer looks at its front; it is set again only when it has fired.
void RedisWire::watch(TimePoint deadline) {
  if (watching_) return;
  watching_ = true;
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this()](error_code) { self->on_watch(); });
}

void RedisWire::on_watch() {
  watching_ = false;
  if (closed_) return;
  const auto now = Clock::now();
  if (!connected_) {
    if (now >= connect_deadline_) return lose(fmt::format("no connection within {} ms", deadline_.count()));
    return watch(connect_deadline_);
  }
  const auto oldest = std::ranges::find_if(pending_, [](const Pending& pending) { return !pending.known; });
  if (oldest == pending_.end()) return;
  if (now >= oldest->deadline) return lose(fmt::format("no answer within {} ms", deadline_.count()));
  watch(oldest->deadline);
}

void RedisWire::schedule_flush() {
  if (flushing_) return;
  flushing_ = true;
  asio::post(io_, [self = shared_from_this()] { self->flush(); });
}

void RedisWire::flush() {
  if (closed_) return;
  if (writing_.capacity() > buffer_kept_max) writing_ = {};
  writing_.clear();
  std::swap(writing_, out_);
  flushing_ = !writing_.empty();
  if (!flushing_) return;
  socket_->write(writing_, [self = shared_from_this()](error_code error, std::size_t) {
    if (self->closed_) return;
    if (error) return self->lose("connection lost: " + error.message());
    self->flush();
  });
}

void RedisWire::read() {
  socket_->read_some(in_, [self = shared_from_this()](error_code error, std::size_t count) { self->on_read(error, count); });
}

void RedisWire::on_read(error_code error, std::size_t count) {
  if (closed_) return;
  if (error) return lose("connection lost: " + error.message());
  redisReaderFeed(reader_.get(), in_.data(), count);
  while (!closed_) {
    void* raw = nullptr;
    if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) return lose(fmt::format("not a Redis answer: {}", reader_->errstr));
    if (raw == nullptr) return read();
    const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
    take_reply(ReplyView(reply.get()));
  }
}

void RedisWire::take_reply(ReplyView reply) {
  if (pending_.empty()) return lose("an answer to no command");
  auto pending = std::move(pending_.front());
  pending_.pop_front();
  pending_bytes_ -= pending.bytes;
  if (!reply.is_error()) {
    pending.done(reply);
  } else {
    auto fault = fault_of_error(reply.text());
    const bool useless = needs_new_connection(reply.text());
    auto why = fault.detail;
    pending.done(tl::unexpected(std::move(fault)));
    if (useless) lose(std::move(why));
  }
  give_known_answers();
}

void RedisWire::give_known_answers() {
  while (!pending_.empty() && pending_.front().known) {
    auto pending = std::move(pending_.front());
    pending_.pop_front();
    pending.done(std::move(*pending.known));
  }
}

void RedisWire::lose(std::string why) {
  if (closed_) return;
  auto outstanding = std::move(pending_);
  const auto on_lost = std::move(on_lost_);
  abandon();
  for (auto& pending : outstanding)
    pending.done(pending.known ? std::move(*pending.known) : Result<ReplyView>(fail(FaultCode::unavailable, why)));
  if (on_lost) on_lost(std::move(why));
}

void RedisWire::abandon() noexcept {
  closed_ = true;
  pending_.clear();
  pending_bytes_ = 0;
  on_connected_ = nullptr;
  on_lost_ = nullptr;
  timer_.cancel();
  socket_->close();
}

}  // namespace denrei
