#include <gtest/gtest.h>

#include "tests/core/sampler.hpp"

/// What is on the list of addresses, and when each of them is dialled.
namespace gossip {
namespace {

using Seed = OnePeer::Setup;

// ---- pauses

TEST(SamplingPause, DoublesForEachAddressAndIsCapped) {
  Sampler peer(alone());
  peer.knows({1});
  for (const Duration pause : {500, 1'000, 2'000, 4'000, 4'000, 4'000}) {
    peer.lost(1);
    const Duration waited = peer.until_dialled(1);
    EXPECT_GE(waited, pause * millisecond);
    EXPECT_LE(waited, pause * millisecond * 3 / 2 + 10 * millisecond) << "ticks of 4 ms";
  }
}

TEST(SamplingPause, IsOfOneAddressOthersAreDialledAtOnce) {
  Sampler peer(alone(3, 4));
  peer.knows({1, 2, 3, 4});
  Set tried = {1, 2, 3, 4};
  for (const PeerId dialled : peer.links) tried.erase(index(dialled));
  ASSERT_EQ(tried.size(), 1u);
  const std::uint32_t first = index(*peer.links.begin());
  EXPECT_EQ(peer.lost(first), Lines{"connect peer " + std::to_string(*tried.begin())});
  EXPECT_EQ(peer.look_around(), Lines{});
}

TEST(SamplingPause, AlsoWhereTheConnectionDiesYoung) {
  Sampler peer(alone());
  peer.knows({1});
  for (const Duration pause : {500, 1'000, 2'000}) {
    peer.reached(1);
    peer.now += 4 * second;
    EXPECT_EQ(peer.lost(1), Lines{});
    EXPECT_GE(peer.until_dialled(1), pause * millisecond);
  }
}

TEST(SamplingPause, StartsOverWhenAConnectionHasLasted) {
  Sampler peer(alone());
  peer.knows({1});
  for (int i = 0; i < 5; ++i) {
    peer.lost(1);
    peer.until_dialled(1);
  }
  peer.reached(1);
  peer.now += 6 * second;
  peer.lost(1);
  EXPECT_LE(peer.until_dialled(1), 760 * millisecond);
}

TEST(SamplingPause, WhoAcceptsAndClosesIsNotDialledInAStorm) {
  Sampler peer(alone());
  std::size_t dials = count(peer.knows({1}), "connect ");
  while (peer.now < 100 * second) {
    if (!peer.links.empty()) {
      peer.reached(1);
      peer.lost(1);
    }
    peer.now += millisecond;
    dials += count(peer.look_around(), "connect ");
  }
  // At 0, 0.5 – 0.75, 1.5 – 2.25, 3.5 – 5.25, then every 4 – 6 s.
  EXPECT_GE(dials, 4u + 15);
  EXPECT_LE(dials, 4u + 25);
}

TEST(SamplingPause, EndsAlsoAfterMonths) {
  constexpr Duration day = 24 * 3'600 * second;
  for (const Duration later : {1 * day, 105 * day, 150 * day, 207 * day, 209 * day, 400 * day}) {
    Sampler peer;
    peer.at_degree();
    peer.knows({3});
    peer.now += later;
    EXPECT_EQ(peer.lost(1), Lines{"connect peer 3"}) << later / day << " days";
  }
}

TEST(SamplingPause, IsAsLongWhereTicksWrapAndWhereTimeIsLong) {
  for (const Time edge : {Time{1} << 54, Time{1} << 53, Time{1} << 62}) {
    for (const Duration before : {100, 500, 600, 1'000}) {
      Sampler peer(alone());
      peer.now = edge - before * millisecond;
      peer.knows({1});
      peer.lost(1);
      const Duration waited = peer.until_dialled(1);
      EXPECT_GE(waited, 500 * millisecond) << edge << ' ' << before;
      EXPECT_LE(waited, 760 * millisecond) << edge << ' ' << before;
    }
  }
}

// ---- dials a second

TEST(SamplingDials, AreBoundedASecond) {
  SamplingConfig config = alone(8, 8);
  config.dials = 2;
  config.response_peers = 8;
  Sampler peer(config);
  EXPECT_EQ(count(peer.knows({1, 2, 3, 4, 5, 6, 7, 8}), "connect "), 2u);
  for (int later = 1; later < 4; ++later) {
    peer.now = later * second - 1;
    EXPECT_EQ(peer.look_around(), Lines{});
    EXPECT_LE(peer.deadline, later * second);
    EXPECT_EQ(count(peer.wait(1), "connect "), 2u) << later;
  }
}

// Every address fails at once, so that there is always another one to dial.
TEST(SamplingDials, AreBoundedWhateverFails) {
  for (const std::uint32_t most : {1u, 3u}) {
    SamplingConfig config = small();
    config.dials = most;
    Sampler peer(config);
    std::vector<Time> dials;
    const auto fail = [&](const Lines& lines) {
      for (std::size_t i = 0; i < count(lines, "connect "); ++i) dials.push_back(peer.now);
    };
    fail(peer.step(Start{}));
    for (std::uint32_t i = 0; peer.now < 60 * second; ++i) {
      fail(peer.knows({200 + i % 8, 300 + i % 7}));
      if (!peer.links.empty()) fail(peer.lost(index(*peer.links.begin())));
      peer.now += 20 * millisecond;
      if (peer.deadline <= peer.now) fail(peer.step(Wake{}));
    }
    EXPECT_GT(dials.size(), 10u);
    Time begins = -second;
    std::uint32_t in_second = 0;
    for (const Time dial : dials) {
      if (dial - begins >= second) begins = dial, in_second = 0;
      EXPECT_LE(++in_second, most);
    }
  }
}

// ---- keeping

TEST(SamplingList, NeverHoldsItselfNobodyOrItsBootstrapper) {
  Sampler peer;
  peer.at_degree();
  peer.knows({0, index(no_peer), bootstrapper, 3});
  for (const std::uint32_t subject : {0u, index(no_peer), bootstrapper}) {
    peer.called_by(9);
    peer.step(Receive{PeerId{9}, Frame::push(PeerId{subject})});
    peer.lost(9);
  }
  EXPECT_EQ(peer.list(), (Set{1, 2, 3}));
}

TEST(SamplingList, WhenFullReplacesWhatWasOnlyHeardOfAndSaysSo) {
  Sampler peer;
  peer.at_degree();
  peer.knows({3, 4, 5, 6});
  peer.knows({7, 8});
  const Lines lines = peer.knows({9});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].starts_with("forget peer "));
  EXPECT_EQ(peer.list().size(), 8u);
  EXPECT_TRUE(peer.list().contains(9));
}

TEST(SamplingList, WhatWasReachedOrIsConnectedIsNeverDisplaced) {
  Sampler peer;
  peer.at_degree();
  peer.called_by(5);
  peer.push_from(5);
  for (std::uint32_t i = 200; i < 4'000; i += 4) {
    peer.knows({i, i + 1, i + 2, i + 3});
    const Set listed = peer.list();
    ASSERT_LE(listed.size(), 8u);
    ASSERT_TRUE(std::ranges::includes(listed, Set{1, 2, 5}));
  }
}

TEST(SamplingList, OfReachedOnesTakesNoHearsay) {
  SamplingConfig config = alone(3, 4);
  config.peer_list = 3;
  Sampler peer(config);
  peer.knows({1, 2, 3});
  for (std::uint32_t other = 1; other <= 3; ++other) peer.reached(other);
  EXPECT_EQ(peer.knows({4}), Lines{});
  EXPECT_EQ(peer.list(), (Set{1, 2, 3}));
}

TEST(SamplingList, AReachedOneGivesItsPlaceWhenItHasWorn) {
  SamplingConfig config = alone();
  config.peer_list = 1;
  Sampler peer(config);
  peer.knows({1});
  peer.reached(1);
  peer.now += 10 * second;
  peer.lost(1);
  for (int failures = 0; failures < AddressList::worn; ++failures) {
    ASSERT_NE(peer.until_dialled(1), never);
    peer.lost(1);
    if (failures + 1 < AddressList::worn) {
      EXPECT_EQ(peer.knows({2}), Lines{}) << failures;
    }
  }
  EXPECT_EQ(peer.list(), Set{1}) << "not before its place is wanted";
  EXPECT_EQ(peer.knows({2}), (Lines{"forget peer 1", "connect peer 2"}));
}

TEST(SamplingList, HearsayGoesWhenItHasWorn) {
  Sampler peer(alone(2, 2));
  peer.called_by(9);
  peer.knows({1});
  for (int failures = 1; failures < AddressList::worn; ++failures) {
    EXPECT_EQ(count(peer.lost(1), "forget "), 0u);
    ASSERT_NE(peer.until_dialled(1), never);
  }
  EXPECT_TRUE(any(peer.lost(1), "forget peer 1"));
  EXPECT_EQ(peer.list(), Set{});
}

// The network is unreachable from here: nothing of what an earlier run knew may be lost.
TEST(SamplingList, IsNeverEmptiedByFailures) {
  Sampler peer;
  peer.step(Start{});
  peer.knows({1, 2, 3, 4});
  peer.knows({5, 6, 7, 8});
  const Set all = peer.list();
  while (peer.now < 600 * second) {
    while (!peer.links.empty()) EXPECT_EQ(count(peer.lost(index(*peer.links.begin())), "forget "), 0u);
    peer.wake();
  }
  EXPECT_EQ(peer.list(), all);
  peer.wait(10 * second);
  EXPECT_FALSE(peer.links.empty()) << "and they are still dialled";
}

TEST(SamplingList, WhatWasReachedIsAnsweredFirst) {
  SamplingConfig config = small();
  config.response_peers = 2;
  Sampler peer(config);
  peer.at_degree();
  peer.knows({3, 4});
  peer.knows({5, 6});
  for (int i = 0; i < 50; ++i) {
    peer.pull_from(bootstrapper);
    const auto answer = peer.answer();
    EXPECT_EQ(Set(answer.begin(), answer.end()), (Set{1, 2}));
  }
}

TEST(SamplingList, WhatWasReachedIsDialledFirst) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Sampler peer(alone(), Seed{.seed = seed});
    peer.knows({1});
    peer.reached(1);
    peer.knows({2, 3, 4});
    peer.now += 10 * second;
    const Lines lines = peer.lost(1);
    ASSERT_EQ(lines.size(), 1u) << "another one at once";
    peer.now += second;  // the pause of 1 is over
    EXPECT_EQ(peer.lost(index(*peer.links.begin())), Lines{"connect peer 1"});
  }
}

TEST(SamplingList, NewsOfAStrangersLossChangesNothing) {
  Sampler peer;
  peer.at_degree();
  EXPECT_EQ(peer.lost(55), Lines{});
  EXPECT_EQ(peer.links.size(), 3u);
  EXPECT_EQ(peer.list(), (Set{1, 2}));
}

}  // namespace
}  // namespace gossip
