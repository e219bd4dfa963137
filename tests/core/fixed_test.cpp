#include "core/overlay/fixed.hpp"

#include <array>

#include "tests/core/one_peer.hpp"

namespace gossip {
namespace {

constexpr std::uint64_t offsets[] = {0, 1, 3, 4};
constexpr PeerId targets[] = {PeerId{1}, PeerId{0}, PeerId{2}, PeerId{1}};

/// Peer 1 of the line 0 – 1 – 2.
class Middle {
 public:
  explicit Middle(bool changing)
      : peer_(operations_of<Fixed, Flood>(),
              config_with(Fixed::Config{offsets, targets, changing ? std::span(rows) : std::span<PeerId>()}),
              {.self = PeerId{1}}) {}

  std::array<PeerId, 4> rows = std::to_array(targets);
  OnePeer* operator->() { return &peer_; }

 private:
  OnePeer peer_;
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

TEST(Fixed, DialsOnlyWhoIsNotConnected) {
  Middle peer(true);
  peer->step(PeerUp{PeerId{2}, true});
  EXPECT_EQ(peer->step(Start{}), Lines{"connect peer 0"});
}

TEST(Fixed, SendsOnLinksThatAreUp) {
  Middle peer(true);
  peer->step(PeerUp{PeerId{2}, false});
  EXPECT_EQ(peer->neighbours(), Peers{PeerId{2}});
  EXPECT_EQ(peer->step(Publish{MessageRef{0}, 0}), (Lines{
                                                       "deliver 0 from nobody hops 0",
                                                       "send all: announce 0 ttl 0 hops 1",
                                                   }));
}

TEST(Fixed, ThoseThatAreUpStandFirstAndAllAreKnown) {
  Middle peer(true);
  peer->step(PeerUp{PeerId{2}, true});
  EXPECT_EQ(peer.rows, (std::array{PeerId{1}, PeerId{2}, PeerId{0}, PeerId{1}})) << "no row but its own";
  EXPECT_EQ(peer->look().known.size(), 2u);
  peer->step(PeerUp{PeerId{2}, true});
  EXPECT_EQ(peer->neighbours(), Peers{PeerId{2}}) << "the same news twice is one neighbour";
}

TEST(Fixed, WhoLosesAConnectionWaitsToBeDialled) {
  Middle peer(true);
  peer->step(PeerUp{PeerId{0}, false});
  peer->step(PeerUp{PeerId{2}, true});
  EXPECT_EQ(peer->step(PeerDown{PeerId{0}}), Lines{});
  EXPECT_EQ(peer->neighbours(), Peers{PeerId{2}});
  EXPECT_EQ(peer->step(PeerDown{PeerId{0}}), Lines{});
  EXPECT_EQ(peer->neighbours(), Peers{PeerId{2}});
  EXPECT_EQ(peer->deadline, never);
}

TEST(Fixed, NobodyElseIsEverANeighbour) {
  Middle peer(true);
  EXPECT_EQ(peer->step(PeerUp{PeerId{7}, true}), Lines{});
  EXPECT_EQ(peer->step(PeerUp{PeerId{1}, true}), Lines{}) << "which stands in the rows of others";
  EXPECT_EQ(peer->neighbours(), Peers{});
}

TEST(Fixed, RowsCanBeginWithAnyPeer) {
  OnePeer peer(operations_of<Fixed, Flood>(), config_with(Fixed::Config{offsets, targets, {}, 1'000'000}),
               {.self = PeerId{1'000'001}});
  EXPECT_EQ(peer.neighbours(), (Peers{PeerId{0}, PeerId{2}}));
}

TEST(Fixed, DoesNotTalkOfPeers) {
  Middle peer(true);
  EXPECT_EQ(peer->step(Receive{PeerId{0}, Frame::pull(PeerId{0})}), Lines{});
  EXPECT_EQ(peer->step(Receive{PeerId{0}, Frame::push(PeerId{0})}), Lines{});
  EXPECT_EQ(peer->receive_list(PeerId{0}, {2, 7}), Lines{});
}

}  // namespace
}  // namespace gossip
