#include "core/broadcast/rumor.hpp"

#include <cmath>

#include "tests/core/hub.hpp"

namespace gossip {
namespace {

constexpr PeerId targets[] = {PeerId{1}, PeerId{1}, PeerId{1}, PeerId{2}, PeerId{3}};

RumorConfig cycles(RumorConfig config = {}) {
  config.clock = RumorClock::synchronous;
  return config;
}

/// Peer 1 of a row: its neighbours are 1, 2 and 3 (`neighbours` of them, from the last).
class Teller : public OnePeer {
 public:
  explicit Teller(const RumorConfig& config, std::uint32_t neighbours = 1, MessageStore store = any_message(),
                  std::uint64_t seed = 1)
      : OnePeer(operations_of<Fixed, Rumor>(), with(config, neighbours), {.seed = seed, .messages = std::move(store)}) {
  }

  Lines receive(MessageRef message, std::uint32_t from = 1) {
    return step(Receive{PeerId{from}, Frame::announce(message, 0, 1)});
  }
  Lines knew(MessageRef message, std::uint32_t from = 1) {
    return step(Receive{PeerId{from}, Frame::of(FrameKind::rumor_knew, message, 0, 0)});
  }
  Lines call(std::uint32_t from, bool asks = false) {
    return step(Receive{PeerId{from}, Frame::bare(FrameKind::rumor_call, asks)});
  }
  Lines answer(std::uint32_t from, bool accepted) {
    return step(Receive{PeerId{from}, Frame::bare(FrameKind::rumor_answer, accepted)});
  }
  /// The next one, at its time.
  Lines round() {
    now = deadline;
    return step(Wake{});
  }

