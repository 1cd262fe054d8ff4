// libcurl's multi interface on an event loop: its sockets in one private epoll set that the loop watches, its time-outs on one timer.
// Nothing blocks and there is no thread of ours (libcurl looks names up in threads of its own).
//
// Shape   make_shared<CurlLoop>(io, connections_max, ended); start(); add(easy); ended(easy, code) later, then remove(easy)
// Limits  connections_max connections at a time and kept; transfers beyond that wait for one, within their time-out
// Errors  a handle that cannot be added ends with CURLE_FAILED_INIT, later like every other
// Source  curl_multi_socket_action(3). One thread: the one that runs the io_context
#pragma once
#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

namespace denrei {

struct CloseEasyHandle {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using EasyHandle = std::unique_ptr<CURL, CloseEasyHandle>;

// What holds for every transfer of ours: TLS 1.2 or newer, certificate and host checked against `ca_file` (empty: the system's
// roots) or nothing, `proxy` (empty: none) whatever the environment says, no signals, and no waiting for a name that is late.
void set_transport_options(CURL* easy, const std::string& ca_file, const std::string& proxy);

class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
 public:
  using Ended = std::function<void(CURL*, CURLcode)>;
  CurlLoop(boost::asio::io_context& io, std::size_t connections_max, Ended ended);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  void start();
  void add(CURL* easy);
  void end_later(CURL* easy, CURLcode code);  // as if it had been added and had ended so
  void remove(CURL* easy) noexcept;
  // After every handle was removed; nobody is called any more. May be called within `ended`.
  void stop() noexcept;

  // Sockets that go on to carry other transfers stay in the epoll set between them: two system calls less for each transfer.
  // For that we must know when they are closed: CURLOPT_CLOSESOCKETFUNCTION is close_socket, with this object.
  void keep_watching(curl_socket_t socket);
  static int close_socket(void* loop, curl_socket_t socket) noexcept;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Executor = boost::asio::io_context::executor_type;
  using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;
  struct CloseMulti {
    void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
  };
  struct Watch {
    std::uint32_t set = 0;     // what epoll looks for
    bool is_wanted = false;    // libcurl does
    bool is_kept = false;
  };

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* loop, void* unused);
  static int on_timeout(CURLM* multi, long timeout_ms, void* loop);
  void watch(curl_socket_t socket, std::uint32_t events);
  void unwatch(curl_socket_t socket);
  void wait_for_sockets();
  void on_ready();
  void touch(curl_socket_t socket, std::uint32_t events);
  void kick();
  void arm(TimePoint at);
  void on_timer();
  void act(curl_socket_t socket, int events);
  void tell_ended();

  boost::asio::io_context& io_;
  Ended ended_;
  std::unordered_map<curl_socket_t, Watch> watches_;
  std::vector<std::pair<CURL*, CURLcode>> end_later_;
  boost::asio::posix::basic_stream_descriptor<Executor> epoll_;
  Timer timer_;
  TimePoint due_ = TimePoint::max();    // when libcurl wants to be called
  TimePoint armed_ = TimePoint::max();  // when the timer fires: not later than that, mostly long before a time-out that is never reached
  bool is_kicked_ = false, is_stopped_ = false;
  std::unique_ptr<CURLM, CloseMulti> multi_;
};

}  // namespace denrei
