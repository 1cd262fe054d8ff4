// GET /api/events/{id}: one event, its deliveries with every attempt, and in words why each is where it is.
#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "denrei/base/limits.hpp"
#include "denrei/domain/json_text.hpp"
#include "desk_question.hpp"
#include "desk_why.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t history_page = 1'000;
constexpr auto clock_slack = 5min;  // a clock that was set back: a delivery may seem to have ended before its event came

class EventQuestion final : public Question {
 public:
  using Question::Question;

  void start() override {
    auto reader = query();
    if (!is_well_asked(reader)) return;
    const auto id = parse_event_id(name());
    if (!id) return answer(desk_problem(404, "an event id is evt_ and 32 hex digits"));
    id_ = *id;
    waiting_ = lines_.partitions();
    for (std::uint32_t p = 0; p < lines_.partitions(); ++p) lines_.find_event(ticket(), p, id_);
  }

 private:
  enum class Place : std::uint8_t { pending, dead, delivered };
  struct Found {
    Delivery delivery;
    Place place = Place::pending;
  };

  // --- the event

  void on_found_event(const FoundEventRead& read) override {
    if (!read.found) is_sure_ = false;
    else if (read.found->known && !is_known_) take_event(read.partition, *read.found);
    if (--waiting_ > 0) return;
    if (is_known_) return look_in_outbox();
    if (!is_sure_) return answer(ask_again("the store is away; ask again"));
    look_for_own(0);
  }

  // What Denrei makes itself (statistics) is in no log and known by its deliveries only; nobody can tell their partition from the id.
  void look_for_own(std::uint32_t partition) {
    partition_ = partition;
    looked_at_ = 0;
    if (partition < lines_.partitions() && !lines_.site().routes->empty()) return look_in_outbox();
    answer(desk_problem(404, fmt::format("no event with this id has been accepted lately; ids are remembered for {} hours after acceptance",
                                         lines_.options().events_remembered.count())));
  }

  void take_event(std::uint32_t partition, const FoundEvent& found) {
    is_known_ = true;
    partition_ = partition;
    sequence_ = found.seq;
    trace_.received_at = found.received_at;
    if (found.record.empty()) return;
    auto event = decode_event(found.record);
    if (event) trace_.event = std::move(*event);
  }

  // --- its deliveries: pending first, then dead, then delivered, as they move that way

  void look_in_outbox() {
    std::vector<DeliveryId> ids;
    std::set<std::string> served;  // the first route that matches decides per destination
    for (const auto& route : *lines_.site().routes) {
      ids.push_back(make_delivery_id(id_, route.destination, route.name));
      const bool decides = trace_.event && matches(route, *trace_.event) && served.insert(route.destination).second;
      if (decides) expected_[ids.back()] = route.destination;
    }
    if (ids.empty()) return explain();
    waiting_ = 2;
    lines_.fetch(ticket(), partition_, OutboxPart::pending, ids);
    lines_.fetch(ticket(), partition_, OutboxPart::dead, ids);
  }

  void on_records(const RecordsRead& fact) override {
    if (!fact.records) return answer(ask_again("the store is away; ask again"));
    for (const auto& record : *fact.records)
      if (record) take_delivery(*record, fact.part == OutboxPart::pending ? Place::pending : Place::dead);
    if (--waiting_ > 0) return;
    if (trace_.event && expected_.empty()) return explain();  // all are found
    lines_.read_delivered(ticket(), partition_, 0, history_page);
  }

  void on_numbered(const NumberedRead& read) override {
    if (!read.page) return answer(ask_again("the store is away; ask again"));
    for (const auto& [place, record] : *read.page)
      if (record.find(id_.raw()) != std::string::npos) take_delivery(record, Place::delivered);
    looked_at_ += read.page->size();
    const bool is_last_page = read.page->size() < history_page || looked_at_ >= limits::history_keep;
    if (is_last_page || is_before_event(read.page->back().second) || (trace_.event && expected_.empty()))
      return is_known_ || !found_.empty() ? explain() : look_for_own(partition_ + 1);
    lines_.read_delivered(ticket(), partition_, read.page->back().first, history_page);
  }

  [[nodiscard]] bool is_before_event(const std::string& record) const {
    const auto head = decode_delivery_head(record);
    return head && head->ended_at + clock_slack < trace_.received_at;
  }

  // --- why

  void on_report(const DestinationReport& report) override {
    reports_[report.name] = report;
    if (--waiting_ == 0) finish();
  }

