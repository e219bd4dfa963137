// Five healthy nodes exchange messages and lose none, whatever is done to their ports.

#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <set>
#include <thread>

#include "core/random.hpp"
#include "node/peer_file.hpp"
#include "tests/node/process.hpp"

namespace gossip::node::test {
namespace {

constexpr std::uint16_t type = 1337;

class Hostile : public testing::Test {
 protected:
  static constexpr std::size_t healthy = 5;

  void SetUp() override {
    for (std::size_t i = 0; i < healthy; ++i) {
      Settings settings = quiet_settings();
      settings.sampling().degree = 4;
      settings.sampling().retry_min = settings.sampling().retry_max = 50 * millisecond;
      if (i > 0) settings.bootstrapper = loopback(nodes[0]->p2p().port);
      nodes.push_back(std::make_unique<TestNode>(settings));
    }
    for (const auto& node : nodes) {
      ASSERT_TRUE(eventually([&] { return node->peers() >= 4; }));
      subscribers.emplace_back(*node);
      subscribers.back().subscribe(type);
    }
  }

  void exchange(int messages) {
    for (int i = 0; i < messages; ++i) {
      const std::size_t origin = static_cast<std::size_t>(i) % healthy;
      const std::string data = "healthy " + std::to_string(exchanged++);
      subscribers[origin].publish(type, data);
      // All are neighbours: everybody has it from the origin itself, whose announcement waits for nobody.
      for (std::size_t k = 0; k < healthy; ++k) {
        if (k == origin) continue;
        ASSERT_EQ(subscribers[k].next(), data);
        subscribers[k].answer(true);
      }
    }
  }

