// One test (or more) for every row of the decision table in docs/node.md.

#include <gtest/gtest.h>

#include "tests/node/client.hpp"

namespace gossip::node::test {
namespace {

constexpr std::uint16_t type = 1337;

Settings bootstrapped_by(const TestNode& node) {
  Settings settings = quiet_settings();
  settings.bootstrapper = loopback(node.p2p().port);
  return settings;
}

/// A module that is told of what the tests announce.
struct Subscriber : Module {
  explicit Subscriber(const TestNode& node) : Module(node) { subscribe(type); }
};

bool linked(const TestNode& a, const TestNode& b) {
  return eventually([&] { return a.peers() == 1 && b.peers() == 1; });
}

TEST(Decision, OneAnnounceBetweenTwoNodesIsDeliveredOnce) {
  TestNode a, b(bootstrapped_by(a));
  ASSERT_TRUE(linked(a, b));
  Subscriber at_a(a), at_b(b);
  Module from(a);
  for (int i = 0; i < 3; ++i) from.publish(type, "again");  // the same data is the same message
  from.publish(type, "last");
  for (Module* module : {&at_a, &at_b}) {
    EXPECT_EQ(module->next(), "again");
    module->answer(true);
    EXPECT_EQ(module->next(), "last");
  }
}

TEST(Decision, ALoopOfPeersEndsAtTheSecondCopy) {
  TestNode a;
  RawPeer one(a, nowhere(1)), two(a, nowhere(2));
  one.spread(type, "x");
  two.spread(type, "x");
  one.spread(type, "x", 7);  // the ttl is no part of the id
  one.spread(type, "end");
  EXPECT_EQ(two.next(), "x");
  EXPECT_EQ(two.next(), "end");
  EXPECT_EQ(a.drop("duplicate"), 2u);
}

TEST(Decision, TheSameDataCanBeAnnouncedAgainAfterSeenTtl) {
  Settings settings = quiet_settings();
  settings.intake().seen_ttl = 50 * millisecond;
  settings.intake().validation_deadline = 50 * millisecond;
  TestNode a(settings);
  RawPeer peer(a, nowhere(1));
  Module from(a);
  from.publish(type, "x");
  EXPECT_EQ(peer.next(), "x");
  EXPECT_TRUE(eventually([&] {
    from.publish(type, "x");
    return a.counter("sent") >= 2;
  }));
  EXPECT_EQ(peer.next(), "x");
}

TEST(Decision, TtlIsSentUnchangedByTheOrigin) {
  TestNode a;
  RawPeer peer(a, nowhere(1));
  Module from(a);
  for (int ttl : {4, 1, 0, 255}) {
    from.publish(type, "ttl " + std::to_string(ttl), static_cast<std::uint8_t>(ttl));
    EXPECT_EQ(peer.next(), "ttl " + std::to_string(ttl));
    EXPECT_EQ(peer.last_ttl, ttl);
  }
}

TEST(Decision, TtlIsReducedOnTheWayAndOneIsTheEnd) {
  TestNode a;
  Subscriber module(a);
  RawPeer from(a, nowhere(1)), to(a, nowhere(2));
  from.spread(type, "four", 4);
  from.spread(type, "one", 1);
  from.spread(type, "unlimited", 0);
  for (const char* data : {"four", "one", "unlimited"}) {
    EXPECT_EQ(module.next(), data);
    module.answer(true);
  }
  EXPECT_EQ(to.next(), "four");
  EXPECT_EQ(to.last_ttl, 3);
  EXPECT_EQ(to.next(), "unlimited") << "ttl 1 is delivered, not forwarded";
  EXPECT_EQ(to.last_ttl, 0);
  EXPECT_EQ(a.drop("ttl"), 1u);
}

TEST(Decision, TtlOneReachesDirectNeighboursOnly) {
  TestNode a;
  Settings line = bootstrapped_by(a);
  line.sampling().degree = 1;  // each keeps the connection to the one before it
  TestNode b(line);
  ASSERT_TRUE(linked(a, b));
  line.bootstrapper->port = b.p2p().port;
  TestNode c(line);
  ASSERT_TRUE(eventually([&] { return b.peers() == 2 && c.peers() == 1; }));
  Module at_a(a);
  Subscriber at_b(b), at_c(c);
  at_a.publish(type, "one hop", 1);
  at_a.publish(type, "two hops", 2);
  for (const char* data : {"one hop", "two hops"}) {
    EXPECT_EQ(at_b.next(), data);
    at_b.answer(true);
  }
  EXPECT_EQ(at_c.next(), "two hops");
  EXPECT_EQ(b.drop("ttl"), 1u);
}

TEST(Decision, ADeadSubscriberChangesNothingForOthers) {
  TestNode a;
  Subscriber healthy(a);
  Module announcer(a);
  for (int i = 0; i < 10; ++i) {
    Subscriber dead(a);
    if (i % 2 == 0) dead.reset();
    announcer.publish(type, std::to_string(i));
    EXPECT_EQ(healthy.next(), std::to_string(i));
  }
  EXPECT_TRUE(eventually([&] { return a.status()["modules"].size() == 2; }));
}

TEST(Decision, NothingGoesBackToItsSender) {
  TestNode a;
  RawPeer one(a, nowhere(1)), two(a, nowhere(2));
  one.spread(type, "from one");
  EXPECT_EQ(two.next(), "from one");
  two.spread(type, "from two");
  EXPECT_EQ(one.next(), "from two");
}

TEST(Decision, DataWaitsForTheFirstGoodVerdict) {
  TestNode a;
  Subscriber one(a), two(a);
  RawPeer from(a, nowhere(1)), to(a, nowhere(2));
  from.spread(type, "waits");
  EXPECT_EQ(one.next(), "waits");
  EXPECT_EQ(two.next(), "waits");
  from.spread(type + 1, "nobody subscribes to this");
  EXPECT_EQ(to.next(), "nobody subscribes to this");
  one.answer(true);
  EXPECT_EQ(to.next(), "waits");
  two.answer(false);  // too late
  EXPECT_TRUE(eventually([&] { return a.drop("late_verdict") >= 1; }));
  EXPECT_EQ(a.drop("rejected"), 0u);
}

TEST(Decision, AVerdictOnWhatWasAnnouncedHereDecidesNothing) {
  TestNode a;
  Subscriber subscriber(a);
  Module announcer(a);
  RawPeer to(a, nowhere(1));
  for (bool verdict : {true, false}) {
    announcer.publish(type, verdict ? "good" : "bad");
    EXPECT_EQ(subscriber.next(), verdict ? "good" : "bad");
    subscriber.answer(verdict);
    EXPECT_EQ(to.next(), verdict ? "good" : "bad");
  }
  announcer.publish(type, "end");
  EXPECT_EQ(subscriber.next(), "end");
  EXPECT_EQ(a.drop("late_verdict"), 0u);
}

TEST(Decision, AVerdictFromLongAgoIsLateAndNoOffence) {
  Settings settings = quiet_settings();
  settings.intake().cache_size = 1;
  TestNode a(settings);
  Subscriber module(a);
  RawPeer from(a, nowhere(1));
  std::uint16_t first = 0;
  for (int i = 0; i < 100; ++i) {
    from.spread(type, std::to_string(i));
    EXPECT_EQ(module.next(), std::to_string(i));
    if (i == 0) first = module.last_id;
  }
  module.ModuleClient::answer(first, true);
  module.answer(true);
  EXPECT_TRUE(eventually([&] { return a.drop("late_verdict") == 1; }));
  EXPECT_EQ(a.status()["messages"]["waiting"], 0);
  EXPECT_EQ(a.counter("closed_malformed"), 0u);
}

TEST(Decision, AModuleAtThePeersPortIsReset) {
  TestNode a;
  Client module(a.p2p());
  module.send(announce(type, "x"));
  module.end_output();
  EXPECT_EQ(module.read(patience, [](auto) { return true; }), FrameClient::Read::broken);
  EXPECT_EQ(a.counter("malformed_p2p"), 1u);
}

TEST(Decision, ABadVerdictStopsItForGood) {
  TestNode a;
  Subscriber one(a), two(a);
  RawPeer from(a, nowhere(1)), to(a, nowhere(2));
  from.spread(type, "bad");
  EXPECT_EQ(one.next(), "bad");
  EXPECT_EQ(two.next(), "bad");
  one.answer(false);
  ASSERT_TRUE(eventually([&] { return a.drop("rejected") == 1; }));
  two.answer(true);
  from.spread(type, "bad");
  from.spread(type + 1, "end");
  EXPECT_EQ(to.next(), "end");
}

TEST(Decision, SilenceForwardsByDefault) {
  Settings settings = quiet_settings();
  settings.intake().validation_deadline = 30 * millisecond;
  TestNode a(settings);
  Subscriber module(a);
  RawPeer from(a, nowhere(1)), to(a, nowhere(2));
  from.spread(type, "no verdict");
  EXPECT_EQ(to.next(), "no verdict");
}

TEST(Decision, SilenceDropsWhenItIsToldTo) {
  Settings settings = quiet_settings();
  settings.intake().validation_deadline = 30 * millisecond;
  settings.intake().on_silence = OnSilence::drop;
  TestNode a(settings);
  Subscriber module(a);
  RawPeer from(a, nowhere(1)), to(a, nowhere(2));
  from.spread(type, "no verdict");
  ASSERT_TRUE(eventually([&] { return a.drop("silence") == 1; }));
  from.spread(type + 1, "end");
  EXPECT_EQ(to.next(), "end");
}

TEST(Decision, ARelayWithoutSubscribersForwardsByDefault) {
  TestNode a;
  RawPeer from(a, nowhere(1)), to(a, nowhere(2));
  from.spread(type, "x");
  EXPECT_EQ(to.next(), "x");
}

TEST(Decision, ARelayOfSubscribedTypesOnly) {
  Settings settings = quiet_settings();
  settings.intake().relay = Relay::subscribed;
  TestNode a(settings);
  Subscriber module(a);
  RawPeer from(a, nowhere(1)), to(a, nowhere(2));
  from.spread(type + 1, "not subscribed");
  from.spread(type, "subscribed");
  EXPECT_EQ(module.next(), "subscribed");
  module.answer(true);
  EXPECT_EQ(to.next(), "subscribed");
  EXPECT_EQ(a.drop("not_relayed"), 1u);
}

TEST(Decision, TheAnnouncerIsNotToldOthersAre) {
  TestNode a;
  Subscriber announcer(a), other(a);
  announcer.publish(type, "mine");
  EXPECT_EQ(other.next(), "mine");
  other.publish(type, "yours");
  EXPECT_EQ(announcer.next(), "yours");
}

TEST(Decision, WhoHasNotSubscribedMayAnnounce) {
  TestNode a;
  Module announcer(a);
  Subscriber subscriber(a);
  announcer.publish(type, "x");
  EXPECT_EQ(subscriber.next(), "x");
}

TEST(Decision, AMalformedApiMessageClosesThatConnectionOnly) {
  TestNode a;
  Subscriber healthy(a);
  Module announcer(a);
  std::vector<Bytes> bad{frame(net::Validation{.message_id = 77, .valid = true}),  // was never asked
                         frame(net::Notification{.message_id = 1, .data_type = type, .data = bytes("x")}),
                         frame(net::Pull{nowhere(1)}),
                         Bytes{std::byte{0}, std::byte{4}, std::byte{0xff}, std::byte{0xff}},
                         Bytes{std::byte{0}, std::byte{3}, std::byte{1}},
                         Bytes{std::byte{0}, std::byte{5}, std::byte{1}, std::byte{0xf4}, std::byte{0}},
                         Bytes{std::byte{0}, std::byte{9}, std::byte{1}, std::byte{0xf5}, {}, {}, {}, {}, {}}};
  for (std::size_t i = 0; i < bad.size(); ++i) {
    Module sinner(a);
    sinner.send(bad[i]);
    EXPECT_TRUE(sinner.closed_by_other_side());
    EXPECT_EQ(a.counter("malformed_api"), i + 1);
    announcer.publish(type, "still here " + std::to_string(i));
    EXPECT_EQ(healthy.next(), "still here " + std::to_string(i));
  }
  EXPECT_EQ(a.counter("unknown_message_id"), 1u);
}

TEST(Decision, AVerdictGivenTwiceIsUnknownTheSecondTime) {
  TestNode a;
  Subscriber module(a);
  Module announcer(a);
  announcer.publish(type, "x");
  EXPECT_EQ(module.next(), "x");
  module.answer(true);
  module.answer(true);
  EXPECT_TRUE(module.closed_by_other_side());
}

TEST(Decision, TheThirdMalformedP2pMessageClosesTheConnection) {
  TestNode a;
  RawPeer sinner(a, nowhere(1)), healthy(a, nowhere(2));
  const Bytes bad{std::byte{0}, std::byte{5}, std::byte{1}, std::byte{0xf8}, std::byte{0}};
  sinner.send(bad);
  sinner.send(frame(net::Notify{.data_type = type}));  // modules say this, peers do not
  sinner.spread(type, "after two");
  EXPECT_EQ(healthy.next(), "after two");
  EXPECT_EQ(a.counter("malformed_p2p"), 2u);
  sinner.send(bad);
  EXPECT_TRUE(sinner.closed_by_other_side());
  healthy.spread(type, "x");
  EXPECT_TRUE(eventually([&] { return a.peers() == 1; }));
}

TEST(Decision, UnknownContentIsNoOffence) {
  TestNode a;
  RawPeer peer(a, nowhere(1)), other(a, nowhere(2));
  Bytes strange;
  for (int i : {0, 8, 1, 0xfb, 0, 4, 2, 0x58}) strange.push_back(static_cast<std::byte>(i));
  for (int i = 0; i < 5; ++i) peer.send(strange);
  peer.spread(type, "fine");
  EXPECT_EQ(other.next(), "fine");
  EXPECT_EQ(a.counter("unknown_content"), 5u);
}

TEST(Decision, ManyMessagesInOneSegment) {
  TestNode a;
  Subscriber module(a);
  RawPeer peer(a, nowhere(1));
  Bytes all;
  for (int i = 0; i < 100; ++i) {
    const Bytes one = content(type, "message " + std::to_string(i));
    all.insert(all.end(), one.begin(), one.end());
  }
  peer.send(all);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(module.next(), "message " + std::to_string(i));
    module.answer(true);
  }
}

TEST(Decision, OneMessageInManySegments) {
  TestNode a;
  Subscriber subscriber(a);
  RawPeer peer(a, nowhere(1));
  Module announcer(a);
  const std::string data(300, 'x');
  const Bytes p2p = content(type, data + "p"), api = announce(type, data + "a");
  for (const std::byte& b : p2p) peer.send({&b, 1});
  for (const std::byte& b : api) announcer.send({&b, 1});
  std::vector<std::string> got{subscriber.next(), subscriber.next()};
  std::ranges::sort(got);
  EXPECT_EQ(got, (std::vector<std::string>{data + "a", data + "p"}));
}

TEST(Decision, SplitAtEveryByte) {
  TestNode a;
  Subscriber subscriber(a);
  RawPeer peer(a, nowhere(1));
  for (std::size_t split = 0; split <= content(type, "data 00").size(); ++split) {
    const std::string data = "data " + std::to_string(10 + split);
    const Bytes whole = content(type, data);
    peer.send(std::span(whole).first(split));
    // The status answer shows that the node has been round its loop in between.
    a.status();
    peer.send(std::span(whole).subspan(split));
    EXPECT_EQ(subscriber.next(), data);
    subscriber.answer(true);
  }
}

TEST(Decision, AFinBehindTheLastMessage) {
  TestNode a;
  Subscriber subscriber(a);
  for (int i = 0; i < 20; ++i) {
    const std::string data = "fin " + std::to_string(i);
    {
      Client client(i % 2 == 0 ? a.api() : a.p2p());
      client.send(i % 2 == 0 ? announce(type, data) : content(type, data));
      if (i % 4 < 2) client.end_output();
    }
    EXPECT_EQ(subscriber.next(), data);
    subscriber.answer(true);
  }
}

TEST(Decision, AQuestionWithAFinBehindItIsAnswered) {
  TestNode a;
  Client client(a.p2p());
  client.send(frame(net::Pull{nowhere(1)}));
  client.end_output();
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, frame(net::Response{}));
  EXPECT_TRUE(client.closed_by_other_side());
}

