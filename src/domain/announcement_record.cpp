// The announcement as packed state, its series as packed notes, and the reader's JSON. How events change it: announcement.cpp.
#include "denrei/base/packing.hpp"
#include "denrei/domain/announcement.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::uint8_t figures_version = 1;
constexpr std::uint8_t announcement_version = 1;

void pack_since(Packer& packer, const std::optional<Recency>& since) {
  packer.u8(since ? 1 : 0);
  if (since) pack_recency(packer, *since);
}

std::optional<Recency> unpack_since(Unpacker& unpacker) {
  if (unpacker.u8() == 0) return std::nullopt;
  return unpack_recency(unpacker);
}

// False when there are more departments than we ever write, so that corrupt bytes cannot make us allocate.
bool unpack_departments(Unpacker& unpacker, Announcement& announcement) {
  const auto count = unpacker.u32();
  if (count > departments_max) return false;
  for (std::uint32_t i = 0; i < count && unpacker.ok(); ++i) {
    std::string name(unpacker.text());
    announcement.by_department.emplace_back(std::move(name), unpacker.i64());
  }
  return true;
}

JsonObject& show_figures(JsonObject& out, const Figures& figures) {
  out.text("event", figures.event).text("timestamp", figures.timestamp).number("delivered", figures.delivered);
  return out.number("actions", figures.actions).number("completions", figures.completions);
}

std::string latest_json(const Announcement& announcement) {
  JsonObject out(256 + announcement.details.size());
  show_figures(out, announcement.latest);
  if (!announcement.details.empty()) out.raw("details", announcement.details);
  return out.take();
}

std::string departments_json(const Announcement& announcement) {
  JsonObject out;
  for (const auto& [name, count] : announcement.by_department) out.number(name, count);
  return out.take();
}

// A line without a note is an event that failed: it has no figures.
Result<std::string> series_json(const std::vector<Line>& series) {
  std::string out = "[";
  for (const auto& line : series) {
    if (line.note.empty()) continue;
    const auto figures = decode_figures(line.note);
    if (!figures) return tl::unexpected(figures.error());
    if (out.size() > 1) out.push_back(',');
    JsonObject point;
    out.append(show_figures(point, *figures).text("receivedAt", format_iso8601(line.received_at)).take());
  }
  return out.append("]");
}

}  // namespace

std::string encode_figures(const Figures& figures) {
  Packer packer(1 + 4 + figures.event.size() + 4 + figures.timestamp.size() + 3 * 8);
  packer.u8(figures_version).text(figures.event).text(figures.timestamp);
  return packer.i64(figures.delivered).i64(figures.actions).i64(figures.completions).take();
}

Result<Figures> decode_figures(std::string_view packed) {
  Unpacker unpacker(packed);
  if (unpacker.u8() != figures_version) return fail(FaultCode::invalid, "not a point of a known version");
  Figures figures;
  figures.event = unpacker.text();
  figures.timestamp = unpacker.text();
  for (auto* count : {&figures.delivered, &figures.actions, &figures.completions}) *count = unpacker.i64();
  if (!unpacker.ok() || !unpacker.at_end()) return fail(FaultCode::invalid, "a point of the wrong length");
  return figures;
}

std::string encode_announcement(const Announcement& announcement) {
  Packer packer(512 + announcement.details.size());
  packer.u8(announcement_version);
  pack_since(packer, announcement.latest_since);
  packer.text(encode_figures(announcement.latest)).text(announcement.title).text(announcement.category);
  packer.text(announcement.priority).text(announcement.published_at).text(announcement.details);
  pack_since(packer, announcement.departments_since);
  packer.u32(static_cast<std::uint32_t>(announcement.by_department.size()));
  for (const auto& [name, count] : announcement.by_department) packer.text(name).i64(count);
  return packer.take();
}

Result<Announcement> decode_announcement(std::string_view packed) {
  Unpacker unpacker(packed);
  if (unpacker.u8() != announcement_version) return fail(FaultCode::invalid, "not an announcement of a known version");
  Announcement announcement;
  announcement.latest_since = unpack_since(unpacker);
  auto latest = decode_figures(unpacker.text());
  if (!latest) return tl::unexpected(std::move(latest.error()));
  announcement.latest = std::move(*latest);
  for (auto* text : {&announcement.title, &announcement.category, &announcement.priority, &announcement.published_at,
                     &announcement.details})
    *text = unpacker.text();
  announcement.departments_since = unpack_since(unpacker);
  if (!unpack_departments(unpacker, announcement) || !unpacker.ok() || !unpacker.at_end())
    return fail(FaultCode::invalid, "an announcement of no known form");
  return announcement;
}

Result<std::string> announcement_json(std::string_view id, std::string_view packed_state, const std::vector<Line>& series) {
  if (packed_state.empty()) return fail(FaultCode::not_found, "no announcement by this id");
  const auto announcement = decode_announcement(packed_state);
  if (!announcement) return tl::unexpected(announcement.error());
  auto points = series_json(series);
  if (!points) return points;
  JsonObject out(512 + announcement->details.size() + points->size());
  out.text("id", id).text("title", announcement->title).text("category", announcement->category);
  out.text("priority", announcement->priority).text("publishedAt", announcement->published_at);
  out.raw("latest", latest_json(*announcement)).raw("byDepartment", departments_json(*announcement));
  return out.raw("series", *points).take();
}

}  // namespace denrei
