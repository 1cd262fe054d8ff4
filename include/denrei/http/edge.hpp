// Edge: the border between sockets and actors of one event loop. Requests go out as messages, replies come back to their
// connection; every reply is counted and logged here.
//
// Shape   an actor without a mailbox: what it is told is carried to its loop at once, in one post for many replies
// Limits  connections_max and connections_per_address_max, shared by the loops
// Source  design §4 (asio_bridge); caf.md §7
#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <caf/all.hpp>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/actors/receiver.hpp"
#include "denrei/http/timeouts.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/log_sink.hpp"

namespace denrei {

struct EdgeCounters {
  std::map<int, Counter*> by_status[2];   // by listener
  Counter* other_status = nullptr;
  Counter* malformed = nullptr;           // requests that were no HTTP
  Counter* timed_out = nullptr;
  Counter* refused_connections = nullptr;
  Histogram* duration[2] = {};            // by listener
  Counter* streams_cut_off = nullptr;     // readers of a live stream that were too slow; null: nobody asks
  std::atomic<std::int64_t>* streams_open = nullptr;  // of all edges; null: nobody asks
};

struct EdgeOptions {
  boost::asio::io_context& loop;
  HttpTimeouts timeouts;
  EdgeCounters counters;
  LogSink* log = nullptr;                 // null: requests are not logged
  Clock clock;
  std::size_t connections_max = limits::connections_max;
  std::size_t connections_per_address_max = limits::connections_per_address_max;
};

// One connection, as the edge sees it.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void answer(const Answer& answer, const InboundRequest& request) = 0;
  // A live stream: the answer is its head and beginning. goes_on = false: it ends with that.
  virtual void open_stream(const Answer& answer, const InboundRequest& request, bool goes_on) = 0;
  virtual void append_to_stream(const std::shared_ptr<const std::string>& bytes, bool last) = 0;
  virtual void sweep(std::chrono::steady_clock::time_point now) = 0;
  virtual void drain() = 0;               // close now when idle, else after the answer under way; a stream ends
  virtual void abandon() = 0;             // close at once
};

class Edge final : public caf::monitorable_actor {
 public:
  Edge(caf::actor_config& config, EdgeOptions options);
  [[nodiscard]] const char* name() const override { return "Edge"; }
  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit*) override;

  // Everything below: on the loop's thread only.
  void set_receiver(Receiver receiver, caf::actor observer, SitePtr site);
  // Whether the head of a request leaves a chance of acceptance: then a sender that waits is told to go on (RFC 9110 §10.1.1).
  [[nodiscard]] bool wants_body(const InboundRequest& head) const;
  [[nodiscard]] bool admit(const std::string& address);              // one more connection from there?
  std::uint64_t join(Connection& connection, std::string address);   // its session number
  void leave(std::uint64_t session);
  void dispatch(std::shared_ptr<InboundRequest> request, std::uint64_t session);
  // Counts the bytes of a request that is still arriving; false: all of them together are too many.
  [[nodiscard]] bool has_room_for(std::uint64_t session, std::size_t bytes);
  void sweep();
  void drain();
  void close();                                                      // abandons every connection and ends the actor
  [[nodiscard]] const HttpTimeouts& timeouts() const noexcept { return options_.timeouts; }
  [[nodiscard]] EdgeCounters& counters() noexcept { return options_.counters; }
  [[nodiscard]] std::string_view date();
  [[nodiscard]] boost::asio::io_context& loop() noexcept { return options_.loop; }
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  [[nodiscard]] std::size_t connections() const noexcept { return sessions_.size(); }
  // The request of this session got no reply in time: whatever comes later is too late. A stream's owner hears of its end.
  void give_up(std::uint64_t session);
  // The same, with what its sender hears instead: the source's own overload answer, on which it repeats (protocol §1.5).
  [[nodiscard]] std::pair<Answer, RequestPtr> answer_late(std::uint64_t session);

 private:
  struct Seat {
    Connection* connection = nullptr;
    std::string address;
    RequestPtr waiting_for;   // the request under way
    std::size_t bytes = 0;
    caf::actor stream_owner;  // set: a live stream
  };
  using Sessions = std::unordered_map<std::uint64_t, Seat>;
  [[nodiscard]] std::vector<Connection*> all_connections() const;
  void deliver();
  void deliver_one(const Reply& reply);
  void open_stream(Sessions::value_type& place, const Reply& reply);
  void end_stream(Sessions::value_type& place);
  void end_all_streams();
  void tell_closed(const caf::actor& owner, std::uint64_t session);
  void write_streams_later();
  void write_streams();
  void write_stream(std::uint64_t session, const StreamBytes& order);
  void settle(Seat& seat);
  void hold(Seat& seat, std::size_t bytes);
  void note(const Reply& reply);
  void count(const Reply& reply, std::chrono::nanoseconds took);
  void log(const Reply& reply, std::chrono::nanoseconds took);
  void say_drained_when_quiet();
  std::string make_request_id();

  EdgeOptions options_;
  Receiver receiver_;
  caf::actor observer_;
  SitePtr site_;
  std::mutex mutex_;  // guards the next three against replies from other threads
  std::vector<caf::mailbox_element_ptr> inbox_;
  bool posted_ = false;
  bool closed_ = false;  // nobody is left to be answered; a reply holds its request, and that our handle
  Sessions sessions_;
  std::deque<StreamBytes> stream_orders_;  // not yet written; the more there are the more go in a turn
  bool stream_turn_posted_ = false;
  std::unordered_map<std::string, std::size_t> per_address_;
  std::uint64_t last_session_ = 0;
  std::uint64_t last_request_ = 0;
  std::string request_id_base_;
  std::size_t in_flight_ = 0;
  std::size_t bytes_in_flight_ = 0;
  bool draining_ = false;
  bool drained_ = false;
  std::string date_;
  long date_of_ = 0;
};

// Keeps the edge alive and gives access to it; CAF's own handles only let one send.
class EdgePtr {
 public:
  explicit EdgePtr(caf::strong_actor_ptr handle)
      : handle_(std::move(handle)), edge_(static_cast<Edge*>(caf::actor_cast<caf::abstract_actor*>(handle_))) {}
  Edge* operator->() const noexcept { return edge_; }
  [[nodiscard]] caf::actor actor() const { return caf::actor_cast<caf::actor>(handle_); }

 private:
  caf::strong_actor_ptr handle_;
  Edge* edge_;
};

// Makes the edge of this loop. The loop's unit must exist.
[[nodiscard]] EdgePtr make_edge(caf::actor_system& system, EdgeOptions options);

}  // namespace denrei
