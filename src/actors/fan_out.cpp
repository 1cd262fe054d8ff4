// Live streams, opened and fed.
#include "denrei/actors/fan_out.hpp"

#include <fmt/format.h>

#include <numeric>

#include "archive_answers.hpp"
#include "denrei/actors/replies.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/domain/event_stream.hpp"
#include "denrei/domain/request_head.hpp"
#include "stream_beginning.hpp"
#include "stream_topic.hpp"

namespace denrei {
namespace {

using Bytes = std::shared_ptr<const std::string>;
using Moment = StreamTopic::Moment;
using namespace std::chrono_literals;

// A browser that hears 503 never asks again (WHATWG HTML §9.2.2), and right after a restart the store is not there yet.
constexpr auto wait_for_store = limits::answer_timeout - 2s;
constexpr auto ask_again_after = 500ms;
constexpr const char* operations_topic = "operations";
constexpr const char* default_inbox = "level99";
// A place that no feed can have: its inbox answers as for any that it does not know, with the newest notifications.
constexpr std::uint64_t nowhere = 9'223'372'036'854'775'807;

struct Topic {
  caf::actor inbox;                // null: nothing is kept, nothing can be resumed
  Role role = Role::reader;        // of its readers
  StreamTopic streams;
  std::size_t joining = 0;         // streams that wait for the inbox
  std::vector<FeedItem> held;      // what it said since the first of them asked; stream_beginning_bytes_max
  std::size_t held_bytes = 0;
  bool is_woken = false;           // a DealOut is on its way
};

struct Joining {
  Serve order;
  std::string topic;
  StreamWish wish = StreamWish::what_is_new;
  Moment since{};
};

std::string_view last_event_id(const InboundRequest& request, std::string& buffer) {
  if (const auto header = find_header(request.headers, "last-event-id"); !header.empty()) return header;
  return buffer = query_value(request.target, "lastEventId").value_or("?");  // for readers that cannot set a header
}

Bytes comment(std::string_view text) {
  std::string out;
  append_comment(out, text);
  return std::make_shared<const std::string>(std::move(out));
}

class FanOutAtWork final : public Supervised<FanOut::base> {
 public:
  FanOutAtWork(caf::actor_config& config, ActorMeter& own_meter, FanOutOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {
    for (const auto& [name, inbox] : options_.inboxes) topics_[name].inbox = inbox;
    topics_[operations_topic].role = Role::op;
  }

  behavior_type make_behavior() override {
    beat_later();
    return {
        [this](const Serve& order) { on_serve(order); },
        [this](const InboxFollowed& fact) { on_inbox_followed(fact); },
        [this](const InboxGrew& fact) { on_inbox_grew(fact); },
        [this](const Publish& order) { on_publish(order); },
        [this](const StreamClosed& fact) { on_stream_closed(fact); },
        [this](const SiteChanged& fact) { on_site_changed(fact); },
        [this](const Drain&) { on_drain(); },
        [this](const DealOut& order) { on_deal_out(order); },
        [this](const AskInboxAgain& order) { on_ask_again(order); },
        [this](const StreamBeat& order) { on_beat(order); },
    };
  }

 private:
  // Nobody knows what each reader has: they ask again, and say it.
  void restart_state() override {
    end_all("a fault here; ask again");
    beat_later();
  }

  void on_exit() override {  // handles that hold each other
    topics_.clear();
    joinings_.clear();
    options_ = {};
  }

  // --- a new reader

  void on_serve(const Serve& order) {
    const auto at = find_topic(*order.request);
    if (at == topics_.end()) return refuse(order, problem(400, "Bad Request", "inbox must be one of: " + inbox_names()));
    auto& [name, topic] = *at;
    const auto wish = wish_of(*order.request);
    if (order.request->method == "HEAD") return say_stream(order, {});  // the edge ends it with its head
    if (draining_) return refuse(order, unavailable("the process is about to end; ask again"));
    if (streams() + joinings_.size() >= options_.streams_max) return refuse(order, unavailable("too many look on already; ask again later", 5));
    if (!topic.inbox) return open({order, name, wish, {}}, begin_operations_stream(wish));
    joinings_.emplace(++last_ticket_, Joining{order, name, wish, clock().now()});
    ++topic.joining;
    ask_inbox(last_ticket_, joinings_.at(last_ticket_));
  }

  void ask_inbox(std::uint64_t ticket, const Joining& joining) {  // it answers to its sender
    caf::unsafe_send_as(this, topics_.at(joining.topic).inbox, FollowInbox{ticket, place_of(*joining.order.request, joining.wish)});
  }
  void on_ask_again(const AskInboxAgain& order) {
    if (const auto at = joinings_.find(order.ticket); at != joinings_.end()) ask_inbox(at->first, at->second);
  }

  std::map<std::string, Topic>::iterator find_topic(const InboundRequest& request) {
    if (request.listener == Listener::operations) return topics_.find(operations_topic);
    if (!has_query(request.target, "inbox")) return topics_.find(default_inbox);
    const auto at = topics_.find(query_value(request.target, "inbox").value_or(""));
    return at != topics_.end() && at->second.inbox ? at : topics_.end();
  }

  static StreamWish wish_of(const InboundRequest& request) {
    std::string buffer;
    const auto id = last_event_id(request, buffer);
    if (id.empty()) return StreamWish::what_is_new;
    return parse_stream_place(id) ? StreamWish::resume : StreamWish::unreadable;
  }

  static std::optional<FeedPlace> place_of(const InboundRequest& request, StreamWish wish) {
    if (wish == StreamWish::what_is_new) return std::nullopt;
    if (wish == StreamWish::unreadable) return FeedPlace{nowhere, "0"};
    std::string buffer;
    const auto place = parse_stream_place(last_event_id(request, buffer));
    return FeedPlace{place->seq, std::string(place->nonce)};
  }

  void on_inbox_followed(const InboxFollowed& fact) {
    const auto at = joinings_.find(fact.ticket);
    if (at == joinings_.end()) return;
    if (!fact.ok && clock().now() - at->second.since < wait_for_store) return delayed_send(this, ask_again_after, AskInboxAgain{fact.ticket});
    const auto joining = std::move(at->second);
    joinings_.erase(at);
    auto& topic = topics_.at(joining.topic);
    if (fact.ok) open(joining, begin_inbox_stream(joining.topic, joining.wish, fact, topic.held));
    else refuse(joining.order, unavailable("the store is away; ask again"));
    leave_waiting(topic);
  }

  static void leave_waiting(Topic& topic) {
    if (--topic.joining > 0) return;
    topic.held.clear();
    topic.held_bytes = 0;
  }

  void open(const Joining& joining, StreamBeginning beginning) {
    const auto& request = *joining.order.request;
    topics_.at(joining.topic).streams.join(
        request.edge, request.session, {Secret{std::string(find_header(request.headers, "authorization"))}, request.has_console_session});
    count(options_.counters.opened);
    if (beginning.start == StreamStart::resumed) count(options_.counters.resumed);
    if (beginning.start == StreamStart::reset) count(options_.counters.reset);
    say_stream(joining.order, std::move(beginning.text));
  }

  // --- what is new

  void on_inbox_grew(const InboxGrew& fact) {
    const auto at = topics_.find(fact.inbox);
    if (at == topics_.end() || !at->second.inbox) return;
    auto& topic = at->second;
    if (topic.joining > 0) hold(at->first, topic, fact.items);
    if (topic.streams.size() == 0) return;
    std::string frame;
    for (const auto& item : fact.items) {
      frame.clear();
      append_notification(frame, item);
      topic.streams.push(frame);
    }
    count(options_.counters.events, fact.items.size());
    go_on(at->first, topic);
  }

  // Who waits for the inbox will need what it says beyond its answer. When that is too much, they ask again.
  void hold(const std::string& name, Topic& topic, const std::vector<FeedItem>& items) {
    for (const auto& item : items) topic.held_bytes += item.json->size();
    topic.held.insert(topic.held.end(), items.begin(), items.end());
    if (topic.held_bytes > limits::stream_beginning_bytes_max)
      refuse_joining([&name](const Joining& j) { return j.topic == name; }, unavailable("too much is happening; ask again"));
  }

  void on_publish(const Publish& order) {
    const auto at = topics_.find(order.topic);
    if (at == topics_.end() || at->second.streams.size() == 0) return;
    std::string frame;
    append_frame(frame, {order.event, "", order.json});
    at->second.streams.push(frame);
    count(options_.counters.events);
    go_on(at->first, at->second);
  }

  // Portions go one a message. Only when too much waits they go at once: then fairness yields to memory.
  void go_on(const std::string& name, Topic& topic) {
    while (topic.streams.is_crowded() && deal_portion(topic)) {}
    if (!topic.streams.has_work() || std::exchange(topic.is_woken, true)) return;
    const auto wait = topic.streams.wait(clock().now());
    if (wait == caf::timespan{0}) caf::anon_send(caf::actor_cast<FanOut>(this), DealOut{name});
    else delayed_send(this, wait, DealOut{name});
  }

  void on_deal_out(const DealOut& order) {
    auto& topic = topics_.at(order.topic);
    topic.is_woken = false;
    (void)deal_portion(topic);
    go_on(order.topic, topic);
  }

  bool deal_portion(Topic& topic) {
    auto portion = topic.streams.take_portion(clock().now());
    if (portion) caf::anon_send(portion->edge, std::move(portion->bytes));
    return portion.has_value();
  }

  // --- time

  void beat_later() { delayed_send(this, options_.heartbeat, StreamBeat{++beat_chain_}); }

  void on_beat(const StreamBeat& order) {
    if (order.chain != beat_chain_) return;
    beat_later();
    for (auto& [name, topic] : topics_) {
      if (topic.streams.has_work()) continue;  // that is a sign of life too
      topic.streams.push(heartbeat_frame);
      go_on(name, topic);
    }
    const auto too_old = clock().now() - limits::answer_timeout;  // their reader has had its answer by now
    refuse_joining([too_old](const Joining& j) { return j.since < too_old; }, unavailable("the inbox did not answer; ask again"));
  }

  // --- the end

  void on_stream_closed(const StreamClosed& fact) {
    for (auto& [name, topic] : topics_)
      if (topic.streams.leave({fact.edge.id(), fact.session})) return;
  }

  void on_site_changed(const SiteChanged& fact) {
    const auto bytes = comment("the token is no longer valid");
    for (auto& [name, topic] : topics_) {
      const auto is_out = [&site = *fact.site, role = topic.role](const StreamPass& pass) {
        return !pass.has_console_session && !is_authorized(site, role, pass.authorization.reveal());
      };
      tell(topic.streams.end_streams(is_out, bytes));
    }
    const auto is_out = [&site = *fact.site](const Joining& j) {
      return !is_authorized(site, Role::reader, *j.order.request);
    };
    refuse_joining(is_out, problem(401, "Unauthorized", "the token is no longer valid", "WWW-Authenticate: Bearer\r\n"));
  }

  void on_drain() {
    if (std::exchange(draining_, true)) return;
    end_all("the process ends; ask again");
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  void end_all(std::string_view why) {
    const auto bytes = comment(why);
    for (auto& [name, topic] : topics_) {
      tell(topic.streams.end_streams([](const StreamPass&) { return true; }, bytes));
      topic.streams.clear();
      topic.is_woken = false;
    }
    refuse_joining([](const Joining&) { return true; }, unavailable(why));
    for (auto& [name, topic] : topics_) {  // one whose handling crashed is in no list any more
      topic.joining = topic.held_bytes = 0;
      topic.held.clear();
    }
  }

  static void tell(std::vector<StreamPortion> portions) {
    for (auto& portion : portions) caf::anon_send(portion.edge, std::move(portion.bytes));
  }

  template <class Predicate>
  void refuse_joining(Predicate holds, const Answer& answer) {
    for (auto at = joinings_.begin(); at != joinings_.end();) {
      if (!holds(at->second)) {
        ++at;
        continue;
      }
      refuse(at->second.order, answer);
      leave_waiting(topics_.at(at->second.topic));
      at = joinings_.erase(at);
    }
  }

  // --- the answer

  static Answer unavailable(std::string_view why, int retry_after_s = 1) {
    return problem(503, "Service Unavailable", why, fmt::format("Retry-After: {}\r\n", retry_after_s));
  }

  void refuse(const Serve& order, Answer answer) {
    if (answer.status == 503) count(options_.counters.refused);
    say(order, std::move(answer), nullptr);
  }

  void say_stream(const Serve& order, std::string beginning) {
    say(order, {200, std::move(beginning), "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n", stream_media_type},
        caf::actor_cast<caf::actor>(this));
  }

  static void say(const Serve& order, Answer answer, caf::actor stream_owner) {
    if (order.request->listener == Listener::site) answer.headers += cors_headers(*order.site, order.request->headers);
    Reply reply{order.request, std::move(answer)};
    reply.site = order.site;
    reply.stream_owner = std::move(stream_owner);
    say_reply(std::move(reply));
  }

  [[nodiscard]] std::string inbox_names() const {
    std::string out;
    for (const auto& [name, inbox] : options_.inboxes) out += (out.empty() ? "" : ", ") + name;
    return out;
  }

  [[nodiscard]] std::size_t streams() const {
    return std::accumulate(topics_.begin(), topics_.end(), std::size_t{0}, [](std::size_t n, const auto& t) { return n + t.second.streams.size(); });
  }

  static void count(Counter* counter, std::size_t n = 1) {
    if (counter != nullptr) counter->add(n);
  }

  FanOutOptions options_;
  std::map<std::string, Topic> topics_;               // the inboxes and the operations: none is ever added
  std::map<std::uint64_t, Joining> joinings_;         // by ticket; streams_max with those that are open
  std::uint64_t last_ticket_ = 0;
  std::uint64_t beat_chain_ = 0;
  bool draining_ = false;
};

}  // namespace

FanOut spawn_fan_out(const Stage& stage, ActorMeter& meter, FanOutOptions options) {
  return spawn_on<FanOutAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
