// Fifty real processes, found by way of one.

#include <gtest/gtest.h>
#include <poll.h>

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

}  // namespace
}  // namespace gossip::node::test
