#include "hyparview.hpp"
#include "world.hpp"

namespace gossip::sim::test {
namespace {

std::uint64_t links(const Result& result) {
  return std::accumulate(result.degrees.begin(), result.degrees.end(), std::uint64_t{0});
}

/// Plumtree (SRDS 2007): of one sender, once the tree is stable. A flood sends Σdegree − (n − 1).
TEST(Plumtree, OnATreeEveryMessageComesOnceAndIsNamedOnTheOtherLinks) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    Scenario scenario = fixed(500, RandomRegular{5});
    scenario.seed = seed;
    scenario.broadcast = Plumtree::name;
    Workload load = announce(0, 7);
    load.count = 20;
    load.interval = 2 * second;
    scenario.workload = {load};
    const Result growing = run_checked(scenario);
    scenario.workload[0].count = 40;
    const Result result = run_checked(scenario);
    for (std::size_t i = 20; i < 40; ++i) {
      EXPECT_EQ(result.messages[i].deliveries, 500u);
      EXPECT_EQ(result.messages[i].frames, 499u) << "RMR 0; seed " << seed;
      EXPECT_EQ(result.messages[i].duplicates, 0u);
    }
    // The second twenty are the difference of the two runs, which are the same until then.
    EXPECT_EQ(result.sum.control_messages - growing.sum.control_messages, 20 * (links(result) - 2 * 499));
    EXPECT_EQ(result.messages[0].frames, links(result) - 499) << "the first one is a flood";
  }
}

/// The same over the overlay that the paper uses, which has frames of its own.
TEST(Plumtree, OverHyParViewTheTreeIsStableToo) {
  Scenario scenario = hyparview_scenario(500, 1);
  scenario.broadcast = Plumtree::name;
  Workload load = announce(scenario.duration, 3);
  load.count = 30;
  load.interval = second;
  scenario.duration += 60 * second;
  scenario.workload = {load};
  const Result result = run_checked(scenario);
  for (std::size_t i = 20; i < 30; ++i) {
    EXPECT_EQ(result.messages[i].deliveries, 500u);
    EXPECT_EQ(result.messages[i].frames, 499u);
  }
}

/// A share of the peers fails at once: the tree is mended by what the lazy links name.
TEST(Plumtree, MendsItsTree) {
  Scenario scenario = hyparview_scenario(500, 1);
  scenario.broadcast = Plumtree::name;
  scenario.links.latency = Uniform{10 * millisecond, 100 * millisecond};
  scenario.detection = second;
  const Time kill = scenario.duration;
  Workload load;
  load.at = kill - 20 * second;
  load.count = 60;
  load.interval = second;
  scenario.duration += 60 * second;
  scenario.faults = {Kill{kill, 0.3, {}, {}}};
  scenario.workload = {load};
  const Result result = run_checked(scenario);
  const auto up = static_cast<std::uint64_t>(std::ranges::count(result.up, 1));
  // While crashes are not noticed, the lazy links and their timers do it.
  for (std::size_t i = 22; i < 60; ++i) EXPECT_EQ(result.messages[i].deliveries, up) << "message " << i;
}

TEST(Plumtree, LostMessagesAreAskedFor) {
  Scenario scenario = fixed(300, RandomRegular{6});
  scenario.broadcast = Plumtree::name;
  scenario.links.loss = 0.02;
  Workload load;
  load.count = 50;
  load.interval = 3 * second;
  scenario.workload = {load};
  const Result plumtree = run_checked(scenario);
  // A peer misses a message when it, and the names of it, are lost on all of six links.
  EXPECT_GT(static_cast<double>(plumtree.deliveries) / (50 * 300), 0.999);
  EXPECT_LT(plumtree.payload_messages, 50 * 300 * 3 / 2u) << "a flood sends five times 300";
}

TEST(Plumtree, TtlHoldsAlsoForWhatIsAskedFor) {
  Scenario scenario = fixed(500, RandomRegular{4}, Constant{10 * millisecond});
  scenario.links.loss = 0.05;
  scenario.broadcast = Plumtree::name;
  scenario.workload = {announce(0, 1, 3), announce(5 * second, 1, 3), announce(10 * second, 1, 3)};
  EngineOptions options;
  options.record_deliveries = true;
  const Result result = run_checked(scenario, options);
  for (const Delivery& delivery : result.sum.deliveries) EXPECT_LE(delivery.hops, 3u);
  EXPECT_GT(result.messages[2].deliveries, 30u);
}

TEST(Wire, CarriesPlumtree) {
  Scenario scenario = fixed(100, RandomRegular{5});
  scenario.broadcast = Plumtree::name;
  scenario.links.loss = 0.02;
  Workload load;
  load.count = 20;
  load.interval = second;
  scenario.workload = {load};
  EngineOptions wire;
  wire.wire = true;
  const Result plain = run_checked(scenario), carried = run_checked(scenario, wire);
  EXPECT_EQ(plain.sum.trace, carried.sum.trace);
  EXPECT_EQ(plain.sum.control_bytes, carried.sum.control_bytes);
}

}  // namespace
}  // namespace gossip::sim::test
