// Live streams over the in-memory stream, and over real sockets on loopback, whose buffers can be full.
#pragma once
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/domain/event_stream.hpp"
#include "http_world.hpp"

namespace denrei::test {

// A session on one end of a TCP connection whose other end is read only when a test says so.
class SlowReader {
 public:
  SlowReader(boost::asio::io_context& loop, const EdgePtr& edge) : socket_(loop) {
    using boost::asio::ip::tcp;
    tcp::acceptor acceptor(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    socket_.open(tcp::v4());
    socket_.set_option(boost::asio::socket_base::receive_buffer_size(4096));  // before connecting: the window never grows
    socket_.connect(acceptor.local_endpoint());
    socket_.non_blocking(true);
    PlainSocket server(loop);
    acceptor.accept(server);
    server.non_blocking(true);
    const auto fresh = std::make_shared<Session<PlainSocket>>(std::move(server), edge, Listener::site, "192.0.2.7");
    session = fresh;
    fresh->start();
  }
  void send(std::string_view bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size())); }
  // What is here now.
  std::string read() {
    std::string out(1 << 20, '\0');
    boost::system::error_code error;
    const auto count = socket_.read_some(boost::asio::buffer(out), error);
    out.resize(error ? 0 : count);
    ended = ended || (error && error != boost::asio::error::would_block);
    return out;
  }
  void close() { socket_.close(); }

  std::weak_ptr<Session<PlainSocket>> session;
  bool ended = false;

 private:
  boost::asio::ip::tcp::socket socket_;
};

class StreamWorld : public HttpWorld {
 protected:
  void SetUp() override {
    HttpWorld::SetUp();
    (*edge)->counters().streams_cut_off = &cut_off;
    (*edge)->counters().streams_open = &open_now;
  }

  Reply stream_reply(const RequestPtr& request, const std::string& beginning) {
    Reply reply{request, {200, beginning, "Cache-Control: no-store\r\n", stream_media_type}, Verdict::served};
    reply.stream_owner = owner.actor();
    return reply;
  }
  void reply_with_stream(const RequestPtr& request, const std::string& beginning) {
    RepliesReady ready;
    ready.replies.push_back(stream_reply(request, beginning));
    caf::anon_send(edge->actor(), std::move(ready));
    poll();
  }
  std::uint64_t last_session() { return last_request().session; }

  // A connection that streams; its head and beginning are read.
  std::unique_ptr<Client> open_stream(const std::string& beginning = "retry: 2000\n\n") {
    auto client = open();
    send(*client, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    reply_with_stream(requests().back().request, beginning);
    EXPECT_TRUE(client->take().ends_with("\r\n\r\n" + beginning));
    return client;
  }

  void say(std::vector<std::uint64_t> sessions, std::string bytes, bool last = false) {
    caf::anon_send(edge->actor(), StreamBytes{std::move(sessions), std::make_shared<const std::string>(std::move(bytes)), last});
    poll();
  }
  // Sockets need the kernel: until the condition holds, or for so long that it never will.
  template <class Condition>
  bool poll_until(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!condition() && std::chrono::steady_clock::now() < until) poll();
    return condition();
  }

  Recorder<StreamClosed> owner{system};
  Counter cut_off;
  std::atomic<std::int64_t> open_now{0};
};

}  // namespace denrei::test
