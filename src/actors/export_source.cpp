// The lines of exports.
#include "export_source.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include "denrei/domain/json.hpp"
#include "denrei/domain/json_text.hpp"
#include "fetches.hpp"
#include "oldest_first.hpp"

namespace denrei {
namespace {

constexpr std::array kinds{ExportWhat::audit, ExportWhat::dead_letters};

std::optional<WallTime> time_of(const std::string& entry) {
  const auto json = parse_json(entry);
  if (!json) return std::nullopt;
  const auto time = parse_iso8601(find_string((*json)->root(), "/timestamp"));
  return time ? std::optional(*time) : std::nullopt;
}

bool is_a_line(const std::string& entry) { return entry.find('\n') == std::string::npos && parse_json(entry).has_value(); }

class AuditSource final : public ExportSource {
 public:
  AuditSource(const ExportOrder& order, std::uint32_t partitions) : merge_(partitions, order.since, order.until) {}

  std::vector<ExportQuestion> wanted() const override {
    std::vector<ExportQuestion> out;
    for (const auto& q : merge_.wanted()) out.emplace_back(AskAudit{q.partition, q.before, q.count});
    return out;
  }
  void add(const AskAudit& asked, const Numbered& page) override {
    std::vector<OldestFirst::Entry> entries;
    for (const auto& [place, record] : page) entries.push_back({place, time_of(record), record});
    merge_.add(asked.partition, std::move(entries));
  }
  std::optional<std::string> take() override {
    auto entry = merge_.take();
    if (entry && !is_a_line(*entry)) entry = JsonObject{}.text("unreadable", *entry).take();
    return entry;
  }

 private:
  OldestFirst merge_;
};

class DeadSource final : public ExportSource {
 public:
  DeadSource(const ExportOrder& order, std::uint32_t partitions, WallTime now) : partitions_(partitions) {
    filter_.since = order.since;
    filter_.until = std::min(order.until.value_or(now), now);
  }

  std::vector<ExportQuestion> wanted() const override {
    if (!lines_.empty()) return {};
    if (!ids_.empty()) {
      const auto count = static_cast<std::ptrdiff_t>(std::min(ids_.size(), dead_fetch));
      return {AskDeadRecords{partition_, {ids_.begin(), ids_.begin() + count}}};
    }
    return partition_ < partitions_ ? std::vector<ExportQuestion>{AskDeadList{partition_, filter_, after_, dead_page}} : std::vector<ExportQuestion>{};
  }

  void add(const AskDeadList&, const DeadListed& page) override {
    const auto& heads = page.heads;
    const bool is_last = heads.size() < dead_page;
    // Several deliveries of one event have one sequence: a full page may have cut its last one short, the next begins with it.
    auto end = heads.end();
    if (!is_last)
      while (end != heads.begin() && std::prev(end)->seq == heads.back().seq) --end;
    if (end == heads.begin()) end = heads.end();
    for (auto at = heads.begin(); at != end; ++at) ids_.push_back(at->id);
    if (!heads.empty()) after_ = std::prev(end)->seq;
    is_last_page_ = is_last;
    if (ids_.empty()) next_partition();
  }

  // What is not there any more was re-sent or discarded meanwhile.
  void add(const AskDeadRecords& asked, const Blobs& records) override {
    for (const auto& delivery : decode_all(records, asked.ids.size()))
      if (delivery) lines_.push_back(delivery_json(*delivery, "dead", false));
    ids_.erase(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(std::min(ids_.size(), asked.ids.size())));
    if (ids_.empty() && is_last_page_) next_partition();
  }

  std::optional<std::string> take() override {
    if (lines_.empty()) return std::nullopt;
    auto line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }

 private:
  void next_partition() {
    ++partition_;
    after_ = 0;
  }

  std::uint32_t partitions_;
  DeadFilter filter_;
  std::uint32_t partition_ = 0;
  std::uint64_t after_ = 0;            // where the next page begins
  bool is_last_page_ = false;
  std::deque<DeliveryId> ids_;         // of the page in hand, not yet fetched
  std::deque<std::string> lines_;
};

}  // namespace

std::string_view export_what_name(ExportWhat what) noexcept {
  switch (what) {
    case ExportWhat::audit: return "audit";
    case ExportWhat::dead_letters: return "dead-letters";
  }
  return "";
}

std::optional<ExportWhat> parse_export_what(std::string_view name) noexcept {
  for (const auto what : kinds)
    if (export_what_name(what) == name) return what;
  return std::nullopt;
}

std::unique_ptr<ExportSource> make_export_source(const ExportOrder& order, std::uint32_t partitions, WallTime now) {
  switch (order.what) {
    case ExportWhat::audit: return std::make_unique<AuditSource>(order, partitions);
    case ExportWhat::dead_letters: return std::make_unique<DeadSource>(order, partitions, now);
  }
  return nullptr;
}

}  // namespace denrei
