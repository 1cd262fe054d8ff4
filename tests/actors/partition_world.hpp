// A Partition over a journal in memory whose answers the test gives by hand, and logic that notes what it was asked.
#pragma once
#include "denrei/actors/partition.hpp"
#include "denrei/base/packing.hpp"
#include "support/actor_world.hpp"
#include "support/fake_journal.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {

// Counts its events like the ledger, and writes down whom it decided.
class NotingLogic final : public KeyLogic {
 public:
  NotingLogic(std::vector<std::string>& decided, std::string_view packed) : decided_(decided) {
    if (!packed.empty()) count_ = Unpacker(packed).u64();
  }
  Decision decide(const Event& event) override {
    ++count_;
    decided_.push_back(event.body);
    Decision d;
    if (event.type == "news") d.notifications.push_back({"level99", event.id, event.received_at, R"({"n":1})"});
    if (event.type == "echo") d.notifications.push_back({"level99", event.id, event.received_at, event.body});
    if (event.type == "old") d.outcome = Outcome::stale;
    return d;
  }
  std::string encode_state() const override { return Packer().u64(count_).take(); }

 private:
  std::vector<std::string>& decided_;
  std::uint64_t count_ = 0;
};

class PartitionWorld : public ActorWorld {
 protected:
  void SetUp() override { partition = spawn_one(); }

  Partition spawn_one(const std::string& node = "node-1", bool take_over = false) {
    KeyLogicFactory make = [this](Effect, std::string_view, std::string_view state) -> Result<std::unique_ptr<KeyLogic>> {
      return std::make_unique<NotingLogic>(decided, state);
    };
    return keep(spawn_partition(stage, meter("Partition"),
                                {.index = 0, .node = node, .take_over = take_over, .journal = journal, .shelf = journal,
                                 .key_meters = {{Effect::ledger, &keys}}, .inboxes = {{"level99", inbox.actor()}},
                                 .observer = observer.actor(), .applied = &applied, .stale = &stale, .failed = &failed,
                                 .apply_delay = &delay, .clock = clock(), .make_logic = std::move(make)}));
  }

  void start() {
    caf::anon_send(partition, StartPartition{});
    settle();
  }
  // Until neither the actors nor the journal have anything to do.
  void settle() {
    do run();
    while (journal.deliver() > 0);
  }

  // One entry of the log, as a Scribe's append makes it.
  EventsAppended append(const std::vector<std::string>& keys_of_events, const std::string& type = "made") {
    std::vector<AppendRecord> records;
    std::vector<EventPtr> events;
    for (const auto& key : keys_of_events) {
      auto body = ledger_body(key, ++made, type);
      bodies.push_back(body);
      auto json = parse_json(body).value();
      EventPtr event = make_event(ledger_source(), body, std::move(json), now).value();
      records.push_back({event->id, event->received_at, event->body_hash, encode_event(*event), false, {}});
      events.push_back(std::move(event));
    }
    const auto reply = log().append(records, std::to_string(1'000 + made * 7 % 997), now, std::chrono::hours(72));
    EventsAppended fact{reply.previous, reply.last, {}};
    for (std::size_t i = 0; i < events.size(); ++i) fact.events.push_back({reply.outcomes[i].seq, events[i]});
    return fact;
  }
  void hand_over(EventsAppended fact) { caf::anon_send(partition, std::move(fact)); }

  FakeLog& log() { return journal.log("p0"); }

  // The bodies that the logic has decided for one key, in that order.
  std::vector<std::string> decided_of(const std::string& key) const { return of_key(decided, key); }
  std::vector<std::string> appended_of(const std::string& key) const { return of_key(bodies, key); }

  // What the store holds of a key: its count, and the positions of its timeline.
  std::uint64_t count_of(const std::string& key) {
    const auto at = log().states.find(file_field("ledger", key));
    return at == log().states.end() ? 0 : Unpacker(open_key_file(at->second).value().state).u64();
  }
  std::vector<std::uint64_t> positions_of(const std::string& key) {
    const auto field = file_field("ledger", key);
    const auto file = open_key_file(log().states.at(field)).value();
    std::string packed;
    for (std::uint32_t chunk = 0; chunk < file.lines / limits::timeline_chunk_lines; ++chunk) packed += log().timeline.at(chunk_field(field, chunk));
    std::vector<std::uint64_t> out;
    const auto lines = unpack_lines(packed + file.tail).value();
    for (const auto& line : lines) out.push_back(line.position);
    return out;
  }
  // Every event of the log stands exactly once in its key's timeline, in log order.
  void expect_everything_applied_once() {
    std::map<std::string, std::vector<std::uint64_t>> wanted;
    for (const auto& entry : log().entries) {
      auto seq = entry.first;
      const auto events = decode_batch(entry.blob).value();
      for (const auto& event : events) wanted[event->key].push_back(seq++);
    }
    for (const auto& [key, positions] : wanted) {
      EXPECT_EQ(positions_of(key), positions) << key;
      EXPECT_EQ(count_of(key), positions.size()) << key;
    }
    EXPECT_EQ(log().cursor, log().last);
  }
  bool is_ready() { return !changes().empty() && changes().back().ready; }
  std::vector<PartitionChanged>& changes() { return observer.all<PartitionChanged>(); }

  FakeJournal journal{Answers::by_hand};
  ActorMeter keys{"Ledger", "Ledgers", "", {}, {}, {}, {}, {}, {}, {}};
  Counter applied, stale, failed;
  Histogram delay;
  Recorder<PartitionChanged, Drained> observer{system};
  Recorder<Relay, RelayPending> inbox{system};
  Recorder<AppliedNow> asker{system};
  Partition partition;
  std::vector<std::string> decided;
  std::vector<std::string> bodies;
  int made = 0;

 private:
  static std::vector<std::string> of_key(const std::vector<std::string>& all, const std::string& key) {
    std::vector<std::string> out;
    for (const auto& body : all)
      if (body.find("\"key\":\"" + key + "\"") != std::string::npos) out.push_back(body);
    return out;
  }
};

}  // namespace denrei::test
