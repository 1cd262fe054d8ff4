// The edge's live streams: opened by a reply, written to in small portions, and their owner told once when each ends.
#include <boost/asio/post.hpp>

#include "denrei/http/edge.hpp"

namespace denrei {
namespace {

// Of the orders that wait, the share that is written in one turn beside the first: the queue cannot grow for ever.
constexpr std::size_t share_a_turn = 32;

}  // namespace

void Edge::open_stream(Sessions::value_type& place, const Reply& reply) {
  auto& [session, seat] = place;
  auto* connection = seat.connection;
  const bool goes_on = !draining_ && reply.request->method != "HEAD";
  settle(seat);
  seat.stream_owner = reply.stream_owner;
  if (options_.counters.streams_open != nullptr) options_.counters.streams_open->fetch_add(1, std::memory_order_relaxed);
  if (!goes_on) end_stream(place);
  connection->open_stream(reply.answer, *reply.request, goes_on);
}

void Edge::end_stream(Sessions::value_type& place) {
  const auto owner = std::exchange(place.second.stream_owner, nullptr);
  if (!owner) return;
  if (options_.counters.streams_open != nullptr) options_.counters.streams_open->fetch_sub(1, std::memory_order_relaxed);
  tell_closed(owner, place.first);
}

void Edge::end_all_streams() {
  stream_orders_.clear();
  for (auto& place : sessions_) end_stream(place);
}

void Edge::tell_closed(const caf::actor& owner, std::uint64_t session) {
  if (owner) caf::anon_send(owner, StreamClosed{caf::actor_cast<caf::actor>(this), session});
}

// A thousand writes in one go would hold up the requests of this loop: each turn of it takes a few orders.
void Edge::write_streams_later() {
  if (stream_orders_.empty() || std::exchange(stream_turn_posted_, true)) return;
  boost::asio::post(options_.loop, [this, alive = caf::strong_actor_ptr{ctrl()}] { write_streams(); });
}

void Edge::write_streams() {
  stream_turn_posted_ = false;
  for (auto left = 1 + stream_orders_.size() / share_a_turn; left > 0 && !stream_orders_.empty(); --left) {
    const auto order = std::move(stream_orders_.front());
    stream_orders_.pop_front();
    for (const auto session : order.sessions) write_stream(session, order);
  }
  write_streams_later();
}

void Edge::write_stream(std::uint64_t session, const StreamBytes& order) {
  const auto at = sessions_.find(session);
  if (at == sessions_.end() || !at->second.stream_owner) return;  // it ended while this was on its way
  auto* connection = at->second.connection;
  if (order.last) end_stream(*at);
  connection->append_to_stream(order.bytes, order.last);
}

}  // namespace denrei
