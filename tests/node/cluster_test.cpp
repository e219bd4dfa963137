// Fifty real processes, found by way of one.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <map>
#include <set>

#include "tests/node/process.hpp"

namespace gossip::node::test {
namespace {

constexpr std::uint16_t type = 1337;

class Cluster : public testing::Test {
 protected:
  void start(std::size_t n) {
    start_one({});
    while (nodes.size() < n) start_one({"--bootstrapper", to_string(nodes[0].p2p)});
    for (const NodeProcess& node : nodes) modules.emplace_back(node.api);
    for (std::size_t i = 0; i < n; ++i) {
      static_cast<ModuleClient&>(modules[i]).subscribe(type);
      ASSERT_TRUE(eventually([&] { return nodes[i].status()["modules"][0]["types"].size() == 1; }));
    }
  }

  void start_one(std::vector<std::string> arguments) {
    const std::string status = folder / (std::to_string(nodes.size()) + ".sock");
    // Room for who comes late: with the one link more that is the default, the last eight keep to each other.
    arguments.insert(arguments.end(), {"--degree", "8", "--links", "16", "--retry-min", "50ms", "--retry-max", "500ms",
                                       "--status-socket", status});
    nodes.emplace_back(std::move(arguments));
  }

  /// Every node has its degree, and each reaches every other.
  bool connected() {
    std::map<std::string, std::set<std::string>> links;
    for (const NodeProcess& node : nodes) {
      const auto status = node.status();
      if (status["peers"].size() < std::min<std::size_t>(8, nodes.size() - 1)) return false;
      for (const auto& peer : status["peers"]) {
        links[status["p2p"]].insert(peer["address"]);
        links[peer["address"]].insert(status["p2p"]);
      }
    }
    if (links.size() != nodes.size()) return false;  // the dead are still counted as peers somewhere
    std::set<std::string> reached{to_string(nodes[0].p2p)};
    std::vector<std::string> open(reached.begin(), reached.end());
    while (!open.empty()) {
      const std::string at = open.back();
      open.pop_back();
      for (const std::string& next : links[at]) {
        if (reached.insert(next).second) open.push_back(next);
      }
    }
    return reached.size() == nodes.size();
  }