TEST(Decision, AFullCacheLosesTheOldestFirst) {
  Settings settings = quiet_settings();
  settings.intake().cache_size = 2;
  TestNode a(settings);
  Subscriber module(a);
  RawPeer from(a, nowhere(1)), to(a, nowhere(2));
  for (int i = 0; i < 4; ++i) {
    from.spread(type, "item " + std::to_string(i));
    EXPECT_EQ(module.next(), "item " + std::to_string(i));
  }
  // Two wait; the two before them went by silence, whole.
  EXPECT_EQ(to.next(), "item 0");
  EXPECT_EQ(to.next(), "item 1");
  module.answer(true);
  EXPECT_EQ(to.next(), "item 3");
}

TEST(Decision, AFullPeerListStaysFull) {
  Settings settings = quiet_settings();
  settings.sampling().peer_list = 4;
  settings.limits.connect_timeout = 100 * millisecond;
  TestNode a(settings);
  std::vector<RawPeer> peers;
  for (std::uint16_t i = 1; i <= 8; ++i) peers.emplace_back(a, nowhere(i));
  EXPECT_EQ(a.status()["peer_list"].size(), 4u);
  EXPECT_LE(peers[0].ask_for_peers(nowhere(1)).size(), 4u);
  EXPECT_EQ(a.peers(), 8u);
}

