#include "core/overlay/hyparview.hpp"

#include "tests/core/one_peer.hpp"

namespace gossip {
namespace {

constexpr std::uint32_t contact = 100;

HyParViewConfig two() {
  return {.bootstrapper = PeerId{contact},
          .active_view = 2,
          .passive_view = 3,
          .shuffle_active = 1,
          .shuffle_passive = 2,
          .guests = 4};
}

/// Peer 0, with at most two neighbours unless said otherwise.
class Viewer : public OnePeer {
 public:
  explicit Viewer(const HyParViewConfig& config = two())
      : OnePeer(operations_of<HyParView, Flood>(), config_with(config, IntakeConfig{.seen_capacity = 16})) {}

  Lines reached(std::uint32_t peer) { return step(PeerUp{PeerId{peer}, false}); }
  Lines called_by(std::uint32_t peer) { return step(PeerUp{PeerId{peer}, true}); }
  Lines lost(std::uint32_t peer) { return step(PeerDown{PeerId{peer}}); }
  Lines says(std::uint32_t peer, const Frame& frame) { return step(Receive{PeerId{peer}, frame}); }
  Lines joins(std::uint32_t peer) {
    called_by(peer);
    return says(peer, Frame::of(FrameKind::join, PeerId{peer}));
  }
  Lines asks(std::uint32_t peer, bool urgent) {
    called_by(peer);
    return says(peer, Frame::of(FrameKind::neighbor, PeerId{peer}, urgent));
  }
  Lines answers(std::uint32_t peer, bool yes) { return says(peer, Frame::bare(FrameKind::neighbor_reply, yes)); }
  Lines walk(std::uint32_t from, std::uint32_t newcomer, std::uint8_t ttl) {
    return says(from, Frame::of(FrameKind::forward_join, PeerId{newcomer}, ttl));
  }
  Lines shuffles(std::uint32_t from, std::uint8_t ttl, const std::vector<std::uint32_t>& list) {
    return receive_list(PeerId{from}, FrameKind::shuffle, ttl, list);
  }
  Lines wake() {
    now = deadline;
    return step(Wake{});
  }
  std::set<std::uint32_t> active() {
    std::set<std::uint32_t> all;
    for (const PeerId peer : neighbours()) EXPECT_TRUE(all.insert(index(peer)).second);
    return all;
  }
  std::set<std::uint32_t> passive() {
    std::set<std::uint32_t> all;
    for (const PeerId peer : look().known) EXPECT_TRUE(all.insert(index(peer)).second);
    return all;
  }
  /// In touch with its contact.
  void at_home() {
    step(Start{});
    reached(contact);
    answers(contact, true);
  }
};

using Set = std::set<std::uint32_t>;

bool any(const Lines& lines, const std::string& line) { return std::ranges::find(lines, line) != lines.end(); }
std::size_t count(const Lines& lines, std::string_view part) {
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [&](const std::string& line) { return line.find(part) != std::string::npos; }));
}

TEST(HyParView, JoinsThroughItsContactAndBelievesTheAnswer) {
  Viewer peer;
  EXPECT_EQ(peer.step(Start{}), Lines{"connect peer 100"});
  EXPECT_EQ(peer.reached(contact), Lines{"send peer 100: join of peer 0"});
  EXPECT_EQ(peer.active(), Set{});
  EXPECT_EQ(peer.answers(contact, true), Lines{});
  EXPECT_EQ(peer.active(), Set{contact});
}

TEST(HyParView, TheContactTakesInAndSendsWalks) {
  Viewer peer;
  peer.at_home();
  EXPECT_EQ(peer.joins(1), (Lines{"send peer 1: neighbor_reply 1", "send peer 100: forward_join of peer 1 6"}));
  EXPECT_EQ(peer.active(), (Set{1, contact}));
}

