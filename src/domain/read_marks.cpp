// Stretches of marked cursors: how they grow together, part and are written down.
#include "denrei/domain/read_marks.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/base/limits.hpp"
#include "denrei/base/packing.hpp"

namespace denrei {
namespace {

constexpr std::uint8_t marks_version = 1;
constexpr std::uint64_t fnv_offset = 14'695'981'039'346'656'037u;
constexpr std::uint64_t fnv_prime = 1'099'511'628'211u;

using Stretches = std::vector<MarkStretch>;

// The first one that does not end before `cursor`.
Stretches::const_iterator first_from(const Stretches& all, std::uint64_t cursor) {
  return std::lower_bound(all.begin(), all.end(), cursor, [](const MarkStretch& s, std::uint64_t c) { return s.last < c; });
}

}  // namespace

void ReadMarks::mark(MarkStretch what) {
  if (what.first == 0 || what.last < what.first) return;
  const auto from = first_from(stretches_, what.first - 1);  // one that ends right before it grows
  auto to = from;
  for (; to != stretches_.end() && to->first - 1 <= what.last; ++to) {
    what.first = std::min(what.first, to->first);
    what.last = std::max(what.last, to->last);
  }
  stretches_.insert(stretches_.erase(from, to), what);
}

void ReadMarks::unmark(MarkStretch what) {
  if (what.last < what.first) return;
  const auto from = first_from(stretches_, what.first);
  auto to = from;
  Stretches left;
  for (; to != stretches_.end() && to->first <= what.last; ++to) {
    if (to->first < what.first) left.push_back({to->first, what.first - 1});
    if (to->last > what.last) left.push_back({what.last + 1, to->last});
  }
  stretches_.insert(stretches_.erase(from, to), left.begin(), left.end());
}

void ReadMarks::keep(MarkStretch inside) {
  if (inside.last < inside.first) return stretches_.clear();
  if (inside.first > 0) unmark({0, inside.first - 1});
  if (inside.last < UINT64_MAX) unmark({inside.last + 1, UINT64_MAX});
}

std::uint64_t ReadMarks::fingerprint() const noexcept {
  auto hash = fnv_offset;
  for (const auto& stretch : stretches_)
    for (const auto end : {stretch.first, stretch.last})
      for (unsigned bit = 0; bit < 64; bit += 8) hash = (hash ^ ((end >> bit) & 0xFFu)) * fnv_prime;
  return hash;
}

Result<ReadMarks> decide_marks(ReadMarks marks, const MarkOrder& order, MarkStretch window) {
  marks.keep(window);
  const auto before = marks.stretches().size();
  switch (order.what) {
    case Marking::mark:
      for (const auto cursor : order.cursors) marks.mark({cursor, cursor});
      break;
    case Marking::unmark:
      for (const auto cursor : order.cursors) marks.unmark({cursor, cursor});
      break;
    case Marking::mark_up_to:
      if (!order.cursors.empty()) marks.mark({window.first, std::min(order.cursors.back(), window.last)});
      break;
  }
  const auto after = marks.stretches().size();
  if (after > limits::mark_stretches_max && after > before)  // who has too many already may still join some
    return fail(FaultCode::overloaded,
                fmt::format("this reader has marked {} separate stretches, and no more are kept: mark everything up to a cursor "
                            "first (upto), then single notifications behind it", limits::mark_stretches_max));
  return marks;
}

std::string encode_marks(const ReadMarks& marks) {
  Packer packer(1 + 4 + 16 * marks.stretches().size());
  packer.u8(marks_version).u32(static_cast<std::uint32_t>(marks.stretches().size()));
  for (const auto& stretch : marks.stretches()) packer.u64(stretch.first).u64(stretch.last);
  return packer.take();
}

Result<ReadMarks> decode_marks(std::string_view packed) {
  Unpacker unpacker(packed);
  if (unpacker.u8() != marks_version) return fail(FaultCode::invalid, "not read marks of a known version");
  const auto stretches = unpacker.u32();
  if (!unpacker.ok() || unpacker.rest().size() != std::size_t{16} * stretches) return fail(FaultCode::invalid, "read marks of the wrong length");
  ReadMarks marks;
  for (std::uint32_t i = 0; i < stretches; ++i) {
    const auto first = unpacker.u64(), last = unpacker.u64();
    marks.mark({first, last});
  }
  if (marks.stretches().size() != stretches) return fail(FaultCode::invalid, "read marks that are not in order");
  return marks;
}

}  // namespace denrei
