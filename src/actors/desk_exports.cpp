// What operators ask about exports, and their order to begin one. Who makes them: exporter.cpp.
#include <fmt/format.h>

#include "denrei/domain/json_text.hpp"
#include "desk_question.hpp"
#include "export_source.hpp"

namespace denrei {
namespace {

std::string_view export_state_name(ExportState state) noexcept {
  switch (state) {
    case ExportState::waiting: return "waiting";
    case ExportState::running: return "running";
    case ExportState::finished: return "finished";
    case ExportState::failed: return "failed";
  }
  return "";
}

void add_time(JsonObject& out, std::string_view name, const std::optional<WallTime>& time) {
  if (time) out.text(name, format_iso8601(*time));
  else out.raw(name, "null");
}

void add_text(JsonObject& out, std::string_view name, const std::string& text) {
  if (text.empty()) out.raw(name, "null");
  else out.text(name, text);
}

std::string export_json(const ExportReport& report) {
  JsonObject out(512);
  out.text("id", report.id).text("what", export_what_name(report.order.what)).text("state", export_state_name(report.state));
  add_time(out, "since", report.order.since);
  add_time(out, "until", report.order.until);
  out.text("by", report.order.by);
  add_time(out, "startedAt", report.started_at);
  add_time(out, "endedAt", report.ended_at);
  out.number("entries", static_cast<std::int64_t>(report.entries)).number("bytes", static_cast<std::int64_t>(report.bytes));
  out.number("objects", static_cast<std::int64_t>(report.keys.size()));
  std::string keys = "[";
  for (const auto& key : report.keys) {
    if (keys.size() > 1) keys += ',';
    append_json_string(keys, key);
  }
  out.raw("keys", keys + "]");
  add_text(out, "provider", report.provider);
  add_text(out, "why", report.why);
  return out.take();
}

class ExportsQuestion final : public Question {
 public:
  using Question::Question;

  void start() override {
    if (!lines_.options().exporter)
      return answer(desk_problem(404, "エクスポート先がありません: [[service]] に kind = \"storage\" を設定してください。 / "
                                      "no object storage is configured: add a [[service]] of kind \"storage\""));
    if (asked().target.is_order) return begin();
    auto reader = query();
    if (is_well_asked(reader)) lines_.ask_exporter(ListExports{ticket(), name()});
  }

  void on_exports_told(const ExportsTold& told) override {
    if (!told.ok) return answer(desk_problem(503, told.why, fmt::format("Retry-After: {}\r\n", told.again_in.count())));
    if (asked().target.is_order) return say_begun(told.reports.front());
    if (!name().empty()) return say_one(told);
    std::vector<std::string> items;
    for (const auto& report : told.reports) items.push_back(export_json(report));
    answer(desk_answer(200, list_json(items, std::nullopt, items.size())));
  }

 private:
  void begin() {
    auto reader = order();
    if (!reader) return;
    ExportOrder wanted{.by = asked().by};
    const auto what = reader->needed_text("what", name_characters_max);
    const auto known = parse_export_what(what);
    if (known) wanted.what = *known;
    else if (!what.empty()) reader->complain("what", "must be one of audit, dead-letters");
    wanted.since = reader->time("since");
    wanted.until = reader->time("until");
    if (wanted.since && wanted.until && *wanted.since > *wanted.until) reader->complain("until", "must not be before since");
    if (is_well_asked(*reader)) lines_.ask_exporter(StartExport{ticket(), std::move(wanted)});
  }

  // That somebody has taken a copy out of the house is an entry of the audit.
  void say_begun(const ExportReport& report) {
    JsonObject entry;
    entry.text("action", "export_started").text("exportId", report.id).text("what", export_what_name(report.order.what));
    add_time(entry, "since", report.order.since);
    add_time(entry, "until", report.order.until);
    lines_.write_audit(entry.text("by", report.order.by).text("timestamp", format_iso8601(lines_.now())).take());
    answer(desk_answer(202, export_json(report), fmt::format("Location: /ops/exports/{}\r\n", report.id)));
  }

  void say_one(const ExportsTold& told) {
    if (!told.reports.empty()) return answer(desk_answer(200, export_json(told.reports.front())));
    answer(desk_problem(404, "no export has this id; the last ones are remembered until the process ends"));
  }
};

}  // namespace

QuestionPtr ask_exports(QuestionStart start) { return std::make_unique<ExportsQuestion>(std::move(start)); }

}  // namespace denrei
