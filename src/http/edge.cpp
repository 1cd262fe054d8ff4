// Between sockets and actors.
#include "denrei/http/edge.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "answer_text.hpp"
#include "denrei/domain/request_head.hpp"
#include "request_line.hpp"

namespace denrei {
namespace {

// An order of a reader or an operator: whoever carries it out reads its body.
bool may_be_order(const InboundRequest& head) {
  const auto path = path_of(head.target);
  return head.method == "POST" && (path.starts_with("/api/notifications/") || path.starts_with("/ops/") || path.starts_with("/console/"));
}

}  // namespace

Edge::Edge(caf::actor_config& config, EdgeOptions options) : caf::monitorable_actor(config), options_(std::move(options)) {
  const auto id = make_event_id("request ids", std::to_string(std::chrono::system_clock::now().time_since_epoch().count()) +
                                                   std::to_string(reinterpret_cast<std::uintptr_t>(this)));
  request_id_base_ = "req-" + id.hex().substr(0, 16) + "-";
}

EdgePtr make_edge(caf::actor_system& system, EdgeOptions options) {
  caf::actor_config config;
  return EdgePtr(caf::make_actor<Edge, caf::strong_actor_ptr>(system.next_actor_id(), system.node(), &system, config,
                                                              std::move(options)));
}

void Edge::set_receiver(Receiver receiver, caf::actor observer, SitePtr site) {
  site_ = std::move(site);
  receiver_ = std::move(receiver);
  observer_ = std::move(observer);
}

void Edge::enqueue(caf::mailbox_element_ptr message, caf::execution_unit*) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    inbox_.push_back(std::move(message));
    wake = !std::exchange(posted_, true);
  }
  // Posted even on our own thread: writing to sockets is the loop's work, not the actor's that answered.
  if (wake) boost::asio::post(options_.loop, [this, alive = caf::strong_actor_ptr{ctrl()}] { deliver(); });
}

void Edge::deliver() {
  std::vector<caf::mailbox_element_ptr> messages;
  {
    const std::lock_guard lock(mutex_);
    messages.swap(inbox_);
    posted_ = false;
  }
  for (auto& message : messages) {
    auto& content = message->content();
    if (content.match_elements<RepliesReady>())
      for (const auto& reply : content.get_as<RepliesReady>(0).replies) deliver_one(reply);
    else if (content.match_elements<StreamBytes>())
      stream_orders_.push_back(content.get_as<StreamBytes>(0));
    else if (content.match_elements<SiteChanged>())
      site_ = content.get_as<SiteChanged>(0).site;
    else if (content.match_elements<Drain>())
      drain();
  }
  write_streams_later();
  if (draining_) say_drained_when_quiet();
}

void Edge::deliver_one(const Reply& reply) {
  const auto at = sessions_.find(reply.request->session);
  const bool is_too_late = at != sessions_.end() && at->second.waiting_for != reply.request;  // answered and noted already
  if (!is_too_late) note(reply);
  if (is_too_late || at == sessions_.end()) return tell_closed(reply.stream_owner, reply.request->session);  // the sender did not wait
  if (reply.stream_owner) return open_stream(*at, reply);
  auto* connection = at->second.connection;
  settle(at->second);
  connection->answer(reply.answer, *reply.request);
}

// Each request is counted and logged once, with the answer that it got.
void Edge::note(const Reply& reply) {
  const auto took = std::chrono::steady_clock::now() - reply.request->started;
  count(reply, took);
  if (options_.log != nullptr) log(reply, took);
}

void Edge::settle(Seat& seat) {
  if (seat.waiting_for == nullptr) return;
  seat.waiting_for = nullptr;
  --in_flight_;
  hold(seat, 0);
}

void Edge::hold(Seat& seat, std::size_t bytes) {
  bytes_in_flight_ += bytes - std::exchange(seat.bytes, bytes);
}

bool Edge::has_room_for(std::uint64_t session, std::size_t bytes) {
  hold(sessions_.at(session), bytes);
  return bytes_in_flight_ <= limits::bytes_in_flight_max;
}

void Edge::give_up(std::uint64_t session) {
  const auto at = sessions_.find(session);
  if (at == sessions_.end()) return;
  settle(at->second);
  end_stream(*at);
}

std::pair<Answer, RequestPtr> Edge::answer_late(std::uint64_t session) {
  auto& seat = sessions_.at(session);
  auto request = seat.waiting_for;
  settle(seat);
  const auto* source = find_source(*site_, *request);
  const auto dialect = source != nullptr ? source->source.dialect : Dialect::acknowledgement;
  Reply reply{request, render_refusal(dialect, {.why = Refusal::overloaded, .detail = "no answer was found in time; send it again"}),
              Verdict::refused, Refusal::overloaded};
  reply.source = source;
  reply.site = site_;
  reply.detail = "no answer was found in time";
  note(reply);
  return {std::move(reply.answer), std::move(request)};
}

