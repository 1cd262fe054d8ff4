// A journal and shelf in memory, for tests of everything above the port. Keeps the same promises as RedisJournal.
//
// Shape   FakeJournal journal{Answers::by_hand}; journal.append(…); journal.deliver(1); FakeJournal{} answers inside the call
// Errors  fail_next_append / fail_next_commit, full(), away(), lose_connection() and log(tag).drop_tail() make faults;
//         everything else as dn1.lua
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "denrei/base/limits.hpp"
#include "denrei/ports/journal.hpp"
#include "support/fake_shelf.hpp"

namespace denrei::test {

enum class Answers : std::uint8_t { at_once, by_hand };
// Whether a call that is made to fail has acted before its answer was lost.
enum class Acted : std::uint8_t { no, yes };

class FakeJournal final : public Journal, public Shelf {
 public:
  explicit FakeJournal(Answers answers = Answers::at_once, Millis dedupe_window = std::chrono::hours(72))
      : answers_(answers), window_(dedupe_window) {}

  // --- what tests turn
  std::size_t deliver(std::size_t count = SIZE_MAX) { return give(count, false); }
  FakeFields fields_scan;
  // The oldest answer of one tag before those of others: the port promises an order per tag only.
  void deliver_of(const LogTag& tag) {
    const auto at = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& w) { return w.tag == tag; });
    if (at == waiting_.end()) return;
    std::rotate(waiting_.begin(), at, at + 1);
    deliver(1);
  }
  [[nodiscard]] std::vector<LogTag> waiting_tags() const {
    std::vector<LogTag> tags;
    for (const auto& w : waiting_)
      if (std::find(tags.begin(), tags.end(), w.tag) == tags.end()) tags.push_back(w.tag);
    return tags;
  }
  // Whatever was asked has been done, and nobody learns of it: every answer under way becomes unavailable.
  void lose_connection() { give(SIZE_MAX, true); }
  // The next append or commit throws before it has done anything, as a bug in an adapter would.
  void crash_next_write() noexcept { crash_write_ = true; }
  void stop_faults() {
    append_fault_.reset();
    commit_fault_.reset();
    crash_write_ = false;
  }
  void set_answers(Answers answers) noexcept { answers_ = answers; }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  void fail_next_append(Fault fault, Acted acted = Acted::no) { append_fault_ = {std::move(fault), acted}; }
  void fail_next_commit(Fault fault, Acted acted = Acted::no) { commit_fault_ = {std::move(fault), acted}; }
  void full(bool full) noexcept { full_ = full; }  // appends are refused as overloaded, all else works
  void away(bool away) noexcept { away_ = away; }  // every call fails as unavailable
  [[nodiscard]] FakeLog& log(const LogTag& tag) { return logs_[tag]; }
  [[nodiscard]] std::size_t appends() const noexcept { return appends_; }
  [[nodiscard]] std::size_t commits() const noexcept { return commits_; }
  [[nodiscard]] std::size_t reads() const noexcept { return reads_; }

  // --- Journal
  void acquire(const LogTag& tag, AcquireRequest request, Done<Acquired> done) override {
    answer(tag, std::move(done), refused(tag), [&] { return logs_[tag].acquire(request, "token-" + next_number()); });
  }
  void release(const LogTag& tag, std::string token, Done<void> done) override {
    answer(tag, std::move(done), refused(tag), [&] { return logs_[tag].release(token); });
  }
  void append(const LogTag& tag, std::vector<AppendRecord> records, WallTime now, Done<AppendReply> done) override {
    crash_if_planned();
    ++appends_;
    auto fault = refused(tag);
    if ((!fault || away_) && records.size() > limits::append_events_max) fault = Fault{FaultCode::invalid, "too many records in one append"};
    if (!fault && full_) fault = Fault{FaultCode::overloaded, "OOM"};
    answer(tag, std::move(done), std::move(fault), [&] {
      return failing<AppendReply>(append_fault_, [&] { return logs_[tag].append(records, next_number(), now, window_); });
    });
  }
  void read(const LogTag& tag, std::string token, std::string after, std::size_t count, Done<std::vector<LogEntry>> done) override {
    ++reads_;
    answer(tag, std::move(done), refused(tag), [&] { return logs_[tag].read(token, after, count); });
  }
  void commit(const LogTag& tag, Commit commit, Done<void> done) override {
    crash_if_planned();
    ++commits_;
    answer(tag, std::move(done), refused(tag), [&] { return failing<void>(commit_fault_, [&] { return logs_[tag].commit(commit); }); });
  }

  // --- Shelf
  void look(const LogTag& tag, ShelfName shelf, std::vector<std::string> fields, Done<Blobs> done) override {
    answer(tag, std::move(done), refused(tag), [&] {
      Blobs blobs;
      for (const auto& field : fields) blobs.push_back(blob_of(logs_[tag], shelf, field));
      return Result<Blobs>(std::move(blobs));
    });
  }
  void fields(const LogTag& tag, ShelfName shelf, FieldsQuery query, Done<FieldsPage> done) override {
    answer(tag, std::move(done), refused(tag), [&] { return fields_scan.page(logs_[tag], shelf, query); });
  }
  void pending_notifications(const LogTag& tag, Done<std::vector<std::pair<std::string, std::string>>> done) override {
    answer(tag, std::move(done), refused(tag), [&] {
      std::vector<std::pair<std::string, std::string>> pending;
      for (const auto& [id, blob] : logs_[tag].notifications)
        if (pending.size() < 1'000) pending.emplace_back(std::to_string(id.first) + "-" + std::to_string(id.second), blob);
      return Result<std::vector<std::pair<std::string, std::string>>>(std::move(pending));
    });
  }
  void forget_notifications(const LogTag& tag, std::vector<std::string> ids, Done<void> done) override {
    answer(tag, std::move(done), refused(tag), [&] {
      for (const auto& id : ids) logs_[tag].notifications.erase(split_id(id));
      return Result<void>();
    });
  }
  void newest(const LogTag& tag, NewestQuery query, Done<std::vector<LogEntry>> done) override {
    answer(tag, std::move(done), refused(tag), [&] { return newest_of(logs_[tag], query); });
  }

 private:
  friend class FakeOutbox;  // shares logs, queue of answers and outages
  using PlannedFault = std::optional<std::pair<Fault, Acted>>;
  struct Waiting {
    LogTag tag;
    std::function<void(bool lost)> give;
  };

  [[nodiscard]] std::optional<Fault> refused(const LogTag& tag) const {
    if (tag.empty() || tag.front() == '}') return Fault{FaultCode::invalid, "a log tag is not empty and does not begin with }"};
    if (away_) return Fault{FaultCode::unavailable, "the store is away"};
    return std::nullopt;
  }

  // Acts now, in the order of the calls; answers now or when the test delivers.
  template <class T, class Act>
  void answer(const LogTag& tag, Done<T> done, std::optional<Fault> fault, Act act) {
    auto result = fault ? Result<T>(tl::unexpected(std::move(*fault))) : act();
    if (answers_ == Answers::at_once) return done(std::move(result));
    waiting_.push_back({tag, [done = std::move(done), result = std::move(result)](bool lost) mutable {
                          if (lost) done(fail(FaultCode::unavailable, "the connection was lost"));
                          else done(std::move(result));
                        }});
  }

  std::size_t give(std::size_t count, bool lost) {
    std::size_t given = 0;
    for (; given < count && !waiting_.empty(); ++given) {
      auto answer = std::move(waiting_.front().give);
      waiting_.pop_front();
      answer(lost);
    }
    return given;
  }

  void crash_if_planned() {
    if (std::exchange(crash_write_, false)) throw std::runtime_error("planned crash");
  }

  template <class T, class Act>
  Result<T> failing(PlannedFault& planned, Act act) {
    const auto fault = std::exchange(planned, std::nullopt);
    if (!fault) return act();
    if (fault->second == Acted::yes) static_cast<void>(act());
    return tl::unexpected(fault->first);
  }

  std::string next_number() { return std::to_string(++numbers_ * 7'919 % 1'000'003); }  // rising ids must not look like rising nonces

  Answers answers_;
  Millis window_;
  std::map<LogTag, FakeLog> logs_;
  std::map<std::string, std::map<std::string, std::string>> registers_;  // FakeOutbox's; they outlive it as a store outlives a process
  std::deque<Waiting> waiting_;
  PlannedFault append_fault_, commit_fault_;
  std::uint64_t numbers_ = 0;
  std::size_t appends_ = 0, commits_ = 0, reads_ = 0;
  bool full_ = false, away_ = false, crash_write_ = false;
};

}  // namespace denrei::test
