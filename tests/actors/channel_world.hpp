// What the tests of channels share: one channel, the world around it, and alerts to send.
#pragma once
#include "denrei/actors/channel.hpp"
#include "denrei/base/encoding.hpp"
#include "support/actor_world.hpp"
#include "support/fake_http_client.hpp"
#include "support/line_keeper.hpp"

namespace denrei::test {

// How an inbox of the tests behaves, and what it got.
struct InboxScript {
  bool answers = true;
  bool ok = true;
  std::vector<Notification> posts;
};

inline caf::behavior scripted_inbox(caf::event_based_actor* self, const std::shared_ptr<InboxScript>& script) {
  return {[self, script](const PostNotification& order) {
    script->posts.push_back(order.notification);
    if (script->answers) caf::anon_send(caf::actor_cast<caf::actor>(self->current_sender()), NotificationPosted{order.number, script->ok});
  }};
}

class ChannelTest : public ActorWorld {
 protected:
  // --- the site
  void put_channel(Channel channel, const std::string& secret = {}) {
    auto changed = std::make_shared<Site>(*site);
    const auto name = channel.name;
    changed->channels[name] = std::make_shared<LiveChannel>(LiveChannel{std::move(channel), Secret{secret}});
    site = changed;
  }
  void put_service(Service service) {
    auto changed = std::make_shared<Site>(*site);
    std::vector<Secret> secrets;
    for (const auto& provider : service.providers) secrets.emplace_back(provider.secret);
    const auto name = service.name;
    changed->services[name] = std::make_shared<LiveService>(LiveService{std::move(service), std::move(secrets)});
    site = changed;
  }
  void reload() { say(SiteChanged{site}); }

  // --- the channel
  void start(Channel channel, const std::string& secret = {}) {
    const auto name = channel.name;
    put_channel(std::move(channel), secret);
    tested = keep(spawn_tested(name));
    run();
  }
  ChannelActor spawn_tested(const std::string& name) {
    return spawn_channel(stage, channel_meter, {.site = site, .name = name, .client = &client, .mailer = mailer, .inbox = inbox, .fan_out = fan_out.actor(),
                                                .registry = registry.actor(), .service_meters = {{"mail", &service_meter}}, .log = &log, .sent = &sent,
                                                .failed = &failed, .clock = clock()});
  }
  template <class Fact>
  void say(Fact fact) {
    caf::anon_send(tested, std::move(fact));
    run();
  }

  // --- alerts
  AlertMessage message(std::uint64_t number) const {
    const auto text = "text " + std::to_string(number);
    return {number, {.destination = "voicedrive", .severity = Severity::critical, .subject = "subject", .text = text, .channels = {},
                     .subject_en = "subject in English", .text_en = text + " in English"}, 1, made_at, std::nullopt};
  }
  void send(AlertMessage sent_message) { say(SendAlert{std::make_shared<const AlertMessage>(std::move(sent_message)), asker.actor()}); }
  void send(std::uint64_t number) { send(message(number)); }
  void answer(Exchange exchange) {
    ASSERT_TRUE(client.answer(std::move(exchange)));
    run();
  }
  // The numbers of those that it is done with.
  std::vector<std::uint64_t> ended() {
    std::vector<std::uint64_t> numbers;
    for (const auto& fact : asker.all<AlertEnded>()) numbers.push_back(fact.number);
    return numbers;
  }
  bool verifies(const OutboundRequest& request, const std::string& secret) const {
    const auto spec = complete_signature_spec({.scheme = "standard_webhooks"});
    std::vector<HmacSha256> keys;
    keys.push_back(std::move(*make_signature_key(*spec, Secret{secret})));
    std::vector<Header> headers;
    for (const auto& header : request.headers) headers.push_back({header.name, header.value});
    return verify_signature(*spec, keys, headers, request.body, now) == Credentials::valid;
  }

  std::shared_ptr<const Site> site = std::make_shared<Site>();
  FakeHttpClient client;
  FakeMailer mailer;
  LineKeeper log;
  Counter sent, failed;
  ServiceMeter service_meter;
  std::shared_ptr<InboxScript> inbox_script = std::make_shared<InboxScript>();
  caf::actor inbox = system.spawn(scripted_inbox, inbox_script);
  Recorder<Publish> fan_out{system};
  Recorder<ServiceReported> registry{system};
  Recorder<AlertEnded, ChannelDrained> asker{system};
  ActorMeter& channel_meter = meter("Channel");
  ChannelActor tested;
  const WallTime made_at = from_unix_ms(1'759'999'999'000);
};

}  // namespace denrei::test
