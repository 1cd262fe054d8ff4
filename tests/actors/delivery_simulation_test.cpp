// Delivery under faults, in one thread from one seed: nothing accepted is lost, order is kept per key, every attempt is one of
// the same delivery, and once the faults stop everything drains.
//
// The order that is checked, at every arrival: no delivery of its lane with a smaller Denrei-Sequence stands in the outbox, but for
// dead letters that an operator has sent again; those arrive when they are re-sent. In a lane that blocks, no dead letter stands.
//
// Where waiting deliveries are coalesced, one may be left out for a newer one that stands in the outbox (watched_outbox.hpp looks at
// that). Limits by type only make it slower here; that they hold is in destination_limits_test.cpp, where time stands while actors run.
//
// DENREI_SEEDS says how many seeds (default 50), DENREI_SEED which one comes first.
#include <cstdlib>

#include "delivery_story.hpp"
#include "denrei/domain/aftermath.hpp"

namespace denrei::test {
namespace {

constexpr int events_max = 50;
constexpr std::uint64_t steps_min = 300, steps_more = 4'000;  // under faults; some stories end while much is under way

class Story final : public DeliveryStory {
 public:
  explicit Story(std::uint64_t seed) : DeliveryStory(seed) { open(make_world()); }
  ~Story() override { TearDown(); }

  void tell() {
    for (auto steps = steps_min + roll(steps_more); steps > 0; --steps) take_step();
    end_faults();
    const bool frees_lanes = one_in(2);
    settle();
    for (int round = 0; round < 300 && (round < 2 || !is_over()); ++round) {
      for (const auto& [name, why] : outbox_.registers("destinations"))
        caf::anon_send(seats_.at(name)->actor, DirectDestination{1, true, "the end", "operator"});
      if (frees_lanes) free_lanes();
      confirm_alerts();
      settle();
      live_on(500ms);
    }
    for (int i = 0; i < 3; ++i) live_on(6s);  // a partition that lost its outbox unnoticed finds out when it looks at its log
  }

  void check() {
    EXPECT_TRUE(is_over()) << "it does not drain";
    for (std::uint32_t p = 0; p < partitions; ++p) note_ends(p);
    for (const auto& [id, it] : expected_) check_end(id, it);
    EXPECT_EQ(ends_.size(), expected_.size()) << "deliveries of events that nobody sent";
    EXPECT_EQ(journal_.waiting(), 0u);
    EXPECT_EQ(asker_.count<DeadSettled>(), orders_) << "each order is answered once";
    for (const auto& [name, seat] : seats_) check_report(name);
  }

 private:
  // What an accepted event must become at one destination.
  struct Expected {
    EventPtr event;
    std::string destination;
    std::uint32_t partition = 0;
    std::uint64_t sequence = 0;          // in its lane
  };
  struct Ends { int delivered = 0, dead = 0, discarded = 0, pending = 0; };

  // --- the world

  std::shared_ptr<Site> make_world() {
    outbox_.page_heads = 1 + roll(4);
    outbox_.repeats_heads = one_in(2);
    auto site = std::make_shared<Site>(*ledger_site());
    auto routes = std::make_shared<Routes>();
    for (std::uint64_t i = 0, count = 2 + roll(3); i < count; ++i) {
      const auto d = make_destination("d" + std::to_string(i));
      site->destinations[d.name] = std::make_shared<LiveDestination>(LiveDestination{d, {Secret{first_secret}}, std::nullopt});
      if (one_in(3)) routes->push_back({.name = d.name + "-news", .destination = d.name, .types = {"ne*"}});
      routes->push_back({.name = d.name, .destination = d.name, .keys = one_in(4) ? std::vector<std::string>{"k0", "k1"} : std::vector<std::string>{}});
    }
    site->routes = routes;
    return site;
  }

