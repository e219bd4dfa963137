#include "core/broadcast/fanout.hpp"

#include <cmath>
#include <map>

#include "tests/core/hub.hpp"

namespace gossip {
namespace {

/// Peer 0 of `peers`, all of them neighbours.
class Forwarder : public OnePeer {
 public:
  Forwarder(std::uint32_t peers, std::uint32_t fanout, std::uint64_t seed = 1)
      : OnePeer(operations_of<Everyone, Fanout>(), config(peers, fanout), {.seed = seed}) {}

  /// To whom the message goes when it comes from peer 1.
  std::vector<std::uint32_t> targets(std::uint32_t message) {
    std::vector<std::uint32_t> to;
    act(Receive{PeerId{1}, Frame::announce(MessageRef{message}, 0, 1)});
    for (const Action& action : actions) {
      const auto* send = std::get_if<Send>(&action);
      if (send == nullptr) continue;
      EXPECT_EQ(send->frame, Frame::announce(MessageRef{message}, 0, 2));
      to.push_back(index(send->to));
    }
    carry_out();
    return to;
  }

 private:
  static Config config(std::uint32_t peers, std::uint32_t fanout) {
    static std::map<std::uint32_t, std::vector<PeerId>> rows;
    std::vector<PeerId>& row = rows[peers];
    for (std::uint32_t i = 0; row.size() < 2 * peers - 1; ++i) row.push_back(PeerId{i % peers});
    Config made;
    made.of<Everyone>().twice = row;
    made.of<Fanout>().fanout = fanout;
    return made;
  }
};

TEST(Fanout, ForwardsToAsManyDistinctNeighboursAsItIsTold) {
  Forwarder peer(50, 7);
  for (std::uint32_t message = 0; message < 200; ++message) {
    const auto to = peer.targets(message);
    const std::set<std::uint32_t> distinct(to.begin(), to.end());
    EXPECT_EQ(to.size(), 7u);
    EXPECT_EQ(distinct.size(), 7u);
    EXPECT_FALSE(distinct.contains(0)) << "itself";
    EXPECT_LT(*distinct.rbegin(), 50u);
  }
}

TEST(Fanout, EveryNeighbourIsEquallyLikelyTheSenderToo) {
  constexpr std::uint32_t messages = 20'000, peers = 11, fanout = 3;
  Forwarder peer(peers, fanout);
  std::vector<double> drawn(peers);
  for (std::uint32_t message = 0; message < messages; ++message) {
    for (const std::uint32_t to : peer.targets(message)) ++drawn[to];
  }
  // Binomial: 4.5 standard errors, of ten neighbours.
  constexpr double share = double{fanout} / (peers - 1);
  const double tolerance = 4.5 * std::sqrt(messages * share * (1 - share));
  for (std::uint32_t to = 1; to < peers; ++to) EXPECT_NEAR(drawn[to], messages * share, tolerance) << to;
}

TEST(Fanout, PairsAreAsLikelyAsIndependentDrawsMakeThem) {
  constexpr std::uint32_t messages = 20'000;
  Forwarder peer(6, 2);
  std::map<std::set<std::uint32_t>, double> drawn;
  for (std::uint32_t message = 0; message < messages; ++message) {
    const auto to = peer.targets(message);
    ++drawn[{to.begin(), to.end()}];
  }
  EXPECT_EQ(drawn.size(), 10u) << "of five neighbours";
  for (const auto& [pair, count] : drawn) EXPECT_NEAR(count, messages / 10.0, 4.5 * std::sqrt(messages * 0.09));
}

TEST(Fanout, WithFewNeighboursItIsAFloodThatDoesNotSpareTheSender) {
  Hub hub({}, operations_of<Fixed, Fanout>());
  EXPECT_EQ(hub.receive(a, 2, 0, 5),
            (Lines{"deliver 0 from peer 2 hops 5", "send peer 1: announce 0 ttl 0 hops 6",
                   "send peer 2: announce 0 ttl 0 hops 6", "send peer 3: announce 0 ttl 0 hops 6"}));
}

TEST(Fanout, ForwardsOnceAndTheTtlHolds) {
  Hub hub({}, operations_of<Fixed, Fanout>());
  EXPECT_EQ(hub.receive(a, 1, 2).size(), 4u);
  EXPECT_EQ(hub.receive(a, 2, 2), Lines{"drop 0 from peer 2: duplicate"});
  EXPECT_EQ(hub.receive(b, 1, 1), (Lines{"deliver 1 from peer 1 hops 1", "drop 1 from peer 1: ttl"}));
  EXPECT_EQ(hub.deadline, never);
}

TEST(Fanout, OnlyThoseThatAreUpAreDrawn) {
  Forwarder alone(1, 3);
  EXPECT_EQ(alone.targets(0), std::vector<std::uint32_t>{});
  Forwarder pair(2, 3);
  EXPECT_EQ(pair.targets(0), std::vector<std::uint32_t>{1});
}

TEST(Everyone, NeighboursAreAllOthersAndTheRowBeginsWithTheNext) {
  std::vector<PeerId> twice;
  for (std::uint32_t i = 0; i < 9; ++i) twice.push_back(PeerId{i % 5});
  Config config;
  config.of<Everyone>().twice = twice;
  for (std::uint32_t self = 0; self < 5; ++self) {
    OnePeer peer(operations_of<Everyone, Flood>(), config, {.self = PeerId{self}});
    std::vector<PeerId> expected;
    for (std::uint32_t i = 1; i < 5; ++i) expected.push_back(PeerId{(self + i) % 5});
    EXPECT_EQ(peer.neighbours(), expected);
  }
}

}  // namespace
}  // namespace gossip
