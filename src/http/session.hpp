// One HTTP/1.1 connection over any stream: reads a request, hands it to the edge, writes the answer, and goes on.
//
// Why a template: the same machine runs over TCP, TLS and the tests' in-memory stream with failing I/O.
// One request at a time: pipelined ones wait in the buffer, so answers leave in the order asked. An answer may be a live stream:
// then the connection serves nothing else any more, and what the peer still sends is thrown away.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string>

#include "answer_text.hpp"
#include "denrei/http/edge.hpp"
#include "request_parser.hpp"
#include "stream_output.hpp"

namespace denrei {

namespace net = boost::asio;
// The concrete executor, not any_io_executor: 1 µs a request (perf.md §2a).
using PlainSocket = net::basic_stream_socket<net::ip::tcp, net::io_context::executor_type>;
using TlsStream = net::ssl::stream<PlainSocket>;

template <class Stream>
class Session final : public Connection, public std::enable_shared_from_this<Session<Stream>> {
 public:
  static constexpr bool is_plain = std::is_same_v<Stream, PlainSocket>;
  static constexpr bool is_tls = std::is_same_v<Stream, TlsStream>;

  Session(Stream stream, EdgePtr edge, Listener listener, std::string peer)
      : stream_(std::move(stream)), edge_(std::move(edge)), listener_(listener), peer_(std::move(peer)) {
    number_ = edge_->join(*this, peer_);
  }
  ~Session() override { edge_->leave(number_); }

  void start() {
    self_ = this->shared_from_this();  // alive until close()
    if constexpr (is_tls) {
      wait_until(Phase::handshake, edge_->timeouts().header);
      stream_.async_handshake(net::ssl::stream_base::server, [me = self_](const boost::system::error_code& error) {
        if (error) return me->close();
        me->begin_request();
      });
    } else {
      begin_request();
    }
  }

  void answer(const Answer& answer, const InboundRequest& request) override {
    if (phase_ != Phase::answering) return;
    keep_alive_ = keep_alive_ && !edge_->draining();
    append_answer(out_, answer, {request.request_id, edge_->date(), keep_alive_, http_1_0_, request.method == "HEAD"});
    write(keep_alive_ ? After::next_request : After::linger);
  }

  void open_stream(const Answer& answer, const InboundRequest& request, bool goes_on) override {
    if (phase_ != Phase::answering) return;
    const auto alive = self_;
    std::string head;
    append_answer(head, answer, {request.request_id, edge_->date(), false, http_1_0_, request.method == "HEAD", true});
    phase_ = Phase::streaming;
    deadline_ = never;
    stream_ends_ = !goes_on;
    in_.clear();
    parser_.reset();
    boost::system::error_code ignored;
    if constexpr (is_plain || is_tls) stream_.lowest_layer().set_option(net::socket_base::send_buffer_size(limits::stream_socket_bytes), ignored);
    (void)output_.append(std::make_shared<const std::string>(std::move(head)));  // the first piece may be of any size
    write_on();
    if (phase_ == Phase::streaming) read_more();  // only to notice that the peer goes
  }

  void append_to_stream(const StreamPiece& bytes, bool last) override {
    if (phase_ != Phase::streaming || stream_ends_) return;
    const auto alive = self_;
    stream_ends_ = last;
    output_.append(bytes) ? write_on() : cut_off();
  }

  void sweep(std::chrono::steady_clock::time_point now) override {
    if (now < deadline_) return;
    const auto alive = self_;
    switch (phase_) {
      case Phase::header:
      case Phase::body:
        edge_->counters().timed_out->add();
        return refuse_bytes(408, "the request did not arrive in time");
      case Phase::answering:
        return answer_late();
      case Phase::streaming:
        return cut_off();
      case Phase::handshake:
      case Phase::idle:
      case Phase::writing:
      case Phase::lingering: return close();
      case Phase::closed: return;
    }
  }

  void drain() override {
    if (phase_ == Phase::idle || phase_ == Phase::handshake) close();
    if (phase_ == Phase::streaming) append_to_stream(nullptr, true);
  }

  void abandon() override { close(); }

 private:
  enum class Phase : std::uint8_t { handshake, idle, header, body, answering, writing, streaming, lingering, closed };
  enum class After : std::uint8_t { next_request, linger, read_on };
  static constexpr auto never = std::chrono::steady_clock::time_point::max();

  void wait_until(Phase phase, std::chrono::milliseconds timeout) {
    phase_ = phase;
    deadline_ = std::chrono::steady_clock::now() + timeout;
  }

  // --- reading

  void begin_request() {
    parser_.reset();
    wait_until(Phase::idle, edge_->timeouts().idle);
    if (edge_->draining() && in_.empty()) return close();
    if (!in_.empty()) return on_bytes({});
    read_more();
  }

  void read_more() {
    if (std::exchange(reading_, true)) return;
    // A small buffer of our own: waiting without one costs an epoll_ctl a request, a large one 4 KiB an idle connection.
    own_buffer_.resize(is_plain ? 1024 : 16 * 1024);
    stream_.async_read_some(net::buffer(own_buffer_), [me = self_](const boost::system::error_code& error, std::size_t count) {
      me->reading_ = false;
      if constexpr (is_plain)
        if (!error && count == me->own_buffer_.size()) return me->read_the_rest();
      me->on_read(error, {me->own_buffer_.data(), count});
    });
  }

