#include <map>

#include "core/random.hpp"
#include "sim/topology/graph.hpp"
#include "tests/sim/input_files.hpp"

namespace gossip::sim {
namespace {

using Format = GraphFile::Format;
/// Links with the lower peer first, and their latency.
using Links = std::map<std::pair<std::uint32_t, std::uint32_t>, Duration>;

Graph read(Format format, const std::string& file) { return make_graph(GraphFile{format, file}, 0, 1, "here"); }

Links links(const Graph& graph) {
  Links found;
  for (std::uint32_t peer = 0; peer < graph.peers(); ++peer) {
    for (std::uint64_t slot = graph.offsets[peer]; slot < graph.offsets[peer + 1]; ++slot) {
      const std::uint32_t other = index(graph.targets[slot]);
      const Duration latency = graph.latency.empty() ? -1 : graph.latency[slot];
      const auto [known, first] = found.emplace(std::minmax(peer, other), latency);
      EXPECT_EQ(known->second, latency) << "both directions of " << peer << " - " << other;
    }
  }
  return found;
}

constexpr Duration ms = millisecond;

/// A triangle with a tail; one latency unknown, one with a fraction.
const Links triangle{{{0, 1}, 10 * ms}, {{0, 2}, 2'500'000}, {{1, 2}, -1}, {{2, 3}, 1}};

TEST(GraphFile, EdgeListWithLatencies) {
  const TestFile file(
      "# FromNodeId\tToNodeId\n-5\t70 10\r\n70 -5 12\n900 -5 2.5\n\n70 900\n900 1000 0.000001\n900 900 3\n");
  const Graph graph = read(Format::edge_list, file.name());
  EXPECT_EQ(graph.peers(), 4u);
  EXPECT_EQ(links(graph), triangle);
}

TEST(GraphFile, GraphMlWithLatencies) {
  for (const std::string type : {"double", "string", "float"}) {
    const TestFile file(R"(<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key attr.name="latency_ms" attr.type=")" +
                        type + R"(" for="edge" id="d1" />
  <key attr.name="label" attr.type="string" for="node" id="d2" />
  <graph edgedefault="undirected">
    <node id="z"><data key="d2">first</data></node><node id="b"/><node id="c"/><node id="d"/>
    <edge source="z" target="b"><data key="d1">10</data></edge>
    <edge source="c" target="z"><data key="d1">2.5</data></edge>
    <edge source="b" target="c"/>
    <edge source="c" target="d"><data key="d1">0.000001</data></edge>
  </graph>
</graphml>)");
    const Graph graph = read(Format::graphml, file.name());
    EXPECT_EQ(graph.peers(), 4u);
    EXPECT_EQ(links(graph), triangle);
  }
}

TEST(GraphFile, DotWithLatencies) {
  for (const bool directed : {false, true}) {
    const std::string arrow = directed ? " -> " : " -- ";
    const TestFile file((directed ? "digraph x {" : "graph x {") + std::string("\n  node [shape=box];\n  d;\n") +
                        "  a" + arrow + "b [latency_ms=10, color=red];\n  c" + arrow + "a [latency_ms=\"2.5\"];\n  b" +
                        arrow + "c;\n  c" + arrow + "d [latency_ms=0.000001];\n}\n");
    const Graph graph = read(Format::dot, file.name());
    EXPECT_EQ(graph.peers(), 4u);
    EXPECT_EQ(links(graph), triangle);
  }
}

TEST(GraphFile, NodeLinkWithLatencies) {
  for (const std::string key : {"links", "edges"}) {
    const TestFile file(R"({"directed": false, "multigraph": false, "graph": {},
      "nodes": [{"id": "z"}, {"id": 7, "label": "b"}, {"id": "c"}, {"id": 0}], ")" +
                        key + R"(": [
      {"source": "z", "target": 7, "latency_ms": 10}, {"source": "c", "target": "z", "latency_ms": 2.5},
      {"source": 7, "target": "c"}, {"source": "c", "target": 0, "latency_ms": 1e-6}]})");
    const Graph graph = read(Format::node_link, file.name());
    EXPECT_EQ(graph.peers(), 4u);
    EXPECT_EQ(links(graph), triangle);
  }
}

TEST(GraphFile, WithoutLatenciesNoneAreStored) {
  const TestFile file("0 1\n");
  EXPECT_TRUE(read(Format::edge_list, file.name()).latency.empty());
}

TEST(GraphFile, Gnutella) {
  const Graph graph = read(Format::edge_list, source_file("scenarios/data/p2p-Gnutella08.txt"));
  const GraphFacts facts = describe(graph, 1);
  EXPECT_EQ(facts.peers, 6'301u);
  EXPECT_EQ(facts.links, 20'777u);
  EXPECT_EQ(facts.components, 2u);
  EXPECT_EQ(facts.largest_component, 6'299u);  // SNAP: "Nodes in largest WCC"
  EXPECT_EQ(facts.diameter, 9u);               // SNAP: "Diameter (longest shortest path)"
}

TEST(GraphFile, Cogentco) {
  const GraphFacts facts =
      describe(read(Format::graphml, source_file("scenarios/data/topology-zoo-Cogentco.graphml")), 1);
  EXPECT_EQ(facts.peers, 197u);
  EXPECT_EQ(facts.links, 243u);
  EXPECT_EQ(facts.components, 1u);
}

/// Damage of any kind ends in an InputError or in a graph: 400 cut or changed files of each format.
TEST(GraphFile, DamageIsAnErrorOrAGraph) {
  const std::map<Format, std::string> whole{
      {Format::edge_list, "0 1 10\n1 2 2.5\n# end\n2 0\n"},
      {Format::graphml,
       "<graphml><key id='l' for='edge' attr.name='latency_ms' attr.type='double'/><graph "
       "edgedefault='directed'><node id='a'/><node id='b'/><edge source='a' target='b'><data "
       "key='l'>5</data></edge></graph></graphml>"},
      {Format::dot, "graph x { a -- b [latency_ms=\"5\"]; subgraph c { b -- d } /* end */ }"},
      {Format::node_link, R"({"nodes": [{"id": 0}, {"id": 1}], "links": [{"source": 0, "target": 1}]})"}};
  Random random(3);
  for (const auto& [format, text] : whole) {
    int graphs = 0;
    for (int round = 0; round < 400; ++round) {
      std::string damaged =
          text.substr(0, round % 2 == 0 ? text.size() : random.below(static_cast<std::uint32_t>(text.size())));
      if (!damaged.empty() && round % 2 == 0) {
        damaged[random.below(static_cast<std::uint32_t>(damaged.size()))] = static_cast<char>(random.below(128));
      }
      const TestFile file(damaged);
      const std::string error = error_of([&, kind = format] { read(kind, file.name()); });
      EXPECT_TRUE(error == "no error" || error.starts_with(file.name())) << error << "\n" << damaged;
      graphs += error == "no error" ? 1 : 0;
    }
    EXPECT_GT(graphs, 0);
    EXPECT_LT(graphs, 400);
  }
}

}  // namespace
}  // namespace gossip::sim
