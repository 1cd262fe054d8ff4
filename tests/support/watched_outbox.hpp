// An outbox that looks at every settle before it passes it on: what is written must follow from what stands there.
//
// Shape   WatchedOutbox watched(journal, outbox); spawn_dispatcher(… .outbox = watched …)
// Rules   of a pending delivery an attempt more is written, never fewer; only what is pending is finished or buried
//         what is left out as superseded leaves a newer one of its key and type pending
//         a settle by somebody who is no longer the owner is not looked at: the store refuses it
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "denrei/domain/delivery.hpp"
#include "support/fake_outbox.hpp"

namespace denrei::test {

class WatchedOutbox final : public Outbox {
 public:
  WatchedOutbox(FakeJournal& journal, FakeOutbox& outbox) : journal_(journal), outbox_(outbox) {}

  void scan(const LogTag& tag, OutboxPart part, std::string cursor, Done<OutboxPage> done) override {
    outbox_.scan(tag, part, std::move(cursor), std::move(done));
  }
  void fetch(const LogTag& tag, OutboxPart part, std::vector<std::string> ids, Done<Blobs> done) override {
    outbox_.fetch(tag, part, std::move(ids), std::move(done));
  }
  void settle(const LogTag& tag, Settlement settlement, Done<void> done) override {
    if (settlement.token == journal_.log(tag).token) look_at(tag, settlement);
    outbox_.settle(tag, std::move(settlement), std::move(done));
  }

 private:
  void look_at(const LogTag& tag, const Settlement& settlement) {
    auto delivered = settlement.delivered.begin();
    for (const auto& change : settlement.changes) {
      switch (change.kind) {
        case OutboxChange::Kind::update: look_at_next(tag, change.record, "update"); break;
        case OutboxChange::Kind::finish:
          ASSERT_NE(delivered, settlement.delivered.end()) << "finished without a place in the history";
          look_at_next(tag, *delivered++, "finish");
          break;
        case OutboxChange::Kind::bury: look_at_next(tag, change.record, "bury"); break;
        case OutboxChange::Kind::revive:
        case OutboxChange::Kind::amend: break;
        case OutboxChange::Kind::discard:
          EXPECT_TRUE(outbox_.records(tag, OutboxPart::dead).contains(change.id)) << "discards what is not dead";
          break;
      }
    }
  }

  void look_at_next(const LogTag& tag, const std::string& record, std::string_view what) {
    const auto next = decode_delivery(record).value();
    const auto& pending = outbox_.records(tag, OutboxPart::pending);
    const auto at = pending.find(std::string(next.head.id.raw()));
    ASSERT_NE(at, pending.end()) << what << " of " << next.head.id.text() << ", which is not pending";
    const auto before = decode_delivery(at->second).value();
    const bool is_left_out = next.head.dead == DeadReason::superseded;
    EXPECT_TRUE(!is_left_out || has_newer(pending, next.head)) << next.head.id.text() << " is left out for nothing";
    const auto made = is_left_out || next.head.dead == DeadReason::pending_limit ? 0u : 1u;
    EXPECT_EQ(next.head.attempts, before.head.attempts + made) << what << " of " << next.head.id.text();
    EXPECT_EQ(next.head.lane_sequence, before.head.lane_sequence);
    EXPECT_EQ(next.head.seq, before.head.seq);
  }

  static bool has_newer(const std::map<std::string, std::string>& pending, const DeliveryHead& head) {
    return std::any_of(pending.begin(), pending.end(), [&head](const auto& it) {
      const auto other = decode_delivery_head(it.second).value();
      return other.destination == head.destination && other.key == head.key && other.type == head.type && other.seq > head.seq;
    });
  }

  FakeJournal& journal_;
  FakeOutbox& outbox_;
};

}  // namespace denrei::test
