// Replies on their way back to the edge, and who may ask.
#include "denrei/actors/replies.hpp"

#include "denrei/base/hmac.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {

Reply make_refusal(RequestPtr request, SitePtr site, const LiveSource* source, const RefusalFacts& facts, EventPtr event) {
  // Unknown paths have no source: they speak the shape of protocol §2.2.
  const auto dialect = source != nullptr ? source->source.dialect : Dialect::acknowledgement;
  Reply reply{std::move(request), render_refusal(dialect, facts), Verdict::refused, facts.why};
  reply.source = source;
  reply.site = std::move(site);
  reply.event = std::move(event);
  reply.detail = facts.detail;
  if (reply.detail.empty() && !facts.violations.empty())
    reply.detail = facts.violations.front().field + " " + violation_text_en(facts.violations.front());
  return reply;
}

void say_reply(Reply reply) {
  const auto edge = reply.request->edge;
  RepliesReady ready;
  ready.replies.push_back(std::move(reply));
  caf::anon_send(edge, std::move(ready));
}

namespace {

// The ladder stands beside the sender: who may read may not for that reason hand in events.
bool includes(Role role, Role needed) noexcept {
  if (needed == Role::sender) return role != Role::reader;
  return role >= needed;
}

}  // namespace

bool is_authorized(const Site& site, Role needed, std::string_view authorization) noexcept {
  const auto token = bearer_token(authorization);
  bool granted = false;
  for (const auto& [role, secret] : site.tokens)  // every token is compared: the time says nothing about which matched
    granted |= includes(role, needed) && !token.empty() && equal_in_constant_time(token, secret.reveal());
  return granted;
}

bool is_authorized(const Site& site, Role needed, const InboundRequest& request) noexcept {
  if (request.has_console_session && includes(Role::op, needed)) return true;
  return is_authorized(site, needed, find_header(request.headers, "authorization"));
}

}  // namespace denrei
