// Recency: which of two changes of the same thing is the newer one, whatever order they arrive in.
//
// Shape   a < b: b is newer. The sender's time decides; equal times: the larger event id, so that every order ends alike
// Source  protocol §2.1 (photo state), §2.4 (figures)
#pragma once
#include <compare>
#include <optional>
#include <string_view>

#include "denrei/base/ids.hpp"
#include "denrei/base/packing.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

struct Recency {
  WallTime at{};
  EventId by;
  friend auto operator<=>(const Recency&, const Recency&) = default;
};

inline void pack_recency(Packer& packer, const Recency& r) { packer.i64(to_unix_ms(r.at)).raw(r.by.raw()); }

// Cut-short bytes give the zero recency; the unpacker's ok() is false then.
inline Recency unpack_recency(Unpacker& unpacker) {
  Recency r;
  r.at = from_unix_ms(unpacker.i64());
  if (const auto id = unpacker.raw(16); id.size() == 16) r.by = event_id_from_raw(id);
  return r;
}

}  // namespace denrei
