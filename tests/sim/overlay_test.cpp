#include <cmath>
#include <fstream>

#include "hyparview.hpp"
#include "world.hpp"

/// Overlays that peers make themselves, against what was published of them, and what must hold of any.
namespace gossip::sim::test {
namespace {

void expect_whole(const OverlayFacts& facts, const HyParViewConfig& config) {
  EXPECT_EQ(facts.dangling, 0u);
  EXPECT_EQ(facts.loops, 0u);
  EXPECT_EQ(facts.doubles, 0u);
  EXPECT_EQ(facts.one_way, 0u) << "links are symmetric at rest";
  EXPECT_LE(facts.out_most, config.active_view);
  EXPECT_EQ(facts.components, 1u);
}

/// Of a random 5-regular graph of as many peers: 1 − (1 − 1/n)^N of them are within h hops, where N are on the paths.
double path_of_random_regular(double peers, double degree) {
  double path = 0, ends = 1, ring = degree;
  for (int h = 0; h < 30; ++h) {
    path += std::pow(1 - 1 / peers, ends);
    ends += ring;
    ring *= degree - 1;
  }
  return path;
}

TEST(HyParViewOverlay, IsOneSymmetricRandomGraph) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const OverlayFacts facts = hyparview_overlay(1'000, seed);
    expect_whole(facts, {});
    EXPECT_GE(facts.in_degrees.at(5), 990u) << "almost all at five; seed " << seed;
    EXPECT_NEAR(facts.path, path_of_random_regular(1'000, 5), 0.05) << "seed " << seed;
    EXPECT_LT(facts.clustering, 0.008) << "seed " << seed;  // random: 4 / 1000
  }
}

TEST(HyParViewOverlay, SmallNetworksAreComplete) {
  for (const std::uint32_t peers : {2u, 3u, 6u}) {
    const OverlayFacts facts = hyparview_overlay(peers, 1);
    EXPECT_EQ(facts.in_degrees.back(), peers);
    EXPECT_EQ(facts.in_degrees.size(), peers) << "every peer knows every other";
  }
}

/// Links that lose frames, and peers that come and go: a peer that sees another as its neighbour, while the other does
/// not, would be an error for ever.
TEST(HyParViewOverlay, IsSymmetricAtRestAfterLossAndChurn) {
  Scenario scenario = hyparview_scenario(300, 5);
  scenario.links.loss = 0.1;
  scenario.links.latency = Uniform{10 * millisecond, 100 * millisecond};
  scenario.detection = second;
  scenario.start_spread = 10 * second;
  scenario.duration = 300 * second;
  const std::string trace = testing::TempDir() + "/overlay.csv";
  std::ofstream file(trace);
  file << "peer,up_seconds,down_seconds\n";
  Random random(1);
  for (int peer = 1; peer < 300; ++peer) {
    const double down = 30 + 60 * random.uniform(), up = down + 5 + 60 * random.uniform();
    file << peer << ",0," << down << '\n' << peer << ',' << up << ",400\n";
  }
  file.close();
  scenario.churn = Churn{};
  scenario.churn->trace = trace;
  const Experiment experiment(scenario);
  Engine engine(experiment, {});
  engine.run();
  const OverlayFacts facts = describe_overlay(engine, 300, 1);
  EXPECT_EQ(facts.peers, 300u);
  EXPECT_EQ(facts.components, 1u);
  EXPECT_EQ(facts.loops + facts.doubles, 0u);
  // What is being asked in this instant is half a link: a few of 1,500.
  EXPECT_LE(facts.one_way, 5u);
  EXPECT_GE(facts.in_mean, 4.8);
}

/// HyParView Fig. 2: messages right after a share of the peers has failed at once.
TEST(HyParViewReliability, SurvivesTheFailureOfMost) {
  for (const double failed : {0.1, 0.5, 0.8}) {
    Scenario scenario = hyparview_scenario(1'000, 1);
    const Time kill = scenario.duration;
    scenario.duration += 60 * second;
    scenario.faults = {Kill{kill, failed, {}, {}}};
    Workload load;
    load.at = kill + second;
    load.count = 50;
    load.interval = 100 * millisecond;
    scenario.workload = {load};
    const Result result = run_checked(scenario);
    const auto up = static_cast<double>(std::ranges::count(result.up, 1));
    EXPECT_NEAR(up, 1'000 * (1 - failed), 2);
    EXPECT_GE(static_cast<double>(result.deliveries) / (50 * up), 0.98) << failed << " failed";
  }
}

TEST(Wire, CarriesHyParView) {
  Scenario scenario = hyparview_scenario(100, 2);
  scenario.links.loss = 0.02;
  scenario.duration = 120 * second;
  scenario.workload = {announce(60 * second, 3)};
  EngineOptions wire;
  wire.wire = true;
  const Result plain = run_checked(scenario), carried = run_checked(scenario, wire);
  EXPECT_EQ(plain.sum.trace, carried.sum.trace);
  EXPECT_EQ(plain.sum.control_bytes, carried.sum.control_bytes);
}

}  // namespace
}  // namespace gossip::sim::test
