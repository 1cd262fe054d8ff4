// What holds for some types of a destination's deliveries: how many go in a window, and of which only the newest is worth sending.
#include <algorithm>
#include <fmt/format.h>

#include "denrei/app/config/destination_reader.hpp"
#include "denrei/app/config/members.hpp"

namespace denrei {
namespace {

constexpr std::size_t limits_max = 20;          // each attempt looks through them
constexpr std::size_t coalesced_max = 20;
constexpr IntegerRange counts{1, 10'000};       // the time of each is remembered
constexpr DurationRange windows{std::chrono::seconds{1}, std::chrono::hours{24}};

// What is wrong with it as the end of a sentence, or nothing.
std::string find_pattern_fault(const std::string& pattern) {
  const bool star_within = pattern.find('*') < pattern.size() - 1;
  if (!pattern.empty() && pattern.size() <= limits::event_type_bytes_max && !star_within) return {};
  return fmt::format("is not a pattern of 1 to {} bytes such as stats.updated or stats.*", limits::event_type_bytes_max);
}

// The first that fits counts: one behind it that fits nothing else would never do.
std::string find_hidden(const std::vector<TypeLimit>& before, const std::string& type) {
  const auto text = std::string_view(type).substr(0, type.size() - (type.ends_with('*') ? 1 : 0));
  for (const auto& limit : before)
    if (limit.type == type || (limit.type.ends_with('*') && fits_pattern(limit.type, text))) return limit.type;
  return {};
}

void read_limit(TableReader& table, std::vector<TypeLimit>& out) {
  TypeLimit read;
  for (const auto* key : {"type", "count", "window"})
    if (!table.has(key)) table.complain("", fmt::format("{} needs '{}', as in {{ type = \"stats.updated\", count = 100, window = \"60s\" }}", table.title(), key));
  table.read("type", read.type);
  if (table.has("type"))
    if (const auto fault = find_pattern_fault(read.type); !fault.empty()) table.complain("type", fmt::format("'{}' {}", read.type, fault));
  read_count(table, "count", counts, read.count);
  read_duration(table, "window", windows, read.window);
  table.refuse_unknown_keys();
  if (const auto hidden = read.type.empty() ? std::string{} : find_hidden(out, read.type); !hidden.empty())
    table.complain("type", fmt::format("a limit of '{}' stands before that of '{}', and the first that fits counts", hidden, read.type));
  out.push_back(std::move(read));
}

void read_limits(TableReader& table, Problems& problems, Destination& out) {
  const auto* node = table.node("limits");
  if (node == nullptr) return;
  const auto* list = node->as_array();
  const bool good = list != nullptr && list->size() <= limits_max && (list->empty() || list->is_homogeneous(toml::node_type::table));
  if (!good) return table.complain("limits", fmt::format("'limits' must be a list of at most {} tables {{ type, count, window }}", limits_max));
  for (const auto& item : *list) {
    TableReader limit(*item.as_table(), "'limits'", table.file(), problems);
    read_limit(limit, out.limits);
  }
}

void read_coalesce(TableReader& table, Destination& out) {
  table.read("coalesce", out.coalesce);
  if (out.coalesce.size() > coalesced_max) table.complain("coalesce", fmt::format("'coalesce' has more than {} patterns", coalesced_max));
  for (const auto& pattern : out.coalesce)
    if (const auto fault = find_pattern_fault(pattern); !fault.empty()) table.complain("coalesce", fmt::format("'{}' {}", pattern, fault));
  if (!out.coalesce.empty() && out.order == LaneOrder::unordered)
    table.complain("coalesce", "'coalesce' needs an order by key: where order = \"unordered\", no delivery is newer than another");
}

}  // namespace

void read_type_policy(TableReader& table, Problems& problems, Destination& destination) {
  read_limits(table, problems, destination);
  read_coalesce(table, destination);
}

}  // namespace denrei
