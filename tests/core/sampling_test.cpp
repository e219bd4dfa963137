#include "core/overlay/sampling.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/core/sampler.hpp"

/// Asking, answering, dialling. What is on the list: sampling_list_test; who is kept: sampling_links_test.
namespace gossip {
namespace {

// ---- coming up

TEST(Sampling, DialsItsBootstrapperAndAsksIt) {
  Sampler peer;
  EXPECT_EQ(peer.step(Start{}), Lines{"connect peer 100"});
  EXPECT_EQ(peer.reached(bootstrapper), Lines{"send peer 100: pull of peer 0"});
}

TEST(Sampling, TheBootstrapperItselfWaitsToBeFound) {
  for (const PeerId itself : {PeerId{0}, no_peer}) {
    SamplingConfig config = small();
    config.bootstrapper = itself;
    EXPECT_EQ(Sampler(config).step(Start{}), Lines{});
  }
}

TEST(Sampling, DialsWhomItIsToldOfUpToTheDegree) {
  Sampler peer;
  peer.step(Start{});
  peer.reached(bootstrapper);
  const Lines lines = peer.told(bootstrapper, {1, 2, 3, 4});
  EXPECT_EQ(lines.size(), 2u);
  EXPECT_EQ(count(lines, "connect "), 2u);
  EXPECT_EQ(peer.links.size(), 3u);
  EXPECT_EQ(peer.list(), (Set{1, 2, 3, 4}));
}

TEST(Sampling, NeverDialsItselfOrAPeerTwice) {
  Sampler peer;
  peer.step(Start{});
  peer.reached(bootstrapper);
  EXPECT_EQ(peer.told(bootstrapper, {0, 7, 7, bootstrapper}), Lines{"connect peer 7"});
  EXPECT_EQ(peer.list(), Set{7});
}

TEST(Sampling, ASecondStartDialsNobodyTwice) {
  Sampler peer;
  peer.step(Start{});
  EXPECT_EQ(peer.step(Start{}), Lines{});
  for (std::uint32_t other = 1; other <= 5; ++other) peer.called_by(other);
  peer.lost(bootstrapper);
  peer.called_by(6);
  EXPECT_EQ(peer.step(Start{}), Lines{}) << "no room";
}

// ---- asking

TEST(Sampling, OnceItsListCoversTheDegreeItPushesOrPulls) {
  std::map<std::string, int> said;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Sampler peer(alone(), OnePeer::Setup{.seed = seed});
    peer.knows({1});
    for (const std::string& line : peer.reached(1)) ++said[line];
  }
  ASSERT_EQ(said.size(), 2u);
  EXPECT_NEAR(said["send peer 1: pull of peer 0"], 200, 40) << "deviation 10";
  EXPECT_EQ(said["send peer 1: pull of peer 0"] + said["send peer 1: push of peer 0"], 400);
}

TEST(Sampling, WhoIsCalledSaysNothing) {
  Sampler peer;
  EXPECT_EQ(peer.called_by(5), Lines{});
  EXPECT_EQ(peer.neighbours(), std::vector{PeerId{5}});
}

TEST(Sampling, AnUnaskedResponseIsDroppedAndChangesNothing) {
  Sampler peer;
  peer.at_degree();
  peer.called_by(5);
  const std::vector<std::byte> before(peer.bytes().begin(), peer.bytes().end());
  EXPECT_EQ(peer.told(5, {6, 7}), Lines{"drop from peer 5: unasked"});
  EXPECT_EQ(peer.told(77, {6, 7}), Lines{"drop from peer 77: unasked"}) << "not even connected";
  EXPECT_TRUE(std::ranges::equal(before, peer.bytes()));
}

TEST(Sampling, OneQuestionIsOneAnswer) {
  Sampler peer;
  peer.step(Start{});
  peer.reached(bootstrapper);
  EXPECT_EQ(count(peer.told(bootstrapper, {1}), "connect "), 1u);
  EXPECT_EQ(peer.told(bootstrapper, {2}), Lines{"drop from peer 100: unasked"});
  EXPECT_EQ(peer.list(), Set{1});
}

TEST(Sampling, AQuestionEndsWithItsConnection) {
  Sampler peer;
  peer.step(Start{});
  peer.reached(bootstrapper);
  peer.lost(bootstrapper);
  peer.called_by(bootstrapper);
  EXPECT_EQ(peer.told(bootstrapper, {1}), Lines{"drop from peer 100: unasked"});
}

TEST(Sampling, TakesNoMoreOfAResponseThanItWouldAnswer) {
  Sampler peer;
  peer.step(Start{});
  peer.reached(bootstrapper);
  peer.told(bootstrapper, {11, 12, 13, 14, 15, 16});
  EXPECT_EQ(peer.list(), (Set{11, 12, 13, 14}));
}

TEST(Sampling, AConnectionIntroducesOneAddress) {
  Sampler peer;
  peer.called_by(5);
  for (const std::uint32_t subject : {7u, 8u, 9u}) {
    peer.step(Receive{PeerId{5}, Frame::push(PeerId{subject})});
    peer.step(Receive{PeerId{5}, Frame::pull(PeerId{subject})});
  }
  EXPECT_EQ(peer.list(), Set{7});
  peer.lost(5);
  peer.called_by(5);
  peer.push_from(5);
  EXPECT_EQ(peer.list(), (Set{5, 7}));
}

TEST(Sampling, BelowItsDegreeItAsksANeighbourOrTheBootstrapper) {
  Sampler peer;
  peer.step(Start{});
  peer.reached(bootstrapper);
  peer.told(bootstrapper, {});
  peer.called_by(1);
  peer.lost(bootstrapper);
  std::set<std::string> asked;
  for (int i = 0; i < 40; ++i) {
    for (const std::string& line : peer.wake()) asked.insert(line);
    if (any({asked.begin(), asked.end()}, "connect peer 100")) peer.lost(bootstrapper);
  }
  EXPECT_EQ(asked, (std::set<std::string>{"connect peer 100", "send peer 1: pull of peer 0"}));
}

// A PULL or its answer can get lost; nobody else would ever tell this peer of others.
TEST(Sampling, AsksAgainWhenTheBootstrapperNeverAnswers) {
  Sampler peer;
  peer.step(Start{});
  peer.reached(bootstrapper);
  ASSERT_NE(peer.deadline, never);
  EXPECT_EQ(peer.wake(), Lines{"send peer 100: pull of peer 0"});
}

TEST(Sampling, ThePauseBeforeItAsksAgainDoublesAndIsCapped) {
  Sampler peer;
  peer.step(Start{});
  peer.lost(bootstrapper);
  for (const Duration pause : {500, 1'000, 2'000, 4'000, 4'000, 4'000}) {
    const Duration waits = peer.deadline - peer.now;
    EXPECT_GE(waits, pause * millisecond);
    EXPECT_LE(waits, pause * millisecond * 3 / 2);
    EXPECT_EQ(peer.wake(), Lines{"connect peer 100"});
    peer.lost(bootstrapper);
  }
}

TEST(Sampling, TheBootstrapperIsNeverGivenUp) {
  Sampler peer;
  peer.step(Start{});
  for (int failures = 0; failures < 200; ++failures) {
    peer.lost(bootstrapper);
    ASSERT_TRUE(any(peer.wait(6 * second), "connect peer 100")) << failures;
  }
}

// So that peers that failed together do not return together.
void expect_uniform(std::vector<Duration> pauses, Duration least, Duration most) {
  std::ranges::sort(pauses);
  EXPECT_GE(pauses.front(), least);
  EXPECT_LE(pauses.back(), most);
  for (std::size_t tenth = 1; tenth < 10; ++tenth) {
    const double expected = static_cast<double>(least) + static_cast<double>(tenth) * 2.5e7;
    EXPECT_NEAR(static_cast<double>(pauses[pauses.size() * tenth / 10]), expected, 1.5e7) << tenth;
  }
}

TEST(Sampling, UpToHalfOfThePauseIsAddedAtRandom) {
  std::vector<Duration> asking, dialling;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    Sampler peer(small(), OnePeer::Setup{.seed = seed});
    peer.step(Start{});
    peer.lost(bootstrapper);
    asking.push_back(peer.deadline);
    Sampler other(alone(), OnePeer::Setup{.seed = seed});
    other.knows({1});
    other.lost(1);
    dialling.push_back(other.until_dialled(1));
  }
  expect_uniform(std::move(asking), 500 * millisecond, 750 * millisecond);
  expect_uniform(std::move(dialling), 500 * millisecond, 760 * millisecond);
}

TEST(Sampling, AtItsDegreeItRestsAndThePauseStartsOver) {
  Sampler peer;
  peer.step(Start{});
  peer.reached(bootstrapper);
  for (int i = 0; i < 5; ++i) peer.wake();
  peer.told(bootstrapper, {1, 2});
  peer.reached(1);
  peer.reached(2);
  EXPECT_EQ(peer.wake(), Lines{});
  EXPECT_GE(peer.deadline, 20 * second) << "nothing but exploring";
  peer.lost(1);
  EXPECT_LE(peer.deadline - peer.now, 750 * millisecond);
}

TEST(Sampling, AnEarlyWakeIsANoOp) {
  Sampler peer;
  peer.step(Start{});
  peer.knows({1, 2});
  peer.reached(bootstrapper);
  peer.lost(1);
  for (int i = 0; i < 5; ++i) peer.wake();  // the pause of 1 is over before the next
  const Time deadline = peer.deadline;
  const std::vector<std::byte> before(peer.bytes().begin(), peer.bytes().end());
  peer.now = deadline - 1;
  EXPECT_EQ(peer.step(Wake{}), Lines{});
  EXPECT_EQ(peer.deadline, deadline);
  EXPECT_TRUE(std::ranges::equal(before, peer.bytes()));
}

// ---- answering

TEST(Sampling, APullIsAnsweredByAPartOfTheListWithoutTheAsker) {
  Sampler peer;
  peer.at_degree();
  peer.knows({3, 4, 5, 6});
  for (const std::uint32_t asker : {6u, 1u}) {  // heard of; reached
    if (asker == 6) peer.called_by(6);
    peer.pull_from(asker);
    const auto answer = peer.answer();
    const Set unique(answer.begin(), answer.end());
    EXPECT_EQ(answer.size(), 4u) << "response_peers";
    EXPECT_EQ(unique.size(), answer.size());
    EXPECT_FALSE(unique.contains(asker));
    EXPECT_TRUE(std::ranges::includes(Set{1, 2, 3, 4, 5, 6}, unique));
    EXPECT_EQ(peer.list(), (Set{1, 2, 3, 4, 5, 6}));
  }
  EXPECT_EQ(peer.lists.size(), 0u);
}

TEST(Sampling, APullToWhoKnowsNobodyIsAnsweredByAnEmptyList) {
  Sampler peer;
  peer.called_by(5);
  const Lines lines = peer.pull_from(5);
  ASSERT_EQ(count(lines, "send peer 5: response"), 1u);
  EXPECT_TRUE(peer.answer().empty());
  EXPECT_EQ(peer.list(), Set{5}) << "who asks is put on the list";
}

TEST(Sampling, APushOnlyPutsTheSenderOnTheList) {
  Sampler peer;
  peer.at_degree();
  peer.called_by(5);
  EXPECT_EQ(peer.push_from(5), Lines{});
  EXPECT_EQ(peer.list(), (Set{1, 2, 5}));
}

TEST(Sampling, EveryAddressOfOneSortIsAnsweredAboutEquallyOften) {
  Sampler peer;
  peer.at_degree();  // 1 and 2 were reached
  peer.knows({3, 4, 5, 6});
  peer.knows({7, 8});
  std::map<std::uint32_t, int> told;
  for (int i = 0; i < 2'000; ++i) {
    peer.pull_from(bootstrapper);
    for (const std::uint32_t listed : peer.answer()) ++told[listed];
  }
  EXPECT_EQ(told[1], 2'000);
  EXPECT_EQ(told[2], 2'000);
  // 2 of 6 each time: mean 667, deviation 21.
  for (std::uint32_t heard = 3; heard <= 8; ++heard) EXPECT_NEAR(told[heard], 667, 105) << heard;
}

TEST(Sampling, AFullStoreAnswersNothingAndCountsIt) {
  Sampler peer(small(), 0);
  peer.called_by(5);
  const Lines lines = peer.pull_from(5);
  EXPECT_TRUE(any(lines, "drop from peer 5: lists_full"));
  EXPECT_EQ(count(lines, "send "), 0u);
}

}  // namespace
}  // namespace gossip