TEST(HyParView, AFullContactLetsARandomNeighbourGoAndRemembersIt) {
  std::set<std::uint32_t> gone;
  for (std::uint32_t newcomer = 2; newcomer < 30; ++newcomer) {
    Viewer peer;
    peer.at_home();
    peer.joins(1);
    for (std::uint32_t i = 2; i < newcomer; ++i) peer.joins(i);
    const Set before = peer.active();
    const Lines lines = peer.joins(newcomer);
    ASSERT_EQ(count(lines, ": disconnect"), 1u);
    ASSERT_EQ(count(lines, "disconnect peer"), 1u);
    ASSERT_EQ(peer.active().size(), 2u);
    ASSERT_TRUE(peer.active().contains(newcomer));
    for (const std::uint32_t old : before) {
      if (peer.active().contains(old)) continue;
      EXPECT_TRUE(peer.passive().contains(old));
      gone.insert(old == contact ? 0 : old == newcomer - 1 ? 1 : 2);
    }
  }
  EXPECT_GE(gone.size(), 2u) << "not always the same";
}

TEST(HyParView, AWalkGoesOnToAnotherNeighbourAndEndsInAnInvitation) {
  Viewer peer;
  peer.at_home();
  peer.joins(1);
  EXPECT_EQ(peer.walk(contact, 7, 6), Lines{"send peer 1: forward_join of peer 7 5"});
  EXPECT_EQ(peer.passive(), Set{});
  EXPECT_EQ(peer.walk(contact, 7, 3), Lines{"send peer 1: forward_join of peer 7 2"});
  EXPECT_EQ(peer.passive(), Set{7}) << "PRWL";
  EXPECT_EQ(peer.walk(contact, 8, 255), Lines{"send peer 1: forward_join of peer 8 5"}) << "no longer than ARWL";
  EXPECT_EQ(peer.walk(contact, 7, 0), Lines{"connect peer 7"});
  EXPECT_EQ(peer.reached(7), Lines{"send peer 7: neighbor of peer 0 1"});
  const Lines lines = peer.answers(7, true);
  EXPECT_EQ(count(lines, ": disconnect"), 1u) << "who is full lets one go";
  EXPECT_TRUE(peer.active().contains(7));
  EXPECT_FALSE(peer.passive().contains(7));
}

TEST(HyParView, AWalkEndsWhereItCannotGoOn) {
  Viewer peer;
  peer.at_home();
  EXPECT_EQ(peer.walk(contact, 7, 6), Lines{"connect peer 7"});
  EXPECT_EQ(peer.walk(contact, 0, 6), Lines{}) << "of itself";
}

TEST(HyParView, OnlyANeighbourSendsWalks) {
  Viewer peer;
  peer.at_home();
  peer.called_by(5);
  EXPECT_EQ(peer.walk(5, 7, 6), Lines{"drop from peer 5: unasked"});
  EXPECT_EQ(peer.shuffles(5, 6, {5, 7}), Lines{"drop from peer 5: unasked"});
  EXPECT_EQ(peer.says(5, Frame::bare(FrameKind::disconnect)), Lines{"drop from peer 5: unasked"});
}

TEST(HyParView, WithoutPriorityThereMustBeRoom) {
  Viewer peer;
  peer.at_home();
  EXPECT_EQ(peer.asks(1, false), Lines{"send peer 1: neighbor_reply 1"});
  EXPECT_EQ(peer.asks(2, false), Lines{"send peer 2: neighbor_reply"});
  EXPECT_EQ(peer.active(), (Set{1, contact}));
  const Lines lines = peer.asks(3, true);
  EXPECT_EQ(lines.back(), "send peer 3: neighbor_reply 1");
  EXPECT_TRUE(peer.active().contains(3));
  EXPECT_EQ(peer.active().size(), 2u);
}

