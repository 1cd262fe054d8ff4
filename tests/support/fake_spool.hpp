// A spool in memory, for tests of everything above the port. Keeps the same promises as FileSpool.
//
// Shape   FakeSpool spool{bytes_max}; answers inside the call, or by_hand: spool.deliver(). Another one over the same `items` is a restart
// Errors  broken(true): the disk takes nothing
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "denrei/ports/spool.hpp"

namespace denrei::test {

class FakeSpool final : public Spool {
 public:
  explicit FakeSpool(std::uint64_t bytes_max = UINT64_MAX) : bytes_max_(bytes_max) {}

  // --- what tests turn
  std::map<std::uint64_t, std::string> items;
  bool by_hand = false;
  void broken(bool broken) noexcept { broken_ = broken; }
  void deliver() {
    while (!waiting_.empty()) {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      next();
    }
  }

  void push(std::string bytes, Done<SpoolSize> done) override {
    answer([this, bytes = std::move(bytes), done = std::move(done)] { done(write(bytes)); });
  }
  void front(Done<std::optional<SpoolItem>> done) override {
    answer([this, done = std::move(done)] {
      done(items.empty() ? std::optional<SpoolItem>() : std::optional(SpoolItem{items.begin()->first, items.begin()->second}));
    });
  }
  void pop(std::uint64_t number, Done<SpoolSize> done) override {
    answer([this, number, done = std::move(done)] {
      items.erase(number);
      done(now());
    });
  }
  void size(Done<SpoolSize> done) override {
    answer([this, done = std::move(done)] { done(now()); });
  }

 private:
  void answer(std::function<void()> act) {
    if (by_hand) waiting_.push_back(std::move(act));
    else act();
  }
  [[nodiscard]] SpoolSize now() const {
    SpoolSize size{items.size(), 0, dropped_};
    for (const auto& [number, bytes] : items) size.bytes += bytes.size();
    return size;
  }
  Result<SpoolSize> write(const std::string& bytes) {
    if (bytes.size() > bytes_max_) {
      ++dropped_;
      return fail(FaultCode::overloaded, "more than the spool may hold");
    }
    if (broken_) return fail(FaultCode::io, "planned fault");
    for (; !items.empty() && now().bytes + bytes.size() > bytes_max_; ++dropped_) items.erase(items.begin());
    last_ = std::max(last_, items.empty() ? 0 : items.rbegin()->first) + 1;
    items[last_] = bytes;
    return now();
  }

  std::uint64_t bytes_max_;
  std::uint64_t last_ = 0;
  std::uint64_t dropped_ = 0;
  bool broken_ = false;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace denrei::test