 private:
  static Config with(const RumorConfig& rumor, std::uint32_t neighbours) {
    static constexpr std::uint64_t none[] = {0, 0}, one[] = {0, 1}, three[] = {2, 5};
    Config config;
    config.of<Rumor>() = rumor;
    config.of<Intake>().seen_ttl = 24 * 3'600 * second;
    config.of<Fixed>() = {neighbours == 0   ? std::span(none)
                          : neighbours == 1 ? std::span(one)
                                            : std::span(three),
                          targets,
                          {}};
    return config;
  }
};

const Lines told{"send peer 1: announce 0 ttl 0 hops 2"};
const Lines called{"send peer 1: rumor_call"};

TEST(RumorPush, WhatIsNewIsToldFromTheNextRoundOnAndNotBefore) {
  Teller peer(cycles());
  EXPECT_EQ(peer.deadline, never);
  peer.now = 300 * millisecond;
  EXPECT_EQ(peer.receive(a), Lines{"deliver 0 from peer 1 hops 1"});
  EXPECT_EQ(peer.deadline, second);
  peer.now = second - 1;
  EXPECT_EQ(peer.step(Wake{}), Lines{});
  EXPECT_EQ(peer.round(), told);
  EXPECT_EQ(peer.deadline, 2 * second);
}

TEST(RumorPush, ARoundTellsOnePartnerAllThatIsHot) {
  Teller peer(cycles(), 3);
  for (std::uint32_t message = 0; message < 5; ++message) peer.receive(MessageRef{message});
  const Lines lines = peer.round();
  ASSERT_EQ(lines.size(), 5u);
  const std::string partner = lines[0].substr(0, lines[0].find(':'));
  for (const std::string& line : lines) EXPECT_TRUE(line.starts_with(partner)) << line;
}

TEST(RumorPush, PartnersAreDrawnAnewAndAllAreEquallyLikely) {
  Teller peer(cycles({.interest = RumorInterest::blind, .k = 60'000}), 3);
  peer.receive(a);
  std::map<PeerId, double> drawn;
  constexpr int rounds = 9'000;
  for (int i = 0; i < rounds; ++i) {
    peer.round();
    ++drawn[std::get<Send>(peer.actions.at(0)).to];
  }
  ASSERT_EQ(drawn.size(), 3u);
  for (const auto& [to, count] : drawn) EXPECT_NEAR(count, rounds / 3.0, 4.5 * std::sqrt(rounds * 2 / 9.0));
}

TEST(RumorCounter, TheKthUselessContactEndsIt) {
  Teller peer(cycles({.k = 2}));
  peer.receive(a);
  EXPECT_EQ(peer.round(), told);
  EXPECT_EQ(peer.knew(a), Lines{});
  EXPECT_EQ(peer.round(), told);
  peer.knew(a);
  EXPECT_EQ(peer.round(), Lines{});
  EXPECT_EQ(peer.deadline, never) << "a push without rumors is silent";
}

TEST(RumorCounter, AUsefulContactBeginsTheCountAnew) {
  Teller peer(cycles({.k = 2}));
  peer.receive(a);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(peer.round(), told);
    peer.knew(a);
    EXPECT_EQ(peer.round(), told) << "who is silent did not know";
  }
  peer.round(), peer.knew(a);
  peer.round(), peer.knew(a);
  EXPECT_EQ(peer.round(), Lines{});
}

TEST(RumorCounter, AnswersThatNobodyWasAskedForChangeNothing) {
  Teller peer(cycles({.k = 1}));
  peer.receive(a);
  EXPECT_EQ(peer.knew(a), Lines{}) << "before anything was told";
  EXPECT_EQ(peer.knew(b), Lines{}) << "what is not hot";
  EXPECT_EQ(peer.round(), told);
}

TEST(RumorCounter, BlindCountsEveryContact) {
  Teller peer(cycles({.interest = RumorInterest::blind, .k = 3}));
  peer.receive(a);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(peer.round(), told);
  EXPECT_EQ(peer.round(), Lines{});
}

double tellings(const RumorConfig& config, bool knows, std::uint32_t messages) {
  Teller peer(cycles(config));
  double sum = 0;
  for (std::uint32_t message = 0; message < messages; ++message) {
    peer.receive(MessageRef{message});
    for (; peer.deadline != never; ++sum) {
      if (peer.round().empty()) break;
      if (knows) peer.knew(MessageRef{message});
    }
  }
  return sum / messages;
}

TEST(RumorCoin, EachContactThatCountsEndsItWithProbabilityOneInK) {
  constexpr std::uint32_t messages = 4'000;
  for (const std::uint32_t k : {1u, 2u, 5u}) {
    // Geometric: mean k, variance k (k - 1).
    const double tolerance = 4.5 * std::sqrt(k * (k - 1.0) / messages);
    EXPECT_NEAR(tellings({.interest = RumorInterest::blind, .removal = RumorRemoval::coin, .k = k}, false, messages), k,
                tolerance);
    EXPECT_NEAR(tellings({.removal = RumorRemoval::coin, .k = k}, true, messages), k, tolerance);
  }
}

TEST(RumorCoin, AUsefulContactNeverEndsItWithFeedback) {
  Teller peer(cycles({.removal = RumorRemoval::coin, .k = 1}));
  peer.receive(a);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(peer.round(), told);
  peer.knew(a);
  EXPECT_EQ(peer.round(), Lines{});
}

TEST(RumorFeedback, WhatCountsIsWhatWasKnownWhenTheCycleBegan) {
  Teller peer(cycles({.k = 1}));
  peer.receive(a);
  EXPECT_EQ(peer.receive(a), Lines{"drop 0 from peer 1: duplicate"}) << "in the cycle of the first";
  peer.round();
  const Lines said{"drop 0 from peer 1: duplicate", "send peer 1: rumor_knew 0 ttl 0 hops 0"};
  EXPECT_EQ(peer.receive(a), said);
  peer.knew(a), peer.round();
  EXPECT_EQ(peer.deadline, never);
  EXPECT_EQ(peer.receive(a), said) << "known, and not hot any more";
}

TEST(RumorFeedback, WithIndependentClocksWhatCountsIsWhatIsKnown) {
  Teller peer({.clock = RumorClock::jittered});
  peer.receive(a);
  EXPECT_EQ(peer.receive(a), (Lines{"drop 0 from peer 1: duplicate", "send peer 1: rumor_knew 0 ttl 0 hops 0"}));
}

TEST(RumorFeedback, BlindSaysNothing) {
  Teller peer(cycles({.interest = RumorInterest::blind}));
  peer.receive(a);
  peer.round();
  EXPECT_EQ(peer.receive(a), Lines{"drop 0 from peer 1: duplicate"});
}

TEST(RumorPull, CallsEachRoundForEver) {
  Teller peer(cycles({.mode = RumorMode::pull}));
  peer.step(Start{});
  for (Time at = 1; at < 5; ++at) {
    EXPECT_EQ(peer.deadline, at * second);
    EXPECT_EQ(peer.round(), called);
  }
}

TEST(RumorPull, ServesWhatWasHotWhenTheCycleBegan) {
  Teller peer(cycles({.mode = RumorMode::pull}), 3);
  peer.receive(a);
  EXPECT_EQ(peer.call(2), Lines{}) << "it came in this cycle";
  peer.round();
  EXPECT_EQ(peer.call(2), Lines{"send peer 2: announce 0 ttl 0 hops 2"});
}

TEST(RumorPull, TheCounterActsOnceARoundAndOneWhoDidNotKnowIsEnough) {
  Teller peer(cycles({.mode = RumorMode::pull, .k = 2}), 3);
  peer.receive(a);
  const auto served = [&](std::initializer_list<std::uint32_t> callers, std::uint32_t knowing) {
    peer.round();
    std::size_t sent = 0;
    for (const std::uint32_t caller : callers) sent += peer.call(caller).size();
    for (std::uint32_t i = 0; i < knowing; ++i) peer.knew(a, 1 + i);
    return sent;
  };
  EXPECT_EQ(served({1, 2, 3}, 3), 3u) << "all knew: one";
  EXPECT_EQ(served({}, 0), 0u) << "nobody called: still one";
  EXPECT_EQ(served({1, 2, 3}, 2), 3u) << "one did not know: none";
  EXPECT_EQ(served({1}, 1), 1u) << "one again";
  EXPECT_EQ(served({1, 2}, 2), 2u) << "two";
  EXPECT_EQ(served({1, 2}, 0), 0u) << "it is over";
}

TEST(RumorPushPull, TellsAndAsksTheSamePartner) {
  Teller peer(cycles({.mode = RumorMode::push_pull}));
  EXPECT_EQ((peer.step(Start{}), peer.round()), called);
  peer.receive(a);
  EXPECT_EQ(peer.round(), (Lines{told[0], called[0]}));
  EXPECT_EQ(peer.call(2), Lines{"send peer 2: announce 0 ttl 0 hops 2"});
}

TEST(RumorConnections, OnlySoManyCallsAreAcceptedInARound) {
  Teller peer(cycles({.mode = RumorMode::pull, .connections = 2}), 3);
  peer.receive(a);
  peer.round();
  const Lines accepted{"send peer 2: rumor_answer 1", "send peer 2: announce 0 ttl 0 hops 2"};
  const Lines refused{"send peer 2: rumor_answer"};
  EXPECT_EQ(peer.call(2, true), accepted);
  EXPECT_EQ(peer.call(2, true), accepted);
  EXPECT_EQ(peer.call(2, true), refused);
  peer.round();
  EXPECT_EQ(peer.call(2, true), accepted);
}

TEST(RumorConnections, DataGoesOnlyToWhoAccepts) {
  Teller peer(cycles({.connections = 1}));
  peer.receive(a);
  EXPECT_EQ(peer.round(), Lines{"send peer 1: rumor_call 1"});
  EXPECT_EQ(peer.answer(2, true), Lines{"drop from peer 2: unasked"});
  EXPECT_EQ(peer.answer(1, true), told);
  EXPECT_EQ(peer.answer(1, true), Lines{"drop from peer 1: unasked"}) << "once";
}

TEST(RumorConnections, WhoIsRefusedHuntsAFewTimesAndThatIsNoContact) {
  Teller peer(cycles({.k = 1, .connections = 1, .hunt = 2}));
  peer.receive(a);
  const Lines asks{"send peer 1: rumor_call 1"};
  for (int rounds = 0; rounds < 3; ++rounds) {
    EXPECT_EQ(peer.round(), asks);
    EXPECT_EQ(peer.answer(1, false), asks);
    EXPECT_EQ(peer.answer(1, false), asks);
    EXPECT_EQ(peer.answer(1, false), Lines{});
  }
}

TEST(RumorBounds, OneTooManyAndTheOldestIsHotNoLonger) {
  Teller peer(cycles({.rumors = 2}), 1, MessageStore(MessageStore::Limits{}));
  std::vector<MessageRef> messages;
  for (const char text : {'x', 'y', 'z'}) {
    const auto body = std::as_bytes(std::span(&text, 1));
    messages.push_back(*peer.messages.add(1, body));
    peer.step(Publish{messages.back(), 0});
    peer.messages.drop_body(messages.back());
    peer.messages.collect();
  }
  EXPECT_EQ(peer.messages.bodies(), 2u);
  EXPECT_EQ(to_text(peer.actions.at(1), nullptr), "drop 0: rumors_full");
  EXPECT_EQ(peer.round(), (Lines{"send peer 1: announce 1 ttl 0 hops 1", "send peer 1: announce 2 ttl 0 hops 1"}));
}

TEST(RumorBounds, ARumorKeepsItsDataAsLongAsItIsHot) {
  Teller peer(cycles({.interest = RumorInterest::blind, .k = 1}), 1, MessageStore(MessageStore::Limits{}));
  const MessageRef message = *peer.messages.add(1, {});
  peer.step(Publish{message, 0});
  peer.messages.drop_body(message);
  peer.messages.collect();
  EXPECT_EQ(peer.messages.bodies(), 1u);
  peer.round();
  EXPECT_EQ(peer.messages.bodies(), 1u) << "judged when the next round begins";
  peer.round();
  EXPECT_EQ(peer.messages.bodies(), 0u);
}

TEST(RumorBounds, WithoutNeighboursItWaits) {
  Teller peer(cycles(), 0);
  peer.receive(a);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(peer.round(), Lines{});
  EXPECT_EQ(peer.deadline, 11 * second) << "still hot";
}

std::vector<double> intervals(RumorClock clock, int count) {
  Teller peer({.mode = RumorMode::pull, .clock = clock});
  peer.step(Start{});
  std::vector<double> rounds;
  for (int i = 0; i < count; ++i) {
    const Time before = peer.now;
    peer.round();
    rounds.push_back(static_cast<double>(peer.now - before) / second);
  }
  return rounds;
}

TEST(RumorClocks, JitteredIsFromHalfARoundToOneAndAHalf) {
  const auto rounds = intervals(RumorClock::jittered, 10'000);
  double sum = 0;
  for (const double round : rounds) {
    EXPECT_GE(round, 0.5);
    EXPECT_LT(round, 1.5);
    sum += round;
  }
  EXPECT_NEAR(sum / 10'000, 1, 4.5 * std::sqrt(1 / 12.0 / 10'000));
}

TEST(RumorClocks, PoissonIsExponential) {
  constexpr int count = 40'000;
  const auto rounds = intervals(RumorClock::poisson, count);
  double sum = 0;
  for (const double round : rounds) sum += round;
  EXPECT_NEAR(sum / count, 1, 4.5 / std::sqrt(count));
  for (const double longer : {0.1, 0.5, 1.0, 2.0, 4.0}) {
    const double share = std::exp(-longer);
    const auto found = static_cast<double>(std::ranges::count_if(rounds, [&](double round) { return round > longer; }));
    EXPECT_NEAR(found / count, share, 4.5 * std::sqrt(share * (1 - share) / count)) << longer;
  }
}

}  // namespace
}  // namespace gossip
