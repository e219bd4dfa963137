#include "core/intake.hpp"

#include <algorithm>

#include "tests/core/hub.hpp"

namespace gossip {
namespace {

IntakeConfig validating(OnSilence on_silence = OnSilence::forward, Relay relay = Relay::all) {
  return {.validation = true, .on_silence = on_silence, .relay = relay};
}
IntakeConfig waiting_room_for_two(OnSilence on_silence) {
  IntakeConfig config = validating(on_silence);
  config.cache_size = 2;
  return config;
}

std::string delivery(MessageRef message, std::uint32_t from) {
  return "deliver " + std::to_string(index(message)) + " from peer " + std::to_string(from) + " hops 1";
}
std::string forwarding(MessageRef message, std::uint32_t from) {
  return "send all but peer " + std::to_string(from) + ": announce " + std::to_string(index(message)) + " ttl 0 hops 2";
}

std::size_t count(const Lines& lines, std::string_view beginning) {
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [&](const std::string& line) { return line.starts_with(beginning); }));
}

// ---- what is new

TEST(Intake, ADuplicateGoesNoFurtherWhoeverSendsIt) {
  Hub hub;
  hub.receive(a, 2);
  EXPECT_EQ(hub.receive(a, 2), Lines{"drop 0 from peer 2: duplicate"});
  EXPECT_EQ(hub.receive(a, 3, 7, 9), Lines{"drop 0 from peer 3: duplicate"});
}

TEST(Intake, OurOwnAnnouncementComingBackIsADuplicate) {
  Hub hub;
  hub.step(Publish{a, 0});
  EXPECT_EQ(hub.receive(a, 1), Lines{"drop 0 from peer 1: duplicate"});
  EXPECT_EQ(hub.step(Publish{a, 0}), Lines{"drop 0: duplicate"});
}

TEST(Intake, WhatANeighbourHadIsNotAnnouncedAgainAsOurOwn) {
  Hub hub;
  hub.receive(a, 1);
  EXPECT_EQ(hub.step(Publish{a, 0}), Lines{"drop 0: duplicate"});
}

TEST(Intake, TheLastHopDeliversAndDoesNotForward) {
  Hub hub;
  EXPECT_EQ(hub.receive(a, 1, 1), (Lines{"deliver 0 from peer 1 hops 1", "drop 0 from peer 1: ttl"}));
}

TEST(Intake, EveryHopTakesOneFromTheTtlAndNoneMakesItUnlimited) {
  Hub hub;
  EXPECT_EQ(hub.receive(a, 1, 2)[1], "send all but peer 1: announce 0 ttl 1 hops 2");
  EXPECT_EQ(hub.receive(b, 1, 255)[1], "send all but peer 1: announce 1 ttl 254 hops 2");
  EXPECT_EQ(hub.receive(c, 1, 0)[1], "send all but peer 1: announce 2 ttl 0 hops 2");
}

TEST(Intake, OurOwnOfOneHopGoesToTheNeighbours) {
  Hub hub;
  EXPECT_EQ(hub.step(Publish{a, 1})[1], "send all: announce 0 ttl 1 hops 1");
}

TEST(Intake, HopsSaturate) {
  Hub hub;
  EXPECT_EQ(hub.receive(a, 1, 0, 0xfffe)[1], "send all but peer 1: announce 0 ttl 0 hops 65535");
  EXPECT_EQ(hub.receive(b, 1, 0, 0xffff)[1], "send all but peer 1: announce 1 ttl 0 hops 65535");
}

// ---- what is remembered

TEST(Intake, SeenForItsTtlThenTheSameDataMayBeAnnouncedAgain) {
  Hub hub({.seen_ttl = 10 * second});
  hub.receive(a, 1);
  hub.now = 10 * second - 1;
  EXPECT_EQ(hub.receive(a, 1), Lines{"drop 0 from peer 1: duplicate"});
  hub.now = 10 * second;
  EXPECT_EQ(hub.receive(a, 2), (Lines{"forget 0", delivery(a, 2), forwarding(a, 2)}));
}

