#include "core/overlay/sampling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/core/one_peer.hpp"

namespace gossip {
namespace {

constexpr std::uint32_t bootstrapper = 100;

SamplingConfig small() {
  return {.bootstrapper = PeerId{bootstrapper},
          .degree = 3,
          .links = 4,
          .transient_links = 2,
          .peer_list = 8,
          .response_peers = 4,
          .retry_min = 500 * millisecond,
          .retry_max = 4 * second};
}

/// Peer 0, with a driver's short sentences.
class Sampler : public OnePeer {
 public:
  explicit Sampler(const SamplingConfig& sampling = small(), std::uint32_t most_lists = 1)
      : Sampler(sampling, Setup{.lists = ListStore(most_lists)}) {}
  Sampler(const SamplingConfig& sampling, Setup setup)
      : OnePeer(operations_of<Sampling, Flood>(), config_with(sampling, IntakeConfig{.seen_capacity = 16}),
                std::move(setup)) {}

  Lines reached(std::uint32_t peer) { return step(PeerUp{PeerId{peer}, false}); }
  Lines called_by(std::uint32_t peer) { return step(PeerUp{PeerId{peer}, true}); }
  Lines lost(std::uint32_t peer) { return step(PeerDown{PeerId{peer}}); }
  Lines pull_from(std::uint32_t peer) { return step(Receive{PeerId{peer}, Frame::pull(PeerId{peer})}); }
  Lines push_from(std::uint32_t peer) { return step(Receive{PeerId{peer}, Frame::push(PeerId{peer})}); }
  Lines told(std::uint32_t from, const std::vector<std::uint32_t>& peers) { return receive_list(PeerId{from}, peers); }
  /// The list in the response that was sent last.
  std::vector<std::uint32_t> answer() { return lists_sent.at(0); }
  Lines wake() {
    now = deadline;
    return step(Wake{});
  }
  std::set<std::uint32_t> list() {
    std::set<std::uint32_t> listed;
    for (const PeerId peer : look().known) EXPECT_TRUE(listed.insert(index(peer)).second);
    return listed;
  }
  /// In touch with the bootstrapper and, by its answer, with peers 1 and 2.
  void at_degree() {
    step(Start{});
    reached(bootstrapper);
    told(bootstrapper, {1, 2});
    reached(1);
    reached(2);
  }
};

using Set = std::set<std::uint32_t>;

std::size_t count(const Lines& lines, std::string_view beginning) {
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [&](const std::string& line) { return line.starts_with(beginning); }));
}

bool any(const Lines& lines, const std::string& line) { return std::ranges::find(lines, line) != lines.end(); }

// ---- coming up

TEST(Sampling, DialsItsBootstrapperAndAsksIt) {
  Sampler peer;
  EXPECT_EQ(peer.step(Start{}), Lines{"connect peer 100"});
  EXPECT_EQ(peer.reached(bootstrapper), Lines{"send peer 100: pull of peer 0"});
}

