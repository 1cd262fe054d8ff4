// One keep-alive connection of a load run and the event that is on its way over it.
//
// Shape   send(event, due), send_rest() -> Sending; receive(buffer) -> Receiving; reader() tells the answer
// Limits  one event at a time; whoever holds the connection closes it after `broken`
#pragma once
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

#include "answer_reader.hpp"
#include "load_schedule.hpp"
#include "socket.hpp"

namespace denrei::bench {

enum class Sending : std::uint8_t { done, partial, broken };
enum class Receiving : std::uint8_t { nothing, answer, broken };

class LoadConnection {
 public:
  LoadConnection() = default;
  explicit LoadConnection(Descriptor socket) : socket_(std::move(socket)) {}

  [[nodiscard]] Sending send(std::string_view event, LoadSchedule::Time due) {
    unsent_ = event;
    due_ = due;
    busy_ = true;
    return send_rest();
  }
  [[nodiscard]] Sending send_rest() {
    const auto sent = ::send(socket_.number(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return Sending::broken;
    unsent_.remove_prefix(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    return unsent_.empty() ? Sending::done : Sending::partial;
  }
  // An end or bytes while no event is on its way: the server is done with this connection.
  [[nodiscard]] Receiving receive(std::span<char> buffer) {
    const auto received = ::recv(socket_.number(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received < 0 && errno == EAGAIN) return Receiving::nothing;
    if (received <= 0 || !busy_) return Receiving::broken;
    const auto reading = reader_.feed({buffer.data(), static_cast<std::size_t>(received)});
    if (reading != Reading::complete) return reading == Reading::broken ? Receiving::broken : Receiving::nothing;
    busy_ = false;
    return Receiving::answer;
  }

  [[nodiscard]] int number() const { return socket_.number(); }
  [[nodiscard]] bool busy() const { return busy_; }
  [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }
  [[nodiscard]] LoadSchedule::Time due() const { return due_; }
  [[nodiscard]] unsigned status() const { return reader_.status(); }
  // An answer that came before the whole event was sent leaves a connection on which nothing can follow.
  [[nodiscard]] bool is_used_up() const { return reader_.closes() || has_unsent(); }

 private:
  Descriptor socket_;
  AnswerReader reader_;
  std::string_view unsent_;
  LoadSchedule::Time due_;
  bool busy_ = false;
};

}  // namespace denrei::bench