TEST(Intake, ACopyDoesNotMakeItRememberedForLonger) {
  Hub hub({.seen_ttl = 10 * second});
  hub.receive(a, 1);
  hub.now = 9 * second;
  hub.receive(a, 2);
  hub.now = 10 * second;
  EXPECT_EQ(hub.receive(a, 3).front(), "forget 0");
}

TEST(Intake, WhatIsNewAgainIsForgottenFirstHoweverManyExpiredBeforeIt) {
  Hub hub({.seen_ttl = second});
  for (std::uint32_t i = 0; i < 10; ++i) hub.receive(MessageRef{i}, 1);
  hub.now = second;
  EXPECT_EQ(hub.receive(MessageRef{7}, 2),
            (Lines{"forget 0", "forget 1", "forget 7", delivery(MessageRef{7}, 2), forwarding(MessageRef{7}, 2)}));
  EXPECT_EQ(hub.receive(MessageRef{7}, 3), Lines{"drop 7 from peer 3: duplicate"});
}

// A storm is what comes of forgetting instead: copies under way become new, and circulate for ever.
TEST(Intake, AFullMemoryRefusesWhatIsNewAndForgetsNothing) {
  Hub hub({.seen_capacity = 2, .seen_ttl = second});
  hub.receive(a, 1);
  hub.receive(b, 1);
  EXPECT_EQ(hub.receive(c, 2), Lines{"drop 2 from peer 2: memory_full"});
  EXPECT_EQ(hub.step(Publish{c, 0}), Lines{"drop 2: memory_full"});
  EXPECT_EQ(hub.receive(a, 2), Lines{"drop 0 from peer 2: duplicate"});
  EXPECT_EQ(hub.receive(b, 2), Lines{"drop 1 from peer 2: duplicate"});
  hub.now = second;
  EXPECT_EQ(hub.receive(c, 2), (Lines{"forget 0", "forget 1", delivery(c, 2), forwarding(c, 2)}));
}

TEST(Intake, ExpiryNeedsNoWake) {
  Hub hub({.seen_ttl = second});
  hub.receive(a, 1);
  EXPECT_EQ(hub.deadline, never);
  hub.now = 5 * second;
  EXPECT_EQ(hub.step(Wake{}), Lines{"forget 0"});
  EXPECT_EQ(hub.look().remembered, 0u);
}

// ---- verdicts

TEST(Intake, WaitsForTheVerdict) {
  Hub hub(validating());
  hub.now = 5 * second;
  EXPECT_EQ(hub.receive(a, 1, 3), Lines{delivery(a, 1)});
  EXPECT_EQ(hub.deadline, 7 * second);
  EXPECT_EQ(hub.verdict(a, Opinion::accept), Lines{"send all but peer 1: announce 0 ttl 2 hops 2"});
  EXPECT_EQ(hub.deadline, never);
}

TEST(Intake, WhatWaitsIsADuplicateToo) {
  Hub hub(validating());
  hub.receive(a, 1);
  EXPECT_EQ(hub.receive(a, 2), Lines{"drop 0 from peer 2: duplicate"});
}

TEST(Intake, AnAcceptedLastHopStillGoesNoFurther) {
  Hub hub(validating());
  hub.receive(a, 1, 1);
  EXPECT_EQ(hub.verdict(a, Opinion::accept), Lines{"drop 0 from peer 1: ttl"});
}

TEST(Intake, ARejectedMessageEndsHereForGood) {
  Hub hub(validating());
  hub.receive(a, 1);
  EXPECT_EQ(hub.verdict(a, Opinion::reject), Lines{"drop 0 from peer 1: rejected"});
  EXPECT_EQ(hub.deadline, never);
  EXPECT_EQ(hub.receive(a, 2), Lines{"drop 0 from peer 2: duplicate"});
}

TEST(Intake, TheFirstVerdictCounts) {
  Hub hub(validating());
  hub.receive(a, 1);
  hub.receive(b, 1);
  hub.verdict(a, Opinion::reject);
  EXPECT_EQ(hub.verdict(a, Opinion::accept), Lines{"drop 0: late_verdict"});
  hub.verdict(b, Opinion::accept);
  EXPECT_EQ(hub.verdict(b, Opinion::reject), Lines{"drop 1: late_verdict"});
}