TEST(Sampling, TheBootstrapperItselfWaitsToBeFound) {
  SamplingConfig config = small();
  config.bootstrapper = PeerId{0};
  Sampler itself(config);
  EXPECT_EQ(itself.step(Start{}), Lines{});
  config.bootstrapper = no_peer;
  Sampler alone(config);
  EXPECT_EQ(alone.step(Start{}), Lines{});
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

TEST(Sampling, OnceItsListCoversTheDegreeItPushesOrPulls) {
  Sampler peer;
  peer.at_degree();
  peer.told(bootstrapper, {1, 2, 3, 4});
  peer.told(bootstrapper, {5, 6, 7, 8});
  std::set<std::string> said;
  std::uint32_t other = 1;
  for (int i = 0; i < 20; ++i) {
    peer.lost(other);
    ASSERT_EQ(peer.actions.size(), 1u);
    other = index(std::get<Connect>(peer.actions[0]).peer);
    for (const std::string& line : peer.reached(other)) said.insert(line.substr(line.find(": ") + 2));
  }
  EXPECT_EQ(said, (std::set<std::string>{"pull of peer 0", "push of peer 0"}));
}

TEST(Sampling, WhoIsCalledSaysNothing) {
  Sampler peer;
  EXPECT_EQ(peer.called_by(5), Lines{});
  EXPECT_EQ(peer.neighbours(), std::vector{PeerId{5}});
}

// ---- answering

TEST(Sampling, APullIsAnsweredByAPartOfTheListWithoutTheAsker) {
  Sampler peer;
  peer.at_degree();
  peer.told(bootstrapper, {3, 4, 5, 6});
  peer.called_by(6);
  peer.pull_from(6);
  const auto answer = peer.answer();
  const Set unique(answer.begin(), answer.end());
  EXPECT_EQ(answer.size(), 4u) << "response_peers";
  EXPECT_EQ(unique.size(), answer.size());
  EXPECT_FALSE(unique.contains(6));
  EXPECT_TRUE(std::ranges::includes(Set{1, 2, 3, 4, 5}, unique));
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

TEST(Sampling, EveryListedPeerIsAnsweredAboutEquallyOften) {
  Sampler peer;
  peer.at_degree();
  peer.told(bootstrapper, {1, 2, 3, 4});
  peer.told(bootstrapper, {5, 6, 7, 8});
  std::map<std::uint32_t, int> told;
  for (int i = 0; i < 2'000; ++i) {
    peer.pull_from(1);
    for (const std::uint32_t listed : peer.answer()) ++told[listed];
  }
  EXPECT_EQ(told.size(), 7u);
  // 4 of 7 each time: mean 1143, deviation 22.
  for (const auto& [listed, times] : told) EXPECT_NEAR(times, 1143, 110) << listed;
}

TEST(Sampling, AFullStoreAnswersNothingAndCountsIt) {
  Sampler peer(small(), 0);
  peer.called_by(5);
  const Lines lines = peer.pull_from(5);
  EXPECT_TRUE(any(lines, "drop from peer 5: lists_full"));
  EXPECT_EQ(count(lines, "send "), 0u);
}

// ---- the list

TEST(Sampling, AFullListReplacesARandomAddressAndSaysSo) {
  Sampler peer;
  peer.at_degree();
  peer.told(bootstrapper, {1, 2, 3, 4});
  peer.told(bootstrapper, {5, 6, 7, 8});
  const Lines lines = peer.told(bootstrapper, {9});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].starts_with("forget peer "));
  EXPECT_EQ(peer.list().size(), 8u);
  EXPECT_TRUE(peer.list().contains(9));
}

TEST(Sampling, TakesNoMoreOfAResponseThanItWouldAnswer) {
  Sampler peer;
  peer.at_degree();
  peer.told(bootstrapper, {11, 12, 13, 14, 15, 16});
  EXPECT_EQ(peer.list(), (Set{1, 2, 11, 12, 13, 14}));
}

TEST(Sampling, NeverListsItselfNobodyOrItsBootstrapper) {
  Sampler peer;
  peer.at_degree();
  peer.told(bootstrapper, {0, index(no_peer), bootstrapper, 3});
  for (const std::uint32_t subject : {0u, index(no_peer), bootstrapper}) {
    peer.step(Receive{PeerId{1}, Frame::push(PeerId{subject})});
    peer.step(Receive{PeerId{1}, Frame::pull(PeerId{subject})});
  }
  EXPECT_EQ(peer.list(), (Set{1, 2, 3}));
}

TEST(Sampling, AListThatIsFloodedStaysBounded) {
  Sampler peer;
  peer.at_degree();
  for (std::uint32_t i = 200; i < 10'000; i += 10) {
    peer.told(bootstrapper, {i, i + 1, i + 2, i + 3});
    peer.push_from(i + 4);
    ASSERT_LE(peer.list().size(), 8u);
  }
}

TEST(Sampling, AnAddressThatCannotBeReachedLeavesTheList) {
  Sampler peer;
  peer.step(Start{});
  peer.reached(bootstrapper);
  peer.told(bootstrapper, {1, 2});
  EXPECT_EQ(peer.lost(1), Lines{"forget peer 1"});
  EXPECT_EQ(peer.list(), Set{2});
}

TEST(Sampling, AnAddressThatWasReachedOnceStays) {
  Sampler peer;
  peer.at_degree();
  const Lines lines = peer.lost(1);
  EXPECT_EQ(lines, Lines{"connect peer 1"}) << "nobody else is known";
  EXPECT_EQ(peer.list(), (Set{1, 2}));
}

// ---- losing and finding again

TEST(Sampling, ALostConnectionIsRefilledAtOnce) {
  Sampler peer;
  peer.at_degree();
  peer.told(bootstrapper, {3});
  const Lines lines = peer.lost(bootstrapper);
  EXPECT_EQ(lines, Lines{"connect peer 3"});
}

TEST(Sampling, ThePauseDoublesAndIsCapped) {
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

// So that peers that failed together do not return together.
TEST(Sampling, UpToHalfOfThePauseIsAddedAtRandom) {
  std::vector<Duration> pauses;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    Sampler peer(small(), OnePeer::Setup{.seed = seed});
    peer.step(Start{});
    peer.lost(bootstrapper);
    pauses.push_back(peer.deadline);
  }
  std::ranges::sort(pauses);
  EXPECT_GE(pauses.front(), 500 * millisecond);
  EXPECT_LE(pauses.back(), 750 * millisecond);
  for (std::size_t tenth = 1; tenth < 10; ++tenth) {
    EXPECT_NEAR(static_cast<double>(pauses[100 * tenth]), 5e8 + 2.5e7 * static_cast<double>(tenth), 1.5e7);
  }
}

