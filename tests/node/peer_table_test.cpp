// Who is who, without sockets.

#include "node/peer_table.hpp"

#include <gtest/gtest.h>

#include "core/random.hpp"

namespace gossip::node::test {
namespace {

constexpr net::Endpoint address(std::uint16_t port) { return {.ip = 0x7f000001, .port = port}; }

TEST(PeerTable, AnAddressHasOneNumber) {
  PeerTable table;
  const PeerId a = table.number_of(address(1)), b = table.number_of(address(2));
  EXPECT_NE(a, b);
  EXPECT_EQ(table.number_of(address(1)), a);
  EXPECT_EQ(table.address(b), address(2));
  EXPECT_GE(index(a), fixed_ids);
}

TEST(PeerTable, ANumberGoesWithItsLastUse) {
  PeerTable table;
  const PeerId peer = table.list(address(1));
  table.set_linked(peer, true);
  EXPECT_TRUE(table.begin_dial(peer));
  const auto expect_used = [&](bool used) {
    table.release_if_unused(peer);
    EXPECT_EQ(table.is_used(peer), used);
  };
  expect_used(true);
  table.unlist(peer);
  expect_used(true);
  table.set_linked(peer, false);
  expect_used(true);
  table.end_dial(peer);
  expect_used(false);
  expect_used(false);
  EXPECT_EQ(table.number_of(address(2)), peer) << "it is given again";
  EXPECT_NE(table.number_of(address(1)), peer);
}

TEST(PeerTable, ThePinnedStay) {
  PeerTable table;
  table.set_address(bootstrapper_id, address(1));
  EXPECT_EQ(table.list(address(1)), bootstrapper_id);
  table.unlist(bootstrapper_id);
  table.release_if_unused(bootstrapper_id);
  EXPECT_EQ(table.number_of(address(1)), bootstrapper_id);
}

TEST(PeerTable, WhatANameStoodForBeforeIsAnybodys) {
  PeerTable table;
  table.set_address(bootstrapper_id, address(1));
  table.set_address(bootstrapper_id, address(2));
  EXPECT_EQ(table.address(bootstrapper_id), address(2));
  EXPECT_EQ(table.number_of(address(2)), bootstrapper_id);
  const PeerId other = table.number_of(address(1));
  EXPECT_NE(other, bootstrapper_id);
  table.set_address(bootstrapper_id, address(1));
  EXPECT_EQ(table.number_of(address(1)), other) << "it has a number";
  table.set_address(bootstrapper_id, address(3));
  EXPECT_EQ(table.number_of(address(1)), other);
}

TEST(PeerTable, WhereNobodyElseListensIsNotListed) {
  PeerTable table;
  table.set_own(address(1));
  for (net::Endpoint nobody : {address(1), address(0), net::Endpoint{.ip = 0, .port = 5}}) {
    EXPECT_EQ(table.list(nobody), no_peer);
  }
  EXPECT_EQ(table.size(), fixed_ids);
}

TEST(PeerTable, WhoListensEverywhereHasAnAddressForEachInterface) {
  PeerTable table;
  table.set_own({.ip = 0, .port = 7});
  EXPECT_FALSE(table.is_own(address(7)));
  EXPECT_EQ(table.own_as_seen(net::Endpoint{.ip = 0x7f000001, .port = 40'000}), address(7));
  EXPECT_TRUE(table.is_own(address(7)));
  EXPECT_EQ(table.own_as_seen(std::nullopt), net::Endpoint{}) << "IPv6";
}

TEST(PeerTable, WhoListensAtOneAddressIsSeenThere) {
  PeerTable table;
  table.set_own(address(7));
  EXPECT_EQ(table.own_as_seen(net::Endpoint{.ip = 0x0a000001, .port = 40'000}), address(7));
}

TEST(PeerTable, AnonymousOnesAreCountedWhileTheyLast) {
  PeerTable table;
  const PeerId a = table.add_anonymous(), b = table.add_anonymous();
  table.set_linked(a, true);
  EXPECT_EQ(table.anonymous(), 2u);
  table.release_if_unused(a);
  table.release_if_unused(b);
  EXPECT_EQ(table.anonymous(), 1u);
  EXPECT_FALSE(table.address(a));
}

TEST(PeerTable, ADialCanBeAbandonedAndWantedAgain) {
  PeerTable table;
  const PeerId peer = table.list(address(1));
  EXPECT_TRUE(table.begin_dial(peer));
  EXPECT_FALSE(table.begin_dial(peer)) << "one is under way";
  table.abandon_dial(peer);
  EXPECT_FALSE(table.begin_dial(peer));
  EXPECT_TRUE(table.end_dial(peer)) << "wanted again meanwhile";
  EXPECT_TRUE(table.begin_dial(peer));
  table.abandon_dial(peer);
  EXPECT_FALSE(table.end_dial(peer));
  table.abandon_dial(peer);
  EXPECT_TRUE(table.begin_dial(peer)) << "there was none to abandon";
}

constexpr net::Endpoint elsewhere(std::uint32_t i) { return {.ip = 0x0a000001 + (i << 8), .port = 1}; }
Address source(std::uint32_t ip) { return boost::asio::ip::address_v4(ip); }

TEST(PeerTable, OneSourceTellsAQuarterOfTheListAndAFew) {
  PeerTable table;
  std::uint32_t next = 0;
  const auto told = [&](const std::optional<Address>& by) {
    std::uint32_t taken = 0;
    for (std::uint32_t i = 0; i < 300; ++i) taken += table.list(elsewhere(next++), by) != no_peer;
    return taken;
  };
  EXPECT_EQ(told(source(0x05050505)), 3u) << "a few of an empty list";
  EXPECT_EQ(told(std::nullopt), 300u) << "no source, no limit";
  EXPECT_EQ(told(source(0x06060606)), 100u) << "a quarter of 403, rounded down";
  EXPECT_EQ(told(source(0x06060606)), 0u);
  EXPECT_EQ(told(source(0x06060607)), 134u) << "a quarter of what it is then: 537";
  EXPECT_EQ(told(source(0x06060608)), 68u) << "half of it with its two neighbours";
}

TEST(PeerTable, ASourceThatHasToldEnoughTellsNothingNewUntilSomethingGoes) {
  PeerTable table;
  const Address talker = source(0x05050505);
  const PeerId first = table.list(elsewhere(0), talker);
  table.list(elsewhere(1), talker), table.list(elsewhere(2), talker);
  EXPECT_EQ(table.list(elsewhere(3), talker), no_peer);
  EXPECT_EQ(table.list(elsewhere(0), talker), first) << "what is listed stays so";
  EXPECT_NE(table.list(elsewhere(3), source(0x06060606)), no_peer) << "others may";
  EXPECT_EQ(table.list(elsewhere(4), talker), no_peer);
  table.unlist(first);
  table.release_if_unused(first);
  EXPECT_NE(table.list(elsewhere(4), talker), no_peer);
}

TEST(PeerTable, HalfOfWhatIsToldMayBeInOneNetwork) {
  PeerTable table;
  std::uint32_t taken = 0;
  for (std::uint32_t i = 1; i < 200; ++i)
    taken += table.list({.ip = 0x0a000000 + i, .port = 1}, source(i << 16)) != no_peer;
  EXPECT_EQ(taken, 16u);
}

/// Whatever happens, numbers are not more than what uses them.
TEST(Networks, WhatIsTrusted) {
  const auto trusts = [](Trust trust, const char* text) {
    return is_trusted(trust, unmapped(boost::asio::ip::make_address(text)));
  };
  for (const char* own : {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.1",
                          "169.254.1.1", "::ffff:10.1.2.3", "fd00::1", "fc00::1", "fe80::1"}) {
    EXPECT_TRUE(trusts(Trust::private_networks, own)) << own;
    EXPECT_FALSE(trusts(Trust::loopback, own)) << own;
  }
  for (const char* here : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(trusts(Trust::private_networks, here)) << here;
    EXPECT_TRUE(trusts(Trust::loopback, here)) << here;
    EXPECT_FALSE(trusts(Trust::none, here)) << here;
  }
  for (const char* others : {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.1.1", "192.169.0.0",
                             "169.253.1.1", "169.255.0.0", "100.64.0.1", "8.8.8.8", "2001:db8::1", "fe00::1"}) {
    EXPECT_FALSE(trusts(Trust::private_networks, others)) << others;
  }
}

TEST(PeerTable, StaysSmall) {
  PeerTable table;
  Random random(1);
  std::vector<PeerId> linked;
  for (int i = 0; i < 10'000; ++i) {
    const bool anonymous = random.below(4) == 0;
    const PeerId peer = anonymous ? table.add_anonymous() : table.list(address(static_cast<std::uint16_t>(1 + i)));
    table.set_linked(peer, true);
    table.unlist(peer);
    linked.push_back(peer);
    if (linked.size() <= 8) continue;
    const auto at = linked.begin() + random.below(static_cast<std::uint32_t>(linked.size()));
    table.set_linked(*at, false);
    table.release_if_unused(*at);
    linked.erase(at);
  }
  EXPECT_LE(table.size(), fixed_ids + 9);
}

}  // namespace
}  // namespace gossip::node::test
