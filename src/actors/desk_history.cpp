// What has been: deliveries that were delivered or left out, and the audit, newest first over all partitions, by pages.
#include <fmt/format.h>

#include "denrei/domain/json_text.hpp"
#include "desk_question.hpp"
#include "newest_first.hpp"

namespace denrei {
namespace {

constexpr std::size_t chunk = 100;           // entries of one read; a delivered one with every attempt may have 120 KB
constexpr std::size_t looked_at_max = 5'000; // entries that one request may go through for a filter; the cursor leads on

// Reads on until the page is full, nothing is left, or enough has been looked at.
class HistoryQuestion : public Question {
 public:
  using Question::Question;

  void on_numbered(const NumberedRead& read) final {
    if (!read.page) return answer(ask_again("the store is away; ask again"));
    std::vector<NewestFirst::Entry> entries;
    for (const auto& [place, record] : *read.page) entries.push_back({place, time_of(record), record});
    merge_->add(read.partition, std::move(entries), read.page->size() < chunk);
    if (--waiting_ == 0) go_on();
  }

 protected:
  [[nodiscard]] virtual WallTime time_of(const std::string& record) = 0;
  // The record as JSON; nothing: the question does not want it.
  [[nodiscard]] virtual std::optional<std::string> show(const std::string& record) = 0;
  virtual void read(std::uint32_t partition, std::uint64_t before, std::size_t count) = 0;

  // Takes limit and cursor from the reader and begins.
  void begin(MemberReader& reader) {
    limit_ = reader.limit();
    std::vector<std::uint64_t> places(lines_.partitions(), 0);
    if (const auto cursor = reader.text("cursor", limits::header_bytes_max); !cursor.empty()) {
      const auto given = parse_places(cursor);
      if (given && given->size() == places.size()) places = *given;
      else reader.complain("cursor", "must be one that an answer of this path gave");
    }
    if (!is_well_asked(reader)) return;
    merge_.emplace(places);
    go_on();
  }

 private:
  void go_on() {
    while (items_.size() < limit_ && looked_at_ < looked_at_max) {
      const auto wanted = merge_->wanted();
      waiting_ = wanted.size();
      for (const auto partition : wanted) read(partition, merge_->before(partition), chunk);
      if (waiting_ > 0) return;
      const auto entry = merge_->take();
      if (!entry) break;
      ++looked_at_;
      if (auto item = show(entry->record)) items_.push_back(std::move(*item));
    }
    const auto next = merge_->at_end() ? std::nullopt : std::optional(places_text(merge_->places()));
    answer(desk_answer(200, list_json(items_, next)));
  }

  std::optional<NewestFirst> merge_;
  std::size_t limit_ = 0;
  std::size_t waiting_ = 0;
  std::size_t looked_at_ = 0;
  std::vector<std::string> items_;   // at most `limit_`
};

class DeliveredQuestion final : public HistoryQuestion {
 public:
  using HistoryQuestion::HistoryQuestion;

  void start() override {
    auto reader = query();
    state_ = reader.text("state");
    filter_.destination = reader.text("destination");
    filter_.key = reader.text("key");
    if (const auto event = reader.text("event"); !event.empty()) {
      if (const auto id = parse_event_id(event)) filter_.event = *id;
      else reader.complain("event", "must be evt_ and 32 hex digits");
    }
    begin(reader);
  }

 private:
  WallTime time_of(const std::string& record) override {
    const auto head = decode_delivery_head(record);
    return head ? head->ended_at : WallTime{};
  }
  std::optional<std::string> show(const std::string& record) override {
    const auto head = decode_delivery_head(record);
    const bool is_wanted = head && settled_state(*head) == state_ && matches(filter_, *head);
    return is_wanted ? std::optional(delivery_json(*head, state_)) : std::nullopt;
  }
  void read(std::uint32_t partition, std::uint64_t before, std::size_t count) override {
    lines_.read_delivered(ticket(), partition, before, count);
  }

  std::string state_;                // delivered or superseded
  DeliveryFilter filter_;
};

class AuditQuestion final : public HistoryQuestion {
 public:
  using HistoryQuestion::HistoryQuestion;

  void start() override {
    auto reader = query();
    begin(reader);
  }

 private:
  WallTime time_of(const std::string& record) override {
    const auto entry = parse_json(record);
    if (!entry) return {};
    const auto time = parse_iso8601(find_string((*entry)->root(), "/timestamp"));
    return time ? *time : WallTime{};
  }
  std::optional<std::string> show(const std::string& record) override {
    return parse_json(record) ? record : JsonObject{}.text("unreadable", record).take();
  }
  void read(std::uint32_t partition, std::uint64_t before, std::size_t count) override {
    lines_.read_audit(ticket(), partition, before, count);
  }
};

}  // namespace

QuestionPtr ask_delivered(QuestionStart start) { return std::make_unique<DeliveredQuestion>(std::move(start)); }
QuestionPtr ask_audit(QuestionStart start) { return std::make_unique<AuditQuestion>(std::move(start)); }

}  // namespace denrei
