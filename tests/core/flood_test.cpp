#include "core/broadcast/flood.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "tests/core/one_peer.hpp"

namespace gossip {
namespace {

constexpr MessageRef a{0}, b{1}, c{2};

/// Peer 0 of a star, with peers 1, 2 and 3 around it.
class Hub : public OnePeer<Peer<Fixed, Flood>> {
 public:
  explicit Hub(FloodConfig flood = {}) : OnePeer({.flood = flood, .sampling = {}}, PeerId{0}, {offsets, targets, {}}) {}

  Lines receive(MessageRef message, std::uint32_t from, std::uint8_t ttl = 0, std::uint16_t hops = 1) {
    return step(Receive{PeerId{from}, Frame::announce(message, ttl, hops)});
  }
  Lines verdict(MessageRef message, Opinion opinion) { return step(Verdict{message, opinion}); }

 private:
  static constexpr std::uint64_t offsets[] = {0, 3, 3, 3, 3};
  static constexpr PeerId targets[] = {PeerId{1}, PeerId{2}, PeerId{3}};
};

FloodConfig validating(OnSilence on_silence = OnSilence::forward, Relay relay = Relay::all) {
  return {.validation = true, .on_silence = on_silence, .relay = relay};
}

// ---- what is new goes on

TEST(Flood, ForwardsToEveryNeighbourButTheSender) {
  Hub hub;
  EXPECT_EQ(hub.receive(a, 2, 0, 5), (Lines{
                                         "deliver 0 from peer 2 hops 5",
                                         "send peer 1: announce 0 ttl 0 hops 6",
                                         "send peer 3: announce 0 ttl 0 hops 6",
                                     }));
  EXPECT_EQ(hub.deadline, never);
}

TEST(Flood, ADuplicateGoesNoFurtherWhoeverSendsIt) {
  Hub hub;
  hub.receive(a, 2);
  EXPECT_EQ(hub.receive(a, 2), Lines{"drop 0: duplicate"});
  EXPECT_EQ(hub.receive(a, 3, 7, 9), Lines{"drop 0: duplicate"});
}

TEST(Flood, AnAnnouncementOfOurOwnGoesToAllWithItsTtlUnchanged) {
  Hub hub;
  EXPECT_EQ(hub.step(Publish{a, 3}), (Lines{
                                         "deliver 0 from nobody hops 0",
                                         "send peer 1: announce 0 ttl 3 hops 1",
                                         "send peer 2: announce 0 ttl 3 hops 1",
                                         "send peer 3: announce 0 ttl 3 hops 1",
                                     }));
  EXPECT_EQ(hub.step(Publish{a, 3}), Lines{"drop 0: duplicate"});
}

TEST(Flood, OurOwnAnnouncementComingBackIsADuplicate) {
  Hub hub;
  hub.step(Publish{a, 0});
  EXPECT_EQ(hub.receive(a, 1), Lines{"drop 0: duplicate"});
}

TEST(Flood, WhatANeighbourHadIsNotAnnouncedAgainAsOurOwn) {
  Hub hub;
  hub.receive(a, 1);
  EXPECT_EQ(hub.step(Publish{a, 0}), Lines{"drop 0: duplicate"});
}

TEST(Flood, TheLastHopDeliversAndDoesNotForward) {
  Hub hub;
  EXPECT_EQ(hub.receive(a, 1, 1), (Lines{"deliver 0 from peer 1 hops 1", "drop 0: ttl"}));
}

TEST(Flood, EveryHopTakesOneFromTheTtl) {
  Hub hub;
  EXPECT_EQ(hub.receive(a, 1, 2), (Lines{
                                      "deliver 0 from peer 1 hops 1",
                                      "send peer 2: announce 0 ttl 1 hops 2",
                                      "send peer 3: announce 0 ttl 1 hops 2",
                                  }));
  EXPECT_EQ(hub.receive(b, 1, 255)[1], "send peer 2: announce 1 ttl 254 hops 2");
}

TEST(Flood, HopsSaturate) {
  Hub hub;
  EXPECT_EQ(hub.receive(a, 1, 0, 0xffff)[1], "send peer 2: announce 0 ttl 0 hops 65535");
}

// ---- what is remembered

TEST(Flood, SeenForItsTtlThenTheSameDataMayBeAnnouncedAgain) {
  Hub hub({.seen_ttl = 10 * second});
  hub.receive(a, 1);
  hub.now = 10 * second - 1;
  EXPECT_EQ(hub.receive(a, 1), Lines{"drop 0: duplicate"});
  hub.now = 10 * second;
  EXPECT_EQ(hub.receive(a, 2), (Lines{
                                   "forget 0",
                                   "deliver 0 from peer 2 hops 1",
                                   "send peer 1: announce 0 ttl 0 hops 2",
                                   "send peer 3: announce 0 ttl 0 hops 2",
                               }));
}

TEST(Flood, ACopyDoesNotMakeItRememberedForLonger) {
  Hub hub({.seen_ttl = 10 * second});
  hub.receive(a, 1);
  hub.now = 9 * second;
  hub.receive(a, 2);
  hub.now = 10 * second;
  EXPECT_EQ(hub.receive(a, 3).front(), "forget 0");
}

TEST(Flood, AFullMemoryForgetsTheOldest) {
  Hub hub({.seen_capacity = 2});
  hub.receive(a, 1, 1);
  hub.receive(b, 1, 1);
  EXPECT_EQ(hub.receive(c, 1, 1), (Lines{"forget 0", "deliver 2 from peer 1 hops 1", "drop 2: ttl"}));
  EXPECT_EQ(hub.receive(b, 1, 1), Lines{"drop 1: duplicate"});
  EXPECT_EQ(hub.receive(a, 1, 1).front(), "forget 1");
}

// ---- verdicts

TEST(Flood, WaitsForTheVerdict) {
  Hub hub(validating());
  hub.now = 5 * second;
  EXPECT_EQ(hub.receive(a, 1, 3), Lines{"deliver 0 from peer 1 hops 1"});
  EXPECT_EQ(hub.deadline, 7 * second);
  EXPECT_EQ(hub.verdict(a, Opinion::accept), (Lines{
                                                 "send peer 2: announce 0 ttl 2 hops 2",
                                                 "send peer 3: announce 0 ttl 2 hops 2",
                                             }));
  EXPECT_EQ(hub.deadline, never);
}

TEST(Flood, AnAcceptedLastHopStillGoesNoFurther) {
  Hub hub(validating());
  hub.receive(a, 1, 1);
  EXPECT_EQ(hub.verdict(a, Opinion::accept), Lines{"drop 0: ttl"});
}

TEST(Flood, ARejectedMessageEndsHereForGood) {
  Hub hub(validating());
  hub.receive(a, 1);
  EXPECT_EQ(hub.verdict(a, Opinion::reject), Lines{"drop 0: rejected"});
  EXPECT_EQ(hub.deadline, never);
  EXPECT_EQ(hub.receive(a, 2), Lines{"drop 0: duplicate"});
}

TEST(Flood, TheFirstVerdictCounts) {
  Hub hub(validating());
  hub.receive(a, 1);
  hub.receive(b, 1);
  hub.verdict(a, Opinion::reject);
  EXPECT_EQ(hub.verdict(a, Opinion::accept), Lines{"drop 0: unknown_verdict"});
  hub.verdict(b, Opinion::accept);
  EXPECT_EQ(hub.verdict(b, Opinion::reject), Lines{"drop 1: unknown_verdict"});
}

TEST(Flood, AVerdictOnWhatWasNeverDeliveredIsCounted) {
  Hub with(validating()), without;
  EXPECT_EQ(with.verdict(a, Opinion::accept), Lines{"drop 0: unknown_verdict"});
  EXPECT_EQ(without.verdict(a, Opinion::accept), Lines{"drop 0: unknown_verdict"});
}

TEST(Flood, WithoutASubscriberARelayOfAllForwards) {
  Hub hub(validating(OnSilence::drop, Relay::all));
  hub.receive(a, 1);
  EXPECT_EQ(hub.verdict(a, Opinion::nobody).size(), 2u);
}

TEST(Flood, WithoutASubscriberARelayOfTheSubscribedDoesNot) {
  Hub hub(validating(OnSilence::forward, Relay::subscribed));
  hub.receive(a, 1);
  EXPECT_EQ(hub.verdict(a, Opinion::nobody), Lines{"drop 0: not_relayed"});
  hub.receive(b, 1);
  EXPECT_EQ(hub.verdict(b, Opinion::accept).size(), 2u);
}

TEST(Flood, OurOwnAnnouncementNeedsNoVerdict) {
  Hub hub(validating(OnSilence::drop, Relay::subscribed));
  EXPECT_EQ(hub.step(Publish{a, 0}).size(), 4u);
  EXPECT_EQ(hub.deadline, never);
  EXPECT_EQ(hub.verdict(a, Opinion::reject), Lines{"drop 0: unknown_verdict"});
}

// ---- silence

TEST(Flood, SilenceForwardsAtTheDeadline) {
  Hub hub(validating(OnSilence::forward));
  hub.receive(a, 3);
  hub.now = hub.deadline;
  EXPECT_EQ(hub.step(Wake{}), (Lines{
                                  "send peer 1: announce 0 ttl 0 hops 2",
                                  "send peer 2: announce 0 ttl 0 hops 2",
                              }));
  EXPECT_EQ(hub.deadline, never);
  EXPECT_EQ(hub.verdict(a, Opinion::accept), Lines{"drop 0: unknown_verdict"});
}

TEST(Flood, SilenceDropsAtTheDeadline) {
  Hub hub(validating(OnSilence::drop));
  hub.receive(a, 3);
  hub.now = hub.deadline;
  EXPECT_EQ(hub.step(Wake{}), Lines{"drop 0: silence"});
  EXPECT_EQ(hub.deadline, never);
}

TEST(Flood, AnEarlyWakeIsANoOp) {
  Hub hub(validating());
  hub.receive(a, 1);
  hub.now = hub.deadline - 1;
  EXPECT_EQ(hub.step(Wake{}), Lines{});
  EXPECT_EQ(hub.deadline, hub.now + 1);
}

TEST(Flood, EachWaitsUntilItsOwnDeadline) {
  Hub hub(validating(OnSilence::drop));
  for (const MessageRef message : {a, b, c}) {
    hub.receive(message, 1);
    hub.now += second / 2;
  }
  EXPECT_EQ(hub.deadline, 2 * second);
  EXPECT_EQ(hub.verdict(a, Opinion::reject), Lines{"drop 0: rejected"});
  EXPECT_EQ(hub.deadline, 2 * second + second / 2);
  hub.now = 3 * second;
  EXPECT_EQ(hub.step(Wake{}), (Lines{"drop 1: silence", "drop 2: silence"}));
}

TEST(Flood, AVerdictFromTheMiddleLeavesTheOthersInOrder) {
  Hub hub(validating(OnSilence::drop));
  for (const MessageRef message : {a, b, c}) {
    hub.receive(message, 1);
    hub.now += second / 2;
  }
  hub.verdict(b, Opinion::accept);
  EXPECT_EQ(hub.deadline, 2 * second);
  hub.now = 10 * second;
  EXPECT_EQ(hub.step(Wake{}), (Lines{"drop 0: silence", "drop 2: silence"}));
}

FloodConfig waiting_room_for_two(OnSilence on_silence) {
  FloodConfig config = validating(on_silence);
  config.cache_size = 2;
  return config;
}

TEST(Flood, AFullCacheTreatsTheOldestAsSilence) {
  Hub hub(waiting_room_for_two(OnSilence::forward));
  hub.receive(a, 1);
  hub.receive(b, 1);
  EXPECT_EQ(hub.receive(c, 2), (Lines{
                                   "deliver 2 from peer 2 hops 1",
                                   "send peer 2: announce 0 ttl 0 hops 2",
                                   "send peer 3: announce 0 ttl 0 hops 2",
                               }));
  EXPECT_EQ(hub.verdict(a, Opinion::accept), Lines{"drop 0: unknown_verdict"});
  EXPECT_EQ(hub.verdict(c, Opinion::reject), Lines{"drop 2: rejected"});
}

TEST(Flood, AFullCacheDropsTheOldestWhereSilenceDrops) {
  Hub hub(waiting_room_for_two(OnSilence::drop));
  hub.receive(a, 1);
  hub.receive(b, 1);
  EXPECT_EQ(hub.receive(c, 2), (Lines{"deliver 2 from peer 2 hops 1", "drop 0: silence"}));
}

TEST(Flood, WhatWaitsIsSettledBeforeItIsForgotten) {
  FloodConfig config = validating(OnSilence::drop);
  config.seen_capacity = 1;
  Hub hub(config);
  hub.receive(a, 1);
  EXPECT_EQ(hub.receive(b, 1), (Lines{"drop 0: silence", "forget 0", "deliver 1 from peer 1 hops 1"}));
  EXPECT_EQ(hub.deadline, 2 * second);
}

// ---- the driver's shortcut

/// A driver of a hub that may leave out the steps of which LastDelivered knows the answer.
class Driver {
 public:
  Driver(const FloodConfig& config, bool shortcut) : config_(config), shortcut_(shortcut), hub_(config) {}