bool Edge::admit(const std::string& address) {
  const auto at = per_address_.find(address);
  const bool fits = !draining_ && sessions_.size() < options_.connections_max &&
                    (at == per_address_.end() || at->second < options_.connections_per_address_max);
  if (!fits) options_.counters.refused_connections->add();
  return fits;
}

std::uint64_t Edge::join(Connection& connection, std::string address) {
  ++per_address_[address];
  sessions_[++last_session_] = {&connection, std::move(address), nullptr, 0, nullptr};
  return last_session_;
}

void Edge::leave(std::uint64_t session) {
  const auto at = sessions_.find(session);
  if (at == sessions_.end()) return;
  settle(at->second);
  hold(at->second, 0);
  end_stream(*at);
  const auto address = per_address_.find(at->second.address);
  if (--address->second == 0) per_address_.erase(address);
  sessions_.erase(at);
  if (draining_) say_drained_when_quiet();
}

void Edge::dispatch(std::shared_ptr<InboundRequest> request, std::uint64_t session) {
  auto& seat = sessions_.at(session);
  const auto sent_id = find_header(request->headers, "x-request-id");
  request->request_id = is_sane_request_id(sent_id) ? std::string(sent_id) : make_request_id();
  request->edge = caf::actor_cast<caf::actor>(this);
  request->session = session;
  request->started = std::chrono::steady_clock::now();
  request->arrived_at = options_.clock();
  seat.waiting_for = request;
  request->body_bytes = request->body.size();
  const auto before = bytes_in_flight_;  // with what was read of a body that is given up for want of room
  hold(seat, request->body_bytes + request->header_text.size());
  request->requests_in_flight = ++in_flight_;
  request->bytes_in_flight = std::max(before, bytes_in_flight_);
  caf::anon_send(receiver_, Receive{std::move(request)});
}

bool Edge::wants_body(const InboundRequest& head) const {
  const auto* source = find_source(*site_, head);
  return source != nullptr ? !judge_head(head, source->source) : may_be_order(head);
}

std::string Edge::make_request_id() {
  // Unlike from process to process and from thread to thread; not secret.
  const auto number = fmt::format_int(++last_request_);
  return request_id_base_ + std::string(number.data(), number.size());
}

// A copy: what is done to a connection may make it leave.
std::vector<Connection*> Edge::all_connections() const {
  std::vector<Connection*> all;
  all.reserve(sessions_.size());
  for (const auto& [session, seat] : sessions_) {
    (void)session;
    all.push_back(seat.connection);
  }
  return all;
}

void Edge::sweep() {
  const auto now = std::chrono::steady_clock::now();
  for (auto* connection : all_connections()) connection->sweep(now);
}

void Edge::drain() {
  draining_ = true;
  end_all_streams();
  for (auto* connection : all_connections()) connection->drain();
  say_drained_when_quiet();
}

void Edge::say_drained_when_quiet() {
  if (in_flight_ > 0 || std::exchange(drained_, true)) return;
  caf::anon_send(observer_, Drained{"edge"});
}

void Edge::close() {
  for (auto* connection : all_connections()) connection->abandon();
  stream_orders_.clear();
  std::vector<caf::mailbox_element_ptr> unread;  // may hold the last handle of somebody
  {
    const std::lock_guard lock(mutex_);
    unread.swap(inbox_);
    closed_ = true;
  }
  receiver_ = nullptr;
  observer_ = nullptr;
  cleanup(caf::exit_reason::user_shutdown, nullptr);
}

std::string_view Edge::date() {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(options_.clock().time_since_epoch()).count();
  if (now != date_of_) {
    date_of_ = now;
    date_ = http_date(now);
  }
  return date_;
}

void Edge::count(const Reply& reply, std::chrono::nanoseconds took) {
  const auto listener = static_cast<std::size_t>(reply.request->listener);
  const auto at = options_.counters.by_status[listener].find(reply.answer.status);
  (at != options_.counters.by_status[listener].end() ? at->second : options_.counters.other_status)->add();
  options_.counters.duration[listener]->observe(took);
  if (reply.source == nullptr) return;
  const auto& counters = reply.source->counters;
  auto* counter = reply.verdict == Verdict::refused ? counters.refused.at(static_cast<std::size_t>(reply.why))
                                                    : counters.accepted.at(static_cast<std::size_t>(reply.verdict));
  if (counter != nullptr) counter->add();
  if (counters.duration != nullptr) counters.duration->observe(took);
  if (reply.verdict != Verdict::accepted || reply.event == nullptr) return;
  if (const auto of_type = counters.by_type.find(reply.event->type); of_type != counters.by_type.end()) of_type->second->add();
}

void Edge::log(const Reply& reply, std::chrono::nanoseconds took) {
  if (reply.request->listener == Listener::operations && reply.answer.status == 200) return;  // probes and scrapes
  options_.log->write(request_line(reply, took, options_.clock()));
}

}  // namespace denrei
