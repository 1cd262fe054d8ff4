// Console: hands out the operator's web page and its sessions.
//
// GET  /console, /console/<file>     the page, open to everybody: it holds nothing but itself
// GET  /console?token=<one-time>     once: a session, and on to /console
// POST /console/session              {"token": operator's or admin's} -> 204 and a session; DELETE ends it in this browser
//
// Limits  a session lives session_life and not beyond the process
// Errors  401 with a problem that says what to do
// Source  design §7 (/console), notes on the console (SameSite=Strict, CSP default-src 'self')
#pragma once
#include <map>
#include <string>

#include "denrei/actors/messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/hmac.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/ports/clock.hpp"

namespace denrei {

using Console = caf::typed_actor<caf::reacts_to<Serve>>;

struct ConsoleFile {
  std::string_view content_type;
  std::string_view body;
};

struct ConsoleOptions {
  std::map<std::string, ConsoleFile, std::less<>> files;  // "index.html", "console.js" …
  std::shared_ptr<const HmacSha256> key;                   // signs sessions; the Receivers know it too
  Secret one_time_token;                                   // empty: there is none
  Clock clock;
};

Console spawn_console(const Stage& stage, ActorMeter& meter, ConsoleOptions options);

}  // namespace denrei
