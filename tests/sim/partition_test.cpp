#include "sim/engine/engine.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/world/partitions.hpp"
#include "tests/sim/input_files.hpp"
#include "tests/sim/wires.hpp"

/// Networks that are cut in two: of one connection against arithmetic, of a whole run what must never be.
namespace gossip::sim::test {
namespace {

constexpr Duration detection = 500 * millisecond;

Partition cut(Time at, std::optional<Duration> lasts, std::vector<std::uint32_t> peers = {0}) {
  return {at, 0, std::move(peers), lasts};
}

/// a is cut off after a second.
struct CutWires : ConnectedWires {
  explicit CutWires(std::optional<Duration> lasts, const LinkSpec& links = {})
      : ConnectedWires(links, detection, {cut(second, lasts)}) {}
};

using Fate = Transport::Fate;

TEST(PartitionWires, WhatIsUnderWayWhenItBeginsDoesNotArriveInIt) {
  CutWires wires(detection);
  EXPECT_EQ(wires.transport.send(a, b, 1, second - latency - 1).at, second - 1);
  const Transport::Sent sent = wires.transport.send(a, b, 1, second - latency);
  EXPECT_EQ(sent.fate, Fate::arrives);
  EXPECT_EQ(sent.at, second + detection + latency) << "sent again when it heals";
  EXPECT_EQ(wires.transport.send(a, b, 1, second + detection).at, second + detection + latency);
}

TEST(PartitionWires, OneThatOutlastsTheDetectionTakesTheConnectionWithWhatWasSentOnIt) {
  CutWires wires(detection + 1);
  EXPECT_EQ(wires.transport.send(a, b, 1, second - latency).fate, Fate::cut);
  EXPECT_EQ(wires.transport.send(b, a, 1, second).fate, Fate::cut);
  const auto cuts = wires.transport.partitions().cuts();
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_EQ(cuts[0].broken, second + detection);
  EXPECT_EQ(wires.transport.across(a, cuts[0]), std::vector{b});
  EXPECT_TRUE(wires.transport.give_up(a, b));
  EXPECT_FALSE(wires.transport.give_up(a, b)) << "once";
  EXPECT_EQ(wires.transport.send(a, b, 1, 2 * second).fate, Fate::not_connected);
}

TEST(PartitionWires, JitterKeepsTheOrderAcrossIt) {
  CutWires wires(detection, {.jitter = 100 * millisecond});
  Time last = 0;
  for (Time now = second - 200 * millisecond; now < 2 * second; now += millisecond) {
    const Time at = wires.transport.send(a, b, 1, now).at;
    EXPECT_GE(at, last);
    EXPECT_TRUE(at < second || at >= second + detection + latency);
    last = at;
  }
}

TEST(PartitionWires, OneSideDoesNotNotice) {
  CutWires wires(10 * second);
  const Event dial = wires.transport.dial(b, 1, c, 2 * second);
  EXPECT_EQ(dial.time, 2 * second + latency);
  EXPECT_TRUE(wires.transport.on(*wires.transport.on(dial, 1).reply, 1).up);
  EXPECT_EQ(wires.transport.send(b, c, 1, 3 * second).at, 3 * second + latency);
}

TEST(PartitionWires, ADialWaitsForItAsLongAsDialsDo) {
  CutWires wires(10 * second, {.connect_timeout = 3 * second});
  const Event late = wires.transport.dial(a, 1, c, 8 * second);
  EXPECT_EQ(late.kind, EventKind::unanswered);
  EXPECT_EQ(late.time, 11 * second);
  EXPECT_EQ(late.dst, a);
  const Event soon = wires.transport.dial(c, 1, a, 8 * second + 1);
  EXPECT_EQ(soon.kind, EventKind::dial);
  EXPECT_EQ(soon.time, 11 * second + latency);
}

TEST(PartitionWires, AnAnswerThatItTakesIsNone) {
  CutWires wires(10 * second, {.connect_timeout = 3 * second});
  const Event dial = wires.transport.dial(a, 1, c, second - latency - 1);
  const Transport::Change change = wires.transport.on(dial, 1);
  EXPECT_FALSE(change.up);
  EXPECT_EQ(change.reply->kind, EventKind::refused);
  EXPECT_EQ(change.reply->time, second - latency - 1 + 3 * second);
}

TEST(PartitionWires, AFarewellWaitsOrIsNotHeard) {
  CutWires shorter(detection), longer(10 * second);
  EXPECT_EQ(shorter.transport.close(a, 1, b, second)->time, second + detection + latency);
  EXPECT_EQ(longer.transport.close(a, 1, b, second), std::nullopt) << "b notices the silence by itself";
}

TEST(PartitionSides, AreAsManyAsSaid) {
  Scenario scenario = fixed(1'000, Ring{});
  scenario.faults = {Partition{0, 0.25, {}, second}, Partition{second, 0.25, {}, {}}};
  const Partitions partitions(scenario);
  ASSERT_EQ(partitions.cuts().size(), 2u);
  for (const auto& one : partitions.cuts()) EXPECT_EQ(std::ranges::count(one.side, 1), 250);
  EXPECT_NE(partitions.cuts()[0].side, partitions.cuts()[1].side);
}

// ---- whole runs

TEST(Partition, NoFrameCrossesIt) {
  Scenario scenario = sampling(200, 8, 60 * second);
  scenario.faults = {Partition{20 * second, 0.4, {}, 20 * second}};
  Workload load;
  load.at = 10 * second;
  load.count = 490;
  load.interval = 100 * millisecond;
  scenario.workload = {load};
  EngineOptions options;
  options.record_deliveries = true;
  const Result result = run_checked(scenario, options);
  const Partitions partitions(scenario);
  const Partitions::Cut& cut = partitions.cuts()[0];
  std::uint64_t within = 0, across_before = 0;
  for (const Delivery& delivery : result.sum.deliveries) {
    if (delivery.from == no_peer) continue;
    const bool crosses = cut.across(delivery.peer, delivery.from), during = cut.meets(delivery.time, 0);
    EXPECT_FALSE(crosses && during) << delivery.time;
    within += during;
    across_before += crosses && !during;
  }
  EXPECT_GT(within, 10'000u) << "both sides go on";
  EXPECT_GT(across_before, 1'000u);
  EXPECT_GT(drops(result, TransportDrop::cut), 0u);
}

// 0 – 1 – 2 – 3 – 4, cut between 1 and 2.
TEST(Partition, GivenLinksComeBackWhenItHeals) {
  Scenario scenario = fixed(5, Grid{5, false}, Constant{latency});
  scenario.faults = {cut(second, 10 * second, {0, 1})};
  scenario.workload = {announce(2 * second, 0), announce(11 * second + latency, 0),
                       announce(11 * second + 2 * latency, 0)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(result.messages[0].deliveries, 2u);
  EXPECT_EQ(result.messages[0].misses.counts[static_cast<std::size_t>(Miss::not_connected)], 3u);
  EXPECT_EQ(result.messages[1].deliveries, 5u) << "one round trip, and one is over on the way to it";
  EXPECT_EQ(result.messages[2].deliveries, 5u);
  EXPECT_EQ(result.sum.connections, 2u) << "both dialled: one connection";
}

TEST(Partition, AShortOneOnlyDelays) {
  Scenario scenario = fixed(5, Grid{5, false}, Constant{latency});
  scenario.detection = second;
  scenario.faults = {cut(second, second, {0, 1})};
  scenario.workload = {announce(second, 0)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(result.messages[0].deliveries, 5u);
  EXPECT_EQ(result.sum.latency.max(), static_cast<std::uint64_t>(second + 3 * latency)) << "from 1 to 2 when it heals";
  EXPECT_EQ(result.sum.connections, 0u);
}

TEST(Partition, IsTheSameOnAnyBlocksAndThreads) {
  Scenario scenario = sampling(300, 6, 30 * second);
  scenario.links.jitter = 5 * millisecond;
  scenario.faults = {Partition{8 * second, 0.5, {}, 6 * second}, Partition{14 * second, 0.3, {}, 500 * millisecond},
                     Kill{16 * second, 0.2, {}, 2 * second}};
  Workload load;
  load.at = 3 * second;
  load.count = 100;
  load.interval = 200 * millisecond;
  scenario.workload = {load};
  const std::uint64_t trace = run_checked(scenario).sum.trace;
  for (const std::uint32_t blocks : {2u, 5u}) {
    EngineOptions options;
    options.blocks = blocks;
    options.threads = 2;
    options.events_worth_threads = 0;
    EXPECT_EQ(run_checked(scenario, options).sum.trace, trace);
  }
}

TEST(Partition, HealsAsTheScenarioAnswers) {
  const Scenario scenario = read_scenario(source_file("scenarios/partition.json"));
  const auto& cut = std::get<Partition>(scenario.faults[0]);
  const Time healed = cut.at + *cut.lasts;
  const Result result = run_checked(scenario);
  double during = 0;
  int count = 0;
  Time last_missed = 0;
  for (const MessageResult& message : result.messages) {
    if (message.at >= cut.at + scenario.detection && message.at < healed - second) {
      during += static_cast<double>(message.deliveries) / result.peers;
      ++count;
    }
    if (message.deliveries < result.peers) last_missed = message.at;
  }
  EXPECT_NEAR(during / count, 0.5, 0.001) << "each half by itself";
  EXPECT_EQ(last_missed, healed - second) << "one is announced each second";
}

}  // namespace
}  // namespace gossip::sim::test
