#include "sim/world/transport.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/sim/wires.hpp"

/// The life of a connection, against arithmetic; without an engine.
namespace gossip::sim::test {
namespace {

std::vector<Event> farewells(Wires& wires, PeerId peer, bool clean, Time now) {
  std::vector<Event> news;
  wires.transport.drop_all(peer, Session{0, now, clean}, 1, now, [&](const Event& event) { news.push_back(event); });
  return news;
}

// ---- coming up

TEST(TransportDial, TakesItsRoundTrips) {
  for (const std::uint32_t round_trips : {1u, 2u, 3u}) {
    Wires wires({.handshake_round_trips = round_trips});
    const Event dial = wires.transport.dial(a, 1, b, second);
    EXPECT_EQ(dial.time, second + (2 * round_trips - 1) * latency);
    const Event accepted = wires.transport.on(dial, 1).reply.value();
    EXPECT_EQ(accepted.kind, EventKind::accepted);
    EXPECT_EQ(accepted.time, second + 2 * round_trips * latency);
  }
}

TEST(TransportDial, ToWhoIsDownFailsAfterTheTimeoutCountedFromTheDial) {
  for (const std::uint32_t round_trips : {1u, 3u}) {
    Wires wires({.handshake_round_trips = round_trips, .connect_timeout = 3 * second});
    const Event refused = wires.transport.refuse(wires.transport.dial(a, 1, b, 7 * second));
    EXPECT_EQ(refused.time, 10 * second);
    EXPECT_EQ(refused.dst, a);
    EXPECT_EQ(refused.kind, EventKind::refused);
    EXPECT_TRUE(wires.transport.on(refused, 1).down);
    EXPECT_FALSE(wires.transport.on(refused, 1).down) << "once";
  }
}

TEST(TransportDial, WhoTimesOutSoonerThanNewsCanComeLearnsItWhenItComes) {
  Wires wires({.connect_timeout = millisecond});
  EXPECT_EQ(wires.transport.refuse(wires.transport.dial(a, 1, b, 0)).time, 2 * latency);
}

TEST(TransportDial, TwoThatDialEachOtherHaveOneConnection) {
  Wires wires;
  const Event one = wires.transport.dial(a, 1, b, 0);
  const Event two = wires.transport.dial(b, 1, a, 0);
  const Transport::Change at_b = wires.transport.on(one, 1), at_a = wires.transport.on(two, 1);
  EXPECT_TRUE(at_a.up);
  EXPECT_TRUE(at_b.up);
  EXPECT_FALSE(wires.transport.on(*at_b.reply, 1).up) << "known already";
  EXPECT_FALSE(wires.transport.on(*at_a.reply, 1).up);
  EXPECT_EQ(farewells(wires, a, true, second).size(), 1u);
}

TEST(TransportDial, WhoIsNoLongerWantedIsTold) {
  Wires wires;
  const Event accepted = wires.transport.on(wires.transport.dial(a, 1, b, 0), 1).reply.value();
  wires.transport.close(a, 1, b, millisecond);
  const Transport::Change change = wires.transport.on(accepted, 1);
  EXPECT_FALSE(change.up);
  ASSERT_TRUE(change.reply);
  EXPECT_TRUE(wires.transport.on(*change.reply, 1).down);
  EXPECT_FALSE(wires.transport.connected(b, a));
}

// ---- ending

TEST(TransportEnd, ACrashIsNoticedAfterTheDetectionAndNoLater) {
  Wires wires;
  wires.connect();
  const auto news = farewells(wires, a, false, second);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].time, 1'500 * millisecond);
  EXPECT_TRUE(wires.transport.on(news[0], 1).down);
}

TEST(TransportEnd, ACleanLeaveIsNoticedAfterOneLatency) {
  Wires wires;
  wires.connect();
  const auto news = farewells(wires, a, true, second);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].time, second + latency);
}

TEST(TransportEnd, NothingIsNoticedFasterThanTheShortestLatency) {
  Wires wires({}, 0);
  wires.connect();
  EXPECT_EQ(farewells(wires, a, false, second)[0].time, second + wires.transport.floor());
}

TEST(TransportEnd, ACloseComesBehindWhatWasSent) {
  Wires wires({.jitter = second});
  wires.connect();
  Time last = 0;
  for (int i = 0; i < 20; ++i) last = wires.transport.send(a, b, 1, second).at;
  const Event closed = wires.transport.close(a, 1, b, second).value();
  EXPECT_EQ(closed.time, 2 * second + latency) << "all of the jitter";
  EXPECT_GE(closed.time, last);
  EXPECT_GT(last, second + latency);
  EXPECT_EQ(wires.transport.send(a, b, 1, second).fate, Transport::Fate::not_connected);
}

TEST(TransportEnd, NewsOfAnEarlierSessionDoesNotCloseTheNewConnection) {
  Wires wires;
  wires.connect(1);
  const Event late = farewells(wires, a, false, second)[0];
  const Event dial = wires.transport.dial(a, 2, b, second);
  EXPECT_TRUE(wires.transport.ends_old(dial)) << "the old one ends when a is back";
  EXPECT_TRUE(wires.transport.on(dial, 1).up);
  EXPECT_FALSE(wires.transport.on(late, 1).down);
  EXPECT_TRUE(wires.transport.connected(b, a));
  EXPECT_EQ(wires.transport.send(b, a, 1, 2 * second).fate, Transport::Fate::arrives);
}

TEST(TransportEnd, ADialOfTheSameSessionEndsNothing) {
  Wires wires;
  wires.connect(1);
  EXPECT_FALSE(wires.transport.ends_old(Event::link(EventKind::dial, second, b, a, 1)));
  EXPECT_FALSE(wires.transport.ends_old(Event::link(EventKind::dial, second, c, a, 2))) << "nothing to end";
}

