#include "core/transcript.hpp"

#include <gtest/gtest.h>

namespace gossip {
namespace {

TEST(Transcript, OfInputs) {
  EXPECT_EQ(to_text(Input{Start{}}), "start");
  EXPECT_EQ(to_text(Input{PeerUp{PeerId{3}, true}}), "up peer 3 inbound");
  EXPECT_EQ(to_text(Input{PeerUp{PeerId{3}, false}}), "up peer 3 dialled");
  EXPECT_EQ(to_text(Input{PeerDown{PeerId{3}}}), "down peer 3");
  EXPECT_EQ(to_text(Input{Receive{PeerId{3}, Frame::announce(MessageRef{1}, 2, 4)}}),
            "receive peer 3: announce 1 ttl 2 hops 4");
  EXPECT_EQ(to_text(Input{Publish{MessageRef{1}, 2}}), "publish 1 ttl 2");
  EXPECT_EQ(to_text(Input{Verdict{MessageRef{1}, Opinion::nobody}}), "verdict 1 nobody");
  EXPECT_EQ(to_text(Input{Wake{}}), "wake");
}

TEST(Transcript, OfActions) {
  EXPECT_EQ(to_text(Action{SendAll{no_peer, Frame::announce(MessageRef{1}, 0, 1)}}),
            "send all: announce 1 ttl 0 hops 1");
  EXPECT_EQ(to_text(Action{SendAll{PeerId{2}, Frame::push(PeerId{5})}}), "send all but peer 2: push of peer 5");
  EXPECT_EQ(to_text(Action{Deliver{MessageRef{1}, no_peer, 0}}), "deliver 1 from nobody hops 0");
  EXPECT_EQ(to_text(Action{Connect{PeerId{1}}}), "connect peer 1");
  EXPECT_EQ(to_text(Action{Disconnect{PeerId{1}}}), "disconnect peer 1");
  EXPECT_EQ(to_text(Action{Forget{MessageRef{1}}}), "forget 1");
  EXPECT_EQ(to_text(Action{ForgetPeer{PeerId{1}}}), "forget peer 1");
  EXPECT_EQ(to_text(Action{Drop{MessageRef{1}, PeerId{2}, Reason::ttl}}), "drop 1 from peer 2: ttl");
  EXPECT_EQ(to_text(Action{Drop{MessageRef{1}, no_peer, Reason::late_verdict}}), "drop 1: late_verdict");
  EXPECT_EQ(to_text(Action{Drop{no_message, PeerId{2}, Reason::lists_full}}), "drop from peer 2: lists_full");
}

TEST(Transcript, ShowsAListWhereItIsGivenTheStore) {
  ListStore lists;
  const std::uint32_t items[] = {3, 7};
  const Action action = Send{PeerId{1}, Frame::response(*lists.add(items))};
  EXPECT_EQ(to_text(action), "send peer 1: response");
  EXPECT_EQ(to_text(action, &lists), "send peer 1: response: 3 7");
}

TEST(Transcript, NamesEveryKindOfFrame) {
  for (std::size_t i = 0; i < frame_kind_count; ++i) {
    const Frame frame{0, 0, static_cast<FrameKind>(i), 0};
    EXPECT_TRUE(to_text(frame).starts_with(traits(frame.kind).name));
  }
}

}  // namespace
}  // namespace gossip
