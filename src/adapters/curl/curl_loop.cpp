// The multi handle between epoll and Asio.
#include "denrei/adapters/curl/curl_loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <boost/asio/post.hpp>

namespace denrei {
namespace {

constexpr std::size_t events_per_turn = 64;           // then the loop's other sockets get theirs
constexpr std::chrono::seconds roots_kept{3'600};     // then a changed file of roots counts, without a restart

bool has_root_file() {
  static const bool known = curl_version_info(CURLVERSION_NOW)->cainfo != nullptr;
  return known;
}

CURLM* make_multi() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);  // safe beside other threads since libcurl 7.84
  return ready == CURLE_OK ? curl_multi_init() : nullptr;
}

}  // namespace

void set_transport_options(CURL* easy, const std::string& ca_file, const std::string& proxy) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // else the loop would wait for a name's thread when its time is up
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file.c_str());
  // Parsed roots are kept only if they come from a file alone; and a file of ours must not be widened by the system's folder.
  if (!ca_file.empty() || has_root_file()) curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, static_cast<long>(roots_kept.count()));
  curl_easy_setopt(easy, CURLOPT_PROXY, proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
}

CurlLoop::CurlLoop(boost::asio::io_context& io, std::size_t connections_max, Ended ended)
    : io_(io), ended_(std::move(ended)), epoll_(io.get_executor()), timer_(io.get_executor()), multi_(make_multi()) {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  boost::system::error_code error;
  if (set >= 0) epoll_.assign(set, error);
  if (error) ::close(set);
  if (!epoll_.is_open()) multi_.reset();  // then every transfer ends with CURLE_FAILED_INIT
  if (multi_ == nullptr) return;
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &CurlLoop::on_socket);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &CurlLoop::on_timeout);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(connections_max));
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(connections_max));
}

CurlLoop::~CurlLoop() { stop(); }

void CurlLoop::start() {
  if (multi_ != nullptr) wait_for_sockets();
}

void CurlLoop::stop() noexcept {
  is_stopped_ = true;
  multi_.reset();  // closes its connections, through close_socket
  end_later_.clear();
  boost::system::error_code ignored;
  epoll_.close(ignored);
  timer_.cancel();
}

void CurlLoop::add(CURL* easy) {
  if (multi_ == nullptr || curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) end_later(easy, CURLE_FAILED_INIT);
}

void CurlLoop::end_later(CURL* easy, CURLcode code) {
  end_later_.emplace_back(easy, code);
  kick();
}

void CurlLoop::remove(CURL* easy) noexcept {
  if (multi_ != nullptr) curl_multi_remove_handle(multi_.get(), easy);
  std::erase_if(end_later_, [easy](const auto& end) { return end.first == easy; });
}

// --- what libcurl asks for

int CurlLoop::on_socket(CURL*, curl_socket_t socket, int what, void* loop, void*) {
  auto& self = *static_cast<CurlLoop*>(loop);
  if (what == CURL_POLL_REMOVE) self.unwatch(socket);
  else self.watch(socket, ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u));
  return 0;
}

void CurlLoop::watch(curl_socket_t socket, std::uint32_t events) {
  auto& watch = watches_[socket];
  watch.is_wanted = true;
  if (watch.set == events) return;
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  // A socket that cannot be watched shows as a time-out of its transfer.
  if (::epoll_ctl(epoll_.native_handle(), watch.set == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event) == 0) watch.set = events;
}

void CurlLoop::unwatch(curl_socket_t socket) {
  const auto at = watches_.find(socket);
  if (at == watches_.end()) return;
  at->second.is_wanted = false;
  if (at->second.is_kept && at->second.set == EPOLLIN) return;  // the next transfer will want the same
  if (at->second.set != 0) ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
  at->second.set = 0;
  if (!at->second.is_kept) watches_.erase(at);
}

void CurlLoop::keep_watching(curl_socket_t socket) { watches_[socket] = {.is_kept = true}; }

int CurlLoop::close_socket(void* loop, curl_socket_t socket) noexcept {
  static_cast<CurlLoop*>(loop)->watches_.erase(socket);  // closing takes it out of the epoll set
  return ::close(socket);
}

int CurlLoop::on_timeout(CURLM*, long timeout_ms, void* loop) {
  auto& self = *static_cast<CurlLoop*>(loop);
  self.due_ = TimePoint::max();
  if (timeout_ms == 0) self.kick();
  if (timeout_ms <= 0) return 0;
  self.due_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  if (self.due_ < self.armed_) self.arm(self.due_);
  return 0;
}

// --- what the event loop says

void CurlLoop::wait_for_sockets() {
  epoll_.async_wait(boost::asio::posix::descriptor_base::wait_read, [weak = weak_from_this()](boost::system::error_code error) {
    if (const auto self = weak.lock(); self && !error) self->on_ready();
  });
}

void CurlLoop::on_ready() {
  if (multi_ == nullptr) return;
  std::array<epoll_event, events_per_turn> events;
  const int count = ::epoll_wait(epoll_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) touch(events[static_cast<std::size_t>(i)].data.fd, events[static_cast<std::size_t>(i)].events);
  tell_ended();
  if (multi_ != nullptr) wait_for_sockets();
}

void CurlLoop::touch(curl_socket_t socket, std::uint32_t events) {
  const auto at = watches_.find(socket);
  if (at == watches_.end()) return;  // closed earlier in this turn
  if (!at->second.is_wanted) {       // a kept connection was closed by the other side: libcurl finds out before it uses it
    ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
    at->second.set = 0;
    return;
  }
  const bool is_broken = (events & (EPOLLERR | EPOLLHUP)) != 0;  // then reading or writing says what is wrong
  act(socket, (is_broken || (events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) | (is_broken || (events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0));
}

void CurlLoop::kick() {
  if (is_kicked_) return;
  is_kicked_ = true;
  boost::asio::post(io_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->is_kicked_ = false;
    self->act(CURL_SOCKET_TIMEOUT, 0);
    self->tell_ended();
  });
}

void CurlLoop::arm(TimePoint at) {
  armed_ = at;
  timer_.expires_at(at);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    if (const auto self = weak.lock(); self && !error) self->on_timer();
  });
}

void CurlLoop::on_timer() {
  const auto now = std::chrono::steady_clock::now();
  if (now < armed_) return;  // had fired when it was set anew
  armed_ = TimePoint::max();
  if (due_ == TimePoint::max()) return;
  if (now < due_) return arm(due_);
  due_ = TimePoint::max();
  act(CURL_SOCKET_TIMEOUT, 0);
  tell_ended();
}

void CurlLoop::act(curl_socket_t socket, int events) {
  int running = 0;
  if (multi_ != nullptr) curl_multi_socket_action(multi_.get(), socket, events, &running);
}

void CurlLoop::tell_ended() {
  for (const auto& [easy, code] : std::exchange(end_later_, {})) {
    if (is_stopped_) return;
    ended_(easy, code);
  }
  int left = 0;
  while (multi_ != nullptr) {
    const auto* message = curl_multi_info_read(multi_.get(), &left);
    if (message == nullptr) return;
    if (message->msg != CURLMSG_DONE) continue;
    ended_(message->easy_handle, message->data.result);  // both are copied before the message goes with the handle
  }
}

}  // namespace denrei
