// An edge on an event loop that is polled by hand, sessions over Beast's in-memory stream, and a Receiver that only records.
#pragma once
#include <boost/asio/write.hpp>
#include <boost/beast/_experimental/test/stream.hpp>

#include "../../src/http/session.hpp"
#include "support/actor_world.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {

using Wire = boost::beast::test::stream;
using WireSession = Session<Wire>;

// The client's end of a connection.
class Client {
 public:
  Client(boost::asio::io_context& loop, Wire& server) : wire_(loop) { wire_.connect(server); }
  void send(std::string_view bytes) { boost::asio::write(wire_, boost::asio::buffer(bytes.data(), bytes.size())); }
  void close() { wire_.close(); }
  // What has arrived since the last call.
  std::string take() {
    std::string out(wire_.str());
    wire_.clear();
    return out;
  }

 private:
  Wire wire_;
};

class HttpWorld : public ActorWorld {
 protected:
  void SetUp() override {
    EdgeCounters counters{.other_status = &answers, .malformed = &malformed, .timed_out = &timed_out, .refused_connections = &refused};
    counters.duration[0] = counters.duration[1] = &duration;
    edge.emplace(make_edge(system, {.loop = loop, .timeouts = {}, .counters = counters, .clock = clock(), .connections_max = 3,
                                    .connections_per_address_max = 2}));
    (*edge)->set_receiver(caf::actor_cast<Receiver>(receiver.actor()), observer.actor(), site);
  }
  void TearDown() override {
    (*edge)->close();
    poll();
    edge.reset();
    ActorWorld::TearDown();
  }

  // Until neither the loop nor the actors have anything to do.
  void poll() {
    do {
      run();
      loop.restart();
    } while (loop.poll() > 0 || scheduler.has_job());
  }

  // Starts a session on the server's end of a new connection and gives the client's.
  std::unique_ptr<Client> open(boost::beast::test::fail_count* failures = nullptr, const std::string& peer = "192.0.2.1") {
    Wire server = failures != nullptr ? Wire(loop, *failures) : Wire(loop);
    auto client = std::make_unique<Client>(loop, server);
    const auto fresh = std::make_shared<WireSession>(std::move(server), *edge, Listener::site, peer);
    session = fresh;
    fresh->start();
    poll();
    return client;
  }
  void send(Client& client, std::string_view bytes) {
    client.send(bytes);
    poll();
  }

  std::vector<Receive>& requests() { return receiver.all<Receive>(); }
  const InboundRequest& last_request() { return *requests().back().request; }

  void reply_to(const RequestPtr& request, Answer answer) {
    RepliesReady ready;
    ready.replies.push_back({request, std::move(answer), Verdict::served});
    caf::anon_send(edge->actor(), std::move(ready));
    poll();
  }
  void reply(const std::string& body = "{}", int status = 200) { reply_to(requests().back().request, {status, body, {}}); }
  void sweep_after(Millis later) {
    if (const auto alive = session.lock()) alive->sweep(std::chrono::steady_clock::now() + later);
    poll();
  }
  std::size_t connections() { return (*edge)->connections(); }

  SitePtr site = ledger_site();
  boost::asio::io_context loop;
  Recorder<Receive> receiver{system};
  Recorder<Drained> observer{system};
  Counter answers, malformed, timed_out, refused;
  Histogram duration;
  std::optional<EdgePtr> edge;
  std::weak_ptr<WireSession> session;  // the newest one
};

}  // namespace denrei::test
