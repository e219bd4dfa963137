// The driver without sockets: what it keeps and lends, a random world, recording and replay.

#include "node/driver.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "tests/core/reminder.hpp"
#include "tests/node/process.hpp"

namespace gossip::node::test {
namespace {

using Sent = std::vector<std::pair<PeerId, std::string>>;

/// Carries everything out at once and remembers it.
struct FakeWorld final : Links, Modules {
  void announce(PeerId to, const Message& message) override { sent.emplace_back(to, text(message.data)); }
  void announce_all(PeerId except, std::span<const PeerId> neighbours, const Message& message) override {
    for (const PeerId to : neighbours) {
      if (to != except) announce(to, message);
    }
  }
  void pull(PeerId) override { ++questions; }
  void push(PeerId) override { ++questions; }
  void response(PeerId, std::span<const PeerId> peers) override { answered += peers.size(); }
  void connect(PeerId peer) override { dialled.push_back(peer); }
  void disconnect(PeerId peer) override { disconnected.push_back(peer); }
  void unlisted(PeerId peer) override { gone.push_back(peer); }
  void dropped(PeerId from) override { ++drops[from]; }
  std::size_t deliver(const Message& message, MessageRef waiting, ModuleId) override {
    delivered.push_back(text(message.data));
    if (waiting != no_message) asked.push_back(waiting);
    return subscribers;
  }

  std::size_t subscribers = 0;
  Sent sent;
  std::vector<std::string> delivered;
  std::vector<MessageRef> asked;
  std::vector<PeerId> dialled, disconnected, gone;
  std::map<PeerId, std::uint64_t> drops;
  std::size_t questions = 0, answered = 0;
};

const Operations& usual = *find_operations("sampling", "flood");

Config small_config() {
  Settings settings = quiet_settings();
  settings.intake() = {
      .seen_capacity = 32, .seen_ttl = 5 * second, .validation = true, .cache_size = 4, .validation_deadline = second};
  settings.sampling() = {.degree = 3, .peer_list = 8, .response_peers = 4, .retry_min = second, .retry_max = second};
  return settings.core;
}

/// A driver with its world, and two peers that are up.
struct World {
  explicit World(const Operations& kind = usual, const Config& config = small_config(), std::uint64_t seed = 1)
      : driver(kind, config, seed, fake, fake, counters) {}
  void start() {
    driver.start(0);
    driver.peer_up(0, PeerId{2}, true);
    driver.peer_up(0, PeerId{3}, true);
    fake.sent.clear();
  }

