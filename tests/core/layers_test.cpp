#include "tests/core/hub.hpp"
#include "tests/core/reminder.hpp"

// What a broadcast is told and may do, seen from outside: by one that uses everything.
namespace gossip {
namespace {

std::span<const std::byte> data(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Keeps at most two links, and a third for a moment.
class Sampler : public OnePeer {
 public:
  explicit Sampler(const Operations& kind = reminder_over<Sampling>)
      : OnePeer(kind, config_with(SamplingConfig{.degree = 2, .links = 2, .transient_links = 1, .response_peers = 2}),
                {.messages = MessageStore(MessageStore::Limits{})}) {}

  Lines up(std::uint32_t peer, bool inbound = true) { return step(PeerUp{PeerId{peer}, inbound}); }
  MessageRef publish(std::string_view text) {
    const MessageRef message = *messages.add(1, data(text));
    step(Publish{message, 0});
    messages.drop_body(message);
    messages.collect();
    return message;
  }
};

TEST(Layers, TheBroadcastHearsOfNeighboursThatComeAndGo) {
  Sampler peer;
  EXPECT_EQ(peer.up(1), Lines{}) << "there is nothing to greet with";
  peer.publish("hello");
  EXPECT_EQ(peer.up(2), Lines{"send peer 2: announce 0 ttl 1 hops 0"});
  EXPECT_EQ(peer.step(PeerDown{PeerId{2}}), Lines{"send all: push of peer 2"});
  EXPECT_EQ(peer.step(PeerDown{PeerId{7}}), Lines{}) << "which never was one";
}

TEST(Layers, AlsoWhenTheOverlayItselfDisconnects) {
  Sampler peer;
  peer.up(1), peer.up(2), peer.up(3);
  EXPECT_EQ(peer.step(Receive{PeerId{3}, Frame::push(PeerId{3})}),
            (Lines{"disconnect peer 3", "send all: push of peer 3"}));
}

TEST(Layers, WhoIsClosedAtOnceIsNeverGreetedNorMissed) {
  Sampler peer;
  peer.publish("hello");
  peer.up(1), peer.up(2);
  EXPECT_EQ(peer.up(3, false), Lines{"disconnect peer 3"});
}

TEST(Layers, WhatTheHistoryKeepsCanBeSentLongAfterItsStep) {
  Sampler peer;
  const MessageRef message = peer.publish("hello");
  peer.now = 30 * second;
  peer.act(PeerUp{PeerId{2}, true});
  ASSERT_EQ(peer.actions.size(), 1u);
  const MessageRef sent = std::get<Send>(peer.actions[0]).frame.message();
  EXPECT_EQ(sent, message);
  const auto body = peer.messages.body(sent);
  EXPECT_TRUE(std::ranges::equal(body, data("hello")));
  peer.carry_out();
  peer.now = 60 * second;
  peer.step(Wake{});
  EXPECT_EQ(peer.messages.bodies(), 0u) << "history_age has passed";
  EXPECT_EQ(peer.messages.size(), 1u) << "remembered, without its body";
}

TEST(Layers, TheHistoryHoldsWhatWentOnOnly) {
  Hub hub({.validation = true}, reminder_over<Fixed>);
  hub.receive(a, 1);
  hub.verdict(a, Opinion::reject);
  EXPECT_EQ(hub.deadline, never) << "neither spread nor kept";
  hub.receive(b, 1);
  hub.verdict(b, Opinion::accept);
  EXPECT_EQ(hub.deadline, second);
}

TEST(Layers, TimersOfABroadcastWakeThePeer) {
  Hub hub({}, reminder_over<Fixed>);
  hub.receive(a, 1);
  EXPECT_EQ(hub.deadline, second);
  hub.now = second - 1;
  EXPECT_EQ(hub.step(Wake{}), Lines{});
  hub.now = second;
  EXPECT_EQ(hub.step(Wake{}), Lines{"send all: announce 0 ttl 1 hops 0"});
  EXPECT_EQ(hub.deadline, 60 * second) << "when the history ends";
}

TEST(Layers, ABroadcastThatAsksForItHearsDuplicates) {
  EXPECT_TRUE(reminder_over<Fixed>.hears_duplicates);
  Hub hub({}, reminder_over<Fixed>);
  hub.receive(a, 1);
  EXPECT_EQ(hub.receive(a, 2), (Lines{"drop 0 from peer 2: duplicate", "send peer 2: pull of peer 0"}));
}

TEST(Layers, ARepairHearsTheSameFactsAndHasTheHistory) {
  Sampler peer(operations_of<Sampling, Flood, Reminder>());
  peer.publish("hello");
  EXPECT_EQ(peer.up(1), Lines{"send peer 1: announce 0 ttl 1 hops 0"});
  EXPECT_EQ(peer.deadline, second);
  peer.now = second;
  EXPECT_EQ(peer.step(Wake{}), Lines{"send all: announce 0 ttl 1 hops 0"});
  EXPECT_EQ(peer.step(PeerDown{PeerId{1}}), Lines{"send all: push of peer 1"});
}

TEST(Layers, BytesOfAHistoryAreTakenOnlyWhereOneIsUsed) {
  const Config config = config_with(HistoryConfig{.history_entries = 100});
  EXPECT_GE(reminder_over<Fixed>.bytes(config), (operations_of<Fixed, Flood>().bytes(config) + 1'600));
}

}  // namespace
}  // namespace gossip