TEST(HyParView, AFailureIsRepairedFromThePassiveView) {
  Viewer peer;
  peer.at_home();
  peer.joins(1);
  peer.walk(contact, 7, 3);
  EXPECT_EQ(peer.lost(1), Lines{"connect peer 7"});
  EXPECT_EQ(peer.reached(7), Lines{"send peer 7: neighbor of peer 0"}) << "one is left: no priority";
  EXPECT_EQ(peer.answers(7, true), Lines{"forget peer 7"});
  EXPECT_EQ(peer.active(), (Set{7, contact}));
  EXPECT_EQ(peer.passive(), Set{}) << "who failed is not remembered";
}

TEST(HyParView, WithoutANeighbourItAsksWithPriorityOnce) {
  Viewer peer;
  peer.at_home();
  peer.joins(1);
  peer.walk(contact, 7, 3);
  peer.walk(contact, 8, 3);
  EXPECT_EQ(count(peer.lost(1), "connect"), 1u);
  EXPECT_EQ(count(peer.lost(contact), "connect"), 1u);
  EXPECT_EQ(peer.reached(7), Lines{"send peer 7: neighbor of peer 0 1"});
  EXPECT_EQ(peer.reached(8), Lines{"send peer 8: neighbor of peer 0"});
}

TEST(HyParView, WhoCannotBeReachedIsForgottenWhoDeclinesIsNot) {
  Viewer peer;
  peer.at_home();
  peer.joins(1);
  for (const std::uint32_t known : {7u, 8u}) peer.walk(contact, known, 3);
  peer.lost(1);
  const std::uint32_t first = peer.links.contains(PeerId{7}) ? 7 : 8, second = 15 - first;
  EXPECT_EQ(peer.lost(first),
            (Lines{"forget peer " + std::to_string(first), "connect peer " + std::to_string(second)}));
  peer.reached(second);
  EXPECT_EQ(peer.answers(second, false), Lines{"disconnect peer " + std::to_string(second)});
  EXPECT_EQ(peer.passive(), Set{second});
}

TEST(HyParView, HavingAskedAllInVainItPausesThenAsksAgain) {
  Viewer peer;
  peer.at_home();
  peer.joins(1);
  peer.walk(contact, 7, 3);
  peer.lost(1);
  Duration pause = HyParViewConfig{}.repair_min;
  for (int round = 0; round < 4; ++round, pause *= 2) {
    peer.reached(7);
    const Time asked = peer.now;
    peer.answers(7, false);
    Lines lines;
    while (lines.empty() || count(lines, "connect peer 7") == 0) lines = peer.wake();
    EXPECT_GE(peer.now - asked, pause) << "round " << round;
    EXPECT_LE(peer.now - asked, pause * 3 / 2) << "round " << round;
  }
}

TEST(HyParView, WhoWasLetGoLooksForAnother) {
  Viewer peer;
  peer.at_home();
  peer.joins(1);
  peer.walk(contact, 7, 3);
  EXPECT_EQ(peer.says(1, Frame::bare(FrameKind::disconnect)), Lines{"connect peer 7"});
  EXPECT_EQ(peer.passive(), (Set{1, 7}));
  EXPECT_EQ(peer.active(), Set{contact});
}

TEST(HyParView, AnAcceptanceThatComesTooLateIsUndone) {
  Viewer peer;
  peer.at_home();
  peer.joins(1);
  peer.walk(contact, 7, 3);
  peer.lost(1);
  peer.reached(7);
  peer.asks(2, false);  // takes the place
  EXPECT_EQ(peer.answers(7, true), (Lines{"send peer 7: disconnect", "disconnect peer 7"}));
  EXPECT_EQ(peer.active(), (Set{2, contact}));
  EXPECT_EQ(peer.passive(), Set{7});
}

