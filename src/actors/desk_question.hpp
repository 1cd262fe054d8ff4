// A question under way at the Desk: whom it has asked, and how their answers become the one that the operator gets.
//
// Shape   start() asks or answers; on_…() hear what came back; answer() ends it. One class per kind, in desk_*.cpp
// Limits  limits::answer_timeout less a second, then the Desk answers 503 in its place
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "denrei/actors/desk.hpp"
#include "desk_answers.hpp"
#include "desk_request.hpp"

namespace denrei {

class JobRunner;

// A ticket says whose answer it is (number) and to which of its questions (part).
inline constexpr std::uint64_t ticket_parts = 1u << 20;  // more than destinations or steps of a job can be
[[nodiscard]] constexpr std::uint64_t make_ticket(std::uint64_t number, std::uint64_t part) noexcept {
  return number * ticket_parts + part % ticket_parts;
}
[[nodiscard]] constexpr std::uint64_t ticket_number(std::uint64_t ticket) noexcept { return ticket / ticket_parts; }
[[nodiscard]] constexpr std::uint64_t ticket_part(std::uint64_t ticket) noexcept { return ticket % ticket_parts; }

// Whom the Desk can ask. What they answer comes to the Desk with the ticket.
class DeskLines {
 public:
  DeskLines(Desk::base& self, DeskOptions options) : self_(self), options_(std::move(options)) {}

  [[nodiscard]] WallTime now() const { return options_.clock(); }
  [[nodiscard]] const Site& site() const noexcept { return *options_.site; }
  [[nodiscard]] const DeskOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::uint32_t partitions() const noexcept { return static_cast<std::uint32_t>(dispatchers_.size()); }
  [[nodiscard]] bool has_destination(const std::string& name) const { return options_.destinations.contains(name); }
  void use(SitePtr site) { options_.site = std::move(site); }
  void use(std::vector<caf::actor> dispatchers) { dispatchers_ = std::move(dispatchers); }

  template <class Order>
  void ask_destination(const std::string& name, Order order) {
    caf::unsafe_send_as(&self_, options_.destinations.at(name), std::move(order));
  }
  template <class Order>
  void ask_dispatcher(std::uint32_t partition, Order order) {
    caf::unsafe_send_as(&self_, dispatchers_.at(partition), std::move(order));
  }
  template <class Order>
  void ask_dispatchers(const Order& order) {
    for (const auto& dispatcher : dispatchers_) caf::unsafe_send_as(&self_, dispatcher, order);
  }
  template <class Order>
  void ask_exporter(Order order) {
    caf::unsafe_send_as(&self_, options_.exporter, std::move(order));
  }
  void find_event(std::uint64_t ticket, std::uint32_t partition, const EventId& id);
  void fetch(std::uint64_t ticket, std::uint32_t partition, OutboxPart part, const std::vector<DeliveryId>& ids);
  void read_delivered(std::uint64_t ticket, std::uint32_t partition, std::uint64_t before, std::size_t count);
  void read_audit(std::uint64_t ticket, std::uint32_t partition, std::uint64_t before, std::size_t count);
  void write_audit(std::string entry) { ask_dispatcher(0, WriteAudit{std::move(entry)}); }

 private:
  Desk::base& self_;
  DeskOptions options_;
  std::vector<caf::actor> dispatchers_;  // by partition; empty until the store is open
};

struct QuestionStart {
  DeskLines& lines;
  JobRunner& jobs;
  Asked asked;
  std::uint64_t number = 0;
};

class Question {
 public:
  explicit Question(QuestionStart start) : lines_(start.lines), asked_(std::move(start.asked)), number_(start.number) {}
  virtual ~Question() = default;
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  virtual void start() = 0;
  virtual void on_report(const DestinationReport&) {}
  virtual void on_pending_listed(const PendingListed&) {}
  virtual void on_dead_listed(const DeadListed&) {}
  virtual void on_dead_settled(const DeadSettled&) {}
  virtual void on_found_event(const FoundEventRead&) {}
  virtual void on_records(const RecordsRead&) {}
  virtual void on_numbered(const NumberedRead&) {}
  virtual void on_exports_told(const ExportsTold&) {}

  void answer(Answer answer);
  [[nodiscard]] bool is_over() const noexcept { return over_; }
  [[nodiscard]] bool ages_out(std::uint32_t ticks_max) noexcept { return ++ticks_ >= ticks_max; }

 protected:
  [[nodiscard]] std::uint64_t ticket(std::uint64_t part = 0) const noexcept { return make_ticket(number_, part); }
  [[nodiscard]] const Asked& asked() const noexcept { return asked_; }
  [[nodiscard]] const std::string& name() const noexcept { return asked_.target.name; }
  [[nodiscard]] MemberReader query() { return MemberReader::of_query(asked_.request->target, errors_); }
  // The order's members; nothing when the body is not JSON, and then the question is answered.
  [[nodiscard]] std::optional<MemberReader> order();
  // Whether everything was read well; else the question is answered with what was not. Refuses what the reader does not know.
  [[nodiscard]] bool is_well_asked(MemberReader& reader);

  DeskLines& lines_;
  FieldErrors errors_;

 private:
  Asked asked_;
  std::uint64_t number_;
  std::uint32_t ticks_ = 0;
  bool over_ = false;
};
using QuestionPtr = std::unique_ptr<Question>;

// --- one maker per kind, beside its class

[[nodiscard]] QuestionPtr ask_destinations(QuestionStart start);      // desk_destinations.cpp
[[nodiscard]] QuestionPtr ask_destination(QuestionStart start);
[[nodiscard]] QuestionPtr order_switch(QuestionStart start);
[[nodiscard]] QuestionPtr ask_deliveries(QuestionStart start);        // desk_deliveries.cpp: by state
[[nodiscard]] QuestionPtr ask_delivered(QuestionStart start);         // desk_history.cpp
[[nodiscard]] QuestionPtr ask_audit(QuestionStart start);
[[nodiscard]] QuestionPtr ask_delivery(QuestionStart start);          // desk_delivery.cpp
[[nodiscard]] QuestionPtr ask_dead_letter(QuestionStart start);
[[nodiscard]] QuestionPtr order_one(QuestionStart start);             // resend, discard
[[nodiscard]] QuestionPtr ask_dead_letters(QuestionStart start);      // desk_dead_letters.cpp
[[nodiscard]] QuestionPtr ask_event(QuestionStart start);             // desk_event.cpp
[[nodiscard]] QuestionPtr ask_jobs(QuestionStart start);              // desk_jobs.cpp: list, one, cancel
[[nodiscard]] QuestionPtr order_many(QuestionStart start);            // resend, discard, and their previews
[[nodiscard]] QuestionPtr ask_exports(QuestionStart start);           // desk_exports.cpp: list, one, begin

}  // namespace denrei