TEST(Sampling, AnEarlyWakeIsANoOp) {
  Sampler peer;
  peer.step(Start{});
  peer.lost(bootstrapper);
  const Time deadline = peer.deadline;
  peer.now = deadline - 1;
  EXPECT_EQ(peer.step(Wake{}), Lines{});
  EXPECT_EQ(peer.deadline, deadline);
}

TEST(Sampling, AtItsDegreeItRestsAndThePauseStartsOver) {
  Sampler peer;
  peer.at_degree();
  EXPECT_EQ(peer.wake(), Lines{});
  EXPECT_EQ(peer.deadline, never);
  peer.lost(1);
  EXPECT_LE(peer.deadline - peer.now, 750 * millisecond);
}

TEST(Sampling, BelowItsDegreeItAsksANeighbourOrTheBootstrapper) {
  Sampler peer;
  peer.step(Start{});
  peer.reached(bootstrapper);
  peer.told(bootstrapper, {1});
  peer.reached(1);
  peer.lost(bootstrapper);
  std::set<std::string> asked;
  for (int i = 0; i < 20; ++i) {
    const Lines lines = peer.wake();
    ASSERT_EQ(lines.size(), 1u);
    asked.insert(lines[0]);
    if (lines[0] == "connect peer 100") peer.lost(bootstrapper);
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

// ---- being full

TEST(Sampling, LinksThatAreLeftOutFollowFromTheDegree) {
  const auto links = [](std::uint32_t degree) { return SamplingConfig{.degree = degree}.most_links(); };
  EXPECT_EQ(links(1), 2u);
  EXPECT_EQ(links(9), 10u);
  EXPECT_EQ(links(10), 11u);
  EXPECT_EQ(links(30), 33u);
  EXPECT_EQ((SamplingConfig{.degree = 30}.places()), 63u);
  EXPECT_EQ((SamplingConfig{.degree = 30, .links = 40, .transient_links = 0}.places()), 40u);
}

TEST(Sampling, AFullPeerAnswersThenCloses) {
  Sampler peer;
  for (std::uint32_t other = 1; other <= 5; ++other) peer.called_by(other);
  const Lines lines = peer.pull_from(5);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].starts_with("send peer 5: response"));
  EXPECT_EQ(lines[1], "disconnect peer 5");
  EXPECT_EQ(peer.links.size(), 4u);
}

TEST(Sampling, WhomItDialledAndNoLongerNeedsItCloses) {
  Sampler peer;
  peer.step(Start{});
  peer.told(bootstrapper, {1, 2});
  for (std::uint32_t other = 5; other <= 7; ++other) peer.called_by(other);
  EXPECT_EQ(peer.links.size(), 6u);
  EXPECT_EQ(count(peer.reached(1), "send peer 1: "), 1u) << "the fourth is kept";
  EXPECT_EQ(peer.reached(2), Lines{"disconnect peer 2"});
  EXPECT_EQ(peer.neighbours().size(), 4u);
}

TEST(Sampling, AFullPeerKeepsWhoPushesOnItsListOnly) {
  Sampler peer;
  for (std::uint32_t other = 1; other <= 5; ++other) peer.called_by(other);
  EXPECT_EQ(peer.push_from(5), Lines{"disconnect peer 5"});
  EXPECT_EQ(peer.list(), Set{5});
}

TEST(Sampling, BeyondTheTransientConnectionsItClosesAtOnce) {
  Sampler peer;
  for (std::uint32_t other = 1; other <= 6; ++other) EXPECT_EQ(peer.called_by(other), Lines{});
  EXPECT_EQ(peer.called_by(7), Lines{"disconnect peer 7"});
  EXPECT_EQ(peer.links.size(), 6u);
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

TEST(Sampling, ANewsOfAStrangersLossIsIgnored) {
  Sampler peer;
  peer.at_degree();
  EXPECT_EQ(peer.lost(55), Lines{});
  EXPECT_EQ(peer.links.size(), 3u);
}

TEST(Sampling, BothSidesDiallingMakeOneLink) {
  Sampler peer;
  peer.step(Start{});
  peer.told(bootstrapper, {1});
  EXPECT_EQ(peer.called_by(1), Lines{});
  peer.reached(1);
  EXPECT_EQ(peer.links.size(), 2u);
  EXPECT_EQ(peer.neighbours(), std::vector{PeerId{1}});
}

}  // namespace
}  // namespace gossip