  std::vector<std::unique_ptr<TestNode>> nodes;
  std::vector<Module> subscribers;
  int exchanged = 0;
};

Bytes random_bytes(Random& random) {
  Bytes data(1 + random.below(4000));
  for (std::byte& b : data) b = static_cast<std::byte>(random.below(256));
  // Half of them look like the beginning of something.
  if (random.below(2) == 0 && data.size() > 4) {
    data[0] = std::byte{0};
    data[1] = static_cast<std::byte>(4 + random.below(20));
    data[2] = std::byte{1};
    data[3] = static_cast<std::byte>(0xf4 + random.below(8));
  }
  return data;
}

TEST_F(Hostile, RandomBytesOnBothPorts) {
  std::atomic<bool> stop{false};
  std::atomic<int> attacks{0};
  std::thread attacker([&] {
    Random random(42);
    while (!stop) {
      const TestNode& target = *nodes[random.below(healthy)];
      Client client(random.below(2) == 0 ? target.api() : target.p2p());
      for (std::uint32_t n = random.below(4); n > 0; --n) client.send(random_bytes(random));
      if (random.below(3) == 0) client.reset();
      ++attacks;
    }
  });
  while (attacks < 500) exchange(20);
  stop = true;
  attacker.join();
  exchange(20);
}

TEST_F(Hostile, ThousandsOfConnections) {
  std::vector<Client> crowd;
  for (int i = 0; i < 2000; ++i) {
    crowd.emplace_back(i % 2 == 0 ? nodes[0]->p2p() : nodes[0]->api());
    if (i % 100 == 0) exchange(1);
  }
  exchange(10);
  EXPECT_GT(nodes[0]->counter("refused_connections"), 0u);
  crowd.clear();
  exchange(10);
}

TEST_F(Hostile, HalfOpenConnectionsAndSizesThatLie) {
  std::vector<Client> half_open;
  for (int i = 0; i < 50; ++i) {
    half_open.emplace_back(nodes[0]->p2p());
    const Bytes whole = content(type, "never ends");
    half_open.back().send(std::span(whole).first(5));
    half_open.emplace_back(nodes[0]->api());
    // 64 KiB are announced, five bytes come.
    Bytes lie = announce(type, "x");
    lie[0] = lie[1] = std::byte{0xff};
    half_open.back().send(lie);
  }
  exchange(10);
  Client too_small(nodes[0]->p2p());
  too_small.send(Bytes(4));
  EXPECT_TRUE(too_small.closed_by_other_side());
  exchange(10);
}

TEST_F(Hostile, TheLargestFrames) {
  const std::string largest(net::max_send_content_data, 'x');
  RawPeer peer(*nodes[0], nowhere(1));
  for (char c = 'a'; c < 'k'; ++c) {
    std::string data = largest;
    data[0] = c;
    peer.spread(type, data);
    for (Module& subscriber : subscribers) {
      ASSERT_EQ(subscriber.next(), data);
      subscriber.answer(true);
    }
  }
}

TEST_F(Hostile, SixtyThatAskAndDoNotRead) {
  std::vector<Client> crowd;
  Bytes many;
  for (int i = 0; i < 2000; ++i) net::encode(many, net::Pull{nowhere(5)});
  std::atomic<bool> stop{false};
  for (int i = 0; i < 60; ++i) crowd.emplace_back(nodes[0]->p2p());
  std::thread attacker([&] {
    while (!stop) {
      for (const Client& one : crowd) ::send(one.socket(), many.data(), many.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const auto begin = Clock::now();
  exchange(500);
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(10));
  stop = true;
  attacker.join();
  exchange(20);
  EXPECT_GT(nodes[0]->counter("drop_pull"), 0u);
}

/// PULLs that come too soon are answered together, later: who asks is not left without an answer.
TEST(Pulls, OneAnswerInEachInterval) {
  Settings settings = quiet_settings();
  settings.limits.answer_interval = 300 * millisecond;
  TestNode a(settings);
  RawPeer peer(a, nowhere(1));
  const auto begin = Clock::now();
  for (int i = 0; i < 5; ++i) peer.send(frame(net::Pull{nowhere(1)}));
  EXPECT_EQ(*peer.receive(), frame(net::Response{}));
  EXPECT_GT(Clock::now() - begin, std::chrono::milliseconds(200));
  EXPECT_EQ(a.counter("drop_pull"), 5u);
  pollfd more{peer.socket(), POLLIN, 0};
  EXPECT_EQ(::poll(&more, 1, 600), 0) << "there is no second answer";
}

std::uint64_t dials(const TestNode& node) { return node.counter("dialled") + node.counter("dial_failed"); }

TEST(Redial, AnAddressThatAcceptsAndClosesAtOnceIsLeftAlone) {
  Listener bait(0x7f00'0002);  // not where the one who tells of it is, who would pass for it
  std::atomic<int> taken{0};
  std::thread closer([&] {
    for (int one; (one = ::accept(bait.socket, nullptr, nullptr)) >= 0; ++taken) ::close(one);
  });
  Settings settings;
  settings.p2p_address.port = settings.api_address.port = 0;
  TestNode victim(settings);
  Client liar(victim.p2p());
  liar.send(frame(net::Push{bait.endpoint()}));
  const auto begin = Clock::now();
  std::this_thread::sleep_for(std::chrono::seconds(5));
  EXPECT_GE(taken, 1);
  EXPECT_LE(taken, 1 + std::log2(seconds_since(begin) / 0.5 + 1)) << "after 0, 0.5, 1.5, 3.5 and 7.5 s, and some";
  ::shutdown(bait.socket, SHUT_RDWR);
  closer.join();
}

TEST(Redial, NeverMoreThanTheLimitOfASecond) {
  Settings settings;
  settings.p2p_address.port = settings.api_address.port = 0;
  settings.sampling().retry_min = settings.sampling().retry_max = 10 * millisecond;
  TestNode victim(settings);
  std::vector<Client> liars;  // each may tell of one address
  for (std::uint16_t i = 1; i <= 200; ++i) {
    liars.push_back(connect_from(0x7f00'0100u + i, victim.p2p()));
    liars.back().send(frame(net::Push{nowhere(i)}));
  }
  ASSERT_TRUE(eventually([&] { return dials(victim) > 0; }));
  const auto begin = Clock::now();  // before they are counted: on a busy machine that may take a while
  const std::uint64_t before = dials(victim);
  std::this_thread::sleep_for(std::chrono::seconds(3));
  const std::uint64_t after = dials(victim);
  // A second begins with a dial, so that parts of two more may lie in the time.
  EXPECT_LE(static_cast<double>(after - before), settings.sampling().dials * (seconds_since(begin) + 2));
}

TEST(Eclipse, OneAddressAndOneNetworkHaveAFewLinks) {
  Settings settings = quiet_settings();
  settings.own.trust = Trust::none;
  settings.limits.links_per_address = 2;
  settings.limits.links_per_network = 3;
  TestNode victim(settings);
  std::vector<RawPeer> in;
  const auto come = [&](std::uint32_t ip, std::uint16_t port) {
    in.emplace_back(connect_from(ip, victim.p2p()), net::Endpoint{ip, port});
  };
  const auto is_refused = [&](std::uint32_t ip) {
    Client one = connect_from(ip, victim.p2p());
    one.send(frame(net::Push{{ip, 9}}));
    return one.closed_by_other_side();
  };
  come(0x7f05'0001, 1);
  come(0x7f05'0001, 2);
  EXPECT_TRUE(is_refused(0x7f05'0001)) << "a third one of this address";
  come(0x7f05'0002, 1);
  EXPECT_TRUE(is_refused(0x7f05'0003)) << "a fourth one in this network";
  come(0x7f06'0001, 1);
  EXPECT_EQ(victim.peers(), 4u);
  EXPECT_EQ(victim.counter("refused_connections"), 2u);
}

/// An address of this machine in a private network, where there is one.
std::optional<std::uint32_t> private_ip() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return std::nullopt;
  std::optional<std::uint32_t> found;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    const std::uint32_t ip = ntohl(reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr.s_addr);
    if (is_private(asio::ip::address_v4(ip))) found = ip;
  }
  ::freeifaddrs(all);
  return found;
}

TEST(Eclipse, InANetworkOfOnesOwnTrustLetsEverybodyIn) {
  const auto ip = private_ip();
  if (!ip) GTEST_SKIP() << "this machine has no private address";
  constexpr std::uint16_t crowd = 10;
  for (const bool trusted : {false, true}) {
    Settings settings = quiet_settings();
    settings.p2p_address = {asio::ip::address_v4(*ip).to_string(), 0, net::HostKind::v4};
    ASSERT_TRUE(parse_ini(trusted ? "[gossip]\ntrust = private\n" : "", settings).empty());
    TestNode node(settings);
    std::vector<Client> in;
    for (std::uint16_t i = 1; i <= crowd; ++i) {
      in.push_back(connect_from(*ip, node.p2p()));
      in.back().send(frame(net::Pull{{*ip, i}}));
    }
    const std::size_t links = trusted ? crowd : settings.limits.links_per_address;
    EXPECT_TRUE(eventually([&] { return node.peers() + node.counter("refused_connections") == crowd; }));
    EXPECT_EQ(node.peers(), links);
    // Each has introduced itself; what one address tells is limited, too.
    EXPECT_EQ(node.status()["peer_list"].size(), trusted ? crowd : 3u);
  }
}

/// 250 connections of one address, and floods of RESPONSEs and PUSHes, against a node with five honest peers.
TEST(Eclipse, OneAddressDoesNotTakeHalfOfTheLinksOrOfTheList) {
  Folder folder;
  std::vector<std::unique_ptr<TestNode>> honest;
  std::set<std::string> honest_addresses;
  const auto settings_of = [&](int i) {
    Settings settings;
    settings.own.trust = Trust::none;
    settings.p2p_address = {"127.1." + std::to_string(i) + ".1", 0, net::HostKind::v4};
    settings.api_address.port = 0;
    settings.sampling().retry_min = 50 * millisecond;
    if (i > 0) settings.bootstrapper = net::HostPort{"127.1.0.1", honest[0]->p2p().port, net::HostKind::v4};
    return settings;
  };
  for (int i = 0; i < 5; ++i) {
    honest.push_back(std::make_unique<TestNode>(settings_of(i)));
    honest_addresses.insert(to_string(honest.back()->p2p()));
  }
  Settings settings = settings_of(5);
  settings.state_dir = folder.path;
  auto victim = std::make_unique<TestNode>(settings);
  ASSERT_TRUE(eventually([&] { return victim->peers() == 5; }));
  ASSERT_TRUE(eventually([&] { return victim->status()["peer_list"].size() == 4; }));  // without the bootstrapper

  std::atomic<bool> stop{false};
  std::thread attacker([&] {
    Random random(1);
    const auto chosen = [&](std::uint16_t port) { return net::Endpoint{0x0a00'0000u + random.below(1 << 24), port}; };
    std::vector<Client> crowd;
    while (!stop) {
      while (crowd.size() < 250) crowd.push_back(connect_from(0x7f09'0909, victim->p2p()));
      std::vector<net::Endpoint> list;
      for (int i = 0; i < 64; ++i) list.push_back(chosen(9));
      for (Client& one : crowd) {
        Bytes flood = frame(net::Push{chosen(7)});
        net::encode_response(flood, list);
        ::send(one.socket(), flood.data(), flood.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      }
      std::erase_if(crowd, [&](const Client&) { return random.below(4) == 0; });
    }
  });
  const auto count_honest = [&](const nlohmann::json& all) {
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [&](const nlohmann::json& one) { return honest_addresses.contains(one.get<std::string>()); }));
  };
  const auto end = Clock::now() + std::chrono::seconds(5);
  std::uint64_t before = dials(*victim);
  auto second_begins = Clock::now();
  while (Clock::now() < end) {
    const nlohmann::json status = victim->status();
    nlohmann::json links = nlohmann::json::array();
    for (const auto& one : status["peers"]) links.push_back(one["address"]);
    EXPECT_EQ(count_honest(links), 5u);
    EXPECT_LE(links.size(), 10u);
    EXPECT_EQ(count_honest(status["peer_list"]), 4u) << "who is connected never leaves the list";
    EXPECT_LE(status["peer_list"].size(), 8u);
    if (seconds_since(second_begins) > 1) {
      const std::uint64_t now = dials(*victim);
      EXPECT_LE(static_cast<double>(now - before), 50 * seconds_since(second_begins));
      before = now;
      second_begins = Clock::now();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  stop = true;
  attacker.join();
  victim->stop();
  nlohmann::json saved = nlohmann::json::array();
  for (const net::Endpoint one : load_peers(folder / "peers", 1000).peers) saved.push_back(to_string(one));
  EXPECT_EQ(count_honest(saved), 4u);
  EXPECT_LE(saved.size(), 8u);
}

}  // namespace
}  // namespace gossip::node::test
