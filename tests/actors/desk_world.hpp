// A Desk before two partitions and two destinations that only listen: tests answer for them, or let them answer as they would.
//
// Shape   class DeskJobsTest : public DeskWorld; bury(0, {...}); get("/ops/…"), post("/ops/…", "{…}"); go_on()
#pragma once
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "../../src/actors/dead_index.hpp"
#include "denrei/actors/desk.hpp"
#include "support/actor_world.hpp"
#include "support/fake_outbox.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {

inline const std::string admin_token = "admin-token-of-at-least-32-characters";

struct DeliveryParts {
  std::string destination = "voicedrive";
  std::string key = "E1";
  std::uint64_t seq = 1;
  int status = 500;                    // of its last attempt; 0: there was none
  std::string type = "made";
  DeadReason dead = DeadReason::alive;
};

class DeskWorld : public ActorWorld {
 protected:
  using DispatcherEar = Recorder<ListDead, ReviveDead, DiscardDead, WriteAudit>;
  using DestinationEar = Recorder<ReportDestination, DirectDestination, ListPending>;

  void SetUp() override {
    site = desk_site();
    desk = keep(spawn_desk(stage, meter("Desk"),
                           {.site = site, .outbox = outbox, .chronicle = outbox,
                            .destinations = {{"records", records.actor()}, {"voicedrive", voicedrive.actor()}}, .clock = clock(),
                            .events_remembered = std::chrono::hours{48}}));
    caf::anon_send(desk, DispatchersOpened{{dispatchers[0].actor(), dispatchers[1].actor()}});
  }

  static Destination destination(const std::string& name, double rate) {
    Destination d;
    d.name = name;
    d.url = "https://" + name + ".example.com/hook";
    d.schedule = {1min, 5min, 30min};
    d.rate = rate;
    return d;
  }
  static std::shared_ptr<Site> desk_site() {
    auto out = std::make_shared<Site>(*ledger_site());
    out->tokens.emplace(Role::admin, Secret{admin_token});
    for (const auto& d : {destination("voicedrive", 5), destination("records", 0)})
      out->destinations[d.name] = std::make_shared<LiveDestination>(LiveDestination{d, {}, std::nullopt});
    out->routes = std::make_shared<Routes>(
        Routes{{.name = "made", .destination = "voicedrive", .types = {"made"}}, {.name = "all", .destination = "records", .sources = {"ledger"}, .types = {"m*"}}});
    return out;
  }

  // --- operators

  void ask(const std::string& method, const std::string& target, std::string body = {}, const std::string& token = operator_token) {
    RequestParts parts{.edge = edge.actor(), .method = method, .target = target, .body = std::move(body), .listener = Listener::operations};
    if (!token.empty()) parts.headers.emplace_back("Authorization", "Bearer " + token);
    caf::anon_send(desk, Serve{make_request(parts), site});
    run();
  }
  const Answer& get(const std::string& target) {
    ask("GET", target);
    go_on();
    return last();
  }
  const Answer& post(const std::string& target, const std::string& body = {}) {
    ask("POST", target, body);
    go_on();
    return last();
  }
  const Answer& last() { return edge.all<RepliesReady>().back().replies.front().answer; }
  std::size_t answers() { return edge.count<RepliesReady>(); }
  json::value last_json() { return json::parse(last().body); }
  std::vector<std::string> ids(const json::value& list, const char* member = "id") {
    std::vector<std::string> out;
    for (const auto& item : list.at("data").as_array()) out.emplace_back(item.at(member).as_string());
    return out;
  }
  // Follows `next` to the end.
  std::vector<std::string> all_pages(const std::string& target, const char* member = "id") {
    std::vector<std::string> out;
    std::string cursor;
    for (int page = 0; page < 500; ++page) {
      EXPECT_EQ(get(target + cursor).status, 200) << last().body;
      if (last().status != 200) break;
      const auto body = last_json();
      for (auto& id : ids(body, member)) out.push_back(std::move(id));
      if (body.at("next").is_null()) return out;
      cursor = "&cursor=" + std::string(body.at("next").as_string());
    }
    ADD_FAILURE() << "the pages do not end";
    return out;
  }

  // --- deliveries in the store

