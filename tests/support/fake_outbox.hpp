// An outbox, a chronicle and registers in memory, over the logs of a FakeJournal: its commits and tokens count here, both share
// one queue of answers and one outage. Another FakeOutbox over the same journal sees the same store, as after a restart.
//
// Shape   FakeJournal journal{Answers::by_hand}; FakeOutbox outbox(journal); outbox.settle(…); journal.deliver(1)
// Limits  the tests' own; history and audit stream are cut exactly here, in Redis by whole nodes
// Errors  fail_next(OutboxCall::settle, fault, Acted::yes), crash_next_settle(), journal.away(); everything else as dn1.lua
#pragma once
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "denrei/base/limits.hpp"
#include "denrei/ports/chronicle.hpp"
#include "denrei/ports/outbox.hpp"
#include "support/fake_journal.hpp"

namespace denrei::test {

enum class OutboxCall : std::uint8_t { scan, fetch, settle, find_event, delivered, audit, all, put };

class FakeOutbox final : public Outbox, public Chronicle, public Registers {
 public:
  using Values = std::vector<std::pair<std::string, std::string>>;
  explicit FakeOutbox(FakeJournal& journal) : journal_(journal) {}

  // --- what tests turn
  std::size_t page_heads = limits::outbox_page;
  bool repeats_heads = false;  // each page begins with the last head of the one before it
  std::uint64_t history_keep = limits::history_keep, audit_keep = limits::audit_keep;
  void fail_next(OutboxCall call, Fault fault, Acted acted = Acted::no) { faults_[call] = {std::move(fault), acted}; }
  void crash_next_settle() noexcept { crash_settle_ = true; }  // throws before it has done anything, as a bug in an adapter would
  void stop_faults() {
    faults_.clear();
    crash_settle_ = false;
  }
  [[nodiscard]] std::size_t calls(OutboxCall call) const {
    const auto at = calls_.find(call);
    return at == calls_.end() ? 0 : at->second;
  }
  [[nodiscard]] std::map<std::string, std::string>& records(const LogTag& tag, OutboxPart part) {
    return part == OutboxPart::pending ? journal_.logs_[tag].outbox : journal_.logs_[tag].dead;
  }
  [[nodiscard]] std::map<std::string, std::string>& registers(const std::string& group) { return journal_.registers_[group]; }

  // --- Outbox
  void scan(const LogTag& tag, OutboxPart part, std::string cursor, Done<OutboxPage> done) override {
    answer(OutboxCall::scan, tag, std::move(done), [&] { return page_of(records(tag, part), cursor); });
  }
  void fetch(const LogTag& tag, OutboxPart part, std::vector<std::string> ids, Done<Blobs> done) override {
    answer(OutboxCall::fetch, tag, std::move(done), [&] {
      Blobs blobs;
      for (const auto& id : ids) {
        const auto at = records(tag, part).find(id);
        blobs.push_back(at == records(tag, part).end() ? std::nullopt : std::optional(at->second));
      }
      return Result<Blobs>(std::move(blobs));
    });
  }
  void settle(const LogTag& tag, Settlement settlement, Done<void> done) override {
    if (std::exchange(crash_settle_, false)) throw std::runtime_error("planned crash");
    answer(OutboxCall::settle, tag, std::move(done), [&] { return settle_in(journal_.logs_[tag], settlement); });
  }

  // --- Chronicle
  void find_event(const LogTag& tag, const EventId& id, Done<FoundEvent> done) override {
    answer(OutboxCall::find_event, tag, std::move(done), [&] { return find_in(journal_.logs_[tag], id); });
  }
  void delivered(const LogTag& tag, std::uint64_t before, std::size_t count, Done<Numbered> done) override {
    answer(OutboxCall::delivered, tag, std::move(done), [&] { return newest_of(journal_.logs_[tag].history, before, count); });
  }
  void audit(const LogTag& tag, std::uint64_t before, std::size_t count, Done<Numbered> done) override {
    answer(OutboxCall::audit, tag, std::move(done), [&] { return newest_of(journal_.logs_[tag].audit, before, count); });
  }

  // --- Registers
  void all(const std::string& group, Done<Values> done) override {
    answer(OutboxCall::all, "ctl", std::move(done), [&] { return Result<Values>(Values(registers(group).begin(), registers(group).end())); });
  }
  void put(const std::string& group, std::string name, std::string value, Done<void> done) override {
    answer(OutboxCall::put, "ctl", std::move(done), [&]() -> Result<void> {
      if (journal_.full_ && !value.empty()) return fail(FaultCode::overloaded, "OOM");
      if (value.empty()) registers(group).erase(name);
      else registers(group)[name] = std::move(value);
      return {};
    });
  }

