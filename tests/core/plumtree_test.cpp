#include "core/broadcast/plumtree.hpp"

#include "tests/core/hub.hpp"

namespace gossip {
namespace {

/// Peer 0 of a star, with peers 1, 2 and 3 around it.
class Tree : public Hub {
 public:
  explicit Tree(const PlumtreeConfig& plumtree = {}) : Hub(operations_of<Fixed, Plumtree>(), config_of(plumtree)) {}

  Lines says(std::uint32_t from, const Frame& frame) { return step(Receive{PeerId{from}, frame}); }
  Lines ihave(std::uint32_t from, MessageRef message, std::uint16_t round = 1, std::uint8_t ttl = 0) {
    return says(from, Frame::of(FrameKind::ihave, message, ttl, round));
  }
  Lines graft(std::uint32_t from, MessageRef message, std::uint16_t round = 1) {
    return says(from, Frame::of(FrameKind::graft, message, 0, round));
  }
  Lines prune(std::uint32_t from) { return says(from, Frame::bare(FrameKind::prune)); }
  Lines wake() {
    now = deadline;
    return step(Wake{});
  }
  /// Without the delivery.
  Lines sends(MessageRef message, std::uint32_t from, std::uint16_t hops = 1) {
    Lines lines = receive(message, from, 0, hops);
    std::erase_if(lines, [](const std::string& line) { return line.starts_with("deliver"); });
    return lines;
  }

