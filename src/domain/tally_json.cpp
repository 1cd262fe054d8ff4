// The tally as JSON: what goes to the records system, and what readers see.
#include "denrei/domain/json_text.hpp"
#include "denrei/domain/tally.hpp"

namespace denrei {
namespace {

std::string details_json(const TallyFigures& figures) {
  JsonObject out;
  out.number("viewCount", figures.views);
  if (figures.unique_viewers) out.number("uniqueViewers", *figures.unique_viewers);
  if (figures.average_read_time) out.number("averageReadTime", *figures.average_read_time);
  if (!figures.by_department.empty()) {
    JsonObject departments;
    for (const auto& [name, count] : figures.by_department) departments.number(name, count);
    out.raw("actionsByDepartment", departments.take());
  }
  return out.take();
}

std::string stats_json(const TallyFigures& figures) {
  JsonObject out;
  out.number("delivered", figures.delivered).number("actions", figures.actions).number("completions", figures.completions);
  return out.raw("details", details_json(figures)).take();
}

std::string announcement_head(std::string_view id, const Published& published) {
  JsonObject out(256 + published.title.size());
  out.text("id", id).text("title", published.title).text("category", published.category);
  return out.text("priority", published.priority).text("publishedAt", published.published_at).take();
}

std::string metadata_json(std::string_view environment) {
  return JsonObject{}.text("source", "voicedrive").text("version", "1.0.0").text("environment", environment).take();
}

// A line without a note is an event that failed: it has no figures.
Result<std::string> series_json(const std::vector<Line>& lines) {
  std::string out = "[";
  for (const auto& line : lines) {
    if (line.note.empty()) continue;
    const auto point = decode_point(line.note);
    if (!point) return tl::unexpected(point.error());
    if (out.size() > 1) out.push_back(',');
    JsonObject item;
    item.text("event", point->event).text("timestamp", format_iso8601(point->at)).raw("stats", stats_json(point->figures));
    out.append(item.take());
  }
  return out.append("]");
}

}  // namespace

std::string stats_payload(std::string_view id, const Published& published, const TallyPoint& point) {
  JsonObject out(768 + published.title.size());
  out.text("event", point.event).text("timestamp", format_iso8601(point.at)).raw("announcement", announcement_head(id, published));
  return out.raw("stats", stats_json(point.figures)).raw("metadata", metadata_json(published.environment)).take();
}

Result<std::string> stats_payload(const json::value& tally, const json::value& item) {
  const auto* announcement = find(tally, "/announcement");
  const auto* stats = find(item, "/stats");
  if (announcement == nullptr || !announcement->is_object())
    return fail(FaultCode::invalid, "the announcement has not been published yet, so nothing about it can be sent");
  if (stats == nullptr || !stats->is_object() || find_string(item, "/event").empty() || find_string(item, "/timestamp").empty())
    return fail(FaultCode::invalid, "an item of a series has the members event, timestamp and stats");
  JsonObject out(1'024);
  out.text("event", find_string(item, "/event")).text("timestamp", find_string(item, "/timestamp")).value("announcement", *announcement);
  return out.value("stats", *stats).raw("metadata", metadata_json(find_string(tally, "/environment"))).take();
}

Result<std::string> tally_json(std::string_view id, std::string_view packed_state, const std::vector<Line>& lines) {
  if (packed_state.empty()) return fail(FaultCode::not_found, "nothing has been counted for an announcement by this id");
  const auto tally = decode_tally(packed_state);
  if (!tally) return tl::unexpected(tally.error());
  auto series = series_json(lines);
  if (!series) return series;
  JsonObject out(1'024 + series->size());
  out.text("id", id);
  if (tally->published) out.raw("announcement", announcement_head(id, *tally->published)).text("environment", tally->published->environment);
  else out.raw("announcement", "null").raw("environment", "null");
  return out.raw("stats", stats_json(figures_of(*tally))).raw("series", *series).take();
}

}  // namespace denrei
