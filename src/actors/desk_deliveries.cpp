// Lists of deliveries by state. The pending ones of a destination are here; delivered and superseded ones: desk_history; dead ones: desk_dead_letters.
#include <algorithm>
#include <fmt/format.h>

#include "denrei/domain/request_head.hpp"
#include "desk_question.hpp"

namespace denrei {
namespace {

constexpr std::size_t fetched_at_once = 32;  // whole records come back, each with a body of up to 1 MiB

// The Destination knows which are pending, the store what they are.
class PendingQuestion final : public Question {
 public:
  using Question::Question;

  void start() override {
    auto reader = query();
    (void)reader.text("state");
    filter_.destination = reader.needed_text("destination", name_characters_max);
    filter_.key = reader.text("key");
    if (const auto event = reader.text("event"); !event.empty()) {
      if (const auto id = parse_event_id(event)) filter_.event = *id;
      else reader.complain("event", "must be evt_ and 32 hex digits");
    }
    limit_ = reader.limit();
    if (const auto cursor = reader.text("cursor"); !cursor.empty()) {
      const auto places = parse_places(cursor);
      if (places && places->size() == 1) skip_ = places->front();
      else reader.complain("cursor", "must be one that an answer of this path gave");
    }
    if (!is_well_asked(reader)) return;
    if (!lines_.has_destination(filter_.destination))
      return answer(desk_problem(404, fmt::format("there is no destination {}", filter_.destination)));
    lines_.ask_destination(filter_.destination, ListPending{ticket(), skip_, limit_});
  }

  void on_pending_listed(const PendingListed& fact) override {
    ids_ = fact.ids;
    total_ = fact.total;
    items_.resize(ids_.size());
    fetch_next();
  }

  void on_records(const RecordsRead& fact) override {
    if (!fact.records) return answer(ask_again("the store is away; ask again"));
    for (std::size_t i = 0; i < asked_at_.size() && i < fact.records->size(); ++i) take(asked_at_[i], (*fact.records)[i]);
    fetch_next();
  }

 private:
  // Some of the next ones, as far as they are of one partition.
  void fetch_next() {
    if (fetched_ == ids_.size()) return finish();
    const auto partition = ids_[fetched_].first;
    std::vector<DeliveryId> ids;
    asked_at_.clear();
    while (fetched_ < ids_.size() && ids_[fetched_].first == partition && ids.size() < fetched_at_once) {
      ids.push_back(ids_[fetched_].second);
      asked_at_.push_back(fetched_++);
    }
    lines_.fetch(ticket(), partition, OutboxPart::pending, ids);
  }

  // One that is not there has been delivered or given up since it was listed.
  void take(std::size_t place, const std::optional<std::string>& record) {
    const auto head = record ? decode_delivery_head(*record) : fail(FaultCode::not_found);
    if (head && matches(filter_, *head)) items_[place] = delivery_json(*head, pending_state(*head, lines_.now()));
  }

  void finish() {
    std::erase(items_, std::string{});
    const auto end = skip_ + ids_.size();
    const auto next = !ids_.empty() && end < total_ ? std::optional(fmt::format("{}", end)) : std::nullopt;
    answer(desk_answer(200, list_json(items_, next, total_)));
  }

  DeliveryFilter filter_;
  std::size_t limit_ = 0;
  std::uint64_t skip_ = 0;
  std::uint64_t total_ = 0;
  std::vector<std::pair<std::uint32_t, DeliveryId>> ids_;
  std::vector<std::string> items_;       // empty: not there, or not wanted
  std::vector<std::size_t> asked_at_;    // places in `ids_` of the fetch under way
  std::size_t fetched_ = 0;
};

class UnknownStateQuestion final : public Question {
 public:
  using Question::Question;
  void start() override { answer(wrong_members({{"state", "is needed: one of pending, delivered, superseded, dead"}})); }
};

}  // namespace

QuestionPtr ask_deliveries(QuestionStart start) {
  const auto state = query_value(start.asked.request->target, "state");
  if (state == "pending") return std::make_unique<PendingQuestion>(std::move(start));
  if (state == "delivered" || state == "superseded") return ask_delivered(std::move(start));
  if (state == "dead") return ask_dead_letters(std::move(start));
  return std::make_unique<UnknownStateQuestion>(std::move(start));
}

}  // namespace denrei