  Lines receive(Time now, std::uint32_t from, const Frame& frame) {
    hub_.now = now;
    if (shortcut_ && last_.is_duplicate(frame, now)) {
      ++skipped_;
      return {"drop " + std::to_string(frame.body) + ": duplicate"};
    }
    return run(Receive{PeerId{from}, frame});
  }
  Lines verdict(Time now, MessageRef message, Opinion opinion) {
    hub_.now = now;
    return run(Verdict{message, opinion});
  }
  /// A driver wakes a peer in time.
  Lines wake_until(Time now) {
    Lines all;
    while (hub_.deadline <= now) {
      hub_.now = hub_.deadline;
      for (std::string& line : run(Wake{})) all.push_back(std::to_string(hub_.now) + ": " + line);
    }
    return all;
  }
  std::uint32_t skipped() const { return skipped_; }

 private:
  /// What an observer can see: all but when an expired id is forgotten, which is put off by a step left out.
  Lines run(const Input& input) {
    Lines lines;
    for (const Action& action : hub_.act(input)) {
      if (const auto* deliver = std::get_if<Deliver>(&action)) {
        last_.on_deliver(deliver->message, hub_.now, config_.seen_ttl);
      }
      if (!std::holds_alternative<Forget>(action)) lines.push_back(text(action));
    }
    return lines;
  }

