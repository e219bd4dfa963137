#include <gtest/gtest.h>

#include "tests/core/reminder.hpp"
#include "tests/core/sampler.hpp"

/// Which connections are kept, for whom room is made, and who is tried.
namespace gossip {
namespace {

/// Four strangers that have said what they want: as many as `links`.
void fill(Sampler& peer) {
  for (std::uint32_t other = 1; other <= 4; ++other) {
    peer.called_by(other);
    peer.push_from(other);
  }
}
/// Four that it dialled itself.
void fill_by_dialling(Sampler& peer) {
  peer.knows({1, 2, 3});
  peer.called_by(4);
  peer.lost(4);
  for (std::uint32_t other = 1; other <= 3; ++other) peer.reached(other);
  peer.reached(4);
}

TEST(SamplingLinks, ThatAreLeftOutFollowFromTheDegree) {
  const auto links = [](std::uint32_t degree) { return SamplingConfig{.degree = degree}.most_links(); };
  EXPECT_EQ(links(1), 2u);
  EXPECT_EQ(links(9), 10u);
  EXPECT_EQ(links(10), 11u);
  EXPECT_EQ(links(30), 33u);
  EXPECT_EQ((SamplingConfig{.degree = 30}.places()), 63u);
  EXPECT_EQ((SamplingConfig{.degree = 30, .links = 40, .transient_links = 0}.places()), 40u);
}

// ---- being full

TEST(SamplingFull, AnswersThenCloses) {
  Sampler peer(alone(3, 4));
  for (std::uint32_t other = 1; other <= 5; ++other) peer.called_by(other);
  const Lines lines = peer.pull_from(5);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].starts_with("send peer 5: response"));
  EXPECT_EQ(lines[1], "disconnect peer 5");
  EXPECT_EQ(peer.links.size(), 4u);
}

TEST(SamplingFull, ClosesWhomItDialledAndNoLongerNeeds) {
  Sampler peer;
  peer.step(Start{});
  peer.knows({1, 2});
  for (std::uint32_t other = 5; other <= 7; ++other) peer.called_by(other);
  EXPECT_EQ(peer.links.size(), 6u);
  EXPECT_EQ(count(peer.reached(1), "send peer 1: "), 1u) << "the fourth is kept";
  EXPECT_EQ(peer.reached(2), Lines{"disconnect peer 2"});
  EXPECT_EQ(peer.neighbours().size(), 4u);
}

TEST(SamplingFull, KeepsWhoPushesOnItsListOnly) {
  Sampler peer;
  for (std::uint32_t other = 1; other <= 5; ++other) peer.called_by(other);
  EXPECT_EQ(peer.push_from(5), Lines{"disconnect peer 5"});
  EXPECT_EQ(peer.list(), Set{5});
}

TEST(SamplingFull, BeyondTheTransientConnectionsClosesAtOnce) {
  Sampler peer;
  for (std::uint32_t other = 1; other <= 6; ++other) EXPECT_EQ(peer.called_by(other), Lines{});
  EXPECT_EQ(peer.called_by(7), Lines{"disconnect peer 7"});
  EXPECT_EQ(peer.links.size(), 6u);
}

TEST(SamplingFull, BothSidesDiallingMakeOneLink) {
  Sampler peer;
  peer.step(Start{});
  peer.knows({1});
  EXPECT_EQ(peer.called_by(1), Lines{});
  peer.reached(1);
  EXPECT_EQ(peer.links.size(), 2u);
  EXPECT_EQ(peer.neighbours(), std::vector{PeerId{1}});
}

// The broadcast would greet who is gone.
TEST(SamplingFull, WhoComesAndGoesInOneStepIsNotHeardOf) {
  Sampler peer(alone(3, 4), OnePeer::Setup{}, reminder_over<Sampling>);
  peer.step(Publish{MessageRef{7}, 0});
  EXPECT_EQ(count(peer.called_by(9), "send peer 9: announce"), 1u) << "a neighbour is greeted";
  peer.lost(9);
  fill(peer);
  EXPECT_EQ(peer.reached(5), Lines{"disconnect peer 5"});
}

// ---- making room

