// What operators ask about destinations, and how they switch one off and on.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "desk_question.hpp"

namespace denrei {
namespace {

constexpr std::size_t names_listed_max = 20;  // in one sentence

std::string unknown_destination(const DeskLines& lines, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& [known, actor] : lines.options().destinations)
    if (names.size() < names_listed_max) names.push_back(known);
  return fmt::format("there is no destination {}; there {}", name,
                     names.empty() ? "are none" : fmt::format("{} {}", names.size() == 1 ? "is" : "are", fmt::join(names, ", ")));
}

class DestinationsQuestion final : public Question {
 public:
  using Question::Question;

  void start() override {
    auto reader = query();
    if (!is_well_asked(reader)) return;
    waiting_ = lines_.options().destinations.size();
    for (const auto& [name, actor] : lines_.options().destinations) lines_.ask_destination(name, ReportDestination{ticket()});
    if (waiting_ == 0) finish();
  }

  void on_report(const DestinationReport& report) override {
    reports_[report.name] = report_json(report);
    if (--waiting_ == 0) finish();
  }

 private:
  void finish() {
    std::vector<std::string> items;
    for (auto& [name, report] : reports_) items.push_back(std::move(report));
    answer(desk_answer(200, list_json(items, std::nullopt, items.size())));
  }

  std::size_t waiting_ = 0;
  std::map<std::string, std::string> reports_;  // by name
};

class DestinationQuestion final : public Question {
 public:
  using Question::Question;

  void start() override {
    auto reader = query();
    if (!is_well_asked(reader)) return;
    if (!lines_.has_destination(name())) return answer(desk_problem(404, unknown_destination(lines_, name())));
    lines_.ask_destination(name(), ReportDestination{ticket()});
  }

  void on_report(const DestinationReport& report) override { answer(desk_answer(200, report_json(report))); }
};

// The Destination keeps the switch and writes the audit entry; it knows whether anything has changed.
class SwitchQuestion final : public Question {
 public:
  using Question::Question;

  void start() override {
    if (!lines_.has_destination(name())) return answer(desk_problem(404, unknown_destination(lines_, name())));
    auto reader = order();
    if (!reader) return;
    const bool enable = asked().target.path == DeskPath::enable;
    auto reason = enable ? reader->text("reason", reason_characters_max) : reader->needed_text("reason", reason_characters_max);
    if (!is_well_asked(*reader)) return;
    lines_.ask_destination(name(), DirectDestination{ticket(), enable, std::move(reason), asked().by});
  }

  void on_report(const DestinationReport& report) override { answer(desk_answer(200, report_json(report))); }
};

}  // namespace

QuestionPtr ask_destinations(QuestionStart start) { return std::make_unique<DestinationsQuestion>(std::move(start)); }
QuestionPtr ask_destination(QuestionStart start) { return std::make_unique<DestinationQuestion>(std::move(start)); }
QuestionPtr order_switch(QuestionStart start) { return std::make_unique<SwitchQuestion>(std::move(start)); }

}  // namespace denrei