  // More than the small buffer holds: the rest comes through one that the thread's connections share.
  void read_the_rest() {
    static thread_local char shared[64 * 1024];
    std::memcpy(shared, own_buffer_.data(), own_buffer_.size());
    boost::system::error_code error;
    const auto more = stream_.read_some(net::buffer(shared + own_buffer_.size(), sizeof shared - own_buffer_.size()), error);
    (void)error;  // nothing more yet, or the end: what is here counts first, and the next read says it again
    on_read({}, {shared, own_buffer_.size() + more});
  }

  void on_read(const boost::system::error_code& error, std::string_view bytes) {
    if (phase_ == Phase::closed) return;
    if (error) return close();
    // Thrown away until the peer has our answer and closes.
    if (phase_ == Phase::lingering || phase_ == Phase::streaming) return read_more();
    on_bytes(bytes);
  }

  // New bytes, after those that were left over. What the parser does not take now stays for later.
  void on_bytes(std::string_view bytes) {
    const auto alive = self_;
    if (!in_.empty() || bytes.empty()) {
      in_.append(bytes);
      bytes = in_;
    }
    const auto taken = parse(bytes);
    if (phase_ == Phase::closed) return;
    if (bytes.data() == in_.data())
      in_.erase(0, taken);
    else
      in_.assign(bytes.substr(taken));
    if (phase_ == Phase::body && !edge_->has_room_for(number_, in_.size() + parser_->body_size())) return hand_over_without_body();
    if (phase_ == Phase::answering && parser_->is_done()) dispatch();
    else if (phase_ == Phase::idle || phase_ == Phase::header || phase_ == Phase::body) read_more();
  }

  std::size_t parse(std::string_view bytes) {
    if (!parser_) {
      // RFC 9112 §2.2: ignore empty lines before a request.
      std::size_t blank = 0;
      while (blank < bytes.size() && (bytes[blank] == '\r' || bytes[blank] == '\n')) ++blank;
      if (blank == bytes.size()) return blank;
      parser_.emplace();
      wait_until(Phase::header, edge_->timeouts().header);
      return blank + parse_on(bytes.substr(blank));
    }
    return parse_on(bytes);
  }

  std::size_t parse_on(std::string_view bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && !parser_->is_done()) {
      boost::system::error_code error;
      taken += parser_->put(net::buffer(bytes.data() + taken, bytes.size() - taken), error);
      if (error == beast::http::error::need_more) break;
      if (error) {
        on_malformed(error, bytes);
        return taken;
      }
      if (parser_->is_header_done() && phase_ == Phase::header) {
        wait_until(Phase::body, edge_->timeouts().body);
        if (parser_->expects_continue() && !parser_->is_done() && taken == bytes.size() && parser_->http_minor() == 1) {
          if (!edge_->wants_body(parser_->head())) {
            hand_over_without_body();
            return taken;
          }
          say_continue();
        }
      }
    }
    if (parser_->is_done()) phase_ = Phase::answering;
    return taken;
  }

  void dispatch() {
    keep_alive_ = parser_->keep_alive();
    http_1_0_ = parser_->http_minor() == 0;
    auto request = parser_->take();
    if (!http_1_0_ && find_header(request->headers, "host").data() == nullptr)
      return refuse_bytes(400, "an HTTP/1.1 request names its Host");
    hand_over(std::move(request));
  }

  void hand_over(std::shared_ptr<InboundRequest> request) {
    request->listener = listener_;
    request->tls = is_tls;
    request->peer = peer_;
    wait_until(Phase::answering, edge_->timeouts().answer);
    edge_->dispatch(std::move(request), number_);
  }

  // The head alone is enough to refuse. What follows of the body is not read, so the connection ends with the answer.
  void hand_over_without_body() {
    keep_alive_ = false;
    http_1_0_ = parser_->http_minor() == 0;
    auto request = parser_->take();
    request->body.clear();
    hand_over(std::move(request));
  }

  // The body is too large: the source's own dialect says so. Everything else wrong with the bytes ends the connection.
  void on_malformed(const boost::system::error_code& error, std::string_view bytes) {
    if (error == beast::http::error::body_limit) {
      parser_->head().body_too_large = true;
      return hand_over_without_body();
    }
    edge_->counters().malformed->add();
    const auto line = bytes.substr(0, bytes.find('\r'));
    // Two blanks and HTTP/ after the second: a request of another version, and not just something else.
    const bool names_a_version = std::count(line.begin(), line.end(), ' ') == 2 && line.rfind(" HTTP/") == line.rfind(' ');
    if (error == beast::http::error::bad_version && names_a_version) return refuse_bytes(505, "HTTP/1.1 or HTTP/1.0 is spoken here");
    if (error == beast::http::error::header_limit) return refuse_bytes(431, "the header is too large");
    refuse_bytes(400, "this is not an HTTP request: " + error.message());
  }

