// A FanOut with two inboxes that only listen, an edge that keeps what each reader would have seen, and readers that come and go.
#pragma once
#include <map>

#include "denrei/actors/fan_out.hpp"
#include "support/actor_world.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {

inline FeedItem feed_item(std::uint64_t seq, const std::string& json = {}) {
  return {{seq, "7" + std::to_string(seq)}, std::make_shared<const std::string>(json.empty() ? "{\"n\":" + std::to_string(seq) + "}" : json)};
}
inline std::string frame_of(std::uint64_t seq) {
  const auto n = std::to_string(seq);
  return "event: notification\nid: " + n + "-7" + n + "\ndata: {\"n\":" + n + "}\n\n";
}
inline std::string frames_of(std::uint64_t from, std::uint64_t to) {
  std::string out;
  for (; from <= to; ++from) out += frame_of(from);
  return out;
}

class StreamReaders : public ActorWorld {
 protected:
  void SetUp() override { spawn(limits::streams_max); }
  void spawn(std::size_t streams_max) {
    fan_out = keep(spawn_fan_out(stage, own_meter, {.inboxes = {{"level99", level99.actor()}, {"acknowledgements", acknowledgements.actor()}},
                                                    .streams_max = streams_max,
                                                    .observer = observer.actor(),
                                                    .counters = {&opened, &resumed, &reset, &refused, &events}}));
    run();
  }

  template <class Fact>
  void say(Fact fact) {
    caf::anon_send(fan_out, std::move(fact));
    run();
  }

  // A reader asks; its session number.
  std::uint64_t ask(const std::string& target = "/api/notifications/stream", HeaderList headers = {}, const std::string& method = "GET") {
    const bool is_ops = target.starts_with("/ops/");
    if (find(headers, "Authorization").empty()) headers.emplace_back("Authorization", "Bearer " + (is_ops ? operator_token : reader_token));
    auto request = make_request({.edge = edge.actor(), .method = method, .target = target, .headers = headers,
                                 .listener = is_ops ? Listener::operations : Listener::site});
    request->session = ++last_session;
    say(Serve{request, site});
    return last_session;
  }
  std::uint64_t ask_behind(const std::string& place) { return ask("/api/notifications/stream", {{"Last-Event-ID", place}}); }

  // The newest question that an inbox heard, answered.
  void follow(InboxFollowed answer) {
    answer.ticket = level99.all<FollowInbox>().back().ticket;
    say(answer);
  }
  std::uint64_t open(std::uint64_t newest = 0) {
    const auto session = ask();
    follow({.newest = feed_item(newest).place});
    return session;
  }
  void open_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) open();
  }
  void grow(std::uint64_t from, std::uint64_t to) {
    InboxGrew grew{"level99", {}};
    for (; from <= to; ++from) grew.items.push_back(feed_item(from));
    say(grew);
  }

  const Reply& last_reply() { return edge.all<RepliesReady>().back().replies.front(); }
  const Answer& last_answer() { return last_reply().answer; }
  // What came to a session after its beginning.
  std::string bytes_of(std::uint64_t session) {
    std::string out;
    for (const auto& order : edge.all<StreamBytes>())
      if (std::find(order.sessions.begin(), order.sessions.end(), session) != order.sessions.end()) out += *order.bytes;
    return out;
  }
  bool has_ended(std::uint64_t session) {
    const auto& all = edge.all<StreamBytes>();
    return std::any_of(all.begin(), all.end(), [session](const StreamBytes& order) {
      return order.last && std::find(order.sessions.begin(), order.sessions.end(), session) != order.sessions.end();
    });
  }
  void forget_bytes() { edge.all<StreamBytes>().clear(); }
  void close(std::uint64_t session) { say(StreamClosed{edge.actor(), session}); }

  static std::string find(const HeaderList& headers, const std::string& name) {
    const auto at = std::find_if(headers.begin(), headers.end(), [&name](const auto& h) { return h.first == name; });
    return at == headers.end() ? "" : at->second;
  }

  SitePtr site = ledger_site();
  Recorder<RepliesReady, StreamBytes> edge{system};
  Recorder<FollowInbox> level99{system}, acknowledgements{system};
  Recorder<Drained> observer{system};
  Counter opened, resumed, reset, refused, events;
  ActorMeter& own_meter = meter("FanOut");
  FanOut fan_out;
  std::uint64_t last_session = 0;
};

}  // namespace denrei::test
