#pragma once

#include <cstdint>

#include "sim/topology/graph.hpp"
#include "sim/world/latency.hpp"

namespace gossip::bench {

struct FloodOutcome {
  std::uint64_t frames = 0;  // that arrived, duplicates included
  std::uint64_t reached = 0;
  Time last_delivery = 0;
  double seconds = 0;

  /// Whether the two simulated the same thing; the seconds may differ.
  bool same_flood(const FloodOutcome& other) const {
    return frames == other.frames && reached == other.reached && last_delivery == other.last_delivery;
  }
};

/// One message from peer 0 through the graph, by the book: a binary heap of events and an array of first arrivals. No
/// core, no peers, no counters; what a simulator costs when nobody thinks about it.
FloodOutcome heap_flood(const sim::Graph& graph, const sim::LatencyModel& latency);

}  // namespace gossip::bench