  static EventId event_of(std::size_t partition, const DeliveryParts& parts) {
    return make_event_id("ledger", std::to_string(partition) + "/" + std::to_string(parts.seq));
  }
  static DeliveryId id_of(std::size_t partition, const DeliveryParts& parts) {
    return make_delivery_id(event_of(partition, parts), parts.destination, parts.destination == "voicedrive" ? "made" : "all");
  }
  Delivery make_delivery(std::size_t partition, const DeliveryParts& parts) {
    Delivery d;
    d.head = {.id = id_of(partition, parts), .event = event_of(partition, parts), .seq = parts.seq, .destination = parts.destination,
              .route = parts.destination == "voicedrive" ? "made" : "all", .source = "ledger", .family = "ledger", .key = parts.key, .type = parts.type,
              .received_at = now, .due = now, .ended_at = now};
    d.head.last_status = parts.status;
    d.head.dead = parts.dead;
    d.body = R"({"key":")" + parts.key + "\"}";
    if (parts.status == 0) return d;
    d.head.attempts = d.head.round_attempts = 1;
    d.attempts.push_back({.number = 1, .started_at = now, .status = parts.status, .answer_body = "sorry\nand more"});
    return d;
  }
  static std::string tag(std::size_t partition) { return "p" + std::to_string(partition); }
  void put(std::size_t partition, OutboxPart part, const Delivery& d) { outbox.records(tag(partition), part)[std::string(d.head.id.raw())] = encode_delivery(d); }
  void put_pending(std::size_t partition, const Delivery& d) { put(partition, OutboxPart::pending, d); }
  DeliveryId bury(std::size_t partition, DeliveryParts parts) {
    if (parts.dead == DeadReason::alive) parts.dead = DeadReason::exhausted;
    const auto d = make_delivery(partition, parts);
    put(partition, OutboxPart::dead, d);
    dead[partition].put(d.head);
    return d.head.id;
  }
  void put_delivered(std::size_t partition, const Delivery& d) { journal.log(tag(partition)).history.add({encode_delivered(d)}, 100'000); }

  // --- those who are asked

  // Answers as Dispatchers would, until nobody has anything to say. Destinations answer for themselves in the tests.
  void go_on() {
    do {
      run();
      for (std::size_t p = 0; p < 2; ++p) answer_for_dispatcher(p);
      for (auto* ear : {&voicedrive, &records}) answer_for_destination(*ear);
      run();
    } while (something_asked());
  }
  bool something_asked() {
    bool any = false;
    for (auto& d : dispatchers) any = any || d.count<ListDead>() + (settles ? d.count<ReviveDead>() + d.count<DiscardDead>() : 0) > 0;
    return any || voicedrive.count<ReportDestination>() + records.count<ReportDestination>() > 0;
  }

  void answer_for_dispatcher(std::size_t p) {
    const auto partition = static_cast<std::uint32_t>(p);
    for (const auto& order : std::exchange(dispatchers[p].all<ListDead>(), {})) {
      DeadListed out{order.ticket, partition, is_open[p], 0, {}};
      if (is_open[p]) dead[p].list(order, out);
      listed.push_back(order);
      caf::anon_send(desk, std::move(out));
    }
    if (!settles) return;
    for (const auto& order : std::exchange(dispatchers[p].all<ReviveDead>(), {})) settle(p, order.ticket, order.ids, revived);
    for (const auto& order : std::exchange(dispatchers[p].all<DiscardDead>(), {})) settle(p, order.ticket, order.ids, discarded);
  }
  void settle(std::size_t p, std::uint64_t ticket, const std::vector<DeliveryId>& ids, std::vector<DeliveryId>& into) {
    DeadSettled out{ticket, static_cast<std::uint32_t>(p), is_open[p], {}};
    for (const auto& id : ids)
      if (is_open[p] && dead[p].remove(id)) out.done.push_back(id);
    for (const auto& id : out.done) {
      outbox.records(tag(p), OutboxPart::dead).erase(std::string(id.raw()));
      into.push_back(id);
    }
    caf::anon_send(desk, std::move(out));
  }
  void answer_for_destination(DestinationEar& ear) {
    auto& report = &ear == &voicedrive ? voicedrive_report : records_report;
    for (const auto& order : std::exchange(ear.all<ReportDestination>(), {})) caf::anon_send(desk, (report.ticket = order.ticket, report));
  }
  std::vector<json::value> audit() {
    std::vector<json::value> out;
    for (const auto& order : dispatchers[0].all<WriteAudit>()) out.push_back(json::parse(order.entry));
    return out;
  }

  SitePtr site;
  FakeJournal journal;
  FakeOutbox outbox{journal};
  DispatcherEar dispatchers[2]{DispatcherEar(system), DispatcherEar(system)};
  DestinationEar voicedrive{system}, records{system};
  DestinationReport voicedrive_report{.name = "voicedrive", .breaker = "closed"};
  DestinationReport records_report{.name = "records", .breaker = "closed"};
  DeadIndex dead[2];
  bool is_open[2]{true, true};
  bool settles = true;                 // orders are answered
  std::vector<ListDead> listed;
  std::vector<DeliveryId> revived, discarded;
  Recorder<RepliesReady> edge{system};
  Desk desk;
};

}  // namespace denrei::test
