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
  constexpr std::ptrdiff_t lanes = 32;  // with fewer, GCC unrolls the loop and does not make vector instructions of it
  const PeerId* place = all.data();
  const PeerId* const end = place + all.size();
  for (; end - place >= lanes; place += lanes) {
    std::uint32_t hits = 0;
    for (std::ptrdiff_t i = 0; i < lanes; ++i) hits += place[i] == peer;
    if (hits > 0) break;
  }
  place = std::find(place, end, peer);
  return place == end ? nowhere : static_cast<std::uint32_t>(place - all.data());
}

}  // namespace gossip