TEST(Intake, AVerdictOnWhatWasNeverDeliveredIsCounted) {
  Hub with(validating()), without;
  EXPECT_EQ(with.verdict(a, Opinion::accept), Lines{"drop 0: late_verdict"});
  EXPECT_EQ(without.verdict(a, Opinion::accept), Lines{"drop 0: late_verdict"});
}

TEST(Intake, WithoutASubscriberARelayOfAllForwards) {
  Hub hub(validating(OnSilence::drop, Relay::all));
  hub.receive(a, 1);
  EXPECT_EQ(hub.verdict(a, Opinion::nobody), Lines{forwarding(a, 1)});
}

TEST(Intake, WithoutASubscriberARelayOfTheSubscribedDoesNot) {
  Hub hub(validating(OnSilence::forward, Relay::subscribed));
  hub.receive(a, 1);
  EXPECT_EQ(hub.verdict(a, Opinion::nobody), Lines{"drop 0 from peer 1: not_relayed"});
  hub.receive(b, 1);
  EXPECT_EQ(hub.verdict(b, Opinion::accept), Lines{forwarding(b, 1)});
}

TEST(Intake, OurOwnAnnouncementNeedsNoVerdict) {
  Hub hub(validating(OnSilence::drop, Relay::subscribed));
  EXPECT_EQ(hub.step(Publish{a, 0}).size(), 2u);
  EXPECT_EQ(hub.deadline, never);
  EXPECT_EQ(hub.verdict(a, Opinion::reject), Lines{"drop 0: late_verdict"});
}

// ---- silence

TEST(Intake, SilenceForwardsAtTheDeadline) {
  Hub hub(validating(OnSilence::forward));
  hub.receive(a, 3);
  hub.now = hub.deadline;
  EXPECT_EQ(hub.step(Wake{}), Lines{forwarding(a, 3)});
  EXPECT_EQ(hub.deadline, never);
  EXPECT_EQ(hub.verdict(a, Opinion::accept), Lines{"drop 0: late_verdict"});
}

TEST(Intake, SilenceDropsAtTheDeadline) {
  Hub hub(validating(OnSilence::drop));
  hub.receive(a, 3);
  hub.now = hub.deadline;
  EXPECT_EQ(hub.step(Wake{}), Lines{"drop 0 from peer 3: silence"});
  EXPECT_EQ(hub.deadline, never);
}

TEST(Intake, AnEarlyWakeIsANoOp) {
  Hub hub(validating());
  hub.receive(a, 1);
  hub.now = hub.deadline - 1;
  EXPECT_EQ(hub.step(Wake{}), Lines{});
  EXPECT_EQ(hub.deadline, hub.now + 1);
}

TEST(Intake, AVerdictOneNanosecondBeforeTheDeadlineWins) {
  Hub hub(validating(OnSilence::drop));
  hub.receive(a, 1);
  hub.now = hub.deadline - 1;
  EXPECT_EQ(hub.verdict(a, Opinion::accept), Lines{forwarding(a, 1)});
}

TEST(Intake, AVerdictAtTheDeadlineIsTooLateWhetherOrNotAnotherWaits) {
  for (const bool another : {false, true}) {
    Hub hub(validating(OnSilence::drop));
    hub.receive(a, 1);
    const Time deadline = hub.deadline;
    hub.now = second;
    if (another) hub.receive(b, 2);
    hub.now = deadline;
    EXPECT_EQ(hub.verdict(a, Opinion::accept), (Lines{"drop 0: late_verdict", "drop 0 from peer 1: silence"}));
    EXPECT_EQ(hub.deadline, another ? 3 * second : never);
  }
}

TEST(Intake, AVerdictAtTheDeadlineOfTwoThatCameTogetherIsTooLateForBoth) {
  Hub hub(validating(OnSilence::drop));
  hub.receive(a, 1);
  hub.receive(b, 2);
  hub.now = hub.deadline;
  EXPECT_EQ(hub.verdict(b, Opinion::accept),
            (Lines{"drop 1: late_verdict", "drop 0 from peer 1: silence", "drop 1 from peer 2: silence"}));
}

