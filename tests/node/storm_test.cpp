// Loop protection outlives what is under way: a load that is too much ends with the load.

#include <gtest/gtest.h>
#include <poll.h>

#include <csignal>
#include <map>

#include "tests/node/process.hpp"

namespace gossip::node::test {
namespace {

constexpr std::uint16_t type = 1337;

/// Reads what modules are told, accepts it, and counts how often each had what.
class Readers {
 public:
  explicit Readers(const std::vector<NodeProcess>& nodes) {
    for (const NodeProcess& node : nodes) {
      modules_.emplace_back(node.api);
      modules_.back().subscribe(type);
    }
    told_.resize(modules_.size());
  }

  /// Until nobody is told anything for `quiet`.
  void read(std::chrono::milliseconds quiet) {
    std::vector<pollfd> waiting;
    for (const Module& module : modules_) waiting.push_back({module.socket(), POLLIN, 0});
    while (::poll(waiting.data(), waiting.size(), static_cast<int>(quiet.count())) > 0) {
      for (std::size_t i = 0; i < modules_.size(); ++i) {
        if ((waiting[i].revents & POLLIN) == 0) continue;
        ModuleClient& module = modules_[i];
        module.read_notifications(std::chrono::milliseconds(0), [&](const net::Notification& message) {
          if (message.data_type == type) ++told_[i][text(message.data)];
          module.answer(message.message_id, true);
          return true;
        });
        module.send_answers();
      }
    }
  }

  std::size_t told(std::size_t node) const { return told_[node].size(); }
  int most_often() const {
    int most = 0;
    for (const auto& one : told_) {
      for (const auto& [data, times] : one) most = std::max(most, times);
    }
    return most;
  }

 private:
  std::vector<Module> modules_;
  std::vector<std::map<std::string, int>> told_;
};

class Storm : public testing::Test {
 protected:
  static constexpr std::size_t size = 5, suspended = 3;
  static constexpr std::uint64_t burst = 10'000;

  void SetUp() override {
    for (std::size_t i = 0; i < size; ++i) {
      std::vector<std::string> arguments{
          "--seen-capacity", "64",    "--retry-min",     "50ms",
          "--retry-max",     "200ms", "--status-socket", folder / (std::to_string(i) + ".sock")};
      if (i > 0) arguments.insert(arguments.end(), {"--bootstrapper", to_string(nodes[0].p2p)});
      nodes.emplace_back(std::move(arguments));
    }
    for (const NodeProcess& node : nodes) {
      ASSERT_TRUE(eventually([&] { return node.status()["peers"].size() == size - 1; }));
    }
  }

  std::uint64_t received(bool with_suspended) const {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < size; ++i) {
      if (with_suspended || i != suspended) all += nodes[i].status()["counters"]["received"].get<std::uint64_t>();
    }
    return all;
  }
  /// 2 s from now on nothing is said any more.
  void expect_silence(Readers& readers, bool with_suspended) {
    readers.read(std::chrono::milliseconds(500));
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    const std::uint64_t before = received(with_suspended);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    EXPECT_EQ(received(with_suspended), before);
  }

  Folder folder;
  std::vector<NodeProcess> nodes;
};

TEST_F(Storm, ABurstThatNobodyCanRememberEndsWithTheLoad) {
  Readers readers(nodes);
  nodes[suspended].signal(SIGSTOP);
  Module announcer(nodes[0].api);
  for (std::uint64_t i = 0; i < burst; ++i) {
    announcer.publish(type, std::to_string(i));
    if (i % 100 == 0) readers.read(std::chrono::milliseconds(0));
  }
  announcer.end_output();
  announcer.closed_by_other_side();
  expect_silence(readers, false);

  const auto status = nodes[0].status();
  const std::uint64_t announced = status["counters"]["announced"], from_peers = status["counters"]["received"],
                      known = status["messages"]["known"], copies = status["drops"]["duplicate"],
                      refused = status["drops"]["memory_full"];
  EXPECT_EQ(announced + from_peers, known + copies + refused) << "everything is counted";
  EXPECT_GE(refused, burst - 64);
  EXPECT_GT(readers.told(0), 30u);
  for (const std::size_t i : {1, 2, 4}) EXPECT_GT(readers.told(i), 30u);

  nodes[suspended].signal(SIGCONT);
  expect_silence(readers, true);
  EXPECT_EQ(readers.most_often(), 1) << "nothing is delivered twice";
  EXPECT_GT(readers.told(suspended), 30u) << "it was not away for long, and has it late";
}

TEST(OldCopies, APeerThatReadsTooSlowlyIsCutOff) {
  Settings settings = quiet_settings();
  settings.limits.peer_stall = 500 * millisecond;
  TestNode a(settings);
  RawPeer slow(a, nowhere(1));
  Module announcer(a);
  const std::string data(30'000, 'x');
  int sent = 0;
  ASSERT_TRUE(eventually([&] {
    for (int i = 0; i < 40; ++i) announcer.publish(type, std::to_string(sent++) + data);
    slow.read(std::chrono::milliseconds(20), [](auto) { return true; });  // it takes something all the time
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return a.counter("closed_stalled") == 1;
  }));
}

TEST(OldCopies, WhoWasStoppedDoesNotReadWhatCameMeanwhile) {
  NodeProcess node({"--peer-stall", "500ms"});
  RawPeer peer(node.p2p, nowhere(1));
  node.signal(SIGSTOP);
  peer.spread(type, "old when it is read");
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  node.signal(SIGCONT);
  EXPECT_TRUE(peer.closed_by_other_side());
  EXPECT_EQ(node.status()["counters"]["received"], 0);
  ASSERT_TRUE(eventually([&] {  // until it knows that it is awake
    Client early(node.p2p);
    early.send(frame(net::Pull{nowhere(3)}));
    return early.receive().has_value();
  }));
  RawPeer fresh(node.p2p, nowhere(2));
  fresh.spread(type, "new");
  EXPECT_TRUE(eventually([&] { return node.status()["counters"]["received"] == 1; }));
}

}  // namespace
}  // namespace gossip::node::test
