#include "sim/world/classes.hpp"

#include "sim/engine/engine.hpp"
#include "sim/engine/wire.hpp"
#include "sim/scenario/reader.hpp"
#include "tests/sim/input_files.hpp"
#include "tests/sim/wires.hpp"

/// Peers that are not as the others: who they are, how their frames leave, what they keep for themselves.
namespace gossip::sim::test {
namespace {

ClassSpec share_of(double fraction) { return {"class", fraction, {}, 0, true, false}; }
ClassSpec peers(std::vector<std::uint32_t> list) { return {"class", 0, std::move(list), 0, true, false}; }

std::vector<int> sizes(const Scenario& scenario) {
  const Classes classes(scenario);
  std::vector<int> sizes(scenario.classes.size() + 1);
  for (std::uint32_t i = 0; i < scenario.peers; ++i) ++sizes[classes.number(PeerId{i})];
  return sizes;
}

TEST(Classes, AreAsLargeAsTheirSharesOfAllPeers) {
  Scenario scenario = fixed(1'000, Ring{});
  scenario.classes = {share_of(0.25), peers({3, 4, 5}), share_of(0.5)};
  EXPECT_EQ(sizes(scenario), (std::vector{247, 250, 3, 500}));
  EXPECT_EQ(Classes(scenario).number(PeerId{4}), 2);
  scenario.classes = {share_of(1)};
  EXPECT_EQ(sizes(scenario), (std::vector{0, 1'000}));
}

TEST(Classes, TheBootstrapperIsInNoneThatIsDrawn) {
  Scenario scenario = sampling(50, 5, second);
  scenario.classes = {share_of(1)};
  EXPECT_EQ(sizes(scenario), (std::vector{1, 49}));
  EXPECT_EQ(Classes(scenario).number(PeerId{0}), 0);
}

// ---- uploads

TEST(Upload, FramesLeaveOneAfterTheOtherToTheNanosecond) {
  ConnectedWires wires({.upload = 3'000'000});
  const auto arrival = [&](PeerId from, PeerId to, std::uint64_t bytes, Time now) {
    return wires.transport.send(from, to, bytes, now).at - latency;
  };
  // 1,000 bytes at 3 Mbit/s: 2,666,666 ns and two thirds, rounded up.
  EXPECT_EQ(arrival(a, b, 1'000, second), second + 2'666'667);
  EXPECT_EQ(arrival(a, b, 3, second), second + 2'666'667 + 8'000) << "behind the first";
  EXPECT_EQ(arrival(b, a, 3, second), second + 8'000) << "another peer's upload";
  EXPECT_EQ(arrival(a, b, 3, 2 * second), 2 * second + 8'000) << "all has left";
  EXPECT_EQ(arrival(a, b, 8 << 20, 3 * second), 3 * second + 22'369'621'334) << "8 MiB";
}

TEST(Upload, TheEndOfAConnectionAndANewDialComeBehindWhatWasSent) {
  ConnectedWires wires({.upload = 1'000'000});
  const Time frame = wires.transport.send(a, b, 12'500, second).at;
  EXPECT_EQ(frame, second + 100 * millisecond + latency);
  const Event closed = wires.transport.close(a, 1, b, second).value();
  EXPECT_EQ(closed.time, frame);
  EXPECT_EQ(wires.transport.dial(a, 1, b, second).time, frame);
  EXPECT_EQ(wires.transport.dial(c, 1, b, second).time, second + latency) << "c has sent nothing";
}

// The middle of a star sends to four, one after the other: 1 ms for each frame of 125,000 bits.
TEST(Upload, OfOnePeerIsSharedByItsNeighbours) {
  Scenario scenario = fixed(5, Star{}, Constant{latency});
  scenario.links.upload = 125'000'000;
  scenario.workload = {announce(0, 0)};
  scenario.workload[0].size = static_cast<std::uint32_t>(15'625 - frame_bytes(FrameKind::announce, 0));
  const Result result = run_checked(scenario);
  EXPECT_EQ(result.sum.latency.max(), static_cast<std::uint64_t>(4 * millisecond + latency));
  EXPECT_EQ(result.deliveries, 5u);
}

// ---- silence and NAT

// A line of five.
TEST(Silent, PassesNothingOnButItsOwn) {
  Scenario scenario = fixed(5, Grid{5, false}, Constant{latency});
  ClassSpec silent = peers({2});
  silent.silent = true;
  scenario.classes = {silent};
  scenario.workload = {announce(0, 0), announce(second, 2)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(result.messages[0].deliveries, 3u) << "it hears";
  EXPECT_EQ(result.messages[0].misses.counts[static_cast<std::size_t>(Miss::not_relayed)], 2u);
  EXPECT_EQ(result.messages[1].deliveries, 5u);
  EXPECT_EQ(result.payload_messages, 2u + 4u) << "0 to 1 to 2; 2 to both sides and on";
  ASSERT_EQ(result.classes.size(), 2u);
  EXPECT_EQ(result.classes[0].peers, 4u);
  EXPECT_EQ(result.classes[0].deliveries, 6u);
  EXPECT_EQ(result.classes[1].peers, 1u);
  EXPECT_EQ(result.classes[1].deliveries, 2u);
  EXPECT_EQ(result.classes[1].latency.max(), static_cast<std::uint64_t>(2 * latency));
}

TEST(BehindNat, NobodyIsConnectedWithTwoThatAreBothBehindIt) {
  Scenario scenario = sampling(60, 6, 60 * second);
  ClassSpec hidden = share_of(0.5);
  hidden.dialable = false;
  scenario.classes = {hidden};
  const Experiment experiment(scenario);
  Engine engine(experiment, {});
  engine.run();
  int mixed = 0;
  for (std::uint32_t i = 0; i < scenario.peers; ++i) {
    for (const PeerId other : engine.neighbours(PeerId{i})) {
      const bool one = experiment.classes.dialable(PeerId{i}), two = experiment.classes.dialable(other);
      EXPECT_TRUE(one || two) << i << " and " << index(other);
      mixed += one != two;
    }
  }
  EXPECT_GT(mixed, 100) << "those behind it dial";
}

TEST(Classes, AreTheSameOnAnyBlocksThreadsAndRanks) {
  Scenario scenario = sampling(300, 6, 20 * second);
  scenario.links.upload = 5'000'000;
  scenario.links.jitter = millisecond;
  ClassSpec odd = share_of(0.3);
  odd.upload = 500'000;
  odd.dialable = false;
  odd.silent = true;
  scenario.classes = {odd};
  Workload load;
  load.at = 3 * second;
  load.count = 100;
  load.interval = 100 * millisecond;
  scenario.workload = {load};
  const Result plain = run_checked(scenario);
  for (const std::uint32_t blocks : {2u, 5u}) {
    EngineOptions options;
    options.blocks = blocks;
    options.threads = 2;
    options.events_worth_threads = 0;
    const Result other = run_checked(scenario, options);
    EXPECT_EQ(other.sum.trace, plain.sum.trace);
    ASSERT_EQ(other.classes.size(), 2u);
    EXPECT_EQ(other.classes[1].latency.count(), plain.classes[1].latency.count());
  }
}

// ---- what the shipped scenarios answer

Result shipped(const char* name) { return run_checked(read_scenario(source_file(std::string("scenarios/") + name))); }
double coverage(const Result& result, std::size_t number) {
  const ClassResult& of = result.classes[number];
  return static_cast<double>(of.deliveries) / static_cast<double>(of.peers * result.messages.size());
}

double share_of_up(const Result& result) {
  const double peers = static_cast<double>(result.peers) * static_cast<double>(result.messages.size());
  return static_cast<double>(result.deliveries) / (peers - static_cast<double>(result.misses.were_down));
}
double p50_ms(const Result& result) { return static_cast<double>(result.sum.latency.percentile(0.5)) / 1e6; }

TEST(ShippedClasses, SilentPeersDelayAFloodAndLoseNobody) {
  const Result result = shipped("silent.json");
  EXPECT_EQ(result.deliveries, 100'000u);
  EXPECT_NEAR(p50_ms(result), 216, 1);
  ASSERT_EQ(result.classes.size(), 2u);
  EXPECT_EQ(result.classes[1].peers, 200u);
  EXPECT_EQ(coverage(result, 1), 1);
}

TEST(ShippedClasses, AThirdBehindNatIsReachedAsTheOthersAre) {
  const Result result = shipped("nat.json");
  EXPECT_NEAR(share_of_up(result), 0.9997, 0.0001);
  EXPECT_NEAR(coverage(result, 1), coverage(result, 0), 0.01);
}

TEST(ShippedClasses, SlowUplinksOfAThirdSlowEverybodyAlike) {
  const Result result = shipped("slow-uplinks.json");
  EXPECT_EQ(result.deliveries, 50'000u);
  EXPECT_NEAR(p50_ms(result), 653, 1);
  const auto p50_of = [&](std::size_t number) {
    return static_cast<double>(result.classes[number].latency.percentile(0.5)) / 1e6;
  };
  EXPECT_NEAR(p50_of(1), p50_of(0), 0.05 * p50_of(0));
}

}  // namespace
}  // namespace gossip::sim::test