TEST(Intake, EachWaitsUntilItsOwnDeadline) {
  Hub hub(validating(OnSilence::drop));
  for (const MessageRef message : {a, b, c}) {
    hub.receive(message, 1);
    hub.now += second / 2;
  }
  EXPECT_EQ(hub.deadline, 2 * second);
  EXPECT_EQ(hub.verdict(a, Opinion::reject), Lines{"drop 0 from peer 1: rejected"});
  EXPECT_EQ(hub.deadline, 2 * second + second / 2);
  hub.now = 3 * second;
  EXPECT_EQ(hub.step(Wake{}), (Lines{"drop 1 from peer 1: silence", "drop 2 from peer 1: silence"}));
}

TEST(Intake, AVerdictFromTheMiddleLeavesTheOthersInOrder) {
  Hub hub(validating(OnSilence::drop));
  for (const MessageRef message : {a, b, c}) {
    hub.receive(message, 1);
    hub.now += second / 2;
  }
  hub.verdict(b, Opinion::accept);
  EXPECT_EQ(hub.deadline, 2 * second);
  hub.now = 10 * second;
  EXPECT_EQ(hub.step(Wake{}), (Lines{"drop 0 from peer 1: silence", "drop 2 from peer 1: silence"}));
}

TEST(Intake, AsManyWaitAsTheCacheHoldsAndOneMoreMakesTheOldestMetBySilence) {
  Hub hub(waiting_room_for_two(OnSilence::forward));
  EXPECT_EQ(hub.receive(a, 1), Lines{delivery(a, 1)});
  EXPECT_EQ(hub.receive(b, 1), Lines{delivery(b, 1)});
  EXPECT_EQ(hub.receive(c, 2), (Lines{delivery(c, 2), forwarding(a, 1)}));
  EXPECT_EQ(hub.verdict(a, Opinion::accept), Lines{"drop 0: late_verdict"});
  EXPECT_EQ(hub.verdict(c, Opinion::reject), Lines{"drop 2 from peer 2: rejected"});
}

TEST(Intake, AFullCacheDropsTheOldestWhereSilenceDrops) {
  Hub hub(waiting_room_for_two(OnSilence::drop));
  hub.receive(a, 1);
  hub.receive(b, 1);
  EXPECT_EQ(hub.receive(c, 2), (Lines{delivery(c, 2), "drop 0 from peer 1: silence"}));
}

TEST(Intake, WhatWaitsIsShownOldestFirst) {
  Hub hub(waiting_room_for_two(OnSilence::drop));
  for (std::uint32_t i = 0; i < 5; ++i) {
    hub.receive(MessageRef{i}, 1);
    std::vector<MessageRef> shown, expected;
    for (const auto& run : hub.look().waiting) {
      for (const Intake::Waiting& waiting : run) shown.push_back(waiting.message);
    }
    if (i > 0) expected.push_back(MessageRef{i - 1});
    expected.push_back(MessageRef{i});
    EXPECT_EQ(shown, expected);
  }
}

// ---- what waits longer than it would be remembered

IntakeConfig long_verdicts(std::uint32_t capacity) {
  return {.seen_capacity = capacity,
          .seen_ttl = second,
          .validation = true,
          .validation_deadline = 10 * second,
          .on_silence = OnSilence::drop};
}

TEST(Intake, WhatWaitsStaysKnownHoweverLate) {
  Hub hub(long_verdicts(16));
  hub.receive(a, 1);
  hub.now = 5 * second;
  EXPECT_EQ(hub.receive(a, 2), Lines{"drop 0 from peer 2: duplicate"});
  EXPECT_EQ(hub.step(Wake{}), Lines{}) << "not forgotten either";
  EXPECT_EQ(hub.receive(b, 2), Lines{delivery(b, 2)});
  EXPECT_EQ(hub.verdict(a, Opinion::accept), Lines{forwarding(a, 1)});
  EXPECT_EQ(hub.step(Wake{}), Lines{"forget 0"});
}

