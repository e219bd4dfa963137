// The engine without sockets: recording, replay, and a random world.

#include "node/engine.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "tests/node/process.hpp"

namespace gossip::node::test {
namespace {

/// Carries everything out at once and remembers it.
struct FakeWorld final : World {
  void send_announce(PeerId to, const Outgoing& message) override { sent.emplace_back(to, text(message.data)); }
  void send_pull(PeerId) override { ++questions; }
  void send_push(PeerId) override { ++questions; }
  void send_response(PeerId, std::span<const PeerId> peers) override { answered += peers.size(); }
  void connect(PeerId peer) override { dialled.push_back(peer); }
  void disconnect(PeerId peer) override { disconnected.push_back(peer); }
  void unlisted(PeerId peer) override { gone.push_back(peer); }
  std::size_t deliver(const Outgoing& message, std::uint64_t serial, const void*) override {
    delivered.push_back(text(message.data));
    serials.push_back(serial);
    return subscribers;
  }

  std::size_t subscribers = 0;
  std::vector<std::pair<PeerId, std::string>> sent;
  std::vector<std::string> delivered;
  std::vector<std::uint64_t> serials;
  std::vector<PeerId> dialled, disconnected, gone;
  std::size_t questions = 0, answered = 0;
};

Config small_config() {
  Settings settings = quiet_settings();
  settings.cache_size = 4;
  settings.seen_capacity = 32;
  settings.peer_list = 8;
  settings.degree = 3;
  settings.retry_min = settings.retry_max = second;
  settings.validation_deadline = second;
  settings.seen_ttl = 5 * second;
  return core_config(settings);
}

net::Announce message(std::string_view data, std::uint8_t ttl = 0) { return {ttl, 0, 7, bytes(data)}; }

TEST(Engine, DataOutlivesItsFrameWhileItWaits) {
  FakeWorld world;
  Counters counters;
  Engine engine(world, counters, small_config(), 1);
  engine.start(0);
  engine.peer_up(0, PeerId{2}, true);
  engine.peer_up(0, PeerId{3}, true);
  world.subscribers = 1;
  {
    std::string lent = "lent";
    engine.receive_announce(1, PeerId{2}, message(lent));
    lent = "gone";
  }
  EXPECT_TRUE(world.sent.empty());
  engine.verdict(2, world.serials.back(), true);
  EXPECT_EQ(world.sent, (std::vector<std::pair<PeerId, std::string>>{{PeerId{3}, "lent"}}));
  EXPECT_EQ(engine.messages_waiting(), 0u);
}

TEST(Engine, WhatWaitedLongAgoIsNotTakenForItsSuccessor) {
  FakeWorld world;
  Counters counters;
  Engine engine(world, counters, small_config(), 1);
  engine.start(0);
  engine.peer_up(0, PeerId{2}, true);
  engine.peer_up(0, PeerId{3}, true);
  world.subscribers = 1;
  engine.receive_announce(1, PeerId{2}, message("old"));
  const std::uint64_t old = world.serials.back();
  engine.wake(2 * second);  // met by silence, and then forgotten: its number is free
  engine.receive_announce(10 * second, PeerId{2}, message("new"));
  world.sent.clear();
  engine.verdict(10 * second, old, false);
  EXPECT_EQ(counters[Counter::late_verdict], 1u);
  engine.wake(20 * second);
  EXPECT_EQ(world.sent, (std::vector<std::pair<PeerId, std::string>>{{PeerId{3}, "new"}}));
}

TEST(Engine, MessageNumbersEndWithTheMemoryOfTheCore) {
  FakeWorld world;
  Counters counters;
  const Config config = small_config();
  Engine engine(world, counters, config, 1);
  engine.start(0);
  for (int i = 0; i < 1000; ++i) engine.publish(i, message("message " + std::to_string(i)), nullptr);
  EXPECT_EQ(engine.messages_known(), config.flood.seen_capacity);
  engine.publish(1000 * second, message("last"), nullptr);
  EXPECT_EQ(engine.messages_known(), 1u) << "the others have expired";
}

/// A random life. What holds at all times: bounded memory, nothing delivered twice within seen_ttl.
void live(Engine& engine, FakeWorld& world, std::uint64_t seed, int steps) {
  Random random(seed);
  std::map<std::string, Time> delivered_at;
  std::set<PeerId> up;
  Time now = 0;
  engine.start(now);
  for (int i = 0; i < steps; ++i) {
    now += random.below(20) * millisecond;
    world.subscribers = random.below(2);
    const PeerId peer{2 + random.below(12)};
    const std::string data = "data " + std::to_string(random.below(64));
    const std::size_t before = world.delivered.size();
    switch (random.below(8)) {
      case 0:
        if (up.insert(peer).second) engine.peer_up(now, peer, random.below(2) == 0);
        break;
      case 1:
        up.erase(peer);
        engine.peer_down(now, peer);
        break;
      case 2:
        engine.publish(now, message(data, static_cast<std::uint8_t>(random.below(4))), nullptr);
        break;
      case 3:
        engine.receive_pull(now, peer, peer);
        break;
      case 4: {
        std::vector<PeerId> list;
        for (std::uint32_t n = random.below(5); n > 0; --n) list.push_back(PeerId{2 + random.below(40)});
        engine.receive_response(now, peer, list);
        break;
      }
      case 5:
        if (!world.serials.empty()) {
          const auto back = std::min<std::size_t>(world.serials.size(), 6);
          engine.verdict(now, world.serials[world.serials.size() - 1 - random.below(static_cast<std::uint32_t>(back))],
                         random.below(2) == 0);
        }
        break;
      case 6:
        engine.wake(now);
        break;
      default:
        engine.receive_announce(now, peer, message(data, static_cast<std::uint8_t>(random.below(4))));
        break;
    }
    for (PeerId lost : world.disconnected) up.erase(lost);
    world.disconnected.clear();
    if (world.delivered.size() > before) {
      const auto [last, first_time] = delivered_at.try_emplace(world.delivered.back(), now);
      EXPECT_TRUE(first_time || now >= last->second + engine.config().flood.seen_ttl ||
                  engine.config().flood.seen_capacity < 64);
      last->second = now;
    }
    ASSERT_LE(engine.messages_waiting(), engine.config().flood.cache_size);
    ASSERT_LE(engine.messages_known(), engine.config().flood.seen_capacity);
    ASSERT_LE(engine.listed().size(), engine.config().sampling.peer_list);
  }
}

TEST(Engine, RandomLives) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    FakeWorld world;
    Counters counters;
    Config config = small_config();
    if (seed % 2 == 0) config.flood.seen_capacity = 64;  // all that there is to say fits
    Engine engine(world, counters, config, seed);
    live(engine, world, seed, 2000);
  }
}

