#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include "core/random.hpp"
#include "sim/topology/build.hpp"
#include "tests/sim/input_files.hpp"

namespace gossip::sim {
namespace {

using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

Graph make(const TopologySpec& spec, std::uint32_t peers, std::uint64_t seed = 1) {
  return make_graph(spec, peers, seed, "here");
}

std::span<const PeerId> row(const Graph& graph, std::uint32_t peer) {
  return std::span(graph.targets).subspan(graph.offsets[peer], graph.offsets[peer + 1] - graph.offsets[peer]);
}

std::vector<std::uint32_t> numbers(const Graph& graph, std::uint32_t peer) {
  std::vector<std::uint32_t> out;
  for (const PeerId other : row(graph, peer)) out.push_back(index(other));
  return out;
}

/// No self-link, no link twice, rows sorted, each link in both rows.
void expect_proper(const Graph& graph) {
  ASSERT_EQ(graph.offsets[0], 0u);
  ASSERT_EQ(graph.offsets[graph.peers()], graph.targets.size());
  for (std::uint32_t peer = 0; peer < graph.peers(); ++peer) {
    const auto neighbours = row(graph, peer);
    ASSERT_EQ(std::ranges::adjacent_find(neighbours, std::ranges::greater_equal()), neighbours.end()) << peer;
    for (const PeerId other : neighbours) {
      ASSERT_LT(index(other), graph.peers());
      ASSERT_NE(index(other), peer);
      ASSERT_TRUE(std::ranges::binary_search(row(graph, index(other)), PeerId{peer})) << peer << ' ' << index(other);
    }
  }
}

std::uint64_t fingerprint(const Graph& graph) {
  std::uint64_t sum = graph.peers();
  for (const std::uint64_t offset : graph.offsets) sum = mix(sum ^ offset);
  for (const PeerId target : graph.targets) sum = mix(sum ^ index(target));
  return sum;
}

void expect_near(double value, double mean, double deviation) {
  EXPECT_NEAR(value, mean, 4 * deviation) << "more than four standard deviations off";
}

TEST(Graph, EveryGeneratorMakesAProperGraph) {
  const std::vector<TopologySpec> specs{
      Complete{},       Ring{},       Grid{0, false},  Grid{0, true},      Grid{6, true},        Star{},
      RandomRegular{4}, RandomOut{5}, ErdosRenyi{0.2}, SmallWorld{4, 0.3}, ScaleFree{0.5, 20.0}, NoLinks{}};
  for (const auto& spec : specs) {
    for (const std::uint32_t peers : {6u, 12u, 60u, 600u}) {
      for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        SCOPED_TRACE(testing::Message() << "kind " << spec.index() << ", " << peers << " peers, seed " << seed);
        const Graph graph = make(spec, peers, seed);
        EXPECT_EQ(graph.peers(), peers);
        expect_proper(graph);
      }
    }
  }
}

TEST(Graph, TheSmallestOnes) {
  for (const std::uint32_t peers : {1u, 2u, 3u}) {
    for (const TopologySpec& spec :
         {TopologySpec(Complete{}), TopologySpec(Ring{}), TopologySpec(Grid{0, true}), TopologySpec(Star{})}) {
      const Graph graph = make(spec, peers);
      expect_proper(graph);
      const bool square = std::holds_alternative<Star>(spec) && peers == 3;
      EXPECT_EQ(graph.links(), square ? 2u : peers * (peers - 1) / 2);
    }
  }
}

TEST(Graph, KnownShapes) {
  EXPECT_EQ(make(Complete{}, 50).links(), 50u * 49 / 2);
  EXPECT_EQ(numbers(make(Ring{}, 5), 0), (std::vector<std::uint32_t>{1, 4}));
  EXPECT_EQ(numbers(make(Star{}, 4), 0), (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(numbers(make(Star{}, 4), 3), (std::vector<std::uint32_t>{0}));
  // 0 1 2 3
  // 4 5 6 7
  // 8 9 …
  EXPECT_EQ(numbers(make(Grid{4, false}, 12), 5), (std::vector<std::uint32_t>{1, 4, 6, 9}));
  EXPECT_EQ(numbers(make(Grid{4, false}, 12), 0), (std::vector<std::uint32_t>{1, 4}));
  EXPECT_EQ(numbers(make(Grid{4, true}, 12), 0), (std::vector<std::uint32_t>{1, 3, 4, 8}));
  EXPECT_EQ(fingerprint(make(Grid{0, false}, 12)), fingerprint(make(Grid{3, false}, 12)));
  EXPECT_EQ(numbers(make(SmallWorld{4, 0}, 10), 0), (std::vector<std::uint32_t>{1, 2, 8, 9}));
}

TEST(Graph, RandomRegularHasTheDegreeEverywhere) {
  const Pairs cases{{4, 3}, {10, 9}, {10, 8}, {12, 5}, {12, 7}, {7, 2}, {8, 1}, {100, 50}, {1'000, 8}, {10'000, 5}};
  for (const auto& [peers, degree] : cases) {
    const Graph graph = make(RandomRegular{degree}, peers, 7);
    expect_proper(graph);
    for (std::uint32_t peer = 0; peer < peers; ++peer) ASSERT_EQ(row(graph, peer).size(), degree);
  }
}

/// Each of the 15 perfect matchings of 6 peers is as likely as any other.
TEST(Graph, RandomRegularIsFair) {
  constexpr int draws = 15'000;
  std::map<std::uint64_t, int> seen;
  for (int seed = 0; seed < draws; ++seed)
    ++seen[fingerprint(make(RandomRegular{1}, 6, static_cast<std::uint64_t>(seed)))];
  EXPECT_EQ(seen.size(), 15u);
  for (const auto& [graph, count] : seen) expect_near(count, draws / 15.0, std::sqrt(draws / 15.0));
}

TEST(Graph, RandomOutLinksEachPairWithTheRightProbability) {
  constexpr std::uint32_t peers = 2'000;
  constexpr std::uint32_t links = 8;
  const double one_way = links / (peers - 1.0);
  const double pairs = peers * (peers - 1.0) / 2;
  const double linked = 1 - (1 - one_way) * (1 - one_way);
  const Graph graph = make(RandomOut{links}, peers);
  // Only the number of doubles varies; it is nearly Poisson.
  expect_near(static_cast<double>(graph.links()), pairs * linked, std::sqrt(pairs) * one_way);
  for (std::uint32_t peer = 0; peer < peers; ++peer) ASSERT_GE(row(graph, peer).size(), links);
  EXPECT_EQ(make(RandomOut{5}, 6).links(), 15u) << "everybody picks everybody";
}

TEST(Graph, ErdosRenyiIsBinomial) {
  constexpr std::uint32_t peers = 3'000;
  constexpr double probability = 0.01;
  const double pairs = peers * (peers - 1.0) / 2;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Graph graph = make(ErdosRenyi{probability}, peers, seed);
    expect_near(static_cast<double>(graph.links()), pairs * probability,
                std::sqrt(pairs * probability * (1 - probability)));
  }
  constexpr int runs = 2'000;
  std::map<std::pair<std::uint32_t, PeerId>, int> seen;
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    const Graph graph = make(ErdosRenyi{0.3}, 12, seed);
    for (std::uint32_t peer = 0; peer < 12; ++peer) {
      for (const PeerId other : row(graph, peer)) ++seen[{peer, other}];
    }
  }
  EXPECT_EQ(seen.size(), 12u * 11);
  for (const auto& [pair, count] : seen) expect_near(count, runs * 0.3, std::sqrt(runs * 0.3 * 0.7));
}

TEST(Graph, SmallWorldRewiresItsShare) {
  constexpr std::uint32_t peers = 5'000;
  const Graph graph = make(SmallWorld{6, 0.2}, peers);
  double far = 0;
  for (std::uint32_t peer = 0; peer < peers; ++peer) {
    for (const PeerId other : row(graph, peer)) {
      const std::uint32_t gap = (index(other) + peers - peer) % peers;
      far += gap > 3 && gap < peers - 3 ? 0.5 : 0;
    }
  }
  expect_near(far, peers * 3 * 0.2, std::sqrt(peers * 3 * 0.2 * 0.8));
}

TEST(Graph, ScaleFreeHasAHeavyTail) {
  const GraphFacts facts = describe(make(ScaleFree{0.5, 400}, 10'000), 1);
  // A peer that draws x seeks beta x^-alpha links: 2 beta / sqrt(n) = 8 on average, a few of them hundreds. The largest
  // end up seeking each other, and what doubles is dropped.
  EXPECT_LT(facts.degree_mean, 8);
  EXPECT_GT(facts.degree_mean, 7);
  EXPECT_GT(facts.degree_max, 8 * facts.degree_mean);
  EXPECT_GT(facts.degree_deviation, facts.degree_mean / 2);
}

/// The recipe in docs/scenario.md. A peer that draws x seeks floor(beta / sqrt(x)) links.
TEST(Graph, ScaleFreeByTheRecipeHasTheMeanDegreeToATenth) {
  for (const std::uint32_t peers : {1'000u, 10'000u, 100'000u}) {
    for (const int degree : {4, 8, 16}) {
      const double beta = (degree + 0.8) * std::sqrt(peers) / 2;
      const double mean = describe(make(ScaleFree{0.5, beta}, peers), 1).degree_mean;
      EXPECT_NEAR(mean, degree, 0.1 * degree) << peers << " peers";
      double sought = 0;
      for (std::uint32_t x = 1; x < peers; ++x) sought += std::floor(beta / std::sqrt(x));
      EXPECT_LT(mean, 1.05 * sought / peers) << "it has only what somebody seeks, but for chance";
    }
  }
  std::ostringstream page;
  page << std::ifstream(GOSSIP_SOURCE_DIR "/docs/scenario.md").rdbuf();
  EXPECT_NE(page.str().find("For a mean degree of d, to a tenth: `alpha` 0.5, `beta` (d + 0.8) · √`peers` / 2"),
            std::string::npos);
}

/// The same on every platform, in every build type.
TEST(Graph, TheSeedDecides) {
  EXPECT_EQ(fingerprint(make(RandomRegular{8}, 1'000)), 793875338719444508u);
  EXPECT_EQ(fingerprint(make(RandomRegular{30}, 40)), 5629543784437930248u);
  EXPECT_EQ(fingerprint(make(RandomOut{8}, 1'000)), 13742965823750205395u);
  EXPECT_EQ(fingerprint(make(ErdosRenyi{0.01}, 1'000)), 1059942797996737757u);
  EXPECT_EQ(fingerprint(make(SmallWorld{6, 0.2}, 1'000)), 1282106927231951991u);
  EXPECT_EQ(fingerprint(make(ScaleFree{0.5, 100}, 1'000)), 184846452614286235u);
  EXPECT_NE(fingerprint(make(RandomOut{8}, 1'000, 1)), fingerprint(make(RandomOut{8}, 1'000, 2)));
}

/// Against a set of pairs.
TEST(Graph, DropsDoublesAndSelfLinks) {
  Random random(99);
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t peers = 1 + random.below(20);
    Pairs links;
    std::set<std::pair<std::uint32_t, std::uint32_t>> expected;
    for (std::uint32_t i = random.below(60); i > 0; --i) {
      const auto [a, b] = links.emplace_back(random.below(peers), random.below(peers));
      if (a != b) expected.insert({{a, b}, {b, a}});
    }
    const Graph graph = from_links(peers, [&](auto add) {
      for (const auto& [a, b] : links) add(a, b);
    });
    std::set<std::pair<std::uint32_t, std::uint32_t>> found;
    for (std::uint32_t peer = 0; peer < peers; ++peer) {
      for (const PeerId other : row(graph, peer)) found.emplace(peer, index(other));
    }
    EXPECT_EQ(found, expected);
    EXPECT_EQ(graph.targets.size(), expected.size());
  }
}

/// More peers than one part has, in slices that are worked on at once: each peer's own picks, and those of it.
TEST(Graph, IsTheSameOnAnyNumberOfThreads) {
  for (const std::uint32_t peers : {8'191u, 8'192u, 30'000u}) {
    const Graph one = make_graph(RandomOut{3}, peers, 7, "here");
    for (const std::uint32_t threads : {2u, 5u}) {
      const Graph several = make_graph(RandomOut{3}, peers, 7, "here", threads);
      EXPECT_TRUE(std::ranges::equal(several.offsets, one.offsets)) << peers << " peers, " << threads << " threads";
      EXPECT_EQ(several.targets, one.targets) << peers << " peers, " << threads << " threads";
    }
    EXPECT_NEAR(static_cast<double>(one.links()), 3.0 * peers, 30) << "3 picks each, a few of them mutual";
    for (std::uint32_t peer = 0; peer < peers; ++peer) {
      ASSERT_GE(row(one, peer).size(), 3u);
      ASSERT_TRUE(std::ranges::is_sorted(row(one, peer)));
      for (const PeerId other : row(one, peer))
        ASSERT_TRUE(std::ranges::binary_search(row(one, index(other)), PeerId{peer}));
    }
  }
}

/// Shortest paths by Floyd and Warshall.
GraphFacts describe_naively(const Graph& graph) {
  const std::uint32_t n = graph.peers();
  constexpr std::uint32_t far = 1'000'000;
  std::vector<std::vector<std::uint32_t>> hops(n, std::vector<std::uint32_t>(n, far));
  for (std::uint32_t a = 0; a < n; ++a) {
    hops[a][a] = 0;
    for (const PeerId b : row(graph, a)) hops[a][index(b)] = 1;
  }
  for (std::uint32_t via = 0; via < n; ++via) {
    for (std::uint32_t a = 0; a < n; ++a) {
      for (std::uint32_t b = 0; b < n; ++b) hops[a][b] = std::min(hops[a][b], hops[a][via] + hops[via][b]);
    }
  }
  GraphFacts facts{};
  for (std::uint32_t a = 0; a < n; ++a) {
    std::uint32_t reached = 0;
    bool first = true;
    for (std::uint32_t b = 0; b < n; ++b) {
      if (hops[a][b] == far) continue;
      ++reached;
      first = first && b >= a;
      facts.diameter = std::max(facts.diameter, hops[a][b]);
    }
    facts.components += first ? 1 : 0;
    facts.largest_component = std::max(facts.largest_component, reached);
  }
  return facts;
}

TEST(Graph, FactsAgreeWithANaiveCount) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Graph graph = make(ErdosRenyi{0.005 * static_cast<double>(seed)}, 60, seed);
    const GraphFacts facts = describe(graph, seed);
    const GraphFacts naive = describe_naively(graph);
    EXPECT_EQ(facts.diameter_sample, 60u);
    EXPECT_EQ(facts.diameter, naive.diameter);
    EXPECT_EQ(facts.components, naive.components);
    EXPECT_EQ(facts.largest_component, naive.largest_component);
  }
}

TEST(Graph, FactsOfDegrees) {
  const GraphFacts facts = describe(make(Star{}, 5), 1);
  EXPECT_EQ(facts.peers, 5u);
  EXPECT_EQ(facts.links, 4u);
  EXPECT_EQ(facts.degree_min, 1u);
  EXPECT_EQ(facts.degree_max, 4u);
  EXPECT_DOUBLE_EQ(facts.degree_mean, 1.6);
  EXPECT_DOUBLE_EQ(facts.degree_deviation, 1.2);
}

/// A long ring: the double sweep finds the diameter from a few peers.
TEST(Graph, TheDiameterOfALargeGraphIsSampled) {
  const GraphFacts facts = describe(make(Ring{}, 100'000), 1);
  EXPECT_LT(facts.diameter_sample, 1'000u);
  EXPECT_EQ(facts.diameter, 50'000u);
}

TEST(Graph, OneThatDoesNotFitIsAnError) {
  EXPECT_EQ(
      error_of([] { make(Complete{}, 1'000'000); }),
      "here: would have about 499999 million links, more than the 1000 million that fit; take fewer peers or links");
  EXPECT_TRUE(
      error_of([] { make(RandomOut{1'000}, 4'000'000'000); }).starts_with("here: would have about 4000000 mill"));
}

}  // namespace
}  // namespace gossip::sim