TEST(Decision, AddressesWhereNobodyCanListenAreIgnored) {
  TestNode a;
  RawPeer peer(a, nowhere(7));
  for (net::Endpoint bad : {net::Endpoint{0, 5}, net::Endpoint{0x7f000001, 0}, net::Endpoint{0xe0000001, 5},
                            net::Endpoint{0xffffffff, 5}, a.p2p()}) {
    peer.send(frame(net::Push{bad}));
  }
  peer.send(frame(net::Push{nowhere(7)}));
  peer.send(frame(net::Push{nowhere(7)}));
  EXPECT_EQ(peer.ask_for_peers(nowhere(7)), std::vector<net::Endpoint>{}) << "who asks is not told of itself";
  EXPECT_EQ(a.counter("ignored_address"), 5u);
  EXPECT_EQ(a.status()["peer_list"], nlohmann::json::array({"127.0.0.1:7"}));
}

TEST(Decision, ABootstrapperThatComesLater) {
  Settings late = quiet_settings();
  late.p2p_address.port = free_port();
  Settings settings = quiet_settings();
  settings.bootstrapper = late.p2p_address;
  settings.sampling().retry_min = 10 * millisecond;
  settings.sampling().retry_max = 50 * millisecond;
  TestNode early(settings);
  ASSERT_TRUE(eventually([&] { return early.counter("dial_failed") >= 2; }));
  TestNode bootstrapper(late);
  EXPECT_TRUE(linked(bootstrapper, early));
}

TEST(Decision, EmptyDataIsAllowed) {
  TestNode a;
  Subscriber subscriber(a);
  Module announcer(a);
  RawPeer peer(a, nowhere(1));
  announcer.publish(type, "");
  EXPECT_EQ(subscriber.next(), "");
  EXPECT_EQ(peer.next(), "");
  peer.spread(type + 1, "");
  EXPECT_TRUE(eventually([&] { return a.counter("received") == 1; }));
}

TEST(Decision, DataTooLargeForTheClassicDialectIsRefused) {
  TestNode a;
  Module announcer(a);
  RawPeer peer(a, nowhere(1));
  announcer.publish(type, std::string(net::max_announce_data, 'x'));
  announcer.publish(type, std::string(net::max_send_content_data + 1, 'x'));
  announcer.publish(type, std::string(net::max_send_content_data, 'y'));
  EXPECT_EQ(peer.next(), std::string(net::max_send_content_data, 'y'));
  EXPECT_EQ(a.counter("drop_too_large"), 2u);
}

}  // namespace
}  // namespace gossip::node::test
