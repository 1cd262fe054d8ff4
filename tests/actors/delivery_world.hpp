// The way out under virtual time: a real Partition, Dispatcher, Destinations and Attempts over a store and receivers in memory.
//
// Shape   class DestinationTest : public DeliveryWorld; open({…destinations…}); accept("k1", 3); client("d").sent()
// Rules   the journal answers at once unless the test says otherwise; every HTTP answer is planned or given by hand
#pragma once
#include "denrei/actors/destination.hpp"
#include "denrei/actors/dispatcher.hpp"
#include "denrei/actors/partition.hpp"
#include "support/actor_world.hpp"
#include "support/fake_http_client.hpp"
#include "support/fake_outbox.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {

// A destination that signs over the body and retries everything after 1, 5 and 30 minutes.
inline Destination plain_destination(const std::string& name) {
  Destination d;
  d.name = name;
  d.url = "https://" + name + ".example.com/hook";
  d.signature = complete_signature_spec({.scheme = "hmac_body", .signature_header = "X-Signature", .timestamp_format = TimestampFormat::none}).value();
  d.secret = "SECRET";
  d.schedule = {1min, 5min, 30min};
  d.exhausted = Severity::critical;
  return d;
}

class DeliveryWorld : public ActorWorld {
 protected:
  struct Receiver {
    FakeHttpClient client;
    DestinationMeter meter;
    DestinationActor actor;
    Counter delivered, retried, given_up, superseded;
    Histogram duration, delay;
  };

  // Destinations and the Dispatcher hold each other's handles, and through them the recorders': all must be told to go.
  void SetUp() override {
    for (const auto& actor : {alerts.actor(), desk.actor(), observer.actor(), asker.actor()}) keep(actor);
  }

  // One route per destination takes everything.
  void open(const std::vector<Destination>& destinations, bool start = true) {
    auto site = std::make_shared<Site>(*ledger_site());
    auto routes = std::make_shared<Routes>();
    for (const auto& d : destinations) {
      site->destinations[d.name] = std::make_shared<LiveDestination>(LiveDestination{d, {Secret{first_secret}}, std::nullopt});
      routes->push_back({.name = d.name, .destination = d.name});
    }
    site->routes = routes;
    site_ = site;
    if (start) spawn_all();
  }

  void spawn_all() {
    std::map<std::string, caf::actor> handles;
    for (const auto& [name, live] : site_->destinations) {
      auto& r = *receivers.try_emplace(name, std::make_unique<Receiver>()).first->second;
      r.meter.delivered = &r.delivered;
      r.meter.retried = &r.retried;
      r.meter.given_up = &r.given_up;
      r.meter.superseded = &r.superseded;
      r.meter.attempt_duration = &r.duration;
      r.meter.delivery_delay = &r.delay;
      r.actor = keep(spawn_destination(stage, meter("Destination"),
                                       {.name = name, .site = site_, .client = r.client, .registers = outbox, .attempt_meter = attempts,
                                        .meter = r.meter, .alerts = alerts.actor(), .observer = observer.actor(), .clock = clock()}));
      handles[name] = caf::actor_cast<caf::actor>(r.actor);
    }
    dispatcher = keep(spawn_dispatcher(stage, meter("Dispatcher"),
                                       {.index = 0, .site = site_, .outbox = outbox, .destinations = handles, .alerts = alerts.actor(),
                                        .desk = desk.actor(), .observer = observer.actor(), .clock = clock()}));
    partition = keep(spawn_partition(stage, meter("Partition"),
                                     {.index = 0, .node = "node-1", .take_over = true, .journal = journal, .shelf = journal,
                                      .key_meters = {{Effect::ledger, &keys}}, .site = site_,
                                      .dispatcher = caf::actor_cast<caf::actor>(dispatcher), .observer = observer.actor(),
                                      .applied = &counter, .stale = &counter, .failed = &counter, .apply_delay = &histogram, .clock = clock()}));
    for (auto& [name, handle] : handles) caf::anon_send(handle, StoreChanged{true, {}});
    caf::anon_send(partition, StartPartition{});
    settle();
  }

  // As after kill -9: every actor is gone, the store stays, requests under way are never answered.
  void start_again() {
    for (auto& [name, r] : receivers) {
      end(caf::actor_cast<caf::actor>(r->actor));
      r->client.forget_waiting();
    }
    end(caf::actor_cast<caf::actor>(dispatcher));
    end(caf::actor_cast<caf::actor>(partition));
    run();
    scheduler.clock().cancel_all();
    spawn_all();
  }

  void settle() {
    do run();
    while (journal.deliver() > 0);
  }

  // Appends an event of that key, applies it and hands it on. The body carries `n`, and as many bytes more as are asked for.
  EventPtr accept(const std::string& key, int n, const std::string& type = "made", std::size_t filling = 0) {
    auto body = ledger_body(key, n, type);
    if (filling > 0) body.insert(body.size() - 1, R"(,"filling":")" + std::string(filling, 'x') + '"');
    auto json = parse_json(body).value();
    EventPtr event = make_event(ledger_source(), body, std::move(json), now).value();
    const auto reply = log().append({{event->id, event->received_at, event->body_hash, encode_event(*event), false, {}}},
                                    std::to_string(1'000 + ++appended), now, std::chrono::hours(72));
    caf::anon_send(partition, EventsAppended{reply.previous, reply.last, {{reply.outcomes.front().seq, event}}});
    settle();
    return event;
  }

  FakeHttpClient& client(const std::string& name) { return receivers.at(name)->client; }
  DestinationMeter& meter_of(const std::string& name) { return receivers.at(name)->meter; }
  // The `n` of each request that a receiver got, for one key or for all.
  std::vector<int> arrived(const std::string& name, const std::string& key = {}) {
    std::vector<int> out;
    for (const auto& request : client(name).sent()) {
      const auto json = parse_json(request.body).value();
      if (key.empty() || find_string(json->root(), "/key") == key) out.push_back(static_cast<int>(find(json->root(), "/n")->as_int64()));
    }
    return out;
  }
  static std::string header(const OutboundRequest& request, std::string_view name) {
    for (const auto& h : request.headers)
      if (h.name == name) return h.value;
    return {};
  }

  FakeLog& log() { return journal.log("p0"); }
  std::map<std::string, std::string>& pending() { return outbox.records("p0", OutboxPart::pending); }
  std::map<std::string, std::string>& dead() { return outbox.records("p0", OutboxPart::dead); }
  Delivery only(std::map<std::string, std::string>& records) { return decode_delivery(records.begin()->second).value(); }

  FakeJournal journal{Answers::at_once};
  FakeOutbox outbox{journal};
  SitePtr site_;
  std::map<std::string, std::unique_ptr<Receiver>> receivers;
  ActorMeter attempts{"Attempt", "attempts", "", {}, {}, {}, {}, {}, {}, {}};
  ActorMeter keys{"Ledger", "Ledgers", "", {}, {}, {}, {}, {}, {}, {}};
  Counter counter;
  Histogram histogram;
  Recorder<RaiseAlert> alerts{system};
  Recorder<ResendEnded> desk{system};
  Recorder<PartitionChanged, Drained> observer{system};
  Recorder<DeadListed, DeadSettled, DestinationReport, PendingListed> asker{system};
  Dispatcher dispatcher;
  Partition partition;
  int appended = 0;
};

}  // namespace denrei::test