TEST(HyParView, TwoThatAskEachOtherAreNeighboursOnce) {
  Viewer peer;
  peer.at_home();
  peer.joins(1);
  peer.walk(contact, 7, 3);
  peer.lost(1);
  peer.called_by(7);  // both dialled: one connection
  const Lines lines = peer.says(7, Frame::of(FrameKind::neighbor, PeerId{7}, 0));
  EXPECT_TRUE(any(lines, "send peer 7: neighbor_reply 1"));
  EXPECT_EQ(peer.answers(7, true), Lines{});
  EXPECT_EQ(peer.active(), (Set{7, contact}));
}

TEST(HyParView, AShuffleTellsOfItselfNeighboursAndOthers) {
  Viewer peer;
  peer.at_home();
  for (const std::uint32_t known : {7u, 8u, 9u}) {
    peer.joins(1);
    peer.walk(contact, known, 3);
  }
  Lines lines;
  while (count(lines, "shuffle") == 0) lines = peer.wake();
  ASSERT_EQ(peer.lists_sent.size(), 1u);
  const auto& list = peer.lists_sent[0];
  ASSERT_EQ(list.size(), 1u + 1 + 2);
  EXPECT_EQ(list[0], 0u);
  EXPECT_TRUE(peer.active().contains(list[1]));
  EXPECT_TRUE(peer.passive().contains(list[2]) && peer.passive().contains(list[3]));
}

TEST(HyParView, AShuffleWalksOnAndIsAnsweredAtItsEnd) {
  Viewer peer;
  peer.at_home();
  peer.joins(1);
  EXPECT_EQ(peer.shuffles(contact, 6, {5, 6, 7}), Lines{"send peer 1: shuffle 5: 5 6 7"});
  EXPECT_EQ(peer.passive(), Set{}) << "who passes it on learns nothing";
  peer.walk(contact, 20, 3);
  EXPECT_EQ(peer.shuffles(contact, 1, {5, 6, 7}).front(), "forget peer 20") << "what is given goes first";
  EXPECT_EQ(peer.passive(), (Set{5, 6, 7}));
  EXPECT_EQ(peer.reached(5), Lines{"send peer 5: shuffle_reply: 20"});
}

TEST(HyParView, AnAnswerIsTakenOnceAndEndsTheConnection) {
  Viewer peer;
  peer.at_home();
  Lines lines;
  while (count(lines, "shuffle") == 0) lines = peer.wake();
  peer.called_by(5);
  EXPECT_EQ(peer.receive_list(PeerId{5}, FrameKind::shuffle_reply, 0, {7, 0, contact}).front(), "disconnect peer 5");
  EXPECT_EQ(peer.passive(), Set{7}) << "neither itself nor a neighbour";
  peer.called_by(6);
  EXPECT_TRUE(any(peer.receive_list(PeerId{6}, FrameKind::shuffle_reply, 0, {8}), "drop from peer 6: unasked"));
  EXPECT_EQ(peer.passive(), Set{7});
}

TEST(HyParView, AStrangerThatSaysNothingIsClosedAndBeyondTheGuestsAtOnce) {
  Viewer peer;
  peer.at_home();
  for (std::uint32_t stranger = 1; stranger <= 5; ++stranger) EXPECT_EQ(peer.called_by(stranger), Lines{});
  EXPECT_EQ(peer.called_by(6), Lines{"disconnect peer 6"});
  Lines lines;
  while (peer.deadline <= 2 * HyParView::quiet) {
    for (std::string& line : peer.wake()) lines.push_back(std::move(line));
  }
  EXPECT_EQ(count(lines, "disconnect peer"), 5u);
  EXPECT_EQ(peer.active(), Set{contact});
}

TEST(HyParView, AloneItJoinsAgain) {
  Viewer peer;
  peer.at_home();
  EXPECT_EQ(peer.lost(contact), Lines{});
  Lines lines;
  while (lines.empty()) lines = peer.wake();
  EXPECT_EQ(lines, Lines{"connect peer 100"});
  EXPECT_LE(peer.now, 2 * HyParViewConfig{}.repair_min);
}

}  // namespace
}  // namespace gossip
