// Reading what an operator asks.
#include "desk_request.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "denrei/base/encoding.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

struct Row {
  DeskPath path;
  bool is_order;
  std::string_view pattern;  // * stands for the name
};

// A literal segment stands above the * that would take it too.
constexpr std::array rows{
    Row{DeskPath::destinations, false, "ops/destinations"},
    Row{DeskPath::destination, false, "ops/destinations/*"},
    Row{DeskPath::enable, true, "ops/destinations/*/enable"},
    Row{DeskPath::disable, true, "ops/destinations/*/disable"},
    Row{DeskPath::deliveries, false, "ops/deliveries"},
    Row{DeskPath::delivery, false, "ops/deliveries/*"},
    Row{DeskPath::dead_letters, false, "ops/dead-letters"},
    Row{DeskPath::resend_many, true, "ops/dead-letters/resend"},
    Row{DeskPath::discard_many, true, "ops/dead-letters/discard"},
    Row{DeskPath::dead_letter, false, "ops/dead-letters/*"},
    Row{DeskPath::resend_one, true, "ops/dead-letters/*/resend"},
    Row{DeskPath::discard_one, true, "ops/dead-letters/*/discard"},
    Row{DeskPath::jobs, false, "ops/jobs"},
    Row{DeskPath::job, false, "ops/jobs/*"},
    Row{DeskPath::cancel_job, true, "ops/jobs/*/cancel"},
    Row{DeskPath::exports, false, "ops/exports"},
    Row{DeskPath::one_export, false, "ops/exports/*"},
    Row{DeskPath::audit, false, "ops/audit"},
    Row{DeskPath::event, false, "api/events/*"},
};

constexpr std::array dead_reasons{DeadReason::exhausted, DeadReason::given_up, DeadReason::pending_limit};

std::optional<DeskTarget> match(const Row& row, const std::vector<std::string>& segments) {
  DeskTarget target{row.path, row.is_order, {}};
  auto pattern = row.pattern;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto slash = pattern.find('/');
    const auto part = pattern.substr(0, slash);
    if (part == "*" && !segments[i].empty()) target.name = segments[i];
    else if (part != segments[i]) return std::nullopt;
    if (slash == std::string_view::npos) return i + 1 == segments.size() ? std::optional(std::move(target)) : std::nullopt;
    pattern.remove_prefix(slash + 1);
  }
  return std::nullopt;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<DeadReason> parse_dead_reason(std::string_view name) {
  for (const auto reason : dead_reasons)
    if (dead_reason_name(reason) == name) return reason;
  return std::nullopt;
}

}  // namespace

std::optional<DeskTarget> find_desk_target(std::string_view path) {
  const auto segments = path_segments(path);
  if (!segments) return std::nullopt;
  for (const auto& row : rows)
    if (auto target = match(row, *segments)) return target;
  return std::nullopt;
}

// --- members

MemberReader MemberReader::of_query(std::string_view target, FieldErrors& errors) {
  json::object members;
  const auto question = target.find('?');
  auto rest = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    const auto name = pair.substr(0, equals);
    const auto value = decode_percent(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1));
    if (name.empty() || members.contains(name)) continue;
    members[name] = value ? json::value(*value) : json::value(nullptr);  // null: complained about when it is read
  }
  MemberReader reader(std::move(members), {}, errors);
  reader.is_query_ = true;
  return reader;
}

void MemberReader::complain(std::string_view name, std::string message) {
  errors_->push_back({prefix_ + std::string(name), std::move(message)});
}

std::optional<json::value> MemberReader::take(std::string_view name) {
  known_.emplace_back(name);
  const auto at = members_.find(name);
  if (at == members_.end()) return std::nullopt;
  auto value = std::move(at->value());
  members_.erase(at);
  return value;
}

std::string MemberReader::text(std::string_view name, std::size_t characters_max) {
  const auto value = take(name);
  if (!value) return {};
  const bool is_text = value->is_string() && !value->get_string().empty() && is_utf8(value->get_string()) &&
                       count_code_points(value->get_string()) <= characters_max;
  if (is_text) return std::string(value->get_string());
  complain(name, fmt::format("must be a text of 1 to {} characters", characters_max));
  return {};
}

std::string MemberReader::needed_text(std::string_view name, std::size_t characters_max) {
  if (members_.contains(name)) return text(name, characters_max);
  known_.emplace_back(name);
  complain(name, fmt::format("is needed: a text of 1 to {} characters", characters_max));
  return {};
}

std::optional<std::int64_t> MemberReader::number(std::string_view name, std::int64_t min, std::int64_t max) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  std::optional<std::int64_t> number;
  if (value->is_int64()) number = value->get_int64();
  if (is_query_ && value->is_string()) number = parse_number<std::int64_t>(value->get_string());
  if (number && *number >= min && *number <= max) return number;
  complain(name, fmt::format("must be a number from {} to {}", min, max));
  return std::nullopt;
}

std::optional<WallTime> MemberReader::time(std::string_view name) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  if (value->is_string())
    if (const auto time = parse_iso8601(value->get_string())) return *time;
  complain(name, "must be a time as 2025-11-20T05:00:00Z or with an offset");
  return std::nullopt;
}

bool MemberReader::flag(std::string_view name) {
  const auto value = take(name);
  if (value && !value->is_bool()) complain(name, "must be true or false");
  return value && value->is_bool() && value->get_bool();
}

std::optional<json::object> MemberReader::object(std::string_view name) {
  const auto value = take(name);
  if (value && value->is_object()) return value->get_object();
  if (value) complain(name, "must be an object");
  return std::nullopt;
}

std::size_t MemberReader::limit() {
  return static_cast<std::size_t>(number("limit", 1, limits::page_max).value_or(limits::page_default));
}

void MemberReader::refuse_others() {
  for (const auto& member : members_)
    complain(member.key(), fmt::format("is not known here; {}", known_.empty() ? "nothing is" : fmt::format("known: {}", fmt::join(known_, ", "))));
}

DeadFilter read_dead_filter(MemberReader& reader) {
  DeadFilter filter;
  filter.destination = reader.text("destination");
  filter.key = reader.text("key");
  filter.type = reader.text("type");
  if (const auto reason = reader.text("reason"); !reason.empty()) {
    filter.reason = parse_dead_reason(reason);
    if (!filter.reason) reader.complain("reason", "must be one of exhausted, given_up, pending_limit");
  }
  if (const auto status = reader.number("status", 0, 999)) filter.status = static_cast<int>(*status);
  filter.since = reader.time("since");
  filter.until = reader.time("until");
  return filter;
}

Result<json::object> read_order(const InboundRequest& request) {
  if (request.body.empty()) return json::object{};
  const auto document = parse_json(request.body);
  if (!document) return tl::unexpected(document.error());
  if (!(*document)->root().is_object()) return fail(FaultCode::invalid, "the body must be a JSON object");
  return json::object((*document)->root().get_object(), json::storage_ptr{});  // a copy otherwise lives in the document's memory
}

std::optional<std::vector<std::uint64_t>> parse_places(std::string_view cursor) {
  std::vector<std::uint64_t> places;
  for (;;) {
    const auto dot = cursor.find('.');
    const auto place = parse_number<std::uint64_t>(cursor.substr(0, dot));
    if (!place) return std::nullopt;
    places.push_back(*place);
    if (dot == std::string_view::npos) return places;
    cursor.remove_prefix(dot + 1);
  }
}

std::string places_text(const std::vector<std::uint64_t>& places) { return fmt::format("{}", fmt::join(places, ".")); }

}  // namespace denrei