TEST(Recording, OfARandomLifeReplays) {
  Folder folder;
  const std::string path = folder / "life.rec";
  {
    FakeWorld world;
    Counters counters;
    const Config config = small_config();
    Engine engine(world, counters, config, 9);
    engine.record(std::make_unique<Recorder>(path, 9, config));
    live(engine, world, 3, 3000);
  }
  std::ostringstream first, second_time;
  const ReplayResult one = replay(path, &first), two = replay(path, &second_time);
  EXPECT_EQ(one.error, "");
  EXPECT_EQ(one.first_wrong, 0u);
  EXPECT_GT(one.inputs, 2000u);
  EXPECT_EQ(first.str(), second_time.str());
  EXPECT_EQ(one.hash, two.hash);

  std::string damaged = read_file(path);
  write_file(path, damaged.substr(0, damaged.size() - 3));
  EXPECT_EQ(replay(path, nullptr).error, "the last record is cut off");
  damaged[damaged.find('\n') + 1 + 28 + 8] = '\x63';  // the kind of the second record
  write_file(path, damaged);
  EXPECT_EQ(replay(path, nullptr).error, "damaged record 2");
  write_file(path, "nonsense\n");
  EXPECT_NE(replay(path, nullptr).error, "");
  EXPECT_NE(replay(folder / "missing", nullptr).error, "");
}

TEST(Recording, OfALiveClusterReplays) {
  Folder folder;
  {
    std::vector<std::unique_ptr<TestNode>> nodes;
    for (int i = 0; i < 4; ++i) {
      Settings settings = quiet_settings();
      settings.seed = 0;
      settings.retry_min = settings.retry_max = 50 * millisecond;
      settings.degree = 3;
      if (i > 0) settings.bootstrapper = net::HostPort{"127.0.0.1", nodes[0]->p2p().port, net::HostKind::v4};
      RunOptions options;
      options.record = folder / std::to_string(i);
      nodes.push_back(std::make_unique<TestNode>(settings, options));
    }
    for (const auto& node : nodes) ASSERT_TRUE(eventually([&] { return node->peers() == 3; }));
    Module announcer(*nodes[1]), subscriber(*nodes[3]);
    subscriber.subscribe(7);
    for (int i = 0; i < 50; ++i) {
      announcer.publish(7, std::to_string(i));
      EXPECT_EQ(subscriber.next(), std::to_string(i));
      subscriber.answer(i % 3 != 0);
    }
  }
  for (int i = 0; i < 4; ++i) {
    std::ostringstream trace, again;
    const ReplayResult result = replay(folder / std::to_string(i), &trace);
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.first_wrong, 0u);
    EXPECT_GT(result.inputs, 50u);
    replay(folder / std::to_string(i), &again);
    EXPECT_EQ(trace.str(), again.str());
  }
}

}  // namespace
}  // namespace gossip::node::test
