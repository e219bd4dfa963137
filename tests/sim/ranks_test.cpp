#include "tests/sim/ranks.hpp"

#include <gtest/gtest.h>

#include "sim/engine/engine.hpp"
#include "tests/sim/world.hpp"

namespace gossip::sim {
namespace {

TEST(Packet, GivesBackWhatWasPutInThatOrder) {
  Packet packet;
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  packet.put(std::span<const std::uint8_t>(bytes));
  packet.put(std::uint64_t{1} << 40);
  packet.put(std::span<const std::uint32_t>());
  packet.put(Event::wake(5, PeerId{7}));
  EXPECT_EQ(packet.bytes().size(), 8 * 4 + 8 + 8 + sizeof(Event));

  const auto taken = packet.take<std::uint8_t>();
  EXPECT_EQ(std::vector(taken.begin(), taken.end()), bytes);
  EXPECT_EQ(packet.take_one<std::uint64_t>(), std::uint64_t{1} << 40);
  EXPECT_TRUE(packet.take<std::uint32_t>().empty());
  const Event event = packet.take_one<Event>();
  EXPECT_EQ(event.time, 5);
  EXPECT_EQ(event.dst, PeerId{7});
}

/// Every peer is one rank's, and blocks of a power of two make up a rank that has many.
TEST(Ranks, ShareOutAllPeers) {
  for (const std::uint32_t count : {1u, 2u, 3u, 4u, 7u}) {
    for (const std::uint32_t peers : {1u, 2u, 5u, 8u, 100u, 1'000u, 12'345u, 1'000'000u}) {
      std::mutex taking;
      std::vector<PeerRange> ranges(count);
      std::uint32_t share = 0;
      test::RanksOfThreads(count).each([&](Ranks& ranks) {
        const std::scoped_lock lock(taking);
        ranges[ranks.rank()] = ranks.own(peers);
        share = ranks.share(peers);
      });
      std::uint32_t next = 0;
      for (const PeerRange& range : ranges) {
        EXPECT_TRUE(range.first == next || range.first == range.last) << peers << " peers, " << count << " ranks";
        EXPECT_TRUE(range.last - range.first == share || range.last == peers);
        next = std::max(next, range.last);
      }
      EXPECT_EQ(next, peers) << count << " ranks";
      const std::uint32_t unit = count > 1 && peers >= 1'000 * count ? 8 : 1;
      EXPECT_EQ(share % unit, 0u) << peers << " peers, " << count << " ranks";
      EXPECT_LE(share, peers / count + 65) << "ranks are even";
    }
  }
}

TEST(Ranks, TellEachOther) {
  test::RanksOfThreads(3).each([](Ranks& ranks) {
    EXPECT_EQ(ranks.all(10 + ranks.rank()), (std::vector<std::uint32_t>{10, 11, 12}));
    EXPECT_EQ(ranks.all(20 + ranks.rank()), (std::vector<std::uint32_t>{20, 21, 22}));
  });
}

/// Rank 0 has the whole graph, which it describes; the others the rows of their own peers and nothing else.
TEST(Ranks, DrawTheirOwnRowsOfTheSameGraph) {
  constexpr std::uint32_t peers = 1'000;
  for (const TopologySpec& spec :
       {TopologySpec{RandomOut{3}}, TopologySpec{RandomRegular{4}}, TopologySpec{ErdosRenyi{0.01}},
        TopologySpec{SmallWorld{4, 0.1}}, TopologySpec{Ring{}}}) {
    const Graph whole = make_graph(spec, peers, 3, "here");
    test::RanksOfThreads(4).each([&](Ranks& ranks) {
      const Graph part = make_graph(spec, peers, 3, "here", 1, ranks);
      const PeerRange own = ranks.own(peers);
      ASSERT_EQ(part.peers(), peers);
      std::uint64_t ends = 0;
      for (std::uint32_t peer = own.first; peer < own.last; ++peer) {
        const std::uint64_t size = part.offsets[peer + 1] - part.offsets[peer];
        ASSERT_EQ(size, whole.offsets[peer + 1] - whole.offsets[peer]);
        EXPECT_TRUE(std::equal(part.targets.begin() + std::ptrdiff_t(part.offsets[peer]),
                               part.targets.begin() + std::ptrdiff_t(part.offsets[peer + 1]),
                               whole.targets.begin() + std::ptrdiff_t(whole.offsets[peer])));
        ends += size;
      }
      EXPECT_EQ(part.targets.size(), ranks.first() ? whole.targets.size() : ends);
    });
  }
}

TEST(Ranks, ThatHaveNoPeersTakePart) {
  const Scenario scenario = [] {
    Scenario made = test::fixed(5, Ring{});
    made.workload = {test::announce(0, 0)};
    return made;
  }();
  const Result one = run(Experiment(scenario));
  test::RanksOfThreads(4).each([&](Ranks& ranks) {
    const Experiment experiment(scenario, 1, ranks);
    const Result result = run(experiment, {}, ranks);
    if (!ranks.first()) return;
    EXPECT_EQ(result.deliveries, 5u);
    EXPECT_EQ(result.sum.trace, one.sum.trace);
  });
}

/// What one rank is asked, all do.
TEST(Ranks, StopTogether) {
  Scenario scenario = test::fixed(100, Ring{}, Constant{millisecond});
  scenario.workload = {test::announce(0, 0)};
  test::RanksOfThreads(2).each([&](Ranks& ranks) {
    const std::atomic<bool> stop{ranks.rank() == 1};
    EngineOptions options;
    options.stop = &stop;
    const Experiment experiment(scenario, 1, ranks);
    const Result result = run(experiment, options, ranks);
    EXPECT_TRUE(result.interrupted);
    if (ranks.first()) {
      EXPECT_LT(result.deliveries, 100u);
    }
  });
}

}  // namespace
}  // namespace gossip::sim