TEST(SamplingRoom, IsMadeForOneWhoAsksOnceASecond) {
  Sampler peer(alone(3, 4));
  fill(peer);
  peer.now = 5 * second + 10 * millisecond;
  for (const std::uint32_t asks : {5u, 6u, 7u}) {
    peer.called_by(asks);
    const Lines lines = peer.pull_from(asks);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_TRUE(lines[0].starts_with("send peer " + std::to_string(asks) + ": response"));
    EXPECT_EQ(count(lines, "disconnect "), 1u);
    EXPECT_EQ(peer.up().contains(asks), asks != 6) << "a second has not passed";
    EXPECT_EQ(peer.up().size(), 4u);
    if (asks == 6) peer.now += second + 10 * millisecond;
  }
}

TEST(SamplingRoom, IsNotMadeForWhoPushes) {
  Sampler peer(alone(3, 4));
  fill(peer);
  peer.now = 10 * second;
  peer.called_by(5);
  EXPECT_EQ(peer.push_from(5), Lines{"disconnect peer 5"});
}

TEST(SamplingRoom, TheYoungAreSpared) {
  Sampler peer(alone(3, 4));
  fill(peer);
  peer.lost(4);
  peer.now = 3 * second;
  peer.called_by(4);
  peer.push_from(4);
  peer.now = 4'900 * millisecond;
  peer.called_by(5);
  EXPECT_TRUE(any(peer.pull_from(5), "disconnect peer 5"));
  for (std::uint32_t asks = 10; asks < 13; ++asks) {  // 1, 2 and 3 are old enough
    peer.now = 5'100 * millisecond + (asks - 10) * 1'010 * millisecond;
    peer.called_by(asks);
    peer.pull_from(asks);
    EXPECT_TRUE(peer.up().contains(asks));
  }
  EXPECT_EQ(peer.up(), (Set{4, 10, 11, 12}));
}

TEST(SamplingRoom, NeverAtTheCostOfALinkThatWasDialled) {
  Sampler peer(alone(3, 4));
  fill_by_dialling(peer);
  ASSERT_EQ(peer.up(), (Set{1, 2, 3, 4}));
  for (std::uint32_t asks = 10; asks < 30; ++asks) {
    peer.now += 10 * second;
    peer.called_by(asks);
    peer.pull_from(asks);
    EXPECT_EQ(peer.up(), (Set{1, 2, 3, 4}));
  }
}

// ---- quiet strangers

TEST(SamplingQuiet, StrangersAboveTheLinksAreClosed) {
  Sampler peer(alone(3, 4));
  fill(peer);
  peer.called_by(5);
  peer.called_by(6);
  EXPECT_EQ(peer.deadline, 2 * second);
  Lines lines = peer.wake();
  std::ranges::sort(lines);
  EXPECT_EQ(lines, (Lines{"disconnect peer 5", "disconnect peer 6"}));
  EXPECT_EQ(peer.up(), (Set{1, 2, 3, 4}));
}

TEST(SamplingQuiet, BelowTheLinksTheyStay) {
  Sampler peer(alone(3, 4));
  for (std::uint32_t other = 1; other <= 4; ++other) peer.called_by(other);
  EXPECT_EQ(peer.wait(60 * second), Lines{});
  EXPECT_EQ(peer.up().size(), 4u);
}

TEST(SamplingQuiet, WhoCameJustNowIsHeardFirst) {
  Sampler peer(alone(3, 4));
  fill(peer);
  peer.called_by(5);
  peer.now = 1'500 * millisecond;
  peer.called_by(6);
  EXPECT_EQ(peer.wake(), Lines{"disconnect peer 5"});
  EXPECT_EQ(peer.wake(), Lines{"disconnect peer 6"});
  EXPECT_EQ(peer.now, 4 * second);
}

TEST(SamplingQuiet, ManyGoInAsManyStepsAsItTakes) {
  SamplingConfig config = alone(3, 4);
  config.transient_links = 10;
  Sampler peer(config);
  fill(peer);
  for (std::uint32_t other = 11; other <= 20; ++other) peer.called_by(other);
  for (const std::size_t closed : {4u, 4u, 2u}) {
    EXPECT_EQ(peer.wake().size(), closed);
    EXPECT_EQ(peer.now, 2 * second);
  }
  EXPECT_GT(peer.deadline, 2 * second);
  EXPECT_EQ(peer.up(), (Set{1, 2, 3, 4}));
}

