// How many new messages one link may bring.

#include "node/allowance.hpp"

#include <gtest/gtest.h>

#include "tests/node/process.hpp"

namespace gossip::node::test {
namespace {

constexpr std::uint16_t type = 1337;
constexpr std::uint32_t rate = 1000;  // a token a millisecond, a hundred in the bucket

/// What a link brings that sends without end from `begin` to `end`, and obeys its pauses.
struct Brought {
  int taken = 0, refused = 0, pauses = 0;
};
Brought flood(Allowance& allowance, Time begin, Time end, Duration between) {
  Brought brought;
  for (Time now = begin; now < end; now += between) {
    if (!allowance.may_bring(rate, now)) {
      ++brought.refused;
      continue;
    }
    ++brought.taken;
    if (!allowance.take(rate, now)) continue;
    ++brought.pauses;
    now += Allowance::pause - between;
  }
  return brought;
}

TEST(Allowance, AFloodBringsItsRateFirstLateThenInPart) {
  Allowance allowance;
  const Brought first = flood(allowance, 0, Allowance::patience, 100'000);
  EXPECT_EQ(first.refused, 0) << "it waits";
  EXPECT_NEAR(first.taken, 1005, 6) << "a second's, the ten that a link begins with, less those of the last pause";
  EXPECT_NEAR(first.pauses, 1000 / 11, 1)
      << "ten milliseconds each, and one until the ten tokens and one more are taken";
  const Brought then = flood(allowance, Allowance::patience, 5 * second, 100'000);
  EXPECT_NEAR(then.taken, 4000, 10);
  EXPECT_EQ(then.taken + then.refused, 40'000) << "it is not held up any more";
}

TEST(Allowance, WhoWasQuietMayBringABurstAndIsPatientlyHeard) {
  Allowance allowance;
  flood(allowance, 0, 5 * second, 100'000);
  // The bucket fills in `burst`, and no further however long that was.
  for (const Time later : {6 * second, 3'600 * second}) {
    int taken = 0;
    while (allowance.may_bring(rate, later) && !allowance.take(rate, later)) ++taken;
    EXPECT_EQ(taken, 99) << "the hundredth is the last";
    EXPECT_TRUE(allowance.may_bring(rate, later)) << "patience has begun anew";
  }
}

TEST(Allowance, HalfTheRateIsNeverHeldUpEvenAfterAStall) {
  Allowance allowance;
  int pauses = 0;
  for (Time now = 0; now < 10 * second; now += 2 * millisecond) {
    ASSERT_TRUE(allowance.may_bring(rate, now));
    pauses += allowance.take(rate, now);
    if (now == 0 || now % second != 0) continue;
    for (int i = 0; i < 50; ++i) {  // what a sender that was not scheduled for 100 ms has to say
      ASSERT_TRUE(allowance.may_bring(rate, now));
      pauses += allowance.take(rate, now);
    }
  }
  EXPECT_EQ(pauses, 0);
}

Settings limited(std::uint32_t to) {
  Settings settings = quiet_settings();
  settings.limits.link_rate = to;
  return settings;
}

TEST(LinkRate, ABurstIsLateAndNotLost) {
  TestNode node(limited(rate));
  RawPeer peer(node, nowhere(1));
  const auto begin = Clock::now();
  for (int i = 0; i < 500; ++i) peer.spread(type, std::to_string(i));
  ASSERT_TRUE(eventually([&] { return node.counter("received") == 500; }));
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(350)) << "500 at 1,000 a second, less a bucket";
  EXPECT_EQ(node.counter("drop_link_rate"), 0u);
  EXPECT_GT(node.counter("link_pauses"), 20u);
}

TEST(LinkRate, AFloodIsRefusedAfterASecondAndCopiesAreNot) {
  constexpr std::uint64_t flood = 20'000;
  TestNode node(limited(rate));
  RawPeer peer(node, nowhere(1));
  const auto begin = Clock::now();
  for (std::uint64_t i = 0; i < flood; ++i) peer.spread(type, std::to_string(i));
  ASSERT_TRUE(eventually([&] { return node.counter("received") == flood; }));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
  EXPECT_LT(took, 4'000) << "20 s if it only waited";
  const std::uint64_t refused = node.counter("drop_link_rate"), taken = flood - refused;
  EXPECT_GE(taken, 950u);
  EXPECT_LE(taken, static_cast<std::uint64_t>(took) + 150);
  for (int i = 0; i < 100; ++i) peer.spread(type, "0");  // known since the beginning
  ASSERT_TRUE(eventually([&] { return node.counter("received") == flood + 100; }));
  EXPECT_EQ(node.counter("drop_link_rate"), refused) << "a copy costs nothing";
  // What was refused is not remembered: another link brings it.
  RawPeer other(node, nowhere(2));
  other.spread(type, std::to_string(flood - 1));
  ASSERT_TRUE(eventually([&] { return node.counter("received") == flood + 101; }));
  EXPECT_EQ(node.counter("drop_link_rate"), refused);
}

}  // namespace
}  // namespace gossip::node::test
