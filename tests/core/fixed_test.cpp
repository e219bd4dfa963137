#include "core/overlay/fixed.hpp"

#include <gtest/gtest.h>

#include <array>

#include "tests/core/one_peer.hpp"

namespace gossip {
namespace {

/// Peer 1 of the line 0 – 1 – 2, and the state of its links.
class Middle {
 public:
  explicit Middle(bool changing) : links_{offsets, targets, changing ? std::span(up) : std::span<std::uint8_t>()} {}

  std::array<std::uint8_t, 4> up{1, 1, 1, 1};
  OnePeer<Peer<Fixed, Flood>>& operator*() { return peer_; }
  OnePeer<Peer<Fixed, Flood>>* operator->() { return &peer_; }

 private:
  static constexpr std::uint64_t offsets[] = {0, 1, 3, 4};
  static constexpr PeerId targets[] = {PeerId{1}, PeerId{0}, PeerId{2}, PeerId{1}};
  FixedLinks links_;
  OnePeer<Peer<Fixed, Flood>> peer_{Config{}, PeerId{1}, links_};
};

using Peers = std::vector<PeerId>;

TEST(Fixed, LinksThatCannotChangeAreUpForEver) {
  Middle peer(false);
  EXPECT_EQ(peer->step(Start{}), Lines{});
  peer->step(PeerDown{PeerId{0}});
  EXPECT_EQ(peer->neighbours(), (Peers{PeerId{0}, PeerId{2}}));
}

TEST(Fixed, StartsWithNoLinkUpAndDialsEveryNeighbour) {
  Middle peer(true);
  EXPECT_EQ(peer->neighbours(), Peers{});
  EXPECT_EQ(peer->step(Start{}), (Lines{"connect peer 0", "connect peer 2"}));
  EXPECT_EQ(peer->deadline, never);
}

TEST(Fixed, ClearsNoRowButItsOwn) {
  Middle peer(true);
  EXPECT_EQ(peer.up, (std::array<std::uint8_t, 4>{1, 0, 0, 1}));
}

TEST(Fixed, DialsOnlyWhoIsNotConnected) {
  Middle peer(true);
  peer->step(PeerUp{PeerId{2}, true});
  EXPECT_EQ(peer->step(Start{}), Lines{"connect peer 0"});
}

TEST(Fixed, SendsOnLinksThatAreUp) {
  Middle peer(true);
  peer->step(PeerUp{PeerId{0}, false});
  EXPECT_EQ(peer->step(Publish{MessageRef{0}, 0}), (Lines{
                                                       "deliver 0 from nobody hops 0",
                                                       "send peer 0: announce 0 ttl 0 hops 1",
                                                   }));
}

TEST(Fixed, WhoLosesAConnectionWaitsToBeDialled) {
  Middle peer(true);
  peer->step(PeerUp{PeerId{0}, false});
  peer->step(PeerUp{PeerId{2}, true});
  EXPECT_EQ(peer->step(PeerDown{PeerId{0}}), Lines{});
  EXPECT_EQ(peer->neighbours(), Peers{PeerId{2}});
  EXPECT_EQ(peer->deadline, never);
}

TEST(Fixed, NobodyElseIsEverANeighbour) {
  Middle peer(true);
  EXPECT_EQ(peer->step(PeerUp{PeerId{7}, true}), Lines{});
  EXPECT_EQ(peer->neighbours(), Peers{});
}

TEST(Fixed, DoesNotTalkOfPeers) {
  Middle peer(true);
  EXPECT_EQ(peer->step(Receive{PeerId{0}, Frame::pull(PeerId{0})}), Lines{});
  EXPECT_EQ(peer->step(Receive{PeerId{0}, Frame::push(PeerId{0})}), Lines{});
}

}  // namespace
}  // namespace gossip
