#include "tests/core/one_peer.hpp"

// What a peer says and asks for, frame by frame.
namespace gossip {
namespace {

constexpr PeerId other{1};

/// Linked to peer 1, over a flood.
class Repairer : public OnePeer {
 public:
  explicit Repairer(const AntiEntropyConfig& repair = {}, const IntakeConfig& intake = {.seen_capacity = 100})
      : OnePeer(operations_of<Fixed, Flood, AntiEntropy>(),
                config_with(intake, HistoryConfig{.history_entries = 50}, links(), repair)) {
    now = 1'000 * second;
    step(PeerUp{other, true});
  }
  Lines announced(std::uint32_t message, std::uint8_t ttl = 0, PeerId from = other) {
    return step(Receive{from, Frame::announce(MessageRef{message}, ttl, 3)});
  }
  Lines digest(const std::vector<std::uint32_t>& items, std::uint8_t ttl = 0, PeerId from = other) {
    return receive_list(from, FrameKind::repair_digest, ttl, items);
  }
  Lines want(const std::vector<std::uint32_t>& items) { return receive_list(other, FrameKind::repair_want, 0, items); }
  Lines wake() {
    now = std::max(now, deadline);
    return step(Wake{});
  }

 private:
  static Fixed::Config links() {
    static const std::vector<std::uint64_t> offsets{0, 2};
    static const std::vector<PeerId> targets{other, PeerId{2}};
    static std::vector<PeerId> row(2);
    row = targets;
    return {offsets, targets, row};
  }
};

using Items = std::vector<std::vector<std::uint32_t>>;

TEST(AntiEntropy, EachModeSaysAndAsksWhatItsNameSays) {
  struct Case {
    RepairMode mode;
    const char* says;
    Items items;
  };
  for (const Case& one : {Case{RepairMode::push, "send peer 1: repair_digest: 7 4", {{7, 4}}},
                          Case{RepairMode::pull, "send peer 1: repair_digest 1:", {{}}},
                          Case{RepairMode::push_pull, "send peer 1: repair_digest 1: 7 4", {{7, 4}}}}) {
    Repairer peer({.repair_mode = one.mode, .repair_period = 2 * second, .patience = 0});
    peer.wake();
    peer.announced(7);
    peer.now += 2 * second + 1;
    EXPECT_EQ(peer.wake(), Lines{one.says});
    EXPECT_EQ(peer.lists_sent, one.items) << "an age is in whole seconds, rounded up, and one more";
  }
}

TEST(AntiEntropy, APushOfNothingIsNotSent) {
  Repairer peer({.repair_mode = RepairMode::push});
  EXPECT_EQ(peer.wake(), Lines{});
}

TEST(AntiEntropy, ComparesOnceAPeriodHalfOfItMoreOrLess) {
  Repairer peer({.repair_period = 10 * second});
  peer.wake();
  Time least = never, most = 0;
  for (int i = 0; i < 300; ++i) {
    const Time before = peer.now;
    peer.wake();
    least = std::min(least, peer.deadline - peer.now);
    most = std::max(most, peer.deadline - peer.now);
    EXPECT_GT(peer.now, before);
  }
  EXPECT_GE(least, 5 * second);
  EXPECT_LT(least, 5'200 * millisecond);
  EXPECT_GT(most, 14'800 * millisecond);
  EXPECT_LT(most, 15 * second);
}

TEST(AntiEntropy, AsksForWhatItLacksOnceAndForNothingElse) {
  Repairer peer({.repair_period = 10 * second});
  peer.announced(7);
  peer.digest({7, 3, 8, 3, 9, 3});
  EXPECT_EQ(peer.lists_sent, (Items{{8, 9}}));
  EXPECT_EQ(peer.digest({8, 3, 9, 3}, 0, PeerId{2}), Lines{}) << "peer 1 was asked";
  peer.now += 16 * second;
  peer.wake();
  peer.digest({8, 20}, 0, PeerId{2});
  EXPECT_EQ(peer.lists_sent, (Items{{8}})) << "which has not answered for a period";
}

TEST(AntiEntropy, WhatItBringsIsDeliveredAndToldOfButNotSpread) {
  Repairer peer({.patience = 0});
  peer.digest({8, 30});
  const Lines lines = peer.announced(8);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].rfind("deliver 8", 0), 0u) << lines[0];
  peer.digest({}, 1);
  EXPECT_EQ(peer.lists_sent, (Items{{8, 31}})) << "as old as it was, and one for the way";
  EXPECT_EQ(peer.announced(8).size(), 1u) << "a copy of it is a duplicate";
  EXPECT_EQ(peer.announced(9).size(), 2u) << "what nobody was asked for is spread";
}

TEST(AntiEntropy, WhatAnotherNeighbourBringsMeanwhileIsTheBroadcasts) {
  Repairer peer;
  peer.digest({8, 3});
  EXPECT_EQ(peer.announced(8, 0, PeerId{2}).size(), 2u);
}

TEST(AntiEntropy, AnswersWithWhatTheBroadcastWouldHaveSent) {
  Repairer peer;
  peer.announced(7, 5);
  peer.announced(8, 1);
  EXPECT_EQ(peer.want({7, 8, 9}), (Lines{"send peer 1: announce 7 ttl 4 hops 4", "drop 8 from peer 1: not_held",
                                         "drop 9 from peer 1: not_held"}))
      << "8 had one link to travel: it goes no further";
}

TEST(AntiEntropy, TheYoungAndTheOldAreNotToldOf) {
  Repairer peer({.patience = 2 * second}, {.seen_capacity = 100, .seen_ttl = 20 * second});
  peer.announced(7);
  peer.now += 2 * second - 1;
  EXPECT_EQ(peer.digest({}, 1), Lines{});
  peer.now += 1;
  peer.digest({}, 1);
  EXPECT_EQ(peer.lists_sent, (Items{{7, 3}}));
  peer.now += 8 * second;
  peer.digest({}, 1);
  EXPECT_EQ(peer.lists_sent, (Items{{7, 11}})) << "half of seen_ttl";
  EXPECT_EQ(peer.want({7}).size(), 1u);
  peer.now += 1;
  EXPECT_EQ(peer.digest({}, 1), Lines{});
  EXPECT_EQ(peer.want({7}), Lines{"drop 7 from peer 1: not_held"});
  EXPECT_EQ(peer.digest({8, 11}), Lines{}) << "nor asked for";
  EXPECT_EQ(peer.digest({8, 10}).size(), 1u);
}

TEST(AntiEntropy, QuestionsAndDigestsAreBounded) {
  Repairer peer({.patience = 0, .digest = 3, .repair_batch = 2});
  for (std::uint32_t i = 10; i < 20; ++i) peer.announced(i);
  peer.digest({}, 1);
  ASSERT_EQ(peer.lists_sent.size(), 1u);
  EXPECT_EQ(peer.lists_sent[0].size(), 6u);
  peer.digest({1, 1, 2, 1, 3, 1, 4, 1});
  EXPECT_EQ(peer.lists_sent, (Items{{1, 2}}));
  EXPECT_EQ(peer.want({10, 11, 12}).size(), 2u);
}

TEST(AntiEntropy, AnswersOfAPeriodCostSoMuchAtMost) {
  Repairer peer({.patience = 0, .repair_bytes = 60});  // a message is ten bytes, and 16 for its frame
  for (std::uint32_t i = 10; i < 20; ++i) peer.announced(i);
  EXPECT_EQ(peer.want({10, 11, 12}), (Lines{"send peer 1: announce 10 ttl 0 hops 4", "send peer 1: announce 11 ttl 0 hops 4",
                                            "drop 12 from peer 1: repair_spent"}));
  EXPECT_EQ(peer.digest({}, 1).size(), 1u) << "a digest costs too";
  EXPECT_TRUE(peer.lists_sent.empty());
  peer.wake();
  EXPECT_EQ(peer.want({12}), Lines{"send peer 1: announce 12 ttl 0 hops 4"});
}

TEST(AntiEntropy, WithoutRoomForAListNothingIsHeld) {
  Repairer peer;
  std::vector<ListRef> taken;
  while (peer.lists.size() < 999) taken.push_back(*peer.lists.add(std::span<const std::uint32_t>()));
  EXPECT_EQ(peer.digest({8, 3}), Lines{"drop from peer 1: lists_full"});
  for (const ListRef list : taken) peer.lists.release(list);
  peer.digest({8, 3});
  EXPECT_EQ(peer.lists_sent, (Items{{8}})) << "it was not asked for before";
}

}  // namespace
}  // namespace gossip
