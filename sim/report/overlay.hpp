#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/engine.hpp"

namespace gossip::sim {

/// Whom each peer has as neighbours; none where it is down.
using Views = std::vector<std::vector<PeerId>>;
Views views_of(Engine& engine);

/// An overlay as the literature describes it. Only what is up counts: peers that are down are no nodes, and what points to
/// one is `dangling`.
struct OverlayFacts {
  std::uint32_t peers = 0;
  std::uint64_t dangling = 0, loops = 0, doubles = 0;  // entries of a view that should not be there
  std::uint64_t one_way = 0;                           // neighbours that have not got the peer as theirs
  std::uint32_t out_least = 0, out_most = 0;
  double in_mean = 0, in_deviation = 0;
  std::vector<std::uint32_t> in_degrees;  // how many peers have so many others pointing at them
  // Without directions:
  std::uint32_t components = 0, largest = 0;
  double clustering = 0;  // mean over the peers of: linked pairs of neighbours / pairs (fewer than two: 0)
  double path = 0;        // mean hops from the sampled peers to all that they reach
  std::uint32_t most_hops = 0;
};
/// Paths from `sources` random peers, or from all where there are no more.
OverlayFacts describe(const Views& views, const std::vector<bool>& up, std::uint32_t sources, std::uint64_t seed);
OverlayFacts describe_overlay(Engine& engine, std::uint32_t sources, std::uint64_t seed);

}  // namespace gossip::sim