  FloodConfig config_;
  bool shortcut_;
  Hub hub_;
  LastDelivered last_;
  std::uint32_t skipped_ = 0;
};

void expect_same_with_shortcut(const FloodConfig& config, std::uint64_t seed) {
  Random random(seed);
  Driver plain(config, false), quick(config, true);
  Time now = 0;
  for (int i = 0; i < 2'000; ++i) {
    now += random.below(8) == 0 ? random.below(30'000'000) : random.below(1'000'000);
    ASSERT_EQ(plain.wake_until(now), quick.wake_until(now));
    const MessageRef message{random.below(4)};
    if (config.validation && random.below(4) == 0) {
      const auto opinion = static_cast<Opinion>(random.below(3));
      ASSERT_EQ(plain.verdict(now, message, opinion), quick.verdict(now, message, opinion));
      continue;
    }
    const Frame frame = Frame::announce(message, static_cast<std::uint8_t>(random.below(4)), 1);
    const std::uint32_t from = 1 + random.below(3);
    ASSERT_EQ(plain.receive(now, from, frame), quick.receive(now, from, frame)) << "step " << i << " of seed " << seed;
  }
  EXPECT_GT(quick.skipped(), 100u);
}

TEST(LastDelivered, AgreesWithFlood) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const std::uint32_t capacity : {1u, 2u, 3u, 16u}) {
      for (const bool validation : {false, true}) {
        expect_same_with_shortcut({.seen_capacity = capacity,
                                   .seen_ttl = 20 * millisecond,
                                   .validation = validation,
                                   .cache_size = 2,
                                   .validation_deadline = 7 * millisecond},
                                  seed);
      }
    }
  }
}

TEST(LastDelivered, ForgetsAtTheEndOfTheTtlAtTheLatest) {
  LastDelivered last;
  last.on_deliver(b, 5 * second, 10 * second);
  const Frame copy = Frame::announce(b, 0, 1);
  EXPECT_TRUE(last.is_duplicate(copy, 5 * second));
  EXPECT_TRUE(last.is_duplicate(copy, 15 * second - 3 * millisecond));
  EXPECT_FALSE(last.is_duplicate(copy, 15 * second));
  EXPECT_FALSE(last.is_duplicate(Frame::announce(a, 0, 1), 5 * second));
  EXPECT_FALSE(last.is_duplicate(Frame::pull(PeerId{1}), 5 * second));
}

TEST(LastDelivered, KnowsNothingAtFirstAndWhenCleared) {
  LastDelivered last;
  EXPECT_FALSE(last.is_duplicate(Frame::announce(a, 0, 1), 0));
  last.on_deliver(a, 0, second);
  last.clear();
  EXPECT_FALSE(last.is_duplicate(Frame::announce(a, 0, 1), 0));
}

}  // namespace
}  // namespace gossip
