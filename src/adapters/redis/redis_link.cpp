// Connecting again and again, with a pause that grows while Redis stays away.
#include "denrei/adapters/redis/redis_link.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "denrei/base/limits.hpp"

namespace denrei {

namespace asio = boost::asio;

RedisLink::RedisLink(asio::io_context& io, LinkOptions options)
    : io_(io), options_(std::move(options)), timer_(io.get_executor()), pause_(limits::redis_retry_first) {}

// Posted, so that nobody is told of a state while the owner is still being made.
void RedisLink::start() {
  asio::post(io_, [weak = weak_from_this()] { if (auto self = weak.lock()) self->connect(); });
}

void RedisLink::stay_down(std::string why) {
  asio::post(io_, [weak = weak_from_this(), why = std::move(why)] { if (auto self = weak.lock()) self->say(false, why); });
}

void RedisLink::connect() {
  if (stopped_) return;
  auto socket = make_redis_socket(io_, options_.address);
  if (!socket) {
    say(false, socket.error().detail);
    return retry_later();
  }
  wire_ = std::make_shared<RedisWire>(io_, std::move(*socket), options_.deadline);
  wire_->connect([weak = weak_from_this()] { if (auto self = weak.lock()) self->on_connected(); },
                 [weak = weak_from_this()](std::string why) { if (auto self = weak.lock()) self->on_lost(std::move(why)); });
}

void RedisLink::stop() noexcept {
  stopped_ = true;
  up_ = false;
  timer_.cancel();
  if (wire_) wire_->abandon();
}

void RedisLink::send(const RedisCommand& command, ReplyDone done) {
  if (up_) return wire_->send(command, std::move(done));
  answer(fail(FaultCode::unavailable, why_down_.empty() ? "not connected to Redis yet" : why_down_), std::move(done));
}

void RedisLink::answer(Result<ReplyView> reply, ReplyDone done) {
  if (up_) return wire_->answer(std::move(reply), std::move(done));
  asio::post(io_, [reply = std::move(reply), done = std::move(done)] { done(reply); });
}

void RedisLink::on_connected() {
  options_.greet(wire_, [weak = weak_from_this(), wire = std::weak_ptr(wire_)](Result<void> greeted) {
    auto self = weak.lock();
    if (self && self->wire_ == wire.lock()) self->on_greeted(greeted);
  });
}

void RedisLink::on_greeted(const Result<void>& greeted) {
  if (stopped_) return;
  if (!greeted) return wire_->lose(greeted.error().detail);
  pause_ = limits::redis_retry_first;
  say(true, {});
}

void RedisLink::on_lost(std::string why) {
  if (stopped_) return;
  say(false, describe_address(options_.address) + ": " + why);
  retry_later();
}

void RedisLink::say(bool up, std::string why) {
  if (stopped_) return;
  const bool news = up != up_ || (!up && why != why_down_);
  up_ = up;
  why_down_ = std::move(why);
  if (news && options_.on_state) options_.on_state(up, why_down_);
}

void RedisLink::retry_later() {
  if (stopped_) return;
  const auto half = pause_.count() / 2;
  timer_.expires_after(std::chrono::milliseconds(half + std::uniform_int_distribution<std::int64_t>(0, half)(dice_)));
  pause_ = std::min<std::chrono::milliseconds>(pause_ * 2, limits::redis_retry_max);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto self = weak.lock();
    if (self && !error) self->connect();
  });
}

}  // namespace denrei