 private:
  template <class T, class Act>
  void answer(OutboxCall call, const LogTag& tag, Done<T> done, Act act) {
    ++calls_[call];
    journal_.answer(tag, std::move(done), journal_.refused(tag), [&] { return journal_.failing<T>(faults_[call], act); });
  }

  [[nodiscard]] Result<OutboxPage> page_of(const std::map<std::string, std::string>& all, const std::string& cursor) {
    const auto known = cursors_.find(cursor);
    if (cursor != "0" && known == cursors_.end()) return fail(FaultCode::invalid, "DNARGS scan");
    auto at = all.begin();
    if (cursor != "0") at = repeats_heads ? all.lower_bound(known->second) : all.upper_bound(known->second);
    OutboxPage page{"0", {}};
    std::string last;
    for (const auto room = page_heads + (repeats_heads ? 1 : 0); at != all.end() && page.heads.size() < room; ++at) {
      page.heads.push_back(at->second.substr(0, at->second.size() < 2 ? 2 : 2 + std::size_t{Unpacker(at->second).u16()}));
      last = at->first;
    }
    if (at == all.end()) return page;
    page.next = std::to_string(cursors_.size() + 1);
    cursors_[page.next] = std::move(last);
    return page;
  }

  [[nodiscard]] static bool is_well_formed(const Settlement& settlement) {
    constexpr std::size_t most = 1'000;
    for (const auto& change : settlement.changes) {
      const bool has_record = change.kind != OutboxChange::Kind::finish && change.kind != OutboxChange::Kind::discard;
      if (change.id.size() != 16 || (has_record && change.record.empty())) return false;
    }
    return settlement.changes.size() <= most && settlement.delivered.size() <= most && settlement.audit.size() <= most;
  }

  [[nodiscard]] Result<void> settle_in(FakeLog& log, const Settlement& settlement) const {
    if (!is_well_formed(settlement)) return fail(FaultCode::invalid, "DNARGS settle");
    if (auto owned = log.check_owner(settlement.token); !owned) return owned;
    log.history.add(settlement.delivered, history_keep);
    log.audit.add(settlement.audit, audit_keep);
    for (const auto& change : settlement.changes) apply(log, change);
    return {};
  }

  static void apply(FakeLog& log, const OutboxChange& change) {
    switch (change.kind) {
      case OutboxChange::Kind::update:
        if (log.outbox.contains(change.id)) log.outbox[change.id] = change.record;
        return;
      case OutboxChange::Kind::finish: log.outbox.erase(change.id); return;
      case OutboxChange::Kind::bury:
        log.outbox.erase(change.id);
        log.dead[change.id] = change.record;
        return;
      case OutboxChange::Kind::revive:
        if (log.dead.erase(change.id) > 0) log.outbox[change.id] = change.record;
        return;
      case OutboxChange::Kind::amend:
        if (log.dead.contains(change.id)) log.dead[change.id] = change.record;
        return;
      case OutboxChange::Kind::discard: log.dead.erase(change.id); return;
    }
  }

  [[nodiscard]] static Result<FoundEvent> find_in(const FakeLog& log, const EventId& id) {
    const auto* meta = log.find(id);
    if (meta == nullptr) return FoundEvent{};
    for (const auto& entry : log.entries) {
      auto seq = entry.first;
      for (const auto record : split_texts(entry.blob)) {
        if (record.size() >= 18 && record.substr(2, 16) == id.raw()) return FoundEvent{true, meta->received_at, seq, std::string(record)};
        ++seq;
      }
    }
    return FoundEvent{.known = true, .received_at = meta->received_at};
  }

  [[nodiscard]] static Result<Numbered> newest_of(const FakeNumbered& stream, std::uint64_t before, std::size_t count) {
    Numbered out;
    const auto end = before == 0 ? stream.texts.end() : stream.texts.lower_bound(before);
    for (auto at = std::make_reverse_iterator(end); at != stream.texts.rend() && out.size() < count; ++at) out.push_back(*at);
    return out;
  }

  FakeJournal& journal_;
  std::map<OutboxCall, FakeJournal::PlannedFault> faults_;
  std::map<OutboxCall, std::size_t> calls_;
  std::map<std::string, std::string> cursors_;  // cursor -> last id that was given
  bool crash_settle_ = false;
};

}  // namespace denrei::test
