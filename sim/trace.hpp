#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/scenario.hpp"

namespace gossip::sim {

/// When each peer is up, in order of time and without overlaps. A peer without intervals is up all the time.
struct Trace {
  std::vector<std::uint64_t> offsets{0};  // peers + 1
  std::vector<Interval> intervals;

  std::span<const Interval> of(std::uint32_t peer) const {
    return std::span(intervals).subspan(offsets[peer], offsets[peer + 1ull] - offsets[peer]);
  }
};

/// Reads CSV: `peer,up_seconds,down_seconds`, times from the simulation's start, rows in any order, several a peer; an
/// empty last column: up until the end (`never`). Throws InputError naming the file and line.
Trace read_trace(const std::string& file, std::uint32_t peers);

}  // namespace gossip::sim
