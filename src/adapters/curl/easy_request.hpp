// One request as libcurl wants it: the easy handle and everything that it points to, with the rules that hold for all of ours.
#pragma once
#include <curl/curl.h>
#include <memory>

#include "denrei/adapters/curl/simple_http.hpp"

namespace denrei {

class EasyRequest {
 public:
  explicit EasyRequest(HttpRequest request) : request_(std::move(request)) {}
  EasyRequest(const EasyRequest&) = delete;  // libcurl holds pointers into this
  EasyRequest& operator=(const EasyRequest&) = delete;

  // Once, before the handle is used. Invalid: a header that cannot be sent.
  [[nodiscard]] Result<void> set_up();
  [[nodiscard]] CURL* handle() const noexcept { return easy_.get(); }
  // What came of it, by the code that libcurl ended with.
  [[nodiscard]] Result<HttpReply> finish(CURLcode code);

 private:
  struct CloseEasy {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };
  Result<void> add_headers();
  bool add_line(const std::string& line);
  void set_options();

  HttpRequest request_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  HttpReply reply_;
  char reason_[CURL_ERROR_SIZE] = {};
  std::unique_ptr<CURL, CloseEasy> easy_;  // last: goes before what it points to
};

}  // namespace denrei