  FakeWorld fake;
  Counters counters;
  Driver driver;
};

Message message(std::string_view data, std::uint8_t ttl = 0) {
  return {.ttl = ttl, .data_type = 7, .data = bytes(data)};
}

TEST(Driver, DataOutlivesItsFrameWhileItWaits) {
  World world;
  world.start();
  world.fake.subscribers = 1;
  {
    std::string lent = "lent";
    world.driver.receive_announce(1, PeerId{2}, message(lent));
    lent = "gone";
  }
  EXPECT_TRUE(world.fake.sent.empty());
  world.driver.verdict(2, world.fake.asked.back(), true);
  EXPECT_EQ(world.fake.sent, (Sent{{PeerId{3}, "lent"}}));
  EXPECT_EQ(world.driver.messages_waiting(), 0u);
  EXPECT_EQ(world.driver.messages().bodies(), 0u) << "nobody needs it any more";
  EXPECT_EQ(world.driver.messages().size(), 1u) << "but it is known";
}

TEST(Driver, WhatWaitedLongAgoIsNotTakenForItsSuccessor) {
  World world;
  world.start();
  world.fake.subscribers = 1;
  world.driver.receive_announce(1, PeerId{2}, message("old"));
  const MessageRef old = world.fake.asked.back();
  world.driver.messages().retain(old);  // as a module does that may still give its verdict
  world.driver.wake(2 * second);        // met by silence
  world.driver.tick(10 * second);       // forgotten
  EXPECT_EQ(world.driver.messages_known(), 0u);
  world.driver.receive_announce(10 * second, PeerId{2}, message("new"));
  EXPECT_NE(world.fake.asked.back(), old);
  world.fake.sent.clear();
  world.driver.verdict(10 * second, old, false);
  EXPECT_EQ(world.counters[Reason::late_verdict], 1u);
  world.driver.messages().release(old);
  world.driver.wake(20 * second);
  EXPECT_EQ(world.fake.sent, (Sent{{PeerId{3}, "new"}}));
}

TEST(Driver, TheSameDataIsNewWhenItHasExpired) {
  World world;
  world.start();
  for (const Time now : {Time{1}, 4 * second, 6 * second}) world.driver.receive_announce(now, PeerId{2}, message("x"));
  EXPECT_EQ(world.fake.sent, (Sent{{PeerId{3}, "x"}, {PeerId{3}, "x"}}));
  EXPECT_EQ(world.fake.drops[PeerId{2}], 1u);
  EXPECT_EQ(world.driver.messages_known(), 1u);
  world.driver.tick(20 * second);
  EXPECT_EQ(world.driver.messages_known(), 0u);
  EXPECT_EQ(world.driver.messages().size(), 0u);
}

TEST(Driver, WhatTheCoreRefusesIsNotKept) {
  World world;
  world.start();
  const std::uint32_t capacity = world.driver.config().of<Intake>().seen_capacity;
  std::uint32_t taken = 0;
  for (int i = 0; i < 1000; ++i) {
    taken += world.driver.publish(i, message("message " + std::to_string(i)), no_module);
    EXPECT_FALSE(world.driver.publish(i, message("message 0"), no_module)) << "a repeat";
  }
  EXPECT_EQ(taken, capacity);
  EXPECT_EQ(world.driver.messages_known(), capacity);
  EXPECT_EQ(world.driver.messages().size(), capacity);
  EXPECT_EQ(world.counters[Reason::memory_full], 1000 - capacity);
  world.driver.tick(1000 * second);
  EXPECT_EQ(world.driver.messages_known(), 0u) << "they have expired";
}

TEST(Driver, WhatNobodyWasThereForReachesTheFirstPeerOnce) {
  World world;
  world.driver.start(0);
  {
    std::string lent = "alone";
    world.driver.publish(1, message(lent, 3), no_module);
    lent = "gone";
  }
  world.driver.publish(2, message("alone", 3), no_module);  // a program that tries again
  world.driver.tick(second);
  EXPECT_TRUE(world.fake.sent.empty());
  EXPECT_EQ(world.counters[Counter::unsent], 1u);
  world.driver.peer_up(2 * second, PeerId{2}, true);
  EXPECT_EQ(world.fake.sent, (Sent{{PeerId{2}, "alone"}}));
  world.driver.peer_up(2 * second, PeerId{3}, true);
  EXPECT_EQ(world.fake.sent.size(), 1u) << "the first one spreads it";
  EXPECT_EQ(world.counters[Counter::drop_unsent], 0u);
  world.driver.tick(10 * second);
  EXPECT_EQ(world.driver.messages().size(), 0u) << "nothing is kept";
}

TEST(Driver, WhatNobodyWasThereForWaitsForSeenTtlAndWithinBounds) {
  World world;
  world.driver.start(0);
  world.driver.publish(1, message("old"), no_module);
  world.driver.tick(4 * second);
  world.driver.publish(4 * second, message("young"), no_module);
  world.driver.tick(6 * second);
  EXPECT_EQ(world.counters[Counter::drop_unsent], 1u);
  world.driver.peer_up(6 * second, PeerId{2}, true);
  EXPECT_EQ(world.fake.sent, (Sent{{PeerId{2}, "young"}}));
}

TEST(Driver, OfTooManyThatNobodyWasThereForTheOldestGo) {
  Config config = small_config();
  config.of<Intake>().seen_capacity = 4096;
  World world(usual, config);
  world.driver.start(0);
  for (int i = 0; i < 1030; ++i) world.driver.publish(i, message(std::to_string(i)), no_module);
  EXPECT_EQ(world.counters[Counter::drop_unsent], 6u);
  EXPECT_EQ(world.driver.messages().bodies(), 1024u);
  const std::string large(65'000, 'x');
  for (int i = 0; i < 200; ++i) world.driver.publish(2000 + i, message(large + std::to_string(i)), no_module);
  EXPECT_LE(world.driver.messages().bytes(), 8u << 20);
  world.driver.peer_up(second, PeerId{2}, true);
  EXPECT_EQ(world.fake.sent.back().second, large + "199");
  EXPECT_EQ(world.fake.sent.size(), 1230 - world.counters[Counter::drop_unsent]);
  EXPECT_EQ(world.driver.messages().bodies(), 0u);
}

TEST(Driver, ATickWakesOnlyWhoRemembers) {
  Folder folder;
  {
    World world;
    world.driver.record(folder / "ticks");
    world.start();
    for (int i = 1; i < 100; ++i) world.driver.tick(i * 50 * millisecond);
    world.driver.publish(5 * second, message("x"), no_module);
    for (int i = 101; i < 104; ++i) world.driver.tick(i * 50 * millisecond);
  }
  std::ostringstream trace;
  EXPECT_EQ(replay(folder / "ticks", &trace).first_wrong, 0u);
  const std::string said = trace.str();
  std::size_t wakes = 0;
  for (std::size_t at = 0; (at = said.find(" wake\n", at)) != std::string::npos; ++at) ++wakes;
  EXPECT_EQ(wakes, 3u);
}

TEST(Driver, NumbersThatTheCoreDoesNotListComeBack) {
  World world;
  world.start();
  const std::vector<PeerId> list{PeerId{10}, PeerId{11}};
  world.driver.receive_response(1, PeerId{2}, list);
  EXPECT_EQ(world.fake.gone, list) << "nobody asked";
  EXPECT_EQ(world.counters[Reason::unasked], 1u);
  EXPECT_EQ(world.fake.drops[PeerId{2}], 1u);
  world.fake.gone.clear();
  world.driver.receive_contact(2, PeerId{2}, Frame::push(PeerId{12}));
  world.driver.receive_contact(3, PeerId{2}, Frame::push(PeerId{13}));
  EXPECT_EQ(world.fake.gone, std::vector{PeerId{13}}) << "who introduces itself does so once";
  EXPECT_EQ(world.driver.look().known.size(), 1u);
}

/// The core may send a message at any time: to who has just come, or when it reminds the others.
TEST(Driver, AMessageThatIsSentAgainHasItsData) {
  World world(reminder_over<Sampling>);
  world.start();
  {
    std::string lent = "remembered";
    world.driver.receive_announce(1, PeerId{2}, message(lent));
    lent = "gone";
  }
  EXPECT_EQ(world.fake.sent, (Sent{{PeerId{3}, "remembered"}}));
  world.fake.sent.clear();
  world.driver.peer_up(2, PeerId{4}, true);
  EXPECT_EQ(world.fake.sent, (Sent{{PeerId{4}, "remembered"}}));
  world.fake.sent.clear();
  world.driver.wake(3 * second);
  EXPECT_EQ(world.fake.sent.size(), 3u);
  world.fake.sent.clear();
  world.driver.tick(10 * second);  // its id has expired, and its data is still in the history
  EXPECT_EQ(world.driver.messages_known(), 0u);
  world.driver.peer_up(10 * second, PeerId{5}, true);
  EXPECT_EQ(world.fake.sent, (Sent{{PeerId{5}, "remembered"}}));
  world.driver.wake(70 * second);
  EXPECT_EQ(world.driver.messages().size(), 0u);
}

/// A random life. What holds at all times: bounded memory, nothing delivered twice within seen_ttl.
class RandomLife {
 public:
  RandomLife(Driver& driver, FakeWorld& world, std::uint64_t seed) : driver_(driver), world_(world), random_(seed) {}

  void run(int steps) {
    driver_.start(now_);
    for (int i = 0; i < steps; ++i) {
      now_ += random_.below(20) * millisecond;
      world_.subscribers = random_.below(2);
      const std::size_t before = world_.delivered.size();
      step();
      for (PeerId lost : world_.disconnected) up_.erase(lost);
      world_.disconnected.clear();
      if (world_.delivered.size() > before) check_delivery();
      ASSERT_LE(driver_.messages_waiting(), driver_.config().of<Intake>().cache_size);
      ASSERT_LE(driver_.messages_known(), driver_.config().of<Intake>().seen_capacity);
      ASSERT_LE(driver_.look().known.size(), driver_.config().of<Sampling>().peer_list);
    }
  }

 private:
  void step() {
    const PeerId peer{2 + random_.below(12)};
    const std::string data = "data " + std::to_string(random_.below(64));
    switch (random_.below(8)) {
      case 0:
        if (up_.insert(peer).second) driver_.peer_up(now_, peer, random_.below(2) == 0);
        return;
      case 1:
        up_.erase(peer);
        return driver_.peer_down(now_, peer);
      case 2:
        driver_.publish(now_, message(data, ttl()), no_module);
        return;
      case 3:
        return driver_.receive_contact(now_, peer, random_.below(2) == 0 ? Frame::pull(peer) : Frame::push(peer));
      case 4:
        return receive_response(peer);
      case 5:
        return verdict();
      case 6:
        return driver_.wake(now_);
      default:
        driver_.receive_announce(now_, peer, message(data, ttl()));
        return;
    }
  }

  std::uint8_t ttl() { return static_cast<std::uint8_t>(random_.below(4)); }

  void receive_response(PeerId from) {
    std::vector<PeerId> list;
    for (std::uint32_t n = random_.below(5); n > 0; --n) list.push_back(PeerId{2 + random_.below(40)});
    driver_.receive_response(now_, from, list);
  }

  void verdict() {
    if (world_.asked.empty()) return;
    const auto back = static_cast<std::uint32_t>(std::min<std::size_t>(world_.asked.size(), 6));
    driver_.verdict(now_, world_.asked[world_.asked.size() - 1 - random_.below(back)], random_.below(2) == 0);
  }

  void check_delivery() {
    const auto [last, first_time] = delivered_at_.try_emplace(world_.delivered.back(), now_);
    EXPECT_TRUE(first_time || now_ >= last->second + driver_.config().of<Intake>().seen_ttl ||
                driver_.config().of<Intake>().seen_capacity < 64);
    last->second = now_;
  }

  Driver& driver_;
  FakeWorld& world_;
  Random random_;
  std::map<std::string, Time> delivered_at_;
  std::set<PeerId> up_;
  Time now_ = 0;
};

TEST(Driver, RandomLives) {
  for (const Operations* kind : {&usual, &reminder_over<Sampling>}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      Config config = small_config();
      if (seed % 2 == 0) config.of<Intake>().seen_capacity = 64;  // all that there is to say fits
      World world(*kind, config, seed);
      RandomLife(world.driver, world.fake, seed).run(2000);
    }
  }
}

TEST(Recording, OfARandomLifeReplays) {
  Folder folder;
  const std::string path = folder / "life.rec";
  {
    World world(usual, small_config(), 9);
    world.driver.record(path);
    RandomLife(world.driver, world.fake, 3).run(3000);
  }
  std::ostringstream first, second_time;
  const auto one = replay(path, &first), two = replay(path, &second_time);
  EXPECT_EQ(one.error, "");
  EXPECT_EQ(one.first_wrong, 0u);
  EXPECT_GT(one.inputs, 2000u);
  EXPECT_EQ(first.str(), second_time.str());
  EXPECT_EQ(one.hash, two.hash);
  const std::string whole = read_file(path);
  write_file(path, whole.substr(0, whole.size() - 3));
  EXPECT_EQ(replay(path, nullptr).error, "the last record is cut off");
  EXPECT_EQ(replay(folder / "missing", nullptr).error, "cannot be read: No such file or directory");
  EXPECT_EQ(replay(folder.path, nullptr).error, "cannot be read: Is a directory");
}

TEST(Recording, AWriteErrorIsCountedOnceAndEndsIt) {
  World world;
  world.driver.record("/dev/full");
  world.start();
  for (int i = 1; i < 10; ++i) {
    world.driver.publish(i * second, message(std::to_string(i)), no_module);
    world.driver.tick(i * second);
  }
  EXPECT_EQ(world.counters[Counter::record_error], 1u);
  EXPECT_EQ(world.driver.messages_known(), 5u) << "and life goes on";
  EXPECT_THROW(World().driver.record("/nowhere/at/all"), std::runtime_error);
}

TEST(Recording, OfALiveClusterReplays) {
  Folder folder;
  {
    std::vector<std::unique_ptr<TestNode>> nodes;
    for (int i = 0; i < 4; ++i) {
      Settings settings = quiet_settings();
      settings.own.seed = 0;
      settings.sampling().retry_min = settings.sampling().retry_max = 50 * millisecond;
      settings.sampling().degree = 3;
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
    const auto result = replay(folder / std::to_string(i), &trace);
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.first_wrong, 0u);
    EXPECT_GT(result.inputs, 50u);
    replay(folder / std::to_string(i), &again);
    EXPECT_EQ(trace.str(), again.str());
  }
}

}  // namespace
}  // namespace gossip::node::test