  // --- writing

  void answer_late() {
    keep_alive_ = false;
    in_.clear();
    const auto [late, request] = edge_->answer_late(number_);
    append_answer(out_, late, {request->request_id, edge_->date(), false, http_1_0_, request->method == "HEAD"});
    write(After::linger);
  }

  void say_continue() {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    write(After::read_on);
  }

  // An answer to bytes that are no request, or that came too late: then the connection ends.
  void refuse_bytes(int status, const std::string& why) {
    keep_alive_ = false;
    const Answer answer{status, fmt::format(R"({{"success":false,"error":{{"code":"{}","message":"{}"}}}})",
                                            status == 408 ? "REQUEST_TIMEOUT" : status == 431 ? "HEADER_TOO_LARGE"
                                            : status == 505 ? "HTTP_VERSION_NOT_SUPPORTED" : status == 500 ? "INTERNAL_ERROR"
                                                                                                            : "BAD_REQUEST",
                                            why), {}};
    in_.clear();
    append_answer(out_, answer, {"none", edge_->date(), false, false, false});
    write(After::linger);
  }

  void write(After after) {
    if (after != After::read_on) {
      after_ = after;
      wait_until(Phase::writing, edge_->timeouts().body);
    }
    if (writing_) return;  // the write under way takes the rest along
    if constexpr (is_plain) {
      boost::system::error_code error;
      const auto count = stream_.write_some(net::buffer(out_), error);  // nearly always takes it all
      if (error && error != net::error::would_block) return close();
      out_.erase(0, error ? 0 : count);
      if (out_.empty()) return on_written(after);
    }
    writing_ = true;
    writing_now_.clear();
    writing_now_.swap(out_);
    net::async_write(stream_, net::buffer(writing_now_), [me = self_](const boost::system::error_code& error, std::size_t) {
      me->writing_ = false;
      if (error) return me->close();
      if (me->phase_ == Phase::streaming) return me->write_on();
      if (!me->out_.empty()) return me->write(me->after_);
      if (me->phase_ == Phase::writing) me->on_written(me->after_);
    });
  }

  void on_written(After after) {
    switch (after) {
      case After::read_on: return;  // 100 Continue: the reading goes on anyway
      case After::next_request: return begin_request();
      case After::linger: return linger();
    }
  }

  // --- a live stream

  void write_on() {
    if (writing_) return;
    if constexpr (is_plain) {
      boost::system::error_code error;
      while (!error && !output_.empty()) output_.wrote(stream_.write_some(net::buffer(output_.front()), error));
      if (error && error != net::error::would_block) return close();
    }
    if (output_.empty()) {
      deadline_ = never;
      if (stream_ends_) linger();
      return;
    }
    if (deadline_ == never) deadline_ = std::chrono::steady_clock::now() + limits::stream_stall_max;
    writing_ = true;
    stream_.async_write_some(net::buffer(output_.front()), [me = self_](const boost::system::error_code& error, std::size_t count) {
      me->writing_ = false;
      if (me->phase_ != Phase::streaming) return;
      if (error) return me->close();
      me->output_.wrote(count);
      me->deadline_ = never;  // it takes something: its time begins anew
      me->write_on();
    });
  }

  void cut_off() {
    if (auto* counter = edge_->counters().streams_cut_off; counter != nullptr) counter->add();
    close();
  }

  // Closing at once could make the kernel throw away an answer that the peer has not read yet.
  void linger() {
    if (phase_ == Phase::closed) return;
    wait_until(Phase::lingering, std::chrono::seconds{2});
    if constexpr (is_tls) {
      stream_.async_shutdown([me = self_](const boost::system::error_code&) { me->close(); });
    } else if constexpr (is_plain) {
      boost::system::error_code ignored;
      stream_.shutdown(PlainSocket::shutdown_send, ignored);
      read_more();
    } else {
      close();
    }
  }

  void close() {
    if (phase_ == Phase::closed) return;
    phase_ = Phase::closed;
    boost::system::error_code ignored;
    if constexpr (is_tls) stream_.next_layer().close(ignored);
    else if constexpr (is_plain) stream_.close(ignored);
    else stream_.close();
    edge_->give_up(number_);
    // Handlers that are still under way hold a reference; the last one to return destroys us.
    self_.reset();
  }

  Stream stream_;
  EdgePtr edge_;
  Listener listener_;
  std::string peer_;
  std::uint64_t number_ = 0;
  std::shared_ptr<Session> self_;
  Phase phase_ = Phase::idle;
  After after_ = After::next_request;
  std::chrono::steady_clock::time_point deadline_{};
  std::optional<RequestParser> parser_;
  std::string in_;           // bytes read and not yet parsed
  std::string out_;          // bytes to write
  std::string writing_now_;  // bytes that an asynchronous write is taking
  std::string own_buffer_;
  bool writing_ = false;
  StreamOutput output_;
  bool reading_ = false;
  bool stream_ends_ = false;  // with what is still to be written
  bool keep_alive_ = true;
  bool http_1_0_ = false;
};

}  // namespace denrei