TEST(Intake, AMemoryFullOfWhatWaitsRefusesWhatIsNew) {
  Hub hub(long_verdicts(2));
  hub.receive(a, 1);
  hub.receive(b, 1);
  hub.now = 5 * second;
  EXPECT_EQ(hub.receive(c, 2), Lines{"drop 2 from peer 2: memory_full"});
  hub.verdict(a, Opinion::reject);
  EXPECT_EQ(hub.receive(c, 2), (Lines{"forget 0", delivery(c, 2)}));
}

// ---- the work of a step

TEST(Intake, AStepSettlesSoManyAndAsksForTheNext) {
  Hub hub(validating(OnSilence::drop));
  for (std::uint32_t i = 0; i < 40; ++i) hub.receive(MessageRef{i}, 1);
  hub.now = hub.deadline;
  for (std::uint32_t done = 0; done < 40; done += Intake::settled_a_step) {
    EXPECT_EQ(hub.deadline, hub.now);
    EXPECT_EQ(count(hub.step(Wake{}), "drop "), Intake::settled_a_step);
  }
  EXPECT_EQ(hub.deadline, never);
}

TEST(Intake, AnyInputSettlesWhatIsOverdue) {
  Hub hub(validating(OnSilence::drop));
  for (std::uint32_t i = 0; i < 10; ++i) hub.receive(MessageRef{i}, 1);
  hub.now = hub.deadline;
  const Lines lines = hub.receive(MessageRef{50}, 1);
  EXPECT_EQ(lines.front(), delivery(MessageRef{50}, 1));
  EXPECT_EQ(count(lines, "drop "), Intake::settled_a_step);
  EXPECT_EQ(hub.deadline, hub.now);
}

TEST(Intake, AStepForgetsSoManyOfAWholeMemoryThatExpires) {
  Hub hub(validating(OnSilence::drop));
  for (std::uint32_t i = 0; i < 65'536; ++i) hub.receive(MessageRef{i}, 1, 1);
  ASSERT_EQ(hub.look().remembered, 65'536u);
  hub.now = 1'000 * second;
  std::size_t forgotten = 0, settled = 0;
  for (int steps = 0; hub.look().remembered > 0; ++steps) {
    const Lines lines = hub.step(Wake{});
    ASSERT_LE(count(lines, "forget "), Intake::forgotten_a_step);
    ASSERT_LE(lines.size(), Intake::most_actions);
    ASSERT_LT(steps, 2'000) << "it goes on";
    forgotten += count(lines, "forget ");
    settled += count(lines, "drop ");
  }
  EXPECT_EQ(forgotten, 65'536u);
  EXPECT_EQ(settled, 50u);
  EXPECT_EQ(hub.deadline, never);
}

TEST(Intake, WhatIsNewForgetsAFewOfThoseBeforeIt) {
  Hub hub({.seen_ttl = second});
  for (std::uint32_t i = 0; i < 65'536; ++i) hub.receive(MessageRef{i}, 1);
  hub.now = second;
  const Lines lines = hub.receive(MessageRef{70'000}, 1);
  EXPECT_EQ(lines, (Lines{"forget 0", "forget 1", delivery(MessageRef{70'000}, 1), forwarding(MessageRef{70'000}, 1)}));
}

// A driver may give the number of who left to who comes.
TEST(Intake, WhoComesWithTheNumberOfWhoLeftIsNotTakenForTheSender) {
  Config config;
  config.of<Intake>() = validating(OnSilence::forward);
  OnePeer peer(operations_of<Sampling, Flood>(), config);
  peer.step(PeerUp{PeerId{1}, true});
  peer.step(PeerUp{PeerId{2}, true});
  const MessageRef message{0};
  peer.step(Receive{PeerId{1}, Frame::announce(message, 0, 1)});
  peer.step(PeerDown{PeerId{1}});
  peer.step(PeerUp{PeerId{1}, true});
  peer.act(Verdict{message, Opinion::accept});
  ASSERT_EQ(peer.actions.size(), 1u);
  EXPECT_EQ(std::get<SendAll>(peer.actions[0]).except, gone_peer);
}

}  // namespace
}  // namespace gossip