  void take_delivery(const std::string& record, Place place) {
    auto delivery = decode_delivery(record);
    if (!delivery || delivery->head.event != id_) return;
    expected_.erase(delivery->head.id);
    if (!is_known_) trace_.received_at = delivery->head.received_at;
    const std::pair key(delivery->head.destination, delivery->head.id);
    found_.insert_or_assign(key, Found{std::move(*delivery), place});
  }

  void explain() {
    std::set<std::string> names;
    for (const auto& [key, found] : found_)
      if (found.place == Place::pending && lines_.has_destination(key.first)) names.insert(key.first);
    waiting_ = names.size();
    for (const auto& name : names) lines_.ask_destination(name, ReportDestination{ticket()});
    if (waiting_ == 0) finish();
  }

  [[nodiscard]] std::string show(const Found& found) const {
    const auto& head = found.delivery.head;
    switch (found.place) {
      case Place::pending: return with_why(delivery_json(found.delivery, pending_state(head, lines_.now()), false), why_pending(head));
      case Place::dead: return with_why(delivery_json(found.delivery, "dead", false), explain_dead(found.delivery));
      case Place::delivered: return with_why(delivery_json(found.delivery, settled_state(head), false), explain_settled(head));
    }
    return {};
  }

  [[nodiscard]] Why why_pending(const DeliveryHead& head) const {
    const auto& destinations = lines_.site().destinations;
    const auto settings = destinations.find(head.destination);
    const auto report = reports_.find(head.destination);
    return explain_pending(head, settings == destinations.end() ? nullptr : &settings->second->destination,
                           report == reports_.end() ? nullptr : &report->second, lines_.now());
  }

  [[nodiscard]] std::size_t& count_of(const Found& found) {
    switch (found.place) {
      case Place::pending: return trace_.pending;
      case Place::dead: return trace_.dead;
      case Place::delivered: break;
    }
    return found.delivery.head.dead == DeadReason::superseded ? trace_.superseded : trace_.delivered;
  }

  void finish() {
    std::string deliveries = "[";
    for (const auto& [key, found] : found_) {
      if (deliveries.size() > 1) deliveries += ',';
      deliveries += show(found);
      ++count_of(found);
    }
    for (const auto& [id, destination] : expected_) trace_.missing.push_back(destination);
    const auto why = explain_event(trace_, *lines_.site().routes, lines_.now());
    auto out = event_json();
    out.raw("deliveries", deliveries + "]").text("why", why.en).text("whyJa", why.ja);
    answer(desk_answer(200, out.take()));
  }

  // Without its payload the event is known by its deliveries only.
  [[nodiscard]] JsonObject event_json() const {
    JsonObject out(1024);
    const auto add = [&out](std::string_view member, const std::string* value) {
      value != nullptr ? out.text(member, *value) : out.raw(member, "null");
    };
    const auto* event = trace_.event ? &*trace_.event : nullptr;
    const auto* head = found_.empty() ? nullptr : &found_.begin()->second.delivery.head;
    out.text("id", id_.text());
    add("source", event != nullptr ? &event->source : head != nullptr ? &head->source : nullptr);
    add("type", event != nullptr ? &event->type : head != nullptr ? &head->type : nullptr);
    add("key", event != nullptr ? &event->key : head != nullptr ? &head->key : nullptr);
    out.text("receivedAt", format_iso8601(trace_.received_at)).number("partition", partition_);
    if (const auto sequence = sequence_ > 0 || head == nullptr ? sequence_ : head->seq; sequence > 0)
      out.number("sequence", static_cast<std::int64_t>(sequence));
    else out.raw("sequence", "null");
    out.boolean("payloadAvailable", event != nullptr);
    if (event != nullptr && parse_json(event->body)) out.raw("body", event->body);
    else out.raw("body", "null");
    return out;
  }

  EventId id_;
  std::size_t waiting_ = 0;
  bool is_sure_ = true;      // every partition has answered so far
  bool is_known_ = false;
  std::uint32_t partition_ = 0;
  std::uint64_t sequence_ = 0;
  EventTrace trace_;
  std::map<DeliveryId, std::string> expected_;                           // by the routes as they are now, and not yet found
  std::map<std::pair<std::string, DeliveryId>, Found> found_;            // by destination
  std::map<std::string, DestinationReport> reports_;
  std::size_t looked_at_ = 0;
};

}  // namespace

QuestionPtr ask_event(QuestionStart start) { return std::make_unique<EventQuestion>(std::move(start)); }

}  // namespace denrei
