// What a channel says to the world, and what the world's answers come to. When it is said: channel.cpp.
#pragma once
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/actors/channel.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {

[[nodiscard]] inline OutboundRequest make_json_request(const Channel& channel, std::string_view url, std::string body) {
  OutboundRequest request;
  request.url = url;
  request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "denrei/" DENREI_VERSION}};
  request.body = std::move(body);
  request.connect_timeout = channel.timeout;
  request.timeout = channel.timeout;
  return request;
}

// The text alone: it begins with a mark of its own, and the contract fixes it to the letter.
[[nodiscard]] inline OutboundRequest make_slack_request(const LiveChannel& live, const AlertMessage& message) {
  const auto text = word_alert(live.channel, message).text;
  return make_json_request(live.channel, live.secret.reveal(), JsonObject(text.size() + 32).text("text", text).take());
}

// Signed as Standard Webhooks says, with the id that the alert has at each try.
[[nodiscard]] inline Result<OutboundRequest> make_webhook_request(const LiveChannel& live, const AlertMessage& message, WallTime now) {
  auto request = make_json_request(live.channel, live.channel.url, alert_event_json(live.channel, message));
  const auto id = "alert_" + make_alert_id(live.channel, message).hex();
  if (live.secret.empty()) {
    request.headers.push_back({"webhook-id", id});
    return request;
  }
  const auto spec = complete_signature_spec({.scheme = "standard_webhooks"});
  if (!spec) return tl::unexpected(spec.error());
  const auto key = make_signature_key(*spec, live.secret);
  if (!key) return tl::unexpected(key.error());
  for (auto& header : sign_request(*spec, *key, now, id, request.body)) request.headers.push_back(std::move(header));
  return request;
}

// What is the same for every mail by this provider; without addressees it only asks to be let in.
[[nodiscard]] inline Mail make_mail(const LiveService& live, std::size_t number) {
  const auto& provider = live.service.providers[number];
  Mail mail;
  mail.server = provider.url;
  mail.starttls = provider.starttls;
  mail.user = provider.user;
  mail.password = live.secrets[number];
  mail.ca_file = provider.ca_file;
  mail.from = provider.from;
  mail.timeout = live.service.timeout;
  return mail;
}

// Every try carries the same id and date, whichever provider sends it, so that a mailbox which got an earlier one can tell.
[[nodiscard]] inline Mail make_alert_mail(const LiveChannel& live, const LiveService& service, std::size_t provider, const AlertMessage& message) {
  const std::string_view from = service.service.providers.front().from;
  auto mail = make_mail(service, provider);
  auto words = word_alert(live.channel, message);
  mail.to = live.channel.to;
  mail.subject = std::move(words.subject);
  mail.text = std::move(words.text);
  mail.message_id = fmt::format("{}.{}@{}", to_unix_ms(message.made_at), make_alert_id(live.channel, message).hex(), from.substr(from.rfind('@') + 1));
  mail.date = message.made_at;
  return mail;
}

[[nodiscard]] inline ChannelTryEnded judge_exchange(std::uint64_t number, Exchange exchange) {
  const bool answered = exchange.error == AttemptError::none;
  if (answered && exchange.status / 100 == 2) return {number, JobOutcome::done, {}, {}};
  auto why = answered ? fmt::format("HTTP {}", exchange.status)
                      : fmt::format("{}: {}", attempt_error_name(exchange.error), exchange.error_text);
  return {number, JobOutcome::again, std::move(why), std::move(exchange.retry_after)};
}

// What the server calls wrong will not become right by being said again; a server that will not have us at all is not the only one.
[[nodiscard]] inline ChannelTryEnded judge_mail(std::uint64_t number, const Result<void>& result) {
  if (result) return {number, JobOutcome::done, {}, {}};
  const auto& fault = result.error();
  const auto outcome = fault.code == FaultCode::denied    ? JobOutcome::refused
                       : fault.code == FaultCode::invalid ? JobOutcome::bad_job
                                                          : JobOutcome::again;
  return {number, outcome, fault.detail, {}};
}

}  // namespace denrei
