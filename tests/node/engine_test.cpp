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
struct FakeWorld final : Links, Modules {
  void announce(PeerId to, const Message& message) override { sent.emplace_back(to, text(message.data)); }
  void pull(PeerId) override { ++questions; }
  void push(PeerId) override { ++questions; }
  void response(PeerId, std::span<const PeerId> peers) override { answered += peers.size(); }
  void connect(PeerId peer) override { dialled.push_back(peer); }
  void disconnect(PeerId peer) override { disconnected.push_back(peer); }
  void unlisted(PeerId peer) override { gone.push_back(peer); }
  std::size_t deliver(const Message& message, std::uint64_t serial, ModuleId) override {
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

Message message(std::string_view data, std::uint8_t ttl = 0) {
  return {.ttl = ttl, .data_type = 7, .data = bytes(data)};
}

TEST(Engine, DataOutlivesItsFrameWhileItWaits) {
  FakeWorld world;
  Counters counters;
  Engine engine(world, world, counters, small_config(), 1);
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
  Engine engine(world, world, counters, small_config(), 1);
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
  Engine engine(world, world, counters, config, 1);
  engine.start(0);
  for (int i = 0; i < 1000; ++i) engine.publish(i, message("message " + std::to_string(i)), no_module);
  EXPECT_EQ(engine.messages_known(), config.flood.seen_capacity);
  engine.publish(1000 * second, message("last"), no_module);
  EXPECT_EQ(engine.messages_known(), 1u) << "the others have expired";
}

/// A random life. What holds at all times: bounded memory, nothing delivered twice within seen_ttl.
class RandomLife {
 public:
  RandomLife(Engine& engine, FakeWorld& world, std::uint64_t seed) : engine_(engine), world_(world), random_(seed) {}

  void run(int steps) {
    engine_.start(now_);
    for (int i = 0; i < steps; ++i) {
      now_ += random_.below(20) * millisecond;
      world_.subscribers = random_.below(2);
      const std::size_t before = world_.delivered.size();
      step();
      for (PeerId lost : world_.disconnected) up_.erase(lost);
      world_.disconnected.clear();
      if (world_.delivered.size() > before) check_delivery();
      ASSERT_LE(engine_.messages_waiting(), engine_.config().flood.cache_size);
      ASSERT_LE(engine_.messages_known(), engine_.config().flood.seen_capacity);
      ASSERT_LE(engine_.listed().size(), engine_.config().sampling.peer_list);
    }
  }

 private:
  void step() {
    const PeerId peer{2 + random_.below(12)};
    const std::string data = "data " + std::to_string(random_.below(64));
    switch (random_.below(8)) {
      case 0:
        if (up_.insert(peer).second) engine_.peer_up(now_, peer, random_.below(2) == 0);
        return;
      case 1:
        up_.erase(peer);
        return engine_.peer_down(now_, peer);
      case 2:
        return engine_.publish(now_, message(data, ttl()), no_module);
      case 3:
        return engine_.receive_pull(now_, peer, peer);
      case 4:
        return receive_response(peer);
      case 5:
        return verdict();
      case 6:
        return engine_.wake(now_);
      default:
        return engine_.receive_announce(now_, peer, message(data, ttl()));
    }
  }

  std::uint8_t ttl() { return static_cast<std::uint8_t>(random_.below(4)); }

  void receive_response(PeerId from) {
    std::vector<PeerId> list;
    for (std::uint32_t n = random_.below(5); n > 0; --n) list.push_back(PeerId{2 + random_.below(40)});
    engine_.receive_response(now_, from, list);
  }

  void verdict() {
    if (world_.serials.empty()) return;
    const auto back = static_cast<std::uint32_t>(std::min<std::size_t>(world_.serials.size(), 6));
    const std::uint64_t serial = world_.serials[world_.serials.size() - 1 - random_.below(back)];
    engine_.verdict(now_, serial, random_.below(2) == 0);
  }

  void check_delivery() {
    const auto [last, first_time] = delivered_at_.try_emplace(world_.delivered.back(), now_);
    EXPECT_TRUE(first_time || now_ >= last->second + engine_.config().flood.seen_ttl ||
                engine_.config().flood.seen_capacity < 64);
    last->second = now_;
  }

  Engine& engine_;
  FakeWorld& world_;
  Random random_;
  std::map<std::string, Time> delivered_at_;
  std::set<PeerId> up_;
  Time now_ = 0;
};

TEST(Engine, RandomLives) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    FakeWorld world;
    Counters counters;
    Config config = small_config();
    if (seed % 2 == 0) config.flood.seen_capacity = 64;  // all that there is to say fits
    Engine engine(world, world, counters, config, seed);
    RandomLife(engine, world, seed).run(2000);
  }
}

TEST(Recording, OfARandomLifeReplays) {
  Folder folder;
  const std::string path = folder / "life.rec";
  {
    FakeWorld world;
    Counters counters;
    const Config config = small_config();
    Engine engine(world, world, counters, config, 9);
    engine.record(std::make_unique<Recorder>(path, 9, config));
    RandomLife(engine, world, 3).run(3000);
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
      if (i > 0) settings.bootstrapper = loopback(nodes[0]->p2p().port);
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
