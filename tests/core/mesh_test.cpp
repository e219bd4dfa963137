#include "core/broadcast/mesh.hpp"

#include "tests/core/one_peer.hpp"

namespace gossip {
namespace {

constexpr MessageRef a{0}, b{1}, c{2};

/// Peer 0 with neighbours 1 … n, that has had its first heartbeat.
class Member : public OnePeer {
 public:
  explicit Member(std::uint32_t neighbours, MeshConfig mesh = {}, bool validation = false)
      : OnePeer(operations_of<Fixed, Mesh>(), config_of(neighbours, mesh, validation)) {
    first = wake();
  }

  Lines says(std::uint32_t from, FrameKind kind) { return step(Receive{PeerId{from}, Frame::bare(kind)}); }
  Lines names(std::uint32_t from, FrameKind kind, MessageRef message) {
    return step(Receive{PeerId{from}, Frame::of(kind, message, 0, 1)});
  }
  Lines wake(Time at = 0) {
    now = at;
    return step(Wake{});
  }
  Lines beat() { return wake(deadline); }
  /// A message comes; those to which it goes on.
  std::uint32_t goes_to(MessageRef message, std::uint32_t from) {
    const Lines lines = step(Receive{PeerId{from}, Frame::announce(message, 0, 1)});
    return count(lines, "announce");
  }
  static std::uint32_t count(const Lines& lines, const std::string& what) {
    return static_cast<std::uint32_t>(
        std::ranges::count_if(lines, [&](const std::string& l) { return l.find(": " + what) != std::string::npos; }));
  }

  Lines first;

