// What we need of the world to deliver: one HTTP exchange at a time, measured, with an address guard. And mail.
//
// Shape   client.send(request, done): done is called once, later, on the thread that asked; never after the client is gone
// Units   times in microseconds since the start of the exchange
// Limits  answer_body_kept bytes of the answer are kept, answer_headers_kept of its headers; more than answer_body_max is too_large
// Errors  none of its own: whatever goes wrong is an AttemptError and a text. Redirects are answers like any other
// Source  protocol §3 (common to all destinations)
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "denrei/base/secret.hpp"
#include "denrei/domain/destination.hpp"
#include "denrei/ports/journal.hpp"

namespace denrei {

// A signature of AWS, version 4, over the request as it is sent; the client makes it, with the time of sending and the body's SHA-256.
// Path and query of the URL must be encoded as it is signed: everything but A-Z a-z 0-9 - _ . ~ / as %XX, the query sorted by name.
struct AwsSignature {
  std::string region;                   // "us-east-1"
  std::string service = "s3";
  std::string access_key;
  Secret secret_key;
};

struct OutboundRequest {
  std::string method = "POST";
  std::string url;
  std::vector<OwnedHeader> headers;
  std::string body;
  Millis connect_timeout{10'000};
  Millis timeout{30'000};               // of the whole exchange
  std::optional<AwsSignature> aws;      // nothing: unsigned
};

struct Exchange {
  int status = 0;                       // 0: no answer
  AttemptError error = AttemptError::none;
  std::string error_text;
  std::string address;                  // really connected to, without port
  std::string headers;                  // lines, as received, without the status line
  std::string body;                     // its head
  std::uint64_t body_bytes = 0;         // that came, kept or not
  std::string retry_after;              // the header's value; empty: none
  std::uint32_t dns_us = 0, connect_us = 0, tls_us = 0, first_byte_us = 0, total_us = 0;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  virtual void send(OutboundRequest request, std::function<void(Exchange)> done) = 0;
};

struct Mail {
  std::string server;                   // smtp://host:25, smtps://host:465
  bool starttls = true;                 // smtp://: refuse to go on without it
  std::string user;                     // empty: no authentication
  Secret password;
  std::string ca_file;                  // PEM; empty: the system's
  std::string from;                     // address
  std::vector<std::string> to;          // addresses; none: nothing is sent, only asked whether the server lets us in
  std::string subject;                  // UTF-8
  std::string text;                     // UTF-8
  std::string message_id;               // unique, without <>
  WallTime date{};
  Millis timeout{10'000};
};

// denied: the server will not have us, or not that sender. invalid: it will not have this mail, or only for some recipients: it is not
// to be sent again. Anything else may be better later.
class Mailer {
 public:
  virtual ~Mailer() = default;
  virtual void send(Mail mail, Done<void> done) = 0;
};

}  // namespace denrei
