// The tally as packed state, and its points as packed notes.
#include "denrei/base/packing.hpp"
#include "denrei/domain/announcement.hpp"
#include "denrei/domain/tally.hpp"

namespace denrei {
namespace {

constexpr std::uint8_t point_version = 1;
constexpr std::uint8_t tally_version = 1;
constexpr std::uint8_t is_published = 1, has_too_many_viewers = 2, has_changed_since_hour = 4;
constexpr std::int64_t no_number = -1;  // counts and times are never below 0

void pack_departments(Packer& packer, const DepartmentCounts& departments) {
  packer.u32(static_cast<std::uint32_t>(departments.size()));
  for (const auto& [name, count] : departments) packer.text(name).i64(count);
}

std::size_t packed_bytes(const DepartmentCounts& departments) {
  std::size_t bytes = 4;
  for (const auto& [name, count] : departments) bytes += 4 + name.size() + sizeof count;
  return bytes;
}

// False when there are more than we ever write, so that corrupt bytes cannot make us allocate.
bool unpack_departments(Unpacker& unpacker, DepartmentCounts& departments) {
  const auto count = unpacker.u32();
  if (count > departments_max) return false;
  for (std::uint32_t i = 0; i < count && unpacker.ok(); ++i) {
    std::string name(unpacker.text());
    departments.emplace_back(std::move(name), unpacker.i64());
  }
  return true;
}

bool unpack_viewers(Unpacker& unpacker, std::vector<std::uint64_t>& viewers) {
  const auto count = unpacker.u32();
  if (count > viewers_max) return false;
  for (std::uint32_t i = 0; i < count && unpacker.ok(); ++i) viewers.push_back(unpacker.u64());
  return true;
}

std::optional<std::int64_t> unpack_number(Unpacker& unpacker) {
  const auto number = unpacker.i64();
  return number == no_number ? std::nullopt : std::optional(number);
}

void pack_published(Packer& packer, const Published& published) {
  packer.text(published.title).text(published.category).text(published.priority).text(published.published_at);
  packer.text(published.environment).i64(published.delivered);
}

Published unpack_published(Unpacker& unpacker) {
  Published published;
  for (auto* text : {&published.title, &published.category, &published.priority, &published.published_at, &published.environment})
    *text = unpacker.text();
  published.delivered = unpacker.i64();
  return published;
}

}  // namespace

std::string encode_point(const TallyPoint& point) {
  const auto& figures = point.figures;
  Packer packer(1 + 4 + point.event.size() + 7 * 8 + packed_bytes(figures.by_department));
  packer.u8(point_version).text(point.event).i64(to_unix_ms(point.at)).i64(figures.delivered).i64(figures.actions);
  packer.i64(figures.completions).i64(figures.views).i64(figures.unique_viewers.value_or(no_number));
  packer.i64(figures.average_read_time.value_or(no_number));
  pack_departments(packer, figures.by_department);
  return packer.take();
}

Result<TallyPoint> decode_point(std::string_view packed) {
  Unpacker unpacker(packed);
  if (unpacker.u8() != point_version) return fail(FaultCode::invalid, "not a tally's point of a known version");
  TallyPoint point;
  auto& figures = point.figures;
  point.event = unpacker.text();
  point.at = from_unix_ms(unpacker.i64());
  for (auto* count : {&figures.delivered, &figures.actions, &figures.completions, &figures.views}) *count = unpacker.i64();
  figures.unique_viewers = unpack_number(unpacker);
  figures.average_read_time = unpack_number(unpacker);
  if (!unpack_departments(unpacker, figures.by_department) || !unpacker.ok() || !unpacker.at_end())
    return fail(FaultCode::invalid, "a tally's point of no known form");
  return point;
}

std::string encode_tally(const Tally& tally) {
  Packer packer(512 + tally.viewers.size() * 8 + packed_bytes(tally.by_department));
  const auto flags = (tally.published ? is_published : 0) | (tally.too_many_viewers ? has_too_many_viewers : 0) |
                     (tally.changed_since_hour ? has_changed_since_hour : 0);
  packer.u8(tally_version).u8(static_cast<std::uint8_t>(flags));
  if (tally.published) pack_published(packer, *tally.published);
  for (const auto number : {tally.actions, tally.completions, tally.views, tally.reads, tally.read_ms}) packer.i64(number);
  for (const auto time : {tally.changed_at, tally.stamp, tally.hour, tally.day}) packer.i64(to_unix_ms(time));
  pack_departments(packer, tally.by_department);
  packer.u32(static_cast<std::uint32_t>(tally.viewers.size()));
  for (const auto viewer : tally.viewers) packer.u64(viewer);
  return packer.take();
}

Result<Tally> decode_tally(std::string_view packed) {
  Unpacker unpacker(packed);
  if (unpacker.u8() != tally_version) return fail(FaultCode::invalid, "not a tally of a known version");
  const auto flags = unpacker.u8();
  if (flags > (is_published | has_too_many_viewers | has_changed_since_hour)) return fail(FaultCode::invalid, "a tally with an unknown flag");
  Tally tally;
  if ((flags & is_published) != 0) tally.published = unpack_published(unpacker);
  tally.too_many_viewers = (flags & has_too_many_viewers) != 0;
  tally.changed_since_hour = (flags & has_changed_since_hour) != 0;
  for (auto* number : {&tally.actions, &tally.completions, &tally.views, &tally.reads, &tally.read_ms}) *number = unpacker.i64();
  for (auto* time : {&tally.changed_at, &tally.stamp, &tally.hour, &tally.day}) *time = from_unix_ms(unpacker.i64());
  const bool is_whole = unpack_departments(unpacker, tally.by_department) && unpack_viewers(unpacker, tally.viewers);
  if (!is_whole || !unpacker.ok() || !unpacker.at_end()) return fail(FaultCode::invalid, "a tally of no known form");
  return tally;
}

}  // namespace denrei
