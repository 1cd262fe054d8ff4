// What the journal's contract tests share: calls that wait for their answer, and short ways to make records and commits.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "contract/journal_rig.hpp"
#include "denrei/base/packing.hpp"

namespace denrei::test {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline const WallTime noon = from_unix_ms(1'700'000'000'000);

inline AppendRecord record(std::string_view identity, std::string text = "payload", WallTime received_at = noon, std::uint32_t body_hash = 7) {
  return {.id = make_event_id("test", identity), .received_at = received_at, .body_hash = body_hash, .record = std::move(text)};
}
inline AppendRecord probe(std::string_view identity) {
  auto asked = record(identity, "");
  asked.probe = true;
  return asked;
}
inline AppendRecord once(std::string_view identity, std::string_view second) {
  auto limited = record(identity);
  limited.once = make_event_id("once", second);
  return limited;
}
inline std::string batch(const std::vector<std::string>& records) {
  Packer blob;
  for (const auto& text : records) blob.text(text);
  return blob.take();
}
// A packed timeline line as far as the store knows one: length, event id, the rest.
inline std::string line(std::string_view identity) {
  return Packer().u16(20).raw(make_event_id("test", identity).raw()).raw("rest").take();
}

// How a call failed, if it did. Asking a Result that has a value for its error() is undefined and may look like `invalid`.
template <class T>
std::optional<FaultCode> fault_of(const Result<T>& result) {
  if (result) return std::nullopt;
  return result.error().code;
}

class JournalFixture {
 public:
  explicit JournalFixture(std::unique_ptr<JournalRig> rig) : rig_(std::move(rig)) {}

  template <class T, class Call>
  Result<T> ask(Call call) {
    std::optional<Result<T>> answer;
    call([&answer](Result<T> result) {
      EXPECT_FALSE(answer) << "answered twice";
      answer = std::move(result);
    });
    rig_->run_until([&answer] { return answer.has_value(); });
    return *answer;
  }

  Result<AppendReply> append(std::vector<AppendRecord> records, WallTime now = noon) {
    return ask<AppendReply>([&](auto done) { rig_->journal().append(tag, std::move(records), now, std::move(done)); });
  }
  Result<Acquired> acquire(const std::string& node = "alpha", bool take_over = false) {
    return ask<Acquired>([&](auto done) { rig_->journal().acquire(tag, {node, take_over}, std::move(done)); });
  }
  Result<void> release(const std::string& token) {
    return ask<void>([&](auto done) { rig_->journal().release(tag, token, std::move(done)); });
  }
  Result<std::vector<LogEntry>> read(const std::string& token, const std::string& after, std::size_t count = 100) {
    return ask<std::vector<LogEntry>>([&](auto done) { rig_->journal().read(tag, token, after, count, std::move(done)); });
  }
  Result<void> commit(Commit commit) {
    return ask<void>([&](auto done) { rig_->journal().commit(tag, std::move(commit), std::move(done)); });
  }
  Result<Blobs> look(ShelfName shelf, std::vector<std::string> fields) {
    return ask<Blobs>([&](auto done) { rig_->shelf().look(tag, shelf, std::move(fields), std::move(done)); });
  }
  Result<Pairs> pending() {
    return ask<Pairs>([&](auto done) { rig_->shelf().pending_notifications(tag, std::move(done)); });
  }
  Result<void> forget(std::vector<std::string> ids) {
    return ask<void>([&](auto done) { rig_->shelf().forget_notifications(tag, std::move(ids), std::move(done)); });
  }
  Result<std::vector<LogEntry>> newest(NewestQuery query) {
    return ask<std::vector<LogEntry>>([&](auto done) { rig_->shelf().newest(tag, std::move(query), std::move(done)); });
  }
  Result<std::vector<LogEntry>> newest(std::size_t count) { return newest(NewestQuery{.before = {}, .count = count}); }
  std::optional<std::string> repeats(std::string_view identity) {
    return look(ShelfName::repeats, {std::string(make_event_id("test", identity).raw())}).value().front();
  }

  LogTag tag = "p0";

 protected:
  std::unique_ptr<JournalRig> rig_;
};

}  // namespace denrei::test
