#include <map>

#include "core/random.hpp"
#include "sim/topology/graph.hpp"
#include "tests/sim/input_files.hpp"

namespace gossip::sim {
namespace {

using Format = GraphFile::Format;
/// Links with the lower peer first, and their latency.
using Links = std::map<std::pair<std::uint32_t, std::uint32_t>, Duration>;

Graph read(const GraphFile& file) { return make_graph(file, 0, 1, "here"); }
Graph read(Format format, const std::string& file) { return read(GraphFile{format, file}); }
/// Whatever links here cannot be is made into what they can.
GraphFile lenient(Format format, const std::string& file) {
  GraphFile spec{format, file};
  spec.directed = GraphFile::Directed::both_ways;
  spec.parallel = GraphFile::Parallel::fastest;
  spec.self_loops = GraphFile::SelfLoops::drop;
  return spec;
}

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
  const Graph graph = read(lenient(Format::edge_list, file.name()));
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
    const Graph graph = read(lenient(Format::dot, file.name()));
    EXPECT_EQ(graph.peers(), 4u);
    EXPECT_EQ(graph.names[PeerId{0}], "d");
    EXPECT_EQ(graph.names.find("c", 4), 3u);
    EXPECT_EQ(links(graph), (Links{{{1, 2}, 10 * ms}, {{1, 3}, 2'500'000}, {{2, 3}, -1}, {{0, 3}, 1}}));
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
      describe(read(lenient(Format::graphml, source_file("scenarios/data/topology-zoo-Cogentco.graphml"))), 1);
  EXPECT_EQ(facts.peers, 197u);
  EXPECT_EQ(facts.links, 243u);
  EXPECT_EQ(facts.components, 1u);
}

/// The names, by peer.
std::vector<std::string> names(const Graph& graph) {
  std::vector<std::string> list;
  for (std::uint32_t i = 0; i < graph.peers(); ++i) list.push_back(graph.names[PeerId{i}]);
  return list;
}
using Names = std::vector<std::string>;

GraphFile timed(Format format, const std::string& file, const std::string& latency, GraphFile::Unit unit) {
  GraphFile spec{format, file};
  spec.latency = latency;
  spec.unit = unit;
  return spec;
}

TEST(GraphFile, EdgeListsAsPeopleHaveThem) {
  const TestFile star("1 2\n1 3\n1 4\n");
  EXPECT_EQ(names(read(Format::edge_list, star.name())), (Names{"1", "2", "3", "4"}));
  const TestFile plain("2 0\n0 1\n");
  EXPECT_TRUE(read(Format::edge_list, plain.name()).names.empty());
  const TestFile python("a \"b c\" {'weight': 3, 'delay': 0.25}\na d {}\n");
  const Graph attributed = read(timed(Format::edge_list, python.name(), "delay", GraphFile::Unit::s));
  EXPECT_EQ(names(attributed), (Names{"a", "b c", "d"}));
  EXPECT_EQ(links(attributed), (Links{{{0, 1}, 250 * ms}, {{0, 2}, -1}}));
  EXPECT_TRUE(read(Format::edge_list, python.name()).latency.empty()) << "a weight is not a latency";
  const TestFile gephi("Source,Target,Type,Weight,ping\n\"x \"\"1\"\"\",y,Undirected,9,40\ny,\xc3\xa9,Undirected,9,60\n");
  GraphFile spec = timed(Format::edge_list, gephi.name(), "ping", GraphFile::Unit::ms);
  spec.round_trip = true;
  EXPECT_EQ(names(read(spec)), (Names{"x \"1\"", "y", "\xc3\xa9"}));
  EXPECT_EQ(links(read(spec)), (Links{{{0, 1}, 20 * ms}, {{1, 2}, 30 * ms}}));
  const TestFile columns("a b 7 2\nb c 7 3\n");
  EXPECT_EQ(links(read(timed(Format::edge_list, columns.name(), "4", GraphFile::Unit::s))),
            (Links{{{0, 1}, 2'000 * ms}, {{1, 2}, 3'000 * ms}}));
}

TEST(GraphFile, GmlWithNames) {
  const TestFile file(
      "# made by hand\nCreator \"x\"\ngraph [\n  directed 0\n  node [ id 5 label \"a &quot;b&quot; &#233;\" graphics [ x 1 ] ]\n"
      "  node [ id 3 label \"c\" ]\n  edge [ source 5 target 3 latency \"50 ms\" packet_loss 0.1 ]\n]\n");
  const Graph graph = read(timed(Format::gml, file.name(), "latency", GraphFile::Unit::in_value));
  EXPECT_EQ(names(graph), (Names{"a \"b\" \xc3\xa9", "c"}));
  EXPECT_EQ(links(graph), (Links{{{0, 1}, 50 * ms}}));
}

TEST(GraphFile, DotAsGraphvizReadsIt) {
  const TestFile file("graph { a -- {b c} \"d e\" [label=<<b>x</b>>]; \xc3\xa9 -- \"d e\" }");
  const Graph graph = read(Format::dot, file.name());
  EXPECT_EQ(names(graph), (Names{"a", "b", "c", "d e", "\xc3\xa9"}));
  EXPECT_EQ(links(graph), (Links{{{0, 1}, -1}, {{0, 2}, -1}, {{3, 4}, -1}}));
}

TEST(GraphFile, GroupsOfYedAndKeysWithoutFor) {
  const TestFile file(R"(<graphml><key id="d7" attr.name="latency"/><graph edgedefault="undirected"><node id="n0"/>
    <node id="g"><graph edgedefault="undirected"><node id="g::a"/><node id="g::b"/>
    <edge source="g::a" target="g::b"><data key="d7">200</data></edge></graph></node><edge source="n0" target="g"/>
    </graph></graphml>)");
  const Graph graph = read(timed(Format::graphml, file.name(), "latency", GraphFile::Unit::us));
  EXPECT_EQ(names(graph), (Names{"n0", "g", "g::a", "g::b"}));
  EXPECT_EQ(links(graph), (Links{{{0, 1}, -1}, {{2, 3}, 200'000}}));
}

/// Each names what the file has and links here cannot be, and the key that allows it.
TEST(GraphFile, NothingIsLostInSilence) {
  const auto error = [](Format format, const std::string& text) {
    const TestFile file(text);
    const std::string found = error_of([&] { read(format, file.name()); });
    EXPECT_EQ(error_of([&] { read(lenient(format, file.name())); }), "no error");
    return found.substr(std::min(found.size(), file.name().size()));
  };
  EXPECT_EQ(error(Format::edge_list, "a b\nc c\n"),
            ": line 2: links \"c\" to itself (a self loop); /topology/self_loops \"drop\" leaves such links out");
  EXPECT_EQ(error(Format::edge_list, "a b\nb c\na b\n"),
            ": line 3: is a second link between \"a\" and \"b\" (parallel links); /topology/parallel \"fastest\" takes "
            "the shorter latency of them");
  EXPECT_EQ(error(Format::edge_list, "a b 1\nb a 2\n"),
            ": line 2: has another latency than its other direction between \"a\" and \"b\"; /topology/parallel "
            "\"fastest\" takes the shorter one");
  EXPECT_EQ(error(Format::dot, "digraph { a -> b; b -> c; b -> a }"),
            ": edge 3: leads one way only, from \"b\" to \"c\" (a directed link), and links here have both; "
            "/topology/directed \"both_ways\" takes it as one");
  const TestFile both("a b 1\nb a 1\n");
  EXPECT_EQ(links(read(Format::edge_list, both.name())), (Links{{{0, 1}, ms}}));
}

TEST(GraphFile, ALatencyHasAUnit) {
  const TestFile file("a b 5\n");
  EXPECT_EQ(error_of([&] { read(timed(Format::edge_list, file.name(), "3", GraphFile::Unit::in_value)); }),
            file.name() + ": line 1: the latency \"5\" has no unit; say \"ns\", \"us\", \"ms\" or \"s\" in /topology/unit");
  const TestFile other("a b {'weight': 3}\n");
  EXPECT_EQ(error_of([&] { read(timed(Format::edge_list, other.name(), "delay", GraphFile::Unit::s)); }),
            other.name() + ": no link has the attribute or column \"delay\" that /topology/latency names; links have weight");
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
      {Format::gml, "graph [ directed 0 node [ id 1 label \"a\" ] node [ id 2 ] edge [ source 1 target 2 w 3 ] ]"},
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
      const std::string error = error_of([&, kind = format] { read(lenient(kind, file.name())); });
      EXPECT_TRUE(error == "no error" || error.starts_with(file.name())) << error << "\n" << damaged;
      graphs += error == "no error" ? 1 : 0;
    }
    EXPECT_GT(graphs, 0);
    EXPECT_LT(graphs, 400);
  }
}

}  // namespace
}  // namespace gossip::sim
