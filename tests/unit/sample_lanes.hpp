// Deliveries for the tests of the lane book: an id, a place and a time, nothing else.
#pragma once
#include "denrei/domain/lane_book.hpp"

namespace denrei {

inline const WallTime start = from_unix_ms(1'760'000'000'000);

inline DeliveryId id_of(std::uint64_t number) {
  DeliveryId id;
  for (std::size_t i = 0; i < 8; ++i) id.hash.bytes[15 - i] = static_cast<unsigned char>(number >> (8 * i));
  return id;
}

// A delivery whose id is its seq.
inline Pending pending(std::uint64_t lane, std::uint64_t seq, WallTime due = start) { return {id_of(seq), seq, lane, due, 1, false}; }

// The seq of what may go now; 0: nothing.
inline std::uint64_t take(LaneBook& book, WallTime now = start) {
  const auto taken = book.take_ready(now);
  return taken ? taken->seq : 0;
}

}  // namespace denrei
