// One delivery by its id: where it is and why, one dead letter, and the orders to re-send or discard it.
#include <algorithm>
#include <fmt/format.h>

#include "denrei/base/limits.hpp"
#include "denrei/domain/json_text.hpp"
#include "desk_question.hpp"
#include "desk_why.hpp"

namespace denrei {
namespace {

constexpr std::size_t history_page = 1'000;

// Asks every partition for a record of that id; an id does not say whose it is.
class FindQuestion : public Question {
 public:
  using Question::Question;

  void on_records(const RecordsRead& fact) final {
    --waiting_;
    if (!fact.records) is_sure_ = false;
    else if (!fact.records->empty() && fact.records->front()) return on_record(fact, *fact.records->front());
    if (waiting_ > 0 || is_over() || is_found_) return;
    if (is_sure_) return on_absent();
    answer(ask_again("the store is away; ask again"));
  }

 protected:
  virtual void on_found(std::uint32_t partition, OutboxPart part, Delivery delivery) = 0;
  virtual void on_absent() = 0;
  [[nodiscard]] const DeliveryId& id() const noexcept { return id_; }

  void find(std::initializer_list<OutboxPart> parts) {
    const auto id = parse_delivery_id(name());
    if (!id) return answer(desk_problem(404, "a delivery id is dlv_ and 32 hex digits"));
    id_ = *id;
    waiting_ = lines_.partitions() * parts.size();
    for (std::uint32_t p = 0; p < lines_.partitions(); ++p)
      for (const auto part : parts) lines_.fetch(ticket(), p, part, {id_});
  }

 private:
  void on_record(const RecordsRead& fact, const std::string& record) {
    if (is_over() || std::exchange(is_found_, true)) return;
    auto delivery = decode_delivery(record);
    if (!delivery) return answer(desk_problem(500, "unreadable outbox record: " + delivery.error().detail));
    on_found(fact.partition, fact.part, std::move(*delivery));
  }

  DeliveryId id_;
  std::size_t waiting_ = 0;
  bool is_sure_ = true;      // every partition has answered so far
  bool is_found_ = false;
};

class DeliveryQuestion final : public FindQuestion {
 public:
  using FindQuestion::FindQuestion;

  void start() override {
    auto reader = query();
    if (is_well_asked(reader)) find({OutboxPart::pending, OutboxPart::dead});
  }

  void on_report(const DestinationReport& report) override { show_pending(&report); }

  void on_numbered(const NumberedRead& read) override {
    if (!read.page) return answer(ask_again("the store is away; ask again"));
    for (const auto& [place, record] : *read.page)
      if (record.find(id().raw()) != std::string::npos && show_delivered(record)) return;
    auto& looked_at = looked_at_[read.partition];
    looked_at += read.page->size();
    if (read.page->size() == history_page && looked_at < limits::history_keep)
      return lines_.read_delivered(ticket(), read.partition, read.page->back().first, history_page);
    if (--histories_ == 0) answer(desk_problem(404, "no such delivery is pending, dead or in the history"));
  }

 private:
  void on_found(std::uint32_t, OutboxPart part, Delivery delivery) override {
    delivery_ = std::move(delivery);
    const auto& destination = delivery_.head.destination;
    if (part == OutboxPart::dead) return show("dead", explain_dead(delivery_));
    if (!lines_.has_destination(destination)) return show_pending(nullptr);
    lines_.ask_destination(destination, ReportDestination{ticket()});
  }

  void on_absent() override {
    histories_ = lines_.partitions();
    for (std::uint32_t p = 0; p < lines_.partitions(); ++p) lines_.read_delivered(ticket(), p, 0, history_page);
  }

  void show_pending(const DestinationReport* report) {
    const auto& destinations = lines_.site().destinations;
    const auto at = destinations.find(delivery_.head.destination);
    const auto* settings = at == destinations.end() ? nullptr : &at->second->destination;
    show(pending_state(delivery_.head, lines_.now()), explain_pending(delivery_.head, settings, report, lines_.now()));
  }

  bool show_delivered(const std::string& record) {
    auto delivery = decode_delivery(record);
    if (!delivery || delivery->head.id != id()) return false;
    delivery_ = std::move(*delivery);
    show(settled_state(delivery_.head), explain_settled(delivery_.head));
    return true;
  }

  void show(std::string_view state, const Why& why) {
    const bool has_body = state != "delivered";
    answer(desk_answer(200, with_why(delivery_json(delivery_, state, has_body), why)));
  }

  Delivery delivery_;
  std::size_t histories_ = 0;                          // still being read
  std::map<std::uint32_t, std::size_t> looked_at_;     // by partition
};

class DeadLetterQuestion final : public FindQuestion {
 public:
  using FindQuestion::FindQuestion;

  void start() override {
    auto reader = query();
    if (is_well_asked(reader)) find({OutboxPart::dead});
  }

 private:
  void on_found(std::uint32_t, OutboxPart, Delivery delivery) override {
    answer(desk_answer(200, with_why(delivery_json(delivery, "dead", true), explain_dead(delivery))));
  }
  void on_absent() override { answer(desk_problem(404, "no dead letter has this id")); }
};

class OneOrder final : public FindQuestion {
 public:
  using FindQuestion::FindQuestion;

  void start() override {
    auto reader = order();
    if (!reader) return;
    if (!is_resend()) reason_ = reader->needed_text("reason", reason_characters_max);
    if (is_well_asked(*reader)) find({OutboxPart::dead});
  }

  void on_dead_settled(const DeadSettled& result) override {
    if (std::find(result.done.begin(), result.done.end(), id()) != result.done.end())
      return is_resend() ? answer(desk_answer(202, state_json("pending"))) : answer(desk_answer(200, state_json("discarded")));
    if (!result.ok) return answer(ask_again(fmt::format("partition {} cannot settle at the moment; ask again", result.partition)));
    if (is_resend() && !lines_.has_destination(destination_))
      return answer(desk_problem(409, fmt::format("destination {} is not configured, so nothing can be sent to it", destination_)));
    answer(desk_problem(409, "it is no dead letter any more: somebody else was quicker"));
  }

 private:
  [[nodiscard]] bool is_resend() const { return asked().target.path == DeskPath::resend_one; }
  [[nodiscard]] std::string state_json(std::string_view state) const {
    return JsonObject{}.text("id", id().text()).text("state", state).take();
  }

  void on_found(std::uint32_t partition, OutboxPart, Delivery delivery) override {
    destination_ = delivery.head.destination;
    if (is_resend()) lines_.ask_dispatcher(partition, ReviveDead{ticket(), {id()}, asked().by});
    else lines_.ask_dispatcher(partition, DiscardDead{ticket(), {id()}, reason_, asked().by});
  }
  void on_absent() override { answer(desk_problem(404, "no dead letter has this id")); }

  std::string reason_;
  std::string destination_;
};

}  // namespace

QuestionPtr ask_delivery(QuestionStart start) { return std::make_unique<DeliveryQuestion>(std::move(start)); }
QuestionPtr ask_dead_letter(QuestionStart start) { return std::make_unique<DeadLetterQuestion>(std::move(start)); }
QuestionPtr order_one(QuestionStart start) { return std::make_unique<OneOrder>(std::move(start)); }

}  // namespace denrei