 private:
  static Config config_of(const PlumtreeConfig& plumtree) {
    return config_with(IntakeConfig{.seen_capacity = 100}, HistoryConfig{.history_entries = 4}, plumtree);
  }
};

constexpr MessageRef d{3};

TEST(Plumtree, BeginsAsAFlood) {
  Tree peer;
  EXPECT_EQ(peer.sends(a, 1), (Lines{"send peer 2: announce 0 ttl 0 hops 2", "send peer 3: announce 0 ttl 0 hops 2"}));
}

TEST(Plumtree, ACopyPrunesTheLinkOnBothSides) {
  Tree peer;
  peer.sends(a, 1);
  EXPECT_EQ(peer.sends(a, 2), (Lines{"drop 0 from peer 2: duplicate", "send peer 2: prune"}));
  EXPECT_EQ(peer.prune(3), Lines{});
  EXPECT_EQ(peer.sends(b, 1), (Lines{"send peer 2: ihave 1 ttl 0 hops 2", "send peer 3: ihave 1 ttl 0 hops 2"}));
}

TEST(Plumtree, WhoSentItFirstIsEagerAgain) {
  Tree peer;
  peer.prune(1), peer.prune(2);
  peer.sends(a, 1);
  EXPECT_EQ(peer.sends(b, 3), (Lines{"send peer 1: announce 1 ttl 0 hops 2", "send peer 2: ihave 1 ttl 0 hops 2"}));
}

TEST(Plumtree, WhatIsMissingIsAskedForOfOneAfterTheOther) {
  Tree peer;
  peer.prune(2), peer.prune(3);
  EXPECT_EQ(peer.ihave(2, a, 5, 9), Lines{});
  peer.now += 10 * millisecond;
  EXPECT_EQ(peer.ihave(3, a, 6), Lines{});
  EXPECT_EQ(peer.deadline, PlumtreeConfig{}.graft_first);
  EXPECT_EQ(peer.wake(), Lines{"send peer 2: graft 0 ttl 9 hops 5"}) << "as it was announced";
  EXPECT_EQ(peer.deadline, peer.now + PlumtreeConfig{}.graft_again);
  EXPECT_EQ(peer.wake(), Lines{"send peer 3: graft 0 ttl 0 hops 6"});
  EXPECT_EQ(peer.deadline, never);
  EXPECT_EQ(peer.sends(b, 1).size(), 2u);
  EXPECT_EQ(peer.sends(c, 1)[0], "send peer 2: announce 2 ttl 0 hops 2") << "who is asked is eager";
}

TEST(Plumtree, WhatComesIsNotAskedFor) {
  Tree peer;
  peer.ihave(2, a), peer.ihave(3, a), peer.ihave(3, b);
  peer.sends(a, 1);
  EXPECT_EQ(peer.wake(), Lines{"send peer 3: graft 1 ttl 0 hops 1"});
  EXPECT_EQ(peer.deadline, HistoryConfig{}.history_age);
  EXPECT_EQ(peer.ihave(2, a), Lines{});
  EXPECT_EQ(peer.deadline, HistoryConfig{}.history_age) << "it is known";
}

TEST(Plumtree, AnEarlyWakeIsANoOp) {
  Tree peer;
  peer.ihave(2, a);
  peer.now = peer.deadline - 1;
  EXPECT_EQ(peer.step(Wake{}), Lines{});
  EXPECT_EQ(peer.wake().size(), 1u);
}

TEST(Plumtree, AGraftIsAnsweredFromTheHistory) {
  Tree peer;
  for (const MessageRef message : {a, b, c, d, MessageRef{4}}) peer.sends(message, 1);
  peer.prune(2);
  EXPECT_EQ(peer.graft(2, b, 7), Lines{"send peer 2: announce 1 ttl 0 hops 7"});
  EXPECT_EQ(peer.sends(MessageRef{5}, 1)[0], "send peer 2: announce 5 ttl 0 hops 2") << "and the link is eager";
  EXPECT_EQ(peer.graft(2, a), Lines{"drop 0 from peer 2: not_held"}) << "four are kept";
  EXPECT_EQ(peer.graft(2, MessageRef{50}), Lines{"drop 50 from peer 2: not_held"});
}

TEST(Plumtree, AMuchShorterWayBecomesTheTrees) {
  for (const bool worth : {false, true}) {
    Tree peer({.optimize = 3});
    peer.prune(2), peer.prune(3);
    peer.ihave(2, a, 4);
    const Lines lines = peer.sends(a, 1, worth ? 7 : 6);
    EXPECT_EQ(std::ranges::count(lines, "send peer 2: unprune"), worth);
    EXPECT_EQ(std::ranges::count(lines, "send peer 1: prune"), worth);
    EXPECT_EQ(peer.sends(b, 3)[0],
              worth ? "send peer 1: ihave 1 ttl 0 hops 2" : "send peer 1: announce 1 ttl 0 hops 2");
    EXPECT_EQ(peer.sends(c, 3)[1],
              worth ? "send peer 2: announce 2 ttl 0 hops 2" : "send peer 2: ihave 2 ttl 0 hops 2");
  }
}

TEST(Plumtree, AnnouncementsAreBoundedAndCounted) {
  Tree peer({.missing = 2});
  peer.ihave(1, a), peer.ihave(1, b);
  EXPECT_EQ(peer.ihave(1, b), Lines{}) << "said twice";
  EXPECT_EQ(peer.ihave(2, c), Lines{"drop 2 from peer 2: missing_full"});
  peer.sends(a, 3);
  EXPECT_EQ(peer.ihave(2, c), Lines{});
}

TEST(Plumtree, LazyLinksAreBounded) {
  Tree peer({.lazy_links = 1});
  peer.prune(2), peer.prune(3);
  EXPECT_EQ(peer.sends(a, 1), (Lines{"send peer 2: ihave 0 ttl 0 hops 2", "send peer 3: announce 0 ttl 0 hops 2"}));
}

TEST(Plumtree, AStrangerIsNeverLazy) {
  Tree peer({.lazy_links = 1});
  peer.prune(77);
  peer.prune(2);
  EXPECT_EQ(peer.sends(a, 1)[0], "send peer 2: ihave 0 ttl 0 hops 2");
}

/// What is only named keeps its number as long as it is waited for.
TEST(Plumtree, KeepsTheNumberOfWhatItWaitsFor) {
  OnePeer peer(operations_of<Sampling, Plumtree>(), config_with(SamplingConfig{}, IntakeConfig{.seen_capacity = 10}),
               {.messages = MessageStore(MessageStore::Limits{})});
  peer.step(Start{});
  for (const std::uint32_t other : {1u, 2u}) peer.step(PeerUp{PeerId{other}, true});
  const MessageRef named = *peer.messages.add(1, {});
  for (const std::uint32_t other : {1u, 2u}) {
    peer.step(Receive{PeerId{other}, Frame::of(FrameKind::ihave, named, 0, 1)});
  }
  peer.messages.drop_body(named);
  peer.messages.collect();
  EXPECT_EQ(peer.messages.size(), 1u);
  EXPECT_EQ(peer.messages.bodies(), 0u);
  peer.step(PeerDown{PeerId{1}});
  EXPECT_EQ(peer.messages.size(), 1u);
  peer.step(PeerDown{PeerId{2}});
  EXPECT_EQ(peer.messages.size(), 0u) << "nobody is left to ask";
}

TEST(Plumtree, OfOneThatGoesTheNextIsAsked) {
  OnePeer peer(operations_of<Sampling, Plumtree>(), config_with(SamplingConfig{}, IntakeConfig{.seen_capacity = 10}));
  peer.step(Start{});
  for (const std::uint32_t other : {1u, 2u}) peer.step(PeerUp{PeerId{other}, true});
  for (const std::uint32_t other : {1u, 2u}) {
    peer.step(Receive{PeerId{other}, Frame::of(FrameKind::ihave, a, 0, 1)});
  }
  peer.step(PeerDown{PeerId{1}});
  peer.now = PlumtreeConfig{}.graft_again;
  const Lines lines = peer.step(Wake{});
  EXPECT_EQ(std::ranges::count(lines, "send peer 2: graft 0 ttl 0 hops 1"), 1);
}

}  // namespace
}  // namespace gossip