 private:
  static Config config_of(std::uint32_t neighbours, MeshConfig mesh, bool validation) {
    static const std::vector<PeerId> targets = [] {
      std::vector<PeerId> all;
      for (std::uint32_t i = 1; i <= 64; ++i) all.push_back(PeerId{i});
      return all;
    }();
    static std::uint64_t offsets[65][2];
    offsets[neighbours][1] = neighbours;
    Config config = config_with(IntakeConfig{.seen_capacity = 200, .validation = validation}, mesh);
    config.of<Fixed>() = {offsets[neighbours], targets, {}};
    return config;
  }
};

TEST(Mesh, GraftsUpToDWhenBelowDLow) {
  EXPECT_EQ(Member::count(Member(20).first, "unprune"), 6u);
  EXPECT_EQ(Member::count(Member(3).first, "unprune"), 3u);
  Member peer(6);
  for (std::uint32_t i = 1; i <= 2; ++i) peer.says(i, FrameKind::prune);
  EXPECT_EQ(peer.deadline, never) << "four are enough";
}

TEST(Mesh, PrunesDownToDWhenAboveDHigh) {
  Member peer(20);
  for (std::uint32_t i = 1; i <= 11; ++i) peer.says(i, FrameKind::unprune);
  const std::uint32_t before = peer.goes_to(a, 64);
  ASSERT_GT(before, 12u);
  const Lines lines = peer.beat();
  EXPECT_EQ(Member::count(lines, "prune"), before - 6);
  EXPECT_EQ(peer.goes_to(b, 64), 6u);
}

TEST(Mesh, DHighItselfIsNotTooMany) {
  Member peer(12, {.d = 12});
  EXPECT_EQ(Member::count(peer.first, "unprune"), 12u);
  EXPECT_EQ(peer.goes_to(a, 64), 12u);
  EXPECT_EQ(Member::count(peer.beat(), "prune"), 0u);
}

TEST(Mesh, APrunedLinkIsLeftAloneForItsBackoff) {
  Member peer(1, {.d = 1, .d_low = 1});
  EXPECT_EQ(peer.says(1, FrameKind::prune), Lines{});
  EXPECT_EQ(Member::count(peer.beat(), "unprune"), 0u);
  peer.now += 300 * millisecond;
  EXPECT_EQ(peer.says(1, FrameKind::unprune), Lines{"send peer 1: prune"}) << "too early, and it begins again";
  const Time until = peer.now + MeshConfig{}.backoff;
  EXPECT_EQ(peer.beat(), Lines{});
  EXPECT_GE(peer.deadline, until + MeshConfig{}.heartbeat);
  EXPECT_LE(peer.deadline, until + 2 * MeshConfig{}.heartbeat);
  EXPECT_EQ(Member::count(peer.beat(), "unprune"), 1u);
}

TEST(Mesh, AGraftAfterTheBackoffIsTaken) {
  Member peer(1);
  peer.says(1, FrameKind::prune);
  EXPECT_EQ(peer.goes_to(a, 64), 0u);
  peer.now += MeshConfig{}.backoff;
  EXPECT_EQ(peer.says(1, FrameKind::unprune), Lines{});
  EXPECT_EQ(peer.goes_to(b, 64), 1u);
}

TEST(Mesh, NamesGoToOthersForThreeHeartbeats) {
  Member peer(40, {.factor = 0});
  std::set<std::string> in_mesh;
  for (const std::string& line : peer.first) in_mesh.insert(line.substr(0, line.find(':')));
  peer.goes_to(a, 64);
  for (int i = 0; i < 3; ++i) {
    const Lines lines = peer.beat();
    EXPECT_EQ(Member::count(lines, "ihave 0 ttl 0 hops 2"), 6u);
    for (const std::string& line : lines) EXPECT_FALSE(in_mesh.contains(line.substr(0, line.find(':')))) << line;
  }
  EXPECT_EQ(Member::count(peer.beat(), "ihave"), 0u);
}

TEST(Mesh, NamesGoToAShareOfTheOthersIfThatIsMore) {
  Member peer(46, {.factor = 0.25});
  peer.goes_to(a, 64);
  EXPECT_EQ(Member::count(peer.beat(), "ihave"), 10u);
}

TEST(Mesh, IWantIsAnsweredFromTheWindowOnly) {
  Member peer(20);
  peer.goes_to(a, 64);
  for (int i = 0; i < 4; ++i) peer.beat();
  EXPECT_EQ(peer.names(20, FrameKind::iwant, a), Lines{"send peer 20: announce 0 ttl 0 hops 2"});
  peer.beat();
  EXPECT_EQ(peer.names(20, FrameKind::iwant, a), Lines{"drop 0 from peer 20: not_held"}) << "five heartbeats";
  EXPECT_EQ(peer.deadline, never) << "and there is nothing more to do";
  EXPECT_EQ(peer.names(20, FrameKind::iwant, b), Lines{"drop 1 from peer 20: not_held"});
}

TEST(Mesh, IWantIsBoundedANeighbourAndHeartbeat) {
  Member peer(20, {.answers = 2});
  peer.goes_to(a, 64);
  const auto wants = [&](std::uint32_t from) {
    return Member::count(peer.names(from, FrameKind::iwant, a), "announce");
  };
  EXPECT_EQ(wants(19) + wants(19) + wants(19), 2u);
  EXPECT_EQ(wants(18), 1u) << "another neighbour";
  peer.beat();
  EXPECT_EQ(wants(19), 1u) << "another heartbeat";
}

TEST(Mesh, WhatIsKeptIsBounded) {
  Member peer(20, {.cache = 2});
  for (const MessageRef message : {a, b, c}) peer.goes_to(message, 64);
  EXPECT_EQ(peer.names(20, FrameKind::iwant, a), Lines{"drop 0 from peer 20: not_held"});
  EXPECT_EQ(Member::count(peer.names(20, FrameKind::iwant, b), "announce"), 1u);
}

TEST(Mesh, OneIsAskedAndTheNextWhenItDoesNotAnswer) {
  Member peer(20);
  EXPECT_EQ(peer.names(1, FrameKind::ihave, a), Lines{"send peer 1: iwant 0 ttl 0 hops 0"});
  EXPECT_EQ(peer.names(2, FrameKind::ihave, a), Lines{});
  EXPECT_EQ(peer.deadline, MeshConfig{}.follow_up);
  EXPECT_EQ(peer.beat(), Lines{"send peer 2: iwant 0 ttl 0 hops 0"});
  peer.goes_to(a, 2);
  EXPECT_EQ(peer.names(3, FrameKind::ihave, a), Lines{}) << "it is known";
}

TEST(Mesh, NamesAreBoundedAndCounted) {
  Member peer(20, {.wanted = 1});
  peer.names(1, FrameKind::ihave, a);
  EXPECT_EQ(peer.names(1, FrameKind::ihave, a), Lines{}) << "said twice";
  EXPECT_EQ(peer.names(1, FrameKind::ihave, b), Lines{"drop 1 from peer 1: missing_full"});
  EXPECT_EQ(peer.names(64, FrameKind::ihave, b), Lines{"drop 1 from peer 64: unasked"}) << "a stranger";
}

TEST(Mesh, IDontWantIsSaidAboveASizeOnly) {
  for (const std::uint64_t above : {9u, 10u}) {  // a message has ten bytes
    Member peer(6, {.above = above});
    const Lines lines = peer.step(Receive{PeerId{1}, Frame::announce(a, 0, 1)});
    EXPECT_EQ(Member::count(lines, "idontwant 0"), above == 9 ? 5u : 0u);
    EXPECT_EQ(Member::count(lines, "announce"), 5u);
  }
}

TEST(Mesh, IDontWantIsSaidBeforeTheVerdictAndSavesACopy) {
  Member peer(6, {.above = 9}, true);
  const Lines lines = peer.step(Receive{PeerId{1}, Frame::announce(a, 0, 1)});
  EXPECT_EQ(Member::count(lines, "idontwant 0"), 5u);
  peer.names(2, FrameKind::idontwant, a);
  peer.names(3, FrameKind::idontwant, b);
  const Lines after = peer.step(Verdict{a, Opinion::accept});
  EXPECT_EQ(Member::count(after, "announce 0"), 4u);
  EXPECT_EQ(std::ranges::count(after, "send peer 2: announce 0 ttl 0 hops 2"), 0);
}

TEST(Mesh, IDontWantIsForgottenAfterThreeHeartbeats) {
  for (const int beats : {2, 3}) {
    Member peer(6);
    peer.names(2, FrameKind::idontwant, a);
    for (int i = 0; i < beats; ++i) peer.beat();
    EXPECT_EQ(peer.goes_to(a, 1), beats == 2 ? 4u : 5u);
  }
}

TEST(Mesh, OfTooManyIDontWantTheOldestLeaves) {
  Member peer(6, {.unwanted = 1});
  peer.names(2, FrameKind::idontwant, a);
  peer.names(3, FrameKind::idontwant, b);
  EXPECT_EQ(peer.goes_to(a, 1), 5u);
  EXPECT_EQ(peer.goes_to(b, 1), 4u);
}

TEST(Mesh, WhatIsAnnouncedHereGoesToAllNeighboursIfWanted) {
  for (const bool flood : {true, false}) {
    Member peer(20, {.flood_publish = flood});
    EXPECT_EQ(Member::count(peer.step(Publish{a, 0}), "announce"), flood ? 20u : 6u);
  }
}

TEST(Mesh, OnlyWhoHasAPlaceIsInTheMesh) {
  Member peer(20, {.d_high = 6, .links = 6});
  for (std::uint32_t i = 1; i <= 20; ++i) {
    const bool in_mesh = peer.says(i, FrameKind::unprune).empty();
    EXPECT_EQ(in_mesh, std::ranges::count(peer.first, "send peer " + std::to_string(i) + ": unprune") == 1) << i;
  }
}

}  // namespace
}  // namespace gossip
