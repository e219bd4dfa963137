// Five healthy nodes exchange messages and lose none, whatever is done to their ports.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/random.hpp"
#include "tests/node/client.hpp"

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

}  // namespace
}  // namespace gossip::node::test
