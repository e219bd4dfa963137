#pragma once

#include <algorithm>
#include <span>

#include "core/random.hpp"
#include "core/types.hpp"

/// What overlays have in common.
namespace gossip {

/// Times in four bytes, of about 4 ms each. They wrap after 208 days.
struct Ticks {
  static constexpr int bits = 22;
  static constexpr std::uint32_t of(Time time) { return static_cast<std::uint32_t>(time >> bits); }
  static constexpr Duration between(std::uint32_t then, Time now) { return Duration{of(now) - then} << bits; }
};

/// Pauses that double from `least` to `most`, with up to half of it on top at random, so that those who failed together
/// do not come back together.
struct Backoff {
  Duration least, most;

  static Duration with_jitter(Duration pause, Random& random) {
    return pause + static_cast<Duration>(random.uniform() * static_cast<double>(pause / 2));
  }
  Duration after(std::uint32_t failures, Random& random) const {
    Duration pause = least;
    while (failures-- > 0 && pause < most) pause *= 2;
    return with_jitter(std::min(pause, most), random);
  }
  Duration longest() const { return most * 3 / 2; }
};

inline constexpr std::uint32_t nowhere = 0xffff'ffff;

/// The peer's place, or `nowhere`.
inline std::uint32_t find_peer(std::span<const PeerId> all, PeerId peer) {
  const auto found = std::find(all.begin(), all.end(), peer);
  return found == all.end() ? nowhere : static_cast<std::uint32_t>(found - all.begin());
}

}  // namespace gossip
