// Who is who, and what happens to those who say nothing, take nothing, or come too often.

#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <thread>

#include "node/peer_file.hpp"
#include "tests/node/process.hpp"

namespace gossip::node::test {
namespace {

constexpr std::uint16_t type = 1337;

TEST(Peers, TwoThatDialEachOtherKeepOneConnection) {
  for (int round = 0; round < 10; ++round) {
    Settings one = quiet_settings(), two = quiet_settings();
    one.p2p_address = loopback(free_port());
    two.p2p_address = loopback(free_port());
    one.bootstrapper = two.p2p_address;
    two.bootstrapper = one.p2p_address;
    one.sampling().retry_min = one.sampling().retry_max = two.sampling().retry_min = two.sampling().retry_max =
        20 * millisecond;
    TestNode a(one), b(two);
    ASSERT_TRUE(eventually([&] { return a.peers() == 1 && b.peers() == 1; }));
    Module from(a), at_b(b);
    at_b.subscribe(type);
    for (int i = 0; i < 50; ++i) {
      from.publish(type, std::to_string(i));
      EXPECT_EQ(at_b.next(), std::to_string(i));
      at_b.answer(true);
    }
    EXPECT_EQ(a.peers(), 1u);
    EXPECT_EQ(b.peers(), 1u);
  }
}

/// Skips the probes of Module::subscribe.
std::string next_of_type(Client& client) {
  while (const auto received = client.receive()) {
    const net::Decoded decoded = net::decode(*received);
    const auto* message = std::get_if<net::SendContent>(&decoded);
    if (message != nullptr && message->announce.data_type == type) return text(message->announce.data);
  }
  return "<closed>";
}

/// A node that has dialled `listener`, and been dialled by the peer that listens there.
void cross_dial(bool node_is_lower) {
  Listener listener;
  Settings settings = quiet_settings();
  // 127.0.0.2 is above every port of 127.0.0.1; the peer's two connections must come from its own address.
  settings.p2p_address = {node_is_lower ? "127.0.0.1" : "127.0.0.2", 0, net::HostKind::v4};
  if (node_is_lower) {
    do {
      settings.p2p_address.port = free_port();
    } while (settings.p2p_address.port >= listener.endpoint().port);
  }
  settings.bootstrapper = loopback(listener.endpoint().port);
  TestNode a(settings);
  Client dialled_by_node = listener.accept();
  ASSERT_TRUE(dialled_by_node.receive());  // PULL
  Client dialled_by_peer(a.p2p());
  dialled_by_peer.send(frame(net::Push{listener.endpoint()}));
  ASSERT_TRUE(eventually([&] { return a.counter("cross_dials") == 1; }));
  Client& kept = node_is_lower ? dialled_by_node : dialled_by_peer;
  Client& other = node_is_lower ? dialled_by_peer : dialled_by_node;
  EXPECT_TRUE(other.closed_by_other_side());
  Module announcer(a), subscriber(a);
  subscriber.subscribe(type);
  announcer.publish(type, "x");
  EXPECT_EQ(next_of_type(kept), "x");
  EXPECT_EQ(subscriber.next(), "x");
  // What was under way on the connection that lost is not lost.
  other.send(content(type, "late"));
  EXPECT_EQ(subscriber.next(), "late");
  other.end_output();
  EXPECT_EQ(a.peers(), 1u);
  kept.send(content(type, "later"));
  EXPECT_EQ(subscriber.next(), "later");
}

TEST(Peers, TheLowerDialsWhenThatIsTheNode) { cross_dial(true); }
TEST(Peers, TheLowerDialsWhenThatIsTheOther) { cross_dial(false); }

TEST(Peers, WhoDialsAgainHasLostTheOlderConnection) {
  TestNode a;
  RawPeer before(a, nowhere(9)), after(a, nowhere(9));
  EXPECT_EQ(a.peers(), 1u);
  EXPECT_TRUE(before.closed_by_other_side());
  Module announcer(a);
  announcer.publish(type, "x");
  EXPECT_EQ(after.next(), "x");
}

TEST(Peers, SilenceMakesAnonymous) {
  Settings settings = quiet_settings();
  settings.limits.identify_timeout = 20 * millisecond;
  settings.own.anonymous_links = 2;
  TestNode a(settings);
  Client one(a.p2p()), two(a.p2p());
  ASSERT_TRUE(eventually([&] { return a.peers() == 2; }));
  EXPECT_TRUE(a.status()["peer_list"].empty());
  Client three(a.p2p());
  EXPECT_TRUE(three.closed_by_other_side()) << "there is room for two";
  Module announcer(a);
  announcer.publish(type, "x");
  EXPECT_EQ(*one.receive(), content(type, "x"));
  EXPECT_EQ(*two.receive(), content(type, "x"));
}

TEST(Peers, NobodyPassesForAnAddressThatIsNotItsOwn) {
  TestNode a;
  Client liar(a.p2p());
  liar.send(frame(net::Push{{0x7f000002, 5}}));
  ASSERT_TRUE(eventually([&] { return a.peers() == 1; }));
  EXPECT_NE(a.status()["peers"][0]["address"].get<std::string>().find("anonymous"), std::string::npos);
}

TEST(Peers, ThePeerThatDoesNotAnswerAPullIsLeft) {
  Listener listener;
  Settings settings = quiet_settings();
  settings.bootstrapper = loopback(listener.endpoint().port);
  settings.limits.response_timeout = 50 * millisecond;
  TestNode a(settings);
  Client silent = listener.accept();
  EXPECT_EQ(*silent.receive(), frame(net::Pull{a.p2p()}));
  EXPECT_TRUE(silent.closed_by_other_side());
  EXPECT_EQ(a.counter("closed_silent"), 1u);
}

TEST(Peers, AnIdlePeerIsAskedAndStaysWhenItAnswers) {
  Settings settings = quiet_settings();
  settings.limits.idle_timeout = 100 * millisecond;
  settings.limits.response_timeout = 10 * second;
  TestNode a(settings);
  RawPeer peer(a, nowhere(1));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(*peer.receive(), frame(net::Pull{a.p2p()}));
    peer.send(frame(net::Response{}));
  }
  EXPECT_EQ(a.peers(), 1u);
}

TEST(Peers, LimitsInTotalAndByAddress) {
  Settings settings = quiet_settings();
  settings.limits.p2p_connections = 3;
  settings.limits.p2p_per_address = 2;
  settings.limits.api_connections = 2;
  TestNode a(settings);
  RawPeer one(a, nowhere(1)), two(a, nowhere(2));
  Client three(a.p2p());
  EXPECT_TRUE(three.closed_by_other_side());
  Module m1(a), m2(a);
  ASSERT_TRUE(eventually([&] { return a.status()["modules"].size() == 2; }));
  Module m3(a);
  EXPECT_TRUE(m3.closed_by_other_side());
  EXPECT_EQ(a.counter("refused_connections"), 2u);
  EXPECT_EQ(a.peers(), 2u);
}

TEST(Peers, AModuleThatDoesNotReadIsCutOffAndNobodyElseIsSlowed) {
  Settings settings = quiet_settings();
  settings.limits.module_queue = 65'536;
  settings.limits.module_stall = 300 * millisecond;
  settings.limits.backpressure = 20 * millisecond;
  TestNode a(settings);
  Module stalled(a), healthy(a), announcer(a);
  stalled.subscribe(type);
  healthy.subscribe(type);
  const std::string data(4000, 'x');
  int sent = 0;
  ASSERT_TRUE(eventually([&] {
    for (int i = 0; i < 50; ++i) {
      const std::string one = data + std::to_string(sent++);
      announcer.publish(type, one);
      EXPECT_EQ(healthy.next(), one);
    }
    return a.counter("closed_stalled") == 1;
  }));
  EXPECT_GT(a.counter("drop_module_queue"), 0u);
}

TEST(Peers, APeerThatDoesNotReadIsCutOff) {
  Settings settings = quiet_settings();
  settings.limits.peer_queue = 65'536;
  settings.limits.peer_stall = 300 * millisecond;
  settings.limits.backpressure = 20 * millisecond;
  TestNode a(settings);
  RawPeer stalled(a, nowhere(1)), healthy(a, nowhere(2));
  Module announcer(a);
  const std::string data(4000, 'x');
  int sent = 0;
  ASSERT_TRUE(eventually([&] {
    for (int i = 0; i < 50; ++i) {
      const std::string one = data + std::to_string(sent++);
      announcer.publish(type, one);
      EXPECT_EQ(healthy.next(), one);
    }
    return a.counter("closed_stalled") == 1;
  }));
  EXPECT_GT(a.counter("drop_peer_queue"), 0u);
}

TEST(Peers, ASlowModuleGetsTheOldestWhole) {
  Settings settings = quiet_settings();
  settings.limits.module_queue = 65'536;
  settings.limits.module_stall = 3600 * second;
  settings.limits.backpressure = 0;
  TestNode a(settings);
  Module slow(a), announcer(a);
  slow.subscribe(type);
  const std::string data(4000, 'x');
  int sent = 0;
  ASSERT_TRUE(eventually([&] {
    for (int i = 0; i < 100; ++i) announcer.publish(type, data + std::to_string(sent++));
    return a.counter("drop_module_queue") > 0;
  }));
  EXPECT_EQ(slow.next(), data + "0");
  EXPECT_EQ(slow.next(), data + "1") << "the newest loses";
}

TEST(Peers, NothingIsLostWhenTheSenderRespectsBackPressure) {
  Settings settings = quiet_settings();
  settings.limits.module_queue = settings.limits.peer_queue = 1 << 20;
  settings.limits.backpressure = 10 * second;
  settings.intake().cache_size = 4096;
  TestNode a(settings);
  Settings other = settings;
  other.bootstrapper = loopback(a.p2p().port);
  TestNode b(other);
  ASSERT_TRUE(eventually([&] { return a.peers() == 1 && b.peers() == 1; }));
  Module subscriber(b);
  subscriber.subscribe(type);
  constexpr int count = 20'000;
  std::thread sender([&] {
    Module announcer(a);
    for (int i = 0; i < count; ++i) announcer.publish(type, std::to_string(i) + std::string(1000, 'x'));
    announcer.end_output();
    announcer.closed_by_other_side();
  });
  int wrong = 0;
  for (int i = 0; i < count; ++i) {
    const std::string data = subscriber.next();
    if (std::atoi(data.c_str()) != i) ++wrong;
  }
  sender.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(a.counter("drop_peer_queue"), 0u);
  EXPECT_EQ(b.counter("drop_module_queue"), 0u);
}

TEST(Peers, Ipv6AndNames) {
  Settings v6 = quiet_settings();
  v6.p2p_address = {"::1", 0, net::HostKind::v6};
  TestNode a(v6);
  Settings by_address = quiet_settings(), by_name = quiet_settings();
  by_address.bootstrapper = net::HostPort{"::1", a.p2p().port, net::HostKind::v6};
  TestNode b(by_address);
  ASSERT_TRUE(eventually([&] { return a.peers() >= 1 && b.peers() >= 1; }));
  by_name.bootstrapper = net::HostPort{"localhost", b.p2p().port, net::HostKind::name};
  TestNode c(by_name);
  ASSERT_TRUE(eventually([&] { return c.peers() >= 1; }));
  Module at_c(c), from(a);
  at_c.subscribe(type);
  from.publish(type, "two hops");
  EXPECT_EQ(at_c.next(), "two hops");
}

/// A node whose bootstrapper is a name, and what that stands for.
Settings named_settings() {
  Settings settings = quiet_settings();
  settings.bootstrapper = net::HostPort{"many.invalid", 1, net::HostKind::name};
  settings.sampling().retry_min = settings.sampling().retry_max = 20 * millisecond;
  return settings;
}
RunOptions standing_for(std::vector<net::Endpoint> all) {
  RunOptions options;
  options.look_up = [all = std::move(all)](const net::HostPort& name) {
    EXPECT_EQ(name.host, "many.invalid");
    std::vector<tcp::endpoint> found;
    for (const net::Endpoint one : all) found.push_back(to_tcp(one));
    return found;
  };
  return options;
}

TEST(Peers, OfANameWithSeveralAddressesOneThatLivesIsFoundAndTheNextWhenItDies) {
  auto first = std::make_unique<TestNode>(), second = std::make_unique<TestNode>();
  TestNode node(named_settings(), standing_for({nowhere(1), first->p2p(), nowhere(2), second->p2p()}));
  ASSERT_TRUE(eventually([&] { return node.peers() == 1; }));
  std::unique_ptr<TestNode>& reached = first->peers() == 1 ? first : second;
  const TestNode& other = &reached == &first ? *second : *first;
  EXPECT_EQ(other.peers(), 0u);
  reached.reset();
  EXPECT_TRUE(eventually([&] { return other.peers() == 1 && node.peers() == 1; }));
}

/// As of a service, of which every node is one.
TEST(Peers, ANameThatStandsForOneselfTooLeadsToTheOthers) {
  TestNode other;
  for (const char* host : {"127.0.0.1", "0.0.0.0"}) {
    Settings settings = named_settings();
    settings.p2p_address = {host, free_port(), net::HostKind::v4};
    TestNode node(settings, standing_for({nowhere(settings.p2p_address.port), other.p2p()}));
    EXPECT_TRUE(eventually([&] { return node.peers() == 1 && other.peers() == 1; })) << host;
    EXPECT_EQ(node.counter("dialled"), 1u) << "the first dial goes there";
  }
}

TEST(Peers, OneThatIsReachedAndIsNoPeerStandsBeforeNoOther) {
  TestNode other, no_peer;
  TestNode node(named_settings(), standing_for({no_peer.api(), other.p2p()}));
  EXPECT_TRUE(eventually([&] { return node.peers() == 1 && other.peers() == 1; }));
}

TEST(Peers, Ipv6AloneIsSaidAtTheStart) {
  Process node({"run", "--p2p-address", "[::1]:0", "--api-address", "127.0.0.1:0"});
  const std::string said = node.wait_for_line("listening ");
  EXPECT_NE(said.find("the classic dialect carries IPv4 addresses only: nobody is told of [::1]:"), std::string::npos)
      << said;
  Settings settings;
  const auto wrong = parse_ini("[gossip]\nadvertise = [::1]:6001\n", settings);
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_NE(wrong[0].text.find("IPv6 address, and the classic dialect carries IPv4 only"), std::string::npos)
      << wrong[0].text;
}

/// Its API port reads a PULL as something that no module says.
TEST(Peers, ABootstrapperThatIsNoPeerIsNamedOnceAndTriedLessAndLess) {
  TestNode other;
  NodeProcess node({"--bootstrapper", to_string(other.api()), "--retry-min", "100ms"});
  const auto begin = Clock::now();
  node.wait_for_line("is reached, but does not answer as a peer");
  std::this_thread::sleep_for(std::chrono::seconds(3));
  const std::uint64_t dialled = node.status()["counters"]["dialled"];
  EXPECT_GE(dialled, 2u);
  EXPECT_LE(static_cast<double>(dialled), 2 + std::log2(seconds_since(begin) / 0.1 + 1))
      << "after 0, 0.1, 0.3, 0.7, 1.5, 3.1 s, and some";
  node.signal(SIGTERM);
  const std::string said = node.finish().err;
  const std::size_t first = said.find("does not answer as a peer");
  EXPECT_EQ(said.find("does not answer as a peer", first + 1), std::string::npos) << said;
}

TEST(Peers, ABootstrapperThatComesBackIsFoundAgain) {
  Settings first = quiet_settings();
  first.p2p_address = loopback(free_port());
  auto bootstrapper = std::make_unique<TestNode>(first);
  Settings settings;
  settings.p2p_address.port = settings.api_address.port = 0;
  settings.bootstrapper = first.p2p_address;
  settings.sampling().retry_min = 50 * millisecond;
  settings.sampling().retry_max = 500 * millisecond;
  TestNode node(settings);
  ASSERT_TRUE(eventually([&] { return node.peers() == 1; }));
  bootstrapper.reset();
  ASSERT_TRUE(eventually([&] { return node.peers() == 0 && node.counter("dial_failed") >= 3; }));
  bootstrapper = std::make_unique<TestNode>(first);
  EXPECT_TRUE(eventually([&] { return node.peers() == 1 && bootstrapper->peers() == 1; }));
}

TEST(Peers, OneThatListensEverywhereKnowsItself) {
  Settings everywhere = quiet_settings();
  everywhere.p2p_address = {"0.0.0.0", free_port(), net::HostKind::v4};
  TestNode a(everywhere);
  Settings settings = quiet_settings();
  settings.bootstrapper = loopback(everywhere.p2p_address.port);
  settings.sampling().retry_min = settings.sampling().retry_max = 20 * millisecond;
  TestNode b(settings);
  ASSERT_TRUE(eventually([&] { return a.peers() == 1 && b.peers() == 1; }));
  RawPeer peer(b, nowhere(1));
  EXPECT_TRUE(peer.ask_for_peers(nowhere(1)).empty()) << "a bootstrapper is on nobody's list";

  Settings self = quiet_settings();
  self.p2p_address = {"0.0.0.0", free_port(), net::HostKind::v4};
  self.bootstrapper = loopback(self.p2p_address.port);
  self.sampling().retry_min = self.sampling().retry_max = 20 * millisecond;
  TestNode own_bootstrapper(self);
  ASSERT_TRUE(eventually([&] { return own_bootstrapper.counter("dialled") >= 2; }));
  EXPECT_EQ(own_bootstrapper.peers(), 0u);
}

TEST(Peers, TheListSurvivesARestart) {
  Folder folder;
  TestNode other;
  Settings settings = quiet_settings();
  settings.state_dir = folder.path;
  save_peers(folder / "peers", std::vector{other.p2p()});
  {
    TestNode a(settings);
    ASSERT_TRUE(eventually([&] { return other.peers() == 1; }));
    RawPeer newcomer(a, nowhere(1));
  }
  EXPECT_EQ(load_peers(folder / "peers", 10).peers, (std::vector{other.p2p(), nowhere(1)}))
      << "who was reached is first";
  ASSERT_TRUE(eventually([&] { return other.peers() == 0; }));
  {
    TestNode again(settings);
    EXPECT_TRUE(eventually([&] { return other.peers() == 1; }));
  }
  write_file(folder / "peers", "damaged");
  TestNode third(settings);
  EXPECT_EQ(third.peers(), 0u);
  EXPECT_EQ(read_file(folder / "peers.damaged"), "damaged");
}

TEST(Peers, AStartWithoutANetworkForgetsNobody) {
  Folder folder;
  std::vector<net::Endpoint> before;
  for (std::uint16_t port = 1; port <= 100; ++port) before.push_back(nowhere(port));
  ASSERT_EQ(save_peers(folder / "peers", before), "");
  Settings settings = quiet_settings();
  settings.state_dir = folder.path;
  settings.sampling().retry_min = settings.sampling().retry_max = 10 * millisecond;  // worn out within the time
  settings.sampling().dials = 1000;
  {
    TestNode a(settings);
    std::this_thread::sleep_for(std::chrono::seconds(3));
    EXPECT_GE(a.counter("dial_failed"), 600u) << "each is worn out";
  }
  std::vector<net::Endpoint> after = load_peers(folder / "peers", 1000).peers;
  std::ranges::sort(after);
  EXPECT_EQ(after, before);
}

TEST(Peers, NumbersOfAddressesThatAreNotListedAreGivenBack) {
  TestNode a;
  RawPeer peer(a, nowhere(1));
  for (std::uint16_t round = 0; round < 50; ++round) {
    Bytes response;
    std::vector<net::Endpoint> list;
    for (std::uint16_t i = 0; i < 50; ++i) list.push_back({0x0a000000u + round, static_cast<std::uint16_t>(1 + i)});
    net::encode_response(response, list);
    peer.send(response);
  }
  EXPECT_TRUE(eventually([&] { return a.drop("unasked") == 50; }));
  EXPECT_EQ(a.status()["peer_list"], nlohmann::json::array({"127.0.0.1:1"}));
  EXPECT_EQ(a.status()["peers"][0]["dropped"], 50);
}

}  // namespace
}  // namespace gossip::node::test
