#include "sim/scenario/reader.hpp"
#include "tests/sim/input_files.hpp"
#include "tests/sim/world.hpp"

namespace gossip::sim::test {
namespace {

/// After the first heartbeats, one message a second.
Scenario mesh_over(TopologySpec topology, const MeshConfig& mesh, std::uint32_t size = 200) {
  Scenario scenario = fixed(500, topology);
  scenario.broadcast = Mesh::name;
  scenario.protocol.of<Mesh>() = mesh;
  scenario.duration = 30 * second;
  Workload load;
  load.at = 5 * second;
  load.count = 10;
  load.interval = second;
  load.size = size;
  scenario.workload = {load};
  return scenario;
}

double duplicates_a_peer(const Scenario& scenario) {
  const Result result = run_checked(scenario);
  EXPECT_EQ(result.deliveries, 500u * 10);
  return static_cast<double>(result.payload_messages - 10 * 499) / (10 * 500);
}

/// Every link is in the mesh: a flood, Σdegree − (n − 1) messages, so D − 2 + 2/n duplicates a peer.
TEST(Mesh, OfAllLinksIsAFlood) {
  for (const std::uint32_t d : {4u, 8u}) {
    const Scenario scenario = mesh_over(RandomRegular{d}, {.d = d, .d_low = d, .d_high = d});
    EXPECT_DOUBLE_EQ(duplicates_a_peer(scenario), d - 2 + 2.0 / 500) << d;
  }
}

/// What is relayed at once is under way on a link before the other side can say that it has it: one copy at least on every
/// link, n · D/2 messages, D/2 − 1 + 1/n duplicates a peer. Where a verdict takes longer than any link, each side has heard
/// of the other in time, and it is one copy at most.
TEST(Mesh, IDontWantSavesHalfWhereThereIsTime) {
  for (const std::uint32_t d : {4u, 8u}) {
    const double least = d / 2.0 - 1 + 1.0 / 500;
    Scenario scenario = mesh_over(RandomRegular{d}, {.d = d, .d_low = d, .d_high = d}, 2'000);
    const double hurried = duplicates_a_peer(scenario);
    EXPECT_GE(hurried, least);
    EXPECT_LE(hurried, d - 2 + 2.0 / 500);
    scenario.validation = ValidationSpec{};
    scenario.validation->delay = 200 * millisecond;
    scenario.protocol.of<Intake>().validation = true;
    ASSERT_LT(std::get<Uniform>(scenario.links.latency).max, scenario.validation->delay);
    EXPECT_LE(duplicates_a_peer(scenario), least);
  }
}

/// GossipSub, 1,000 nodes at D = 4, 8, 16, 32: with D the last delivery comes sooner, and copies grow.
TEST(Mesh, WithDTimeFallsAndCopiesGrow) {
  std::uint64_t before = never;
  double copies = 0;
  for (const std::uint32_t d : {4u, 8u, 16u}) {
    const Scenario scenario = mesh_over(RandomRegular{d}, {.d = d, .d_low = d, .d_high = d});
    const Result result = run_checked(scenario);
    const std::uint64_t p99 = result.sum.latency.percentile(0.99);
    EXPECT_LT(p99, before) << d;
    before = p99;
    const double ours = static_cast<double>(result.payload_messages);
    EXPECT_GT(ours, 1.8 * copies) << d;
    copies = ours;
  }
}

/// Six to twelve of twenty links carry messages, so that with half of the frames lost 1% come on none of them (0.5^7). What
/// is named may be wanted and sent. A name, its answer and what it brings arrive together one time in eight: not all do.
TEST(Mesh, WhatIsLostIsWanted) {
  Scenario scenario = mesh_over(RandomRegular{20}, {.flood_publish = false});
  const std::uint64_t quiet = run_checked(scenario).payload_messages;
  EXPECT_LT(quiet, 500u * 10 * 12);
  scenario.links.loss = 0.5;
  const std::uint64_t missed = 500u * 10 - run_checked(scenario).deliveries;
  scenario.protocol.of<Mesh>().d_lazy = 0;
  scenario.protocol.of<Mesh>().factor = 0;
  const std::uint64_t missed_without = 500u * 10 - run_checked(scenario).deliveries;
  EXPECT_GT(missed_without, 500u * 10 / 200);
  EXPECT_LT(missed, missed_without * 2 / 3);
}

/// scenarios/mesh.json and what it says.
TEST(Mesh, SavesCopiesAsTheScenarioAnswers) {
  Scenario scenario = read_scenario(source_file("scenarios/mesh.json"));
  const Result mesh = run_checked(scenario);
  EXPECT_EQ(mesh.deliveries, 1000u * 40);
  scenario.links.loss = 0.2;
  EXPECT_EQ(run_checked(scenario).deliveries, 1000u * 40);
  scenario.links.loss = 0.01;
  scenario.protocol.of<Mesh>().above = std::uint64_t{1} << 32;
  const std::uint64_t without_idontwant = run_checked(scenario).payload_messages;
  scenario.broadcast = Flood::name;
  const Result flood = run_checked(scenario);
  EXPECT_EQ(flood.deliveries, 1000u * 40);
  EXPECT_LT(mesh.payload_messages, flood.payload_messages * 3 / 10);
  EXPECT_LT(mesh.payload_messages, without_idontwant * 2 / 3);
  const auto half = [](const Result& result) { return static_cast<double>(result.sum.latency.percentile(0.5)); };
  EXPECT_NEAR(half(mesh) / half(flood), 1.25, 0.1);
}

TEST(Wire, CarriesMesh) {
  Scenario scenario = mesh_over(RandomRegular{20}, {}, 2'000);
  scenario.links.loss = 0.05;
  EngineOptions wire;
  wire.wire = true;
  const Result plain = run_checked(scenario), carried = run_checked(scenario, wire);
  EXPECT_EQ(plain.sum.trace, carried.sum.trace);
  EXPECT_EQ(plain.sum.control_bytes, carried.sum.control_bytes);
}

}  // namespace
}  // namespace gossip::sim::test