  Destination make_destination(const std::string& name) {
    Destination d;
    d.name = name;
    d.url = "https://" + name + ".example.com/hook";
    d.signature = complete_signature_spec({.scheme = "hmac_body", .signature_header = "X-Signature", .timestamp_format = TimestampFormat::none}).value();
    d.secret = "SECRET";
    d.schedule = one_in(3) ? std::vector<Millis>{} : std::vector<Millis>{1s, 4s};
    d.give_up_on = {{OutcomePattern::Kind::status, 400}};
    d.rounds = one_in(3) ? 3 : 1;
    d.round_wait = 20s;
    d.jitter = one_in(3) ? 0.5 : 0;
    d.retry_after_max = 10s;
    d.rate = one_in(3) ? 4 : 0;
    d.concurrency = static_cast<std::uint32_t>(1 + roll(6));
    d.order = std::array{LaneOrder::fifo_skip, LaneOrder::fifo_skip, LaneOrder::fifo_block, LaneOrder::unordered}[roll(4)];
    d.breaker_failures = one_in(2) ? 3 : 0;
    d.breaker_open = 3s;
    if (one_in(4)) d.pending_max = 4;
    if (one_in(4)) d.dead_max = 2;
    d.exhausted = one_in(2) ? Severity::critical : Severity::none;
    if (one_in(3)) d.coalesce = {one_in(2) ? "news" : "*"};
    if (one_in(3)) d.limits = {{one_in(2) ? "ne*" : "*", static_cast<std::uint32_t>(1 + roll(4)), Millis{500 + roll(1'500)}}};
    return d;
  }

  const Destination& settings(const std::string& name) { return site_->destinations.at(name)->destination; }
  bool keeps_order(const std::string& name) { return settings(name).order != LaneOrder::unordered; }

  // --- events

  // One entry of the log, with one event or two of one key; now and then nobody hands it over.
  void accept() override {
    if (!up_ || made_ >= events_max) return;
    const auto key = "k" + std::to_string(roll(keys));
    const auto p = partition_of("ledger", key, partitions);
    std::vector<AppendRecord> records;
    std::vector<EventPtr> events;
    for (auto count = 1 + roll(2); count > 0; --count) {
      auto body = ledger_body(key, ++made_, one_in(2) ? "made" : "news");
      auto json = parse_json(body).value();
      EventPtr event = make_event(ledger_source(), body, std::move(json), now).value();
      records.push_back({event->id, event->received_at, event->body_hash, encode_event(*event), false, {}});
      expect_deliveries(event, p);
      events.push_back(std::move(event));
    }
    const auto reply = journal_.log(partition_tag(p)).append(records, std::to_string(1'000 + made_ * 7 % 997), now, std::chrono::hours(72));
    EventsAppended fact{reply.previous, reply.last, {}};
    for (std::size_t i = 0; i < events.size(); ++i) fact.events.push_back({reply.outcomes[i].seq, events[i]});
    if (!one_in(10)) caf::anon_send(partitions_[p], std::move(fact));
  }

  void expect_deliveries(const EventPtr& event, std::uint32_t p) {
    std::set<std::string> known;
    for (const auto& route : *site_->routes) {
      if (!matches(route, *event) || !known.insert(route.destination).second) continue;
      const auto sequence = ++sequences_[{route.destination, event->key}];
      const auto id = make_delivery_id(event->id, route.destination, route.name);
      EXPECT_TRUE(expected_.emplace(id.text(), Expected{event, route.destination, p, sequence}).second) << "two deliveries with one id";
    }
  }

  // --- what is checked at each arrival

  void on_arrival(const std::string& destination, const Arrival& arrival) override {
    const auto at = expected_.find(arrival.id);
    ASSERT_NE(at, expected_.end()) << arrival.id << " came from nowhere";
    const auto& it = at->second;
    EXPECT_EQ(destination, it.destination);
    EXPECT_EQ(arrival.sequence, it.sequence);
    EXPECT_EQ(arrival.body, it.event->body);
    const auto& receiver = *seats_.at(destination)->receiver;
    EXPECT_FALSE(receiver.is_answering(arrival.id)) << arrival.id << " is under way twice";
    if (keeps_order(destination)) check_order(arrival, it, receiver);
  }

  void check_order(const Arrival& arrival, const Expected& it, const SimReceiver& receiver) {
    for (const auto& [id, other] : expected_) {
      if (other.destination != it.destination || other.event->key != it.event->key) continue;
      EXPECT_FALSE(id != arrival.id && receiver.is_answering(id)) << "two of one lane are under way";
    }
    const auto tag = partition_tag(it.partition);
    for (const auto& [raw, record] : outbox_.records(tag, OutboxPart::pending)) {
      const auto head = decode_delivery_head(record).value();
      if (head.destination != it.destination || head.key != it.event->key || head.resends > 0) continue;
      EXPECT_GE(head.lane_sequence, it.sequence) << arrival.id << " overtook " << head.id.text();
    }
    for (const auto& [raw, record] : outbox_.records(tag, OutboxPart::dead)) {
      const auto head = decode_delivery_head(record).value();
      const bool is_in_lane = head.destination == it.destination && head.key == it.event->key;
      EXPECT_FALSE(is_in_lane && must_block(head)) << arrival.id << " passed " << head.id.text() << ", which blocks its lane";
    }
  }

  [[nodiscard]] bool must_block(const DeliveryHead& head) {
    return settings(head.destination).order == LaneOrder::fifo_block && head.dead != DeadReason::pending_limit;
  }

  // --- the end

  void live_on(Millis time) {
    advance(time);
    settle();
  }

  [[nodiscard]] bool is_blocked(std::uint32_t p, const DeliveryHead& head) {
    const auto& dead = outbox_.records(partition_tag(p), OutboxPart::dead);
    return std::any_of(dead.begin(), dead.end(), [this, &head](const auto& it) {
      const auto other = decode_delivery_head(it.second).value();
      return must_block(other) && other.destination == head.destination && other.key == head.key;
    });
  }

  [[nodiscard]] bool is_over() {
    if (!outbox_.registers("destinations").empty()) return false;  // one is disabled
    for (std::uint32_t p = 0; p < partitions; ++p) {
      if (journal_.log(partition_tag(p)).cursor != journal_.log(partition_tag(p)).last) return false;
      for (const auto& [raw, record] : outbox_.records(partition_tag(p), OutboxPart::pending))
        if (!is_blocked(p, decode_delivery_head(record).value())) return false;
      for (const auto& [raw, record] : outbox_.records(partition_tag(p), OutboxPart::dead))
        if (decode_delivery_head(record).value().alert_due) return false;
    }
    return true;
  }

  void free_lanes() {
    for (std::uint32_t p = 0; p < partitions; ++p) {
      std::vector<DeliveryId> ids;
      for (const auto& [raw, record] : outbox_.records(partition_tag(p), OutboxPart::dead))
        if (const auto head = decode_delivery_head(record).value(); must_block(head)) ids.push_back(head.id);
      if (!ids.empty()) order(p, ReviveDead{3, ids, "operator"});
    }
  }

  // --- what has become of everything

  void note_ends(std::uint32_t p) {
    auto& log = journal_.log(partition_tag(p));
    for (const auto& [number, record] : log.history.texts) note(record, &Ends::delivered);
    for (const auto& [raw, record] : log.dead) note(record, &Ends::dead);
    for (const auto& [raw, record] : log.outbox) note(record, &Ends::pending);
    for (const auto& [number, text] : log.audit.texts) {
      const auto entry = parse_json(text).value();
      if (find_string(entry->root(), "/action") == "delivery_discarded") ++ends_[std::string(find_string(entry->root(), "/deliveryId"))].discarded;
    }
  }

  void note(const std::string& record, int Ends::*end) {
    const auto delivery = decode_delivery(record).value();
    const auto& head = delivery.head;
    ++(ends_[head.id.text()].*end);
    EXPECT_EQ(delivery.attempts.size(), std::min<std::size_t>(head.attempts, limits::attempts_kept_max));
    for (std::size_t i = 0; i < delivery.attempts.size(); ++i)
      EXPECT_EQ(delivery.attempts[i].number, head.attempts - delivery.attempts.size() + 1 + i) << head.id.text();
    if (head.dead == DeadReason::superseded) {
      EXPECT_TRUE(end == &Ends::delivered && is_coalesced(settings(head.destination), head.type)) << head.id.text();
    } else if (end == &Ends::delivered) {
      EXPECT_TRUE(seats_.at(head.destination)->receiver->has_taken(head.id.text())) << head.id.text() << " was never taken";
    }
    EXPECT_EQ(head.blocks_lane, end == &Ends::dead && must_block(head)) << head.id.text();
    if (end == &Ends::dead && burial_severity(settings(head.destination), head) != Severity::none) {
      EXPECT_TRUE(alarmed_.contains(head.id)) << "nobody heard of " << head.id.text();
    }
  }

  void check_end(const std::string& id, const Expected& it) {
    const auto& ends = ends_[id];
    EXPECT_EQ(ends.delivered + ends.dead + ends.discarded + ends.pending, 1)
        << id << " to " << it.destination << ": delivered " << ends.delivered << ", dead " << ends.dead << ", discarded " << ends.discarded
        << ", pending " << ends.pending;
  }

  void check_report(const std::string& name) {
    caf::send_as(asker_.actor(), seats_.at(name)->actor, ReportDestination{1});
    settle();
    ASSERT_FALSE(asker_.all<DestinationReport>().empty());
    const auto report = asker_.all<DestinationReport>().back();
    std::uint64_t pending = 0, dead = 0;
    for (std::uint32_t p = 0; p < partitions; ++p) {
      for (const auto& [raw, record] : outbox_.records(partition_tag(p), OutboxPart::pending)) pending += decode_delivery_head(record)->destination == name;
      for (const auto& [raw, record] : outbox_.records(partition_tag(p), OutboxPart::dead)) dead += decode_delivery_head(record)->destination == name;
    }
    EXPECT_EQ(report.pending, pending) << name;
    EXPECT_EQ(report.dead, dead) << name;
    EXPECT_EQ(report.in_flight, 0u) << name;
  }

  int made_ = 0;
  std::map<std::string, Expected> expected_;  // by webhook-id
  std::map<std::pair<std::string, std::string>, std::uint64_t> sequences_;  // by destination and key
  std::map<std::string, Ends> ends_;
};

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(DeliverySimulation, LosesNothingAndKeepsTheOrder) {
  const auto first = number_from("DENREI_SEED", 1);
  const auto count = number_from("DENREI_SEEDS", std::getenv("DENREI_SEED") != nullptr ? 1 : 50);
  for (auto seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("to replay: DENREI_SEED=" + std::to_string(seed) + " test_actors --gtest_filter='DeliverySimulation.*'");
    Story story(seed);
    story.tell();
    story.check();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace denrei::test
