// libcurl's multi interface, polled.
#include "denrei/adapters/curl/parallel_http.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "easy_request.hpp"

namespace denrei {
namespace {

struct CloseMulti {
  void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};

class CurlMulti final : public ParallelHttp {
 public:
  explicit CurlMulti(int wake_descriptor) : wake_(wake_descriptor), multi_(curl_multi_init()) {}
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;
  ~CurlMulti() override {
    for (const auto& [handle, flight] : flights_) curl_multi_remove_handle(multi_.get(), handle);
  }

  void start(std::size_t ticket, HttpRequest request) override {
    auto easy = std::make_unique<EasyRequest>(std::move(request));
    if (auto ready = easy->set_up(); !ready) return ended_.push_back({ticket, tl::unexpected(ready.error())});
    auto* handle = easy->handle();
    if (multi_ == nullptr || curl_multi_add_handle(multi_.get(), handle) != CURLM_OK)
      return ended_.push_back({ticket, fail(FaultCode::io, "libcurl cannot be set up")});
    flights_[handle] = {ticket, std::move(easy)};
  }

  std::vector<HttpEnded> wait(std::chrono::milliseconds at_most) override {
    collect();
    if (ended_.empty() && at_most.count() > 0) {
      poll(at_most);
      collect();
    }
    return std::exchange(ended_, {});
  }

 private:
  struct Flight {
    std::size_t ticket = 0;
    std::unique_ptr<EasyRequest> easy;
  };

  void collect() {
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      auto* handle = message->easy_handle;
      const auto code = message->data.result;  // the message goes with the handle
      const auto at = flights_.find(handle);
      if (at == flights_.end()) continue;
      curl_multi_remove_handle(multi_.get(), handle);
      ended_.push_back({at->second.ticket, at->second.easy->finish(code)});
      flights_.erase(at);
    }
  }

  void poll(std::chrono::milliseconds at_most) {
    curl_waitfd wake{wake_, CURL_WAIT_POLLIN, 0};
    const auto timeout = static_cast<int>(std::min<std::int64_t>(at_most.count(), 60'000));
    curl_multi_poll(multi_.get(), wake_ < 0 ? nullptr : &wake, wake_ < 0 ? 0u : 1u, timeout, nullptr);
    if (wake.revents != 0) wake_ = -1;  // it stays readable and would end every further wait
  }

  int wake_;
  std::unique_ptr<CURLM, CloseMulti> multi_;
  std::map<CURL*, Flight> flights_;
  std::vector<HttpEnded> ended_;
};

}  // namespace

std::unique_ptr<ParallelHttp> make_parallel_http(int wake_descriptor) { return std::make_unique<CurlMulti>(wake_descriptor); }

}  // namespace denrei
