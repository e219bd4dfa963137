#pragma once

#include <algorithm>
#include <utility>

#include "sim/topology/graph.hpp"

/// How every generator and reader makes a Graph. Nothing but the result is allocated: 8 bytes a peer and 4 a target.
namespace gossip::sim {

/// Sorts the rows and drops doubles.
inline void tidy_rows(Graph& graph) {
  std::uint64_t kept = 0;
  std::uint64_t row_start = 0;
  for (std::uint32_t peer = 0; peer < graph.peers(); ++peer) {
    const auto begin = graph.targets.begin() + static_cast<std::ptrdiff_t>(row_start);
    const auto end = graph.targets.begin() + static_cast<std::ptrdiff_t>(graph.offsets[peer + 1ull]);
    std::sort(begin, end);
    const auto last = std::unique(begin, end);
    const auto to = graph.targets.begin() + static_cast<std::ptrdiff_t>(kept);
    if (to != begin) std::copy(begin, last, to);
    kept += static_cast<std::uint64_t>(last - begin);
    row_start = std::exchange(graph.offsets[peer + 1ull], kept);
  }
  graph.targets.resize(kept);
  // Copying has its own peak, so a few doubles stay as slack.
  if (graph.targets.capacity() - kept > kept / 16) graph.targets.shrink_to_fit();
}

/// `each_link` is called twice, to count and to fill, and calls its argument with the same pairs both times: in any
/// order and direction, doubled or not; self-links are left out.
template <class EachLink>
Graph from_links(std::uint32_t peers, const EachLink& each_link) {
  Graph graph;
  graph.offsets.assign(peers + std::uint64_t{1}, 0);
  each_link([&](std::uint64_t a, std::uint64_t b) {
    if (a == b) return;
    ++graph.offsets[a];
    ++graph.offsets[b];
  });
  // Each offset becomes the end of its row, and goes back to the row's start while the row fills.
  std::uint64_t total = 0;
  for (std::uint64_t& offset : graph.offsets) offset = total += offset;
  graph.targets.resize(total);
  each_link([&](std::uint64_t a, std::uint64_t b) {
    if (a == b) return;
    graph.targets[--graph.offsets[a]] = PeerId{static_cast<std::uint32_t>(b)};
    graph.targets[--graph.offsets[b]] = PeerId{static_cast<std::uint32_t>(a)};
  });
  tidy_rows(graph);
  return graph;
}

// The generators that draw random numbers, in random_graph.cpp.
Graph random_regular(std::uint32_t peers, std::uint32_t degree, std::uint64_t seed);
Graph random_out(std::uint32_t peers, std::uint32_t links, std::uint64_t seed);
Graph erdos_renyi(std::uint32_t peers, double probability, std::uint64_t seed);
Graph small_world(std::uint32_t peers, const SmallWorld& spec, std::uint64_t seed);
Graph scale_free(std::uint32_t peers, const ScaleFree& spec, std::uint64_t seed);

/// In graph_file.cpp. Throws InputError naming the file, and the line where the format has lines.
Graph read_graph(const GraphFile& file);

}  // namespace gossip::sim
