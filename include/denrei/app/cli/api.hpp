// Asking a server's API from a command: with a role's token, answers as JSON, refusals as sentences.
//
// Shape   Api::make({url, token}, context) -> api; api.read("/ops/jobs"), api.order("/ops/jobs/job_1/cancel", body) -> text and JSON;
//         api.get("/api/employees/S-1") -> status and body, for those to whom a 404 is an answer
// Rules   a GET that is answered 429 or 5xx is repeated twice, after 1 s and 2 s or as long as Retry-After says, at most 10 s; one that
//         is not answered only where the asker waits for the server. An order is never repeated: it may have been heard. Except where
//         each order has an id by which the server knows it again
// Errors  said on `err`; the value is the exit code: 2 a 400, 4 no token or refused, 5 no answer, 6 a 404 with its reason, else 1
#pragma once
#include <boost/json/value.hpp>
#include <string>

#include "denrei/app/cli/commands.hpp"
#include "denrei/base/secret.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {

template <class T>
using OrExit = tl::expected<T, Exit>;

inline constexpr const char* reader_token_name = "DENREI_READER_TOKEN";
inline constexpr const char* operator_token_name = "DENREI_OPERATOR_TOKEN";
inline constexpr const char* sender_token_name = "DENREI_SENDER_TOKEN";

// RFC 3986: everything but unreserved characters.
[[nodiscard]] std::string percent_encode(std::string_view text);

struct ApiOptions {
  std::string url;
  const char* token_name = reader_token_name;
  bool waits_for_server = false;
  bool repeats_orders = false;   // they have ids; repeated as a GET is
};

struct ApiAnswer {
  std::string text;          // as received
  json::value root;
};

class Api {
 public:
  [[nodiscard]] static OrExit<Api> make(ApiOptions options, CliContext& context);
  [[nodiscard]] OrExit<HttpReply> get(const std::string& target);
  [[nodiscard]] OrExit<ApiAnswer> read(const std::string& target);
  // `about` begins the sentence in which a refusal is said: which of several things was meant.
  [[nodiscard]] OrExit<ApiAnswer> order(const std::string& target, std::string body, const std::string& about = {});
  [[nodiscard]] OrExit<ApiAnswer> put(const std::string& target, std::string body, const std::string& about = {});
  // A 2xx with JSON, or the refusal said.
  [[nodiscard]] OrExit<ApiAnswer> accept(HttpReply reply, const std::string& about = {});

 private:
  Api(ApiOptions options, Secret token, CliContext& context) : options_(std::move(options)), token_(std::move(token)), context_(&context) {}
  [[nodiscard]] HttpRequest make_request(const char* method, const std::string& target) const;
  [[nodiscard]] OrExit<HttpReply> ask(const HttpRequest& request, bool repeats);
  [[nodiscard]] OrExit<ApiAnswer> hand_over(const char* method, const std::string& target, std::string body, const std::string& about);
  [[nodiscard]] OrExit<HttpReply> take(Result<HttpReply> reply);
  [[nodiscard]] Exit refuse(const HttpReply& reply, const std::string& about);
  ApiOptions options_;       // url without a slash at its end
  Secret token_;
  CliContext* context_;
};

}  // namespace denrei
