#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/two_bit_color_map.hpp>
#include <boost/pending/disjoint_sets.hpp>
#include <boost/property_map/property_map.hpp>
#include <cmath>

#include "core/random.hpp"
#include "sim/graph_adapter.hpp"

namespace gossip::sim {
namespace {

/// Link ends that a description may visit; about a third of a second.
constexpr std::uint64_t visits = 32'000'000;

void measure_degrees(const Graph& graph, GraphFacts& facts) {
  const std::uint32_t peers = graph.peers();
  if (peers == 0) return;
  double squares = 0;
  facts.degree_min = static_cast<std::uint32_t>(out_degree(0, graph));
  for (std::uint32_t peer = 0; peer < peers; ++peer) {
    const auto degree = static_cast<std::uint32_t>(out_degree(peer, graph));
    facts.degree_min = std::min(facts.degree_min, degree);
    facts.degree_max = std::max(facts.degree_max, degree);
    squares += static_cast<double>(degree) * degree;
  }
  facts.degree_mean = static_cast<double>(graph.targets.size()) / peers;
  facts.degree_deviation = std::sqrt(std::max(0.0, squares / peers - facts.degree_mean * facts.degree_mean));
}

void measure_components(const Graph& graph, GraphFacts& facts) {
  const std::uint32_t peers = graph.peers();
  std::vector<std::uint32_t> parent(peers);
  std::vector<std::uint8_t> rank(peers);
  const auto identity = boost::typed_identity_property_map<std::uint32_t>();
  boost::disjoint_sets sets(boost::make_iterator_property_map(rank.begin(), identity),
                            boost::make_iterator_property_map(parent.begin(), identity));
  for (std::uint32_t peer = 0; peer < peers; ++peer) sets.make_set(peer);
  for (std::uint32_t peer = 0; peer < peers; ++peer) {
    for (std::uint64_t slot = graph.offsets[peer]; slot < graph.offsets[peer + 1ull]; ++slot) {
      if (index(graph.targets[slot]) < peer) sets.union_set(peer, index(graph.targets[slot]));
    }
  }
  std::vector<std::uint32_t> sizes(peers);
  for (std::uint32_t peer = 0; peer < peers; ++peer) ++sizes[sets.find_set(peer)];
  facts.components = static_cast<std::uint32_t>(std::ranges::count_if(sizes, [](auto size) { return size > 0; }));
  facts.largest_component = peers == 0 ? 0 : *std::ranges::max_element(sizes);
}

/// Hops to the farthest peer that can be reached, and which that is.
struct Farthest {
  std::uint32_t hops = 0;
  std::uint32_t peer = 0;
};

class HopRecorder : public boost::default_bfs_visitor {
 public:
  HopRecorder(std::vector<std::uint32_t>& hops, Farthest& farthest) : hops_(hops), farthest_(farthest) {}
  void tree_edge(const GraphEdge& edge, const Graph& graph) {
    const std::uint32_t peer = target(edge, graph);
    hops_[peer] = hops_[edge.from] + 1;
    if (hops_[peer] > farthest_.hops) farthest_ = {hops_[peer], peer};
  }

 private:
  std::vector<std::uint32_t>& hops_;
  Farthest& farthest_;
};

Farthest farthest_from(const Graph& graph, std::uint32_t peer, std::vector<std::uint32_t>& hops) {
  Farthest farthest{0, peer};
  hops[peer] = 0;
  auto colours = boost::make_two_bit_color_map(graph.peers(), boost::typed_identity_property_map<std::uint32_t>());
  boost::breadth_first_search(graph, peer, boost::color_map(colours).visitor(HopRecorder(hops, farthest)));
  return farthest;
}

/// From every peer where that is cheap. Otherwise from random ones, each followed by the farthest from it, which finds
/// the true diameter of most graphs (the double sweep of Magnien, Latapy and Habib 2009).
void measure_diameter(const Graph& graph, std::uint64_t seed, GraphFacts& facts) {
  const std::uint32_t peers = graph.peers();
  const std::uint64_t sweeps = visits / (graph.targets.size() + peers + 1);
  const bool exact = sweeps >= peers;
  facts.diameter_sample = exact ? peers : static_cast<std::uint32_t>(std::max<std::uint64_t>(2, sweeps));
  std::vector<std::uint32_t> hops(peers);
  Random random(seed);
  Farthest last;
  for (std::uint32_t i = 0; i < facts.diameter_sample; ++i) {
    const std::uint32_t from = exact ? i : i % 2 == 1 ? last.peer : random.below(peers);
    last = farthest_from(graph, from, hops);
    facts.diameter = std::max(facts.diameter, last.hops);
  }
}

}  // namespace

GraphFacts describe(const Graph& graph, std::uint64_t seed) {
  GraphFacts facts{};
  facts.peers = graph.peers();
  facts.links = graph.links();
  measure_degrees(graph, facts);
  measure_components(graph, facts);
  measure_diameter(graph, seed, facts);
  return facts;
}

}  // namespace gossip::sim
