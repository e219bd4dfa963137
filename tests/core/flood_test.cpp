#include "core/broadcast/flood.hpp"

#include "tests/core/hub.hpp"

namespace gossip {
namespace {

TEST(Flood, ForwardsToEveryNeighbourButTheSender) {
  Hub hub;
  EXPECT_EQ(hub.receive(a, 2, 0, 5),
            (Lines{"deliver 0 from peer 2 hops 5", "send all but peer 2: announce 0 ttl 0 hops 6"}));
  EXPECT_EQ(hub.deadline, never);
}

TEST(Flood, AnAnnouncementOfOurOwnGoesToAllWithItsTtlUnchanged) {
  Hub hub;
  EXPECT_EQ(hub.step(Publish{a, 3}), (Lines{"deliver 0 from nobody hops 0", "send all: announce 0 ttl 3 hops 1"}));
  EXPECT_EQ(hub.deadline, never);
}

TEST(Flood, IsOneActionHoweverManyNeighboursThereAre) {
  Hub hub;
  EXPECT_EQ(hub.receive(a, 1).size(), 2u);
  EXPECT_EQ(hub.neighbours().size(), 3u);
  EXPECT_EQ(Flood::most_actions, 1u);
}

TEST(Flood, CaresForNoDuplicate) { EXPECT_FALSE((operations_of<Fixed, Flood>().hears_duplicates)); }

}  // namespace
}  // namespace gossip
