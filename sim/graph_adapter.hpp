#pragma once

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/transform_iterator.hpp>
#include <utility>

#include "sim/graph.hpp"

/// Lets Boost.Graph's algorithms run over a Graph as it is, without a copy: an incidence graph and a list of vertices,
/// where a vertex is a peer's number and an edge is (from, place in `targets`).
namespace gossip::sim {

struct GraphEdge {
  std::uint32_t from = 0;
  std::uint64_t slot = 0;
  friend bool operator==(const GraphEdge&, const GraphEdge&) = default;
};

struct EdgeOfSlot {
  std::uint32_t from = 0;
  GraphEdge operator()(std::uint64_t slot) const { return {from, slot}; }
};

struct GraphTraversal : boost::vertex_list_graph_tag, boost::incidence_graph_tag {};

}  // namespace gossip::sim

template <>
struct boost::graph_traits<gossip::sim::Graph> {
  using vertex_descriptor = std::uint32_t;
  using edge_descriptor = gossip::sim::GraphEdge;
  using directed_category = boost::directed_tag;  // each link stands in both rows
  using edge_parallel_category = boost::disallow_parallel_edge_tag;
  using traversal_category = gossip::sim::GraphTraversal;
  using vertices_size_type = std::uint32_t;
  using edges_size_type = std::uint64_t;
  using degree_size_type = std::uint64_t;
  using vertex_iterator = boost::counting_iterator<std::uint32_t>;
  using out_edge_iterator = boost::transform_iterator<gossip::sim::EdgeOfSlot, boost::counting_iterator<std::uint64_t>,
                                                      gossip::sim::GraphEdge, gossip::sim::GraphEdge>;
  static vertex_descriptor null_vertex() { return index(gossip::no_peer); }
};

namespace gossip::sim {

using GraphTraits = boost::graph_traits<Graph>;

inline std::uint32_t num_vertices(const Graph& graph) { return graph.peers(); }

inline std::pair<GraphTraits::vertex_iterator, GraphTraits::vertex_iterator> vertices(const Graph& graph) {
  return {GraphTraits::vertex_iterator(0), GraphTraits::vertex_iterator(graph.peers())};
}

inline std::pair<GraphTraits::out_edge_iterator, GraphTraits::out_edge_iterator> out_edges(std::uint32_t peer,
                                                                                           const Graph& graph) {
  using Slot = boost::counting_iterator<std::uint64_t>;
  return {{Slot(graph.offsets[peer]), EdgeOfSlot{peer}}, {Slot(graph.offsets[peer + 1ull]), EdgeOfSlot{peer}}};
}

inline std::uint64_t out_degree(std::uint32_t peer, const Graph& graph) {
  return graph.offsets[peer + 1ull] - graph.offsets[peer];
}

inline std::uint32_t source(const GraphEdge& edge, const Graph&) { return edge.from; }
inline std::uint32_t target(const GraphEdge& edge, const Graph& graph) { return index(graph.targets[edge.slot]); }

}  // namespace gossip::sim
