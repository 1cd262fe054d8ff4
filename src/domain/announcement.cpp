// How a statistics event changes its announcement. The newest timestamp wins whatever order the events arrive in.
#include "denrei/domain/announcement.hpp"

#include <boost/json/object.hpp>

#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::size_t timestamp_bytes_max = 64;  // ISO 8601 with nanoseconds and an offset has 35; the note has to stay small

bool read_count(std::int64_t& count, const json::value& body, std::string_view pointer) {
  const auto* value = find(body, pointer);
  if (value == nullptr || !value->is_int64()) return false;
  count = value->get_int64();
  return true;
}

std::optional<Figures> read_figures(const Event& event, const json::value& body) {
  Figures figures;
  figures.event = event.type;
  figures.timestamp = find_string(body, "/timestamp");
  if (figures.timestamp.size() > timestamp_bytes_max || !read_count(figures.delivered, body, "/stats/delivered") ||
      !read_count(figures.actions, body, "/stats/actions") || !read_count(figures.completions, body, "/stats/completions"))
    return std::nullopt;
  return figures;
}

bool is_newer(const Recency& said, const std::optional<Recency>& held) { return !held || *held < said; }

void take_departments(Announcement& announcement, const json::value& body, const Recency& since) {
  const auto* counts = find(body, "/stats/details/actionsByDepartment");
  if (counts == nullptr || !counts->is_object() || !is_newer(since, announcement.departments_since)) return;
  announcement.departments_since = since;
  announcement.by_department.clear();
  for (const auto& member : counts->get_object()) {
    if (announcement.by_department.size() == departments_max) break;
    if (member.value().is_int64())
      announcement.by_department.emplace_back(std::string(member.key().data(), member.key().size()), member.value().get_int64());
  }
}

Outcome take_latest(Announcement& announcement, const Figures& figures, const json::value& body, const Recency& since) {
  if (!is_newer(since, announcement.latest_since)) return Outcome::stale;
  announcement.latest_since = since;
  announcement.latest = figures;
  announcement.title = find_string(body, "/announcement/title");
  announcement.category = find_string(body, "/announcement/category");
  announcement.priority = find_string(body, "/announcement/priority");
  announcement.published_at = find_string(body, "/announcement/publishedAt");
  announcement.details.clear();
  if (const auto* details = find(body, "/stats/details")) append_json(announcement.details, *details);
  return Outcome::applied;
}

class AnnouncementLogic final : public KeyLogic {
 public:
  explicit AnnouncementLogic(Announcement announcement) : announcement_(std::move(announcement)) {}

  Decision decide(const Event& event) override {
    Decision decision{.outcome = Outcome::failed, .note = {}, .notifications = {}};
    const auto document = json_of(event);
    if (!document) return decision;
    const auto& body = (*document)->root();
    const auto figures = read_figures(event, body);
    if (!figures) return decision;
    const auto at = parse_iso8601(figures->timestamp);
    if (!at) return decision;
    const Recency since{*at, event.id};
    decision.note = encode_figures(*figures);
    take_departments(announcement_, body, since);
    decision.outcome = take_latest(announcement_, *figures, body, since);
    return decision;
  }

  std::string encode_state() const override {
    return announcement_.latest_since ? encode_announcement(announcement_) : std::string{};
  }

 private:
  Announcement announcement_;
};

}  // namespace

Result<std::unique_ptr<KeyLogic>> make_announcement_logic(std::string_view packed_state) {
  if (packed_state.empty()) return std::make_unique<AnnouncementLogic>(Announcement{});
  auto announcement = decode_announcement(packed_state);
  if (!announcement) return tl::unexpected(std::move(announcement.error()));
  return std::make_unique<AnnouncementLogic>(std::move(*announcement));
}

}  // namespace denrei
