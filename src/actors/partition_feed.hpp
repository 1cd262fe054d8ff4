// What flows into a partition: appended batches in log order, without gap or overlap, from memory or read back.
//
// Shape   offer(handed over) and read_done(entries) fill the queue; next(max) takes from it; wants_read() says when the
//         log must be asked because something was missed or the window was full
#pragma once
#include <charconv>
#include <deque>
#include <string>
#include <utility>

#include "denrei/actors/messages.hpp"
#include "denrei/base/limits.hpp"

namespace denrei {

class PartitionFeed {
 public:
  // The log up to `cursor` is applied; what lies between it and `last_seq` is read from the log first.
  void restart(std::string cursor, std::uint64_t last_seq) {
    *this = PartitionFeed{};
    std::from_chars(cursor.data(), cursor.data() + cursor.size(), head_seq_);
    head_ = std::move(cursor);
    behind_ = last_seq > 0;
  }

  void offer(EventsAppended batch) {
    if (behind_ && !reading_) return;             // it will be read from the log
    if (queued_ + handed_events_ >= limits::partition_window_events || queued_bytes_ + handed_bytes_ >= limits::partition_window_bytes) {
      behind_ = true;
      if (!reading_) return;
    }
    handed_events_ += batch.events.size();
    handed_bytes_ += bytes_of(batch);
    handed_.push_back(std::move(batch));
    if (!reading_) accept_handed();
  }

  [[nodiscard]] bool wants_read() const noexcept {
    return behind_ && !reading_ && queued_ < limits::partition_window_events / 2 && queued_bytes_ < limits::partition_window_bytes / 2;
  }
  [[nodiscard]] const std::string& head() const noexcept { return head_; }
  void read_started() noexcept { reading_ = true; behind_ = false; }

  // `complete`: the log held no more when it was read.
  void read_done(std::vector<EventsAppended> batches, bool complete) {
    reading_ = false;
    for (auto& batch : batches) accept(std::move(batch));
    behind_ = behind_ || !complete;
    if (behind_) drop_handed(); else accept_handed();
  }

  [[nodiscard]] bool empty() const noexcept { return queue_.empty(); }
  [[nodiscard]] bool settled() const noexcept { return queue_.empty() && handed_.empty() && !behind_ && !reading_; }
  [[nodiscard]] std::size_t queued() const noexcept { return queued_; }

  [[nodiscard]] EventsAppended pop() {
    auto batch = std::move(queue_.front());
    queue_.pop_front();
    queued_ -= batch.events.size();
    queued_bytes_ -= bytes_of(batch);
    return batch;
  }
  [[nodiscard]] std::size_t front_size() const noexcept { return queue_.front().events.size(); }
  [[nodiscard]] std::size_t front_bytes() const noexcept { return bytes_of(queue_.front()); }

 private:
  static std::size_t bytes_of(const EventsAppended& batch) noexcept {
    std::size_t bytes = 0;
    for (const auto& it : batch.events) bytes += it.event->body.size();
    return bytes;
  }

  void accept(EventsAppended batch) {
    head_ = batch.last;
    head_seq_ = batch.events.back().seq;
    queued_ += batch.events.size();
    queued_bytes_ += bytes_of(batch);
    queue_.push_back(std::move(batch));
  }

  void accept_handed() {
    while (!handed_.empty()) {
      auto batch = std::move(handed_.front());
      handed_.pop_front();
      handed_events_ -= batch.events.size();
      handed_bytes_ -= bytes_of(batch);
      if (batch.events.back().seq <= head_seq_) continue;  // the read has brought it already
      if (batch.previous != head_) {                       // something between is missing: ask the log
        behind_ = true;
        drop_handed();
        return;
      }
      accept(std::move(batch));
    }
  }

  void drop_handed() {
    handed_.clear();
    handed_events_ = handed_bytes_ = 0;
  }

  std::string head_ = "0-0";          // last log id in the queue or before it
  std::uint64_t head_seq_ = 0;
  bool behind_ = false;               // the log holds entries after head_ that nobody will hand over
  bool reading_ = false;
  std::deque<EventsAppended> queue_;  // accepted, not yet taken
  std::size_t queued_ = 0;            // events in it
  std::size_t queued_bytes_ = 0;
  std::deque<EventsAppended> handed_; // arrived while a read is under way
  std::size_t handed_events_ = 0;
  std::size_t handed_bytes_ = 0;
};

}  // namespace denrei