  void expect_announce_to_reach_all(std::size_t origin, const std::string& data) {
    Module announcer(nodes[origin].api);
    announcer.publish(type, data);
    std::vector<pollfd> waiting;
    for (const Module& module : modules) waiting.push_back({module.socket(), POLLIN, 0});
    // Who has it must say that it is good before the others can have it.
    for (std::size_t left = modules.size(); left > 0;) {
      ASSERT_GT(::poll(waiting.data(), waiting.size(), 30'000), 0) << left << " modules wait for " << data;
      for (std::size_t i = 0; i < modules.size(); ++i) {
        if ((waiting[i].revents & POLLIN) == 0) continue;
        EXPECT_EQ(modules[i].next(), data);
        modules[i].answer(true);
        waiting[i].fd = -1;
        --left;
      }
    }
  }

  Folder folder;
  std::vector<NodeProcess> nodes;
  std::vector<Module> modules;
};

TEST_F(Cluster, FiftyNodesAndThenThirty) {
  start(50);
  ASSERT_TRUE(eventually([&] { return connected(); }));
  const std::vector<std::size_t> origins{0, 17, 49};
  for (std::size_t origin : origins) expect_announce_to_reach_all(origin, "from " + std::to_string(origin));
  for (const NodeProcess& node : nodes) {
    ASSERT_TRUE(eventually([&] { return node.status()["messages"]["known"] == origins.size(); }));
    EXPECT_EQ(node.status()["counters"]["notifications"], origins.size()) << "each exactly once";
  }

  // The bootstrapper is among the dead.
  for (std::size_t i = 0; i < 20; ++i) nodes[i].signal(SIGKILL);
  nodes.erase(nodes.begin(), nodes.begin() + 20);
  modules.erase(modules.begin(), modules.begin() + 20);
  ASSERT_TRUE(eventually([&] { return connected(); }));
  expect_announce_to_reach_all(3, "after the loss");
  for (const NodeProcess& node : nodes) EXPECT_EQ(node.status()["counters"]["notifications"], origins.size() + 1);
}

/// What stands between nodes that advertise its ports instead of their own, and can be cut between halves: 127.1.x.x and
/// 127.2.x.x.
class Wall {
 public:
  ~Wall() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
    for (const Pair& pair : pairs_) close(pair);
  }
  net::Endpoint add(std::uint32_t ip) {
    doors_.push_back({std::make_unique<Listener>(ip), {}});
    return doors_.back().listener->endpoint();
  }
  void lead_to(std::size_t door, net::Endpoint node) { doors_[door].node = node; }
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void cut(bool whether) { cut_ = whether; }

 private:
  struct Door {
    std::unique_ptr<Listener> listener;
    net::Endpoint node;
  };
  struct Pair {
    std::array<int, 2> sockets;
    bool across;
  };
  static void close(const Pair& pair) {
    for (const int one : pair.sockets) ::close(one);
  }

  void run() {
    while (!over_) {
      if (cut_) {
        std::erase_if(pairs_, [](const Pair& pair) { return pair.across && (close(pair), true); });
      }
      std::vector<pollfd> waiting;
      for (const Door& door : doors_) waiting.push_back({door.listener->socket, POLLIN, 0});
      for (const Pair& pair : pairs_) {
        for (const int one : pair.sockets) waiting.push_back({one, POLLIN, 0});
      }
      ::poll(waiting.data(), waiting.size(), 10);
      for (std::size_t i = pairs_.size(); i-- > 0;) {
        for (const std::size_t side : {0, 1}) {
          if ((waiting[doors_.size() + 2 * i + side].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
          if (forward(pairs_[i], side)) continue;
          close(pairs_[i]);
          pairs_.erase(pairs_.begin() + static_cast<std::ptrdiff_t>(i));
          break;
        }
      }
      for (std::size_t i = 0; i < doors_.size(); ++i) {
        if ((waiting[i].revents & POLLIN) != 0) take(doors_[i]);
      }
    }
  }
  static bool forward(const Pair& pair, std::size_t side) {
    std::array<char, 65'536> buffer;
    const ssize_t n = ::recv(pair.sockets[side], buffer.data(), buffer.size(), MSG_DONTWAIT);
    return n > 0 && ::send(pair.sockets[1 - side], buffer.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) == n;
  }
  void take(const Door& door) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const int in = ::accept(door.listener->socket, reinterpret_cast<sockaddr*>(&from), &size);
    const std::uint32_t ip = ntohl(from.sin_addr.s_addr);
    const bool across = (ip ^ door.node.ip) >> 16 != 0;
    if (across && cut_) {
      ::close(in);
      return;
    }
    try {
      const Client out = connect_from(ip, door.node);
      pairs_.push_back({{in, ::dup(out.socket())}, across});
    } catch (const std::runtime_error&) {  // the node is gone
      ::close(in);
    }
  }

  std::vector<Door> doors_;
  std::vector<Pair> pairs_;
  std::atomic<bool> over_{false}, cut_{false};
  std::thread thread_;
};

TEST(Partition, TwoHalvesFindEachOtherAgainWithoutTheirBootstrapper) {
  Wall wall;
  std::vector<net::Endpoint> addresses;
  for (const std::uint32_t ip : {0x7f010001, 0x7f010101, 0x7f010201, 0x7f020001, 0x7f020101, 0x7f020201, 0x7f020301})
    addresses.push_back(wall.add(ip));
  std::vector<std::unique_ptr<TestNode>> nodes;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    Settings settings;
    net::Endpoint here = addresses[i];
    here.port = 0;
    settings.p2p_address = {to_string(here).substr(0, to_string(here).find(':')), 0, net::HostKind::v4};
    settings.api_address.port = 0;
    settings.advertise = addresses[i];
    settings.sampling().retry_min = 50 * millisecond;
    settings.sampling().retry_max = settings.sampling().explore = second;
    if (i > 0) {
      const std::string first = to_string(addresses[0]);
      settings.bootstrapper = net::HostPort{first.substr(0, first.find(':')), addresses[0].port, net::HostKind::v4};
    }
    nodes.push_back(std::make_unique<TestNode>(settings));
    wall.lead_to(i, nodes.back()->p2p());
  }
  wall.start();
  const auto all_have = [&](const std::vector<std::size_t>& peers) {
    return eventually([&] {
      for (std::size_t i = 0; i < peers.size(); ++i) {
        if (peers[i] > 0 && nodes[i]->peers() != peers[i]) return false;
      }
      return true;
    });
  };
  ASSERT_TRUE(all_have({6, 6, 6, 6, 6, 6, 6}));
  wall.cut(true);
  nodes[0]->stop();
  ASSERT_TRUE(all_have({0, 1, 1, 3, 3, 3, 3}));
  std::this_thread::sleep_for(std::chrono::seconds(6));  // long enough to wear out what was only heard of
  wall.cut(false);
  const auto healed = Clock::now();
  EXPECT_TRUE(all_have({0, 5, 5, 5, 5, 5, 5}));
  EXPECT_LT(Clock::now() - healed, std::chrono::seconds(5));
}

TEST_F(Cluster, HalfOfTwentyKilledLeavesOneComponent) {
  start(20);
  ASSERT_TRUE(eventually([&] { return connected(); }));
  for (std::size_t i = 0; i < 10; ++i) nodes[i].signal(SIGKILL);
  nodes.erase(nodes.begin(), nodes.begin() + 10);
  modules.erase(modules.begin(), modules.begin() + 10);
  ASSERT_TRUE(eventually([&] { return connected(); }));
  expect_announce_to_reach_all(0, "to all that are left");
}

}  // namespace
}  // namespace gossip::node::test