// ---- exploring

TEST(SamplingExplore, TriesAnotherThenLetsItGo) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Sampler peer(small(), OnePeer::Setup{.seed = seed});
    peer.at_degree();
    peer.wait(10 * second);
    peer.knows({3});
    EXPECT_EQ(peer.wake(), Lines{"connect peer 3"});
    EXPECT_GE(peer.now, 20 * second);
    EXPECT_LE(peer.now, 30 * second);
    EXPECT_EQ(peer.reached(3), Lines{"send peer 3: push of peer 0"});
    const Time reached = peer.now;
    EXPECT_EQ(peer.wake(), Lines{"disconnect peer 3"});
    EXPECT_EQ(peer.now, reached + Sampling::quiet);
    EXPECT_EQ(peer.up(), (Set{1, 2, bootstrapper}));
  }
}

TEST(SamplingExplore, EvenWhereThatIsOneMoreThanLinks) {
  SamplingConfig config = small();
  config.links = 3;
  Sampler peer(config);
  peer.at_degree();
  peer.wait(second);
  peer.knows({3});
  EXPECT_TRUE(any(peer.wait(40 * second), "connect peer 3"));
  EXPECT_EQ(peer.reached(3), Lines{"send peer 3: push of peer 0"});
  EXPECT_EQ(peer.up(), (Set{1, 2, 3, bootstrapper}));
  EXPECT_EQ(peer.wait(3 * second), Lines{"disconnect peer 3"});
}

TEST(SamplingExplore, KeepsWhomItCouldNotReachBeforeAndALinkThatItDialledGoes) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SamplingConfig config = small();
    config.links = 3;
    Sampler peer(config, OnePeer::Setup{.seed = seed});
    peer.step(Start{});
    peer.knows({3});
    peer.lost(3);
    peer.reached(bootstrapper);
    peer.told(bootstrapper, {1});
    peer.reached(1);
    peer.called_by(2);
    peer.push_from(2);
    const Lines tried = peer.wait(40 * second);
    ASSERT_TRUE(any(tried, "connect peer 3"));
    peer.reached(3);
    const Lines lines = peer.wait(3 * second);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_TRUE(lines[0] == "disconnect peer 1" || lines[0] == "disconnect peer 100") << lines[0];
    EXPECT_TRUE(peer.up().contains(3));
  }
}

TEST(SamplingExplore, KeepsWhomItNeeds) {
  Sampler peer;
  peer.at_degree();
  peer.wait(second);
  peer.knows({3});
  peer.wait(40 * second);
  peer.reached(3);
  peer.lost(1);
  EXPECT_EQ(count(peer.wait(3 * second), "disconnect "), 0u);
  EXPECT_TRUE(peer.up().contains(3));
}

TEST(SamplingExplore, NotBelowItsDegree) {
  Sampler peer(alone(3, 4));
  peer.step(Start{});
  peer.called_by(1);
  peer.called_by(2);
  peer.knows({3});  // being dialled for ever
  EXPECT_EQ(count(peer.wait(60 * second), "connect "), 0u);
}

TEST(SamplingExplore, WhoCallsMeanwhileIsAStrangerLikeAnyOther) {
  Sampler peer;
  peer.at_degree();
  peer.wait(second);
  peer.knows({3});
  ASSERT_TRUE(any(peer.wait(40 * second), "connect peer 3"));
  peer.called_by(3);
  peer.push_from(3);
  EXPECT_EQ(count(peer.wait(3 * second), "disconnect "), 0u);
  EXPECT_EQ(peer.up(), (Set{1, 2, 3, bootstrapper}));
}

TEST(SamplingExplore, WhatFailsIsPutOff) {
  Sampler peer;
  peer.at_degree();
  peer.wait(second);
  peer.knows({3});
  ASSERT_TRUE(any(peer.wait(40 * second), "connect peer 3"));
  EXPECT_EQ(peer.lost(3), Lines{});
  EXPECT_EQ(peer.lost(1), Lines{}) << "neither 3, whose pause has begun, nor 1";
  EXPECT_EQ(peer.list(), (Set{1, 2, 3}));
}

}  // namespace
}  // namespace gossip
