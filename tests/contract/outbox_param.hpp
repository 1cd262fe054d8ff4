// What the contract tests of outbox, chronicle and registers share: calls that wait for their answer, and short ways to make records.
#pragma once
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "contract/journal_param.hpp"

namespace denrei::test {

using Kind = OutboxChange::Kind;

// A delivery id as the store sees one: 16 raw bytes.
inline std::string delivery_id(std::string_view name) { return std::string(make_event_id("delivery", name).raw()); }
// A record as far as the store knows one: length of the head, head, the rest.
inline std::string head_of(std::string_view head) { return Packer().u16(static_cast<std::uint16_t>(head.size())).raw(head).take(); }
inline std::string delivery(std::string_view head, std::string_view rest = "attempts and body") { return head_of(head) + std::string(rest); }

class OutboxTest : public JournalTest {
 protected:
  // Owns the partition on first use.
  const std::string& token() {
    if (token_.empty()) token_ = acquire()->token;
    return token_;
  }
  Result<void> settle(Settlement settlement) {
    return ask<void>([&](auto done) { rig_->outbox().settle(tag, std::move(settlement), std::move(done)); });
  }
  Result<void> settle(std::vector<OutboxChange> changes) { return settle({token(), std::move(changes), {}, {}}); }
  Result<OutboxPage> scan(OutboxPart part, const std::string& cursor = "0") {
    return ask<OutboxPage>([&](auto done) { rig_->outbox().scan(tag, part, cursor, std::move(done)); });
  }
  std::multiset<std::string> all_heads(OutboxPart part) {
    std::multiset<std::string> heads;
    std::string cursor = "0";
    do {
      auto page = scan(part, cursor).value();
      heads.insert(page.heads.begin(), page.heads.end());
      cursor = page.next;
    } while (cursor != "0");
    return heads;
  }
  Result<Blobs> fetch(OutboxPart part, std::vector<std::string> ids) {
    return ask<Blobs>([&](auto done) { rig_->outbox().fetch(tag, part, std::move(ids), std::move(done)); });
  }
  std::optional<std::string> pending(std::string_view name) { return fetch(OutboxPart::pending, {delivery_id(name)}).value().front(); }
  std::optional<std::string> dead(std::string_view name) { return fetch(OutboxPart::dead, {delivery_id(name)}).value().front(); }
  Result<Numbered> delivered(std::uint64_t before, std::size_t count) {
    return ask<Numbered>([&](auto done) { rig_->chronicle().delivered(tag, before, count, std::move(done)); });
  }
  Result<Numbered> audit(std::uint64_t before, std::size_t count) {
    return ask<Numbered>([&](auto done) { rig_->chronicle().audit(tag, before, count, std::move(done)); });
  }
  Result<FoundEvent> find(const EventId& id) {
    return ask<FoundEvent>([&](auto done) { rig_->chronicle().find_event(tag, id, std::move(done)); });
  }
  Result<Pairs> all(const std::string& group) {
    return ask<Pairs>([&](auto done) { rig_->registers().all(group, std::move(done)); });
  }
  Result<void> put(const std::string& group, std::string name, std::string value) {
    return ask<void>([&](auto done) { rig_->registers().put(group, std::move(name), std::move(value), std::move(done)); });
  }
  // Commits records as the outbox of one event.
  void commit_records(const Pairs& records) {
    static_cast<void>(token());
    const auto upto = append({record("event " + std::to_string(++events_))})->last;
    Commit c{.token = token_, .expected = std::exchange(cursor_, upto), .upto = upto};
    c.outbox = records;
    ASSERT_TRUE(commit(std::move(c)));
  }
  void commit_deliveries(const std::vector<std::string>& names) {
    Pairs records;
    for (const auto& name : names) records.emplace_back(delivery_id(name), delivery(name));
    commit_records(records);
  }

 private:
  std::string token_, cursor_ = "0-0";
  int events_ = 0;
};

}  // namespace denrei::test