// Found by the swarm: a was left with a connection that b did not have, and b dialled it for ever.
TEST(TransportEnd, WhatAnEarlierLifeDialledEndsNothing) {
  Wires wires;
  const Event early = wires.transport.dial(a, 1, b, 0);
  EXPECT_EQ(farewells(wires, a, true, millisecond).size(), 1u);
  const Event dial = wires.transport.dial(b, 1, a, millisecond);
  EXPECT_TRUE(wires.transport.on(*wires.transport.on(dial, 2).reply, 1).up) << "b is connected with a's second life";
  EXPECT_FALSE(wires.transport.ends_old(early));
  EXPECT_FALSE(wires.transport.on(early, 1).up);
  EXPECT_EQ(wires.transport.send(b, a, 1, second).fate, Transport::Fate::arrives);
}

// Found by the swarm: b believed in a's first life, whose end then closed what the second had accepted.
TEST(TransportEnd, TheAnswerOfALaterLifeEndsTheConnectionToAnEarlierOne) {
  Wires wires;
  const Event early = wires.transport.dial(a, 1, b, 0);
  const Event end = farewells(wires, a, true, millisecond)[0];
  const Event dial = wires.transport.dial(b, 1, a, 2 * millisecond);
  EXPECT_TRUE(wires.transport.on(early, 1).up);
  const Event accepted = wires.transport.on(dial, 2).reply.value();
  EXPECT_TRUE(wires.transport.ends_old(accepted));
  const Transport::Change change = wires.transport.on(accepted, 1);
  EXPECT_FALSE(wires.transport.on(end, 1).down) << "known already";
  ASSERT_TRUE(change.reply) << "a hears that it is not wanted any more";
  EXPECT_TRUE(wires.transport.on(*change.reply, 2).down);
}

// A dial that came before the end of what was there was taken for one of two, and never answered.
TEST(TransportEnd, WhoDialsAgainIsHeardBehindTheEndOfWhatWasThere) {
  Wires wires({.jitter = second});
  wires.connect();
  for (int i = 0; i < 20; ++i) wires.transport.send(a, b, 1, second);
  const Event closed = wires.transport.close(a, 1, b, second).value();
  const Event dial = wires.transport.dial(a, 1, b, second);
  EXPECT_GE(dial.time, closed.time);
  EXPECT_TRUE(wires.transport.on(closed, 1).down);
  const Transport::Change change = wires.transport.on(dial, 1);
  EXPECT_TRUE(change.up);
  EXPECT_GE(wires.transport.send(b, a, 1, dial.time).at, change.reply->time) << "b's first word, behind its answer";
}

// With a detection shorter than the way, who dialled believed in a peer that had accepted and crashed, for ever.
TEST(TransportEnd, NoCrashIsNoticedBeforeTheAnswerThatWentAheadOfIt) {
  Wires wires({.min_latency = millisecond}, 0);
  const Event accepted = wires.transport.on(wires.transport.dial(a, 1, b, 0), 1).reply.value();
  const Event end = farewells(wires, b, false, latency)[0];
  EXPECT_GE(end.time, accepted.time);
  EXPECT_TRUE(wires.transport.on(accepted, 1).up);
  EXPECT_TRUE(wires.transport.on(end, 1).down);
}

// ---- frames

TEST(TransportFrames, JitterIsUniform) {
  constexpr Duration jitter = 8 * millisecond;
  Wires wires({.jitter = jitter});
  wires.connect();
  std::vector<double> share;
  for (int i = 1; i <= 20'000; ++i) {
    const Time now = i * second;
    const Transport::Sent sent = wires.transport.send(a, b, 1, now);
    ASSERT_EQ(sent.fate, Transport::Fate::arrives);
    share.push_back(static_cast<double>(sent.at - now - latency) / jitter);
  }
  std::ranges::sort(share);
  EXPECT_GE(share.front(), 0);
  EXPECT_LT(share.back(), 1);
  double distance = 0;  // Kolmogorov and Smirnov
  for (std::size_t i = 0; i < share.size(); ++i) {
    distance = std::max(distance, std::abs(share[i] - static_cast<double>(i) / 20'000));
  }
  EXPECT_LT(distance, 1.95 / std::sqrt(20'000)) << "one in a thousand";
}

TEST(TransportFrames, OfOneConnectionKeepTheirOrder) {
  Wires wires({.jitter = 50 * millisecond});
  wires.connect();
  Time last = 0;
  for (int i = 0; i < 1'000; ++i) {
    const Time at = wires.transport.send(a, b, 1, second + i * millisecond).at;
    EXPECT_GE(at, last);
    last = at;
  }
}

TEST(TransportFrames, AreLostIndependently) {
  Wires wires({.loss = 0.2});
  wires.connect();
  std::array<int, 4> pairs{};  // of whether this and the last one were lost
  unsigned before = 0;
  for (int i = 0; i < 40'000; ++i) {
    const unsigned lost = wires.transport.send(a, b, 1, second).fate == Transport::Fate::lost;
    ++pairs[before * 2 + lost];
    before = lost;
  }
  const auto expect = [](int count, double share) {
    EXPECT_NEAR(count, 40'000 * share, 4 * std::sqrt(40'000 * share * (1 - share)) + 1);
  };
  expect(pairs[0], 0.64);
  expect(pairs[1], 0.16);
  expect(pairs[2], 0.16);
  expect(pairs[3], 0.04);
}

}  // namespace
}  // namespace gossip::sim::test
