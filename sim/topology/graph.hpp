#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/types.hpp"
#include "sim/machine/big_array.hpp"
#include "sim/machine/ranks.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/topology/names.hpp"

namespace gossip::sim {

/// An undirected graph as rows of neighbours, each link in both rows, no self-links, no link twice.
/// Row order is part of a scenario's result, so it depends on the input only: rows are sorted by neighbour.
/// Of several ranks each has the rows of its own peers; the others are empty, or their offsets mean nothing.
struct Graph {
  BigArray<std::uint64_t> offsets{1};  // peers + 1
  std::vector<PeerId> targets;
  std::vector<Duration> latency;  // one a target; empty unless the file gives one-way latencies; -1 where it gives none
  NodeNames names;                // a file's

  std::uint32_t peers() const { return static_cast<std::uint32_t>(offsets.size() - 1); }
  std::uint64_t links() const { return targets.size() / 2; }
};

/// What a report says of a graph.
struct GraphFacts {
  std::uint32_t peers;
  std::uint64_t links;
  std::uint32_t degree_min, degree_max;
  double degree_mean, degree_deviation;
  std::uint32_t components, largest_component;
  std::uint32_t diameter;         // the longest shortest path, in hops, from the sampled peers
  std::uint32_t diameter_sample;  // peers from which it was measured; exact when it is all of them
};

/// The rows that this rank needs: all of them at rank 0, which describes the graph. The same on any number of threads and
/// ranks. `file`s and regular graphs are made whole first. Throws InputError, naming `where` (the scenario's file and JSON path) or the
/// graph's file and line.
Graph make_graph(const TopologySpec& spec, std::uint32_t peers, std::uint64_t seed, const std::string& where,
                 std::uint32_t threads = 1, const Ranks& ranks = alone());

GraphFacts describe(const Graph& graph, std::uint64_t seed);

}  // namespace gossip::sim
