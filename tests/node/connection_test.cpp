// Connections over sockets of this process: whose turn it is, what is refused early, what all queues hold together.

#include "node/connection.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <future>
#include <thread>

#include "tests/node/client.hpp"

namespace gossip::node::test {
namespace {

constexpr std::uint16_t type = 1337;

/// Notes who is handed a frame.
class Noting final : public Connection {
 public:
  Noting(Loop& loop, tcp::socket socket, char name, std::string& turns)
      : Connection(loop, std::make_unique<Stream>(std::move(socket)), Kind::peer, 1 << 20),
        name_(name),
        turns_(turns) {}

 protected:
  bool on_frame(std::span<const std::byte> frame) override {
    EXPECT_EQ(frame.size(), net::pull_size);
    turns_ += name_;
    return true;
  }
  void on_bad_size() override { ADD_FAILURE(); }
  void on_end() override {}

 private:
  char name_;
  std::string& turns_;
};

TEST(Connection, ABurstIsHandledInTurnsWithTheOthers) {
  constexpr std::size_t frames = 3000, a_turn = 256;
  asio::io_context io(1);
  Counters counters;
  Loop loop(io, counters);
  Listener listener;
  std::string turns;
  std::vector<Client> clients;
  std::vector<std::shared_ptr<Noting>> connections;
  for (const char name : {'a', 'b'}) {
    tcp::socket socket(io);
    socket.connect(to_tcp(listener.endpoint()));
    clients.push_back(listener.accept());
    Bytes burst;
    for (std::size_t i = 0; i < frames; ++i) encode(burst, net::Pull{nowhere(1)});
    clients.back().send(burst);
    clients.back().end_output();
    connections.push_back(std::make_shared<Noting>(loop, std::move(socket), name, turns));
    asio::co_spawn(io, connections.back()->read(), asio::detached);
  }
  clients.clear();
  io.run();
  ASSERT_EQ(turns.size(), 2 * frames);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(turns, 'a')), frames) << "none is lost";
  // While both have something, neither has more than its turn, and a read that ends within one.
  std::size_t run = 0, longest = 0;
  const std::size_t both = std::min(turns.rfind('a'), turns.rfind('b'));
  for (std::size_t i = 1; i < both; ++i) longest = std::max(longest, run = turns[i] == turns[i - 1] ? run + 1 : 0);
  EXPECT_LE(longest, 2 * a_turn);
}

Bytes header(std::uint16_t size, std::uint16_t of_type) {
  const auto byte = [](int value) { return static_cast<std::byte>(value & 0xff); };
  return {byte(size >> 8), byte(size), byte(of_type >> 8), byte(of_type)};
}

TEST(Connection, AModulesHeaderIsJudgedBeforeItsFrameIsThere) {
  TestNode node;
  // An unknown type, sizes that are impossible for a type, and types that only others send.
  for (const Bytes& bad :
       {header(60'000, 999), header(9, 501), header(7, 500), header(60'000, 503), header(10, 504), header(100, 502)}) {
    Client client(node.api());
    client.send(bad);
    EXPECT_TRUE(client.closed_by_other_side()) << static_cast<int>(bad[3]);
  }
  EXPECT_EQ(node.counter("malformed_api"), 6u);
}

TEST(Connection, APeersHeaderIsJudgedBeforeItsFrameIsThereAndTheRestIsSkipped) {
  TestNode node;
  Client peer(node.p2p());
  peer.send(header(1000, 999));
  EXPECT_TRUE(eventually([&] { return node.counter("malformed_p2p") == 1; }));
  peer.send(Bytes(996));
  peer.send(header(8, 505));  // 6 bytes for each peer
  EXPECT_TRUE(eventually([&] { return node.counter("malformed_p2p") == 2; }));
  peer.send(Bytes(4));
  peer.send(frame(net::Pull{nowhere(1)}));
  EXPECT_TRUE(peer.receive().has_value()) << "what follows is understood";
  EXPECT_EQ(node.counter("malformed_p2p"), 2u);
}

TEST(Connection, AHalfFrameEnds) {
  Settings settings = quiet_settings();
  settings.limits.frame_timeout = 100 * millisecond;
  TestNode node(settings);
  Module whole(node);
  whole.subscribe(type);
  Client module(node.api()), peer(node.p2p());
  module.send(std::span<const std::byte>(announce(type, "never whole")).first(7));
  peer.send(std::span<const std::byte>(content(type, "never whole")).first(1));
  EXPECT_TRUE(module.closed_by_other_side());
  EXPECT_TRUE(peer.closed_by_other_side());
  EXPECT_EQ(node.counter("closed_half_frame"), 2u);
  // Who is quiet between frames stays.
  Module(node).publish(type, "x");
  EXPECT_EQ(whole.next(), "x");
}

TEST(Connection, AllQueuesTogetherAreBounded) {
  constexpr std::uint64_t total = 2 << 20;
  Settings settings = quiet_settings();
  settings.limits.total_queue = total;
  TestNode node(settings);
  Module announcer(node), reader(node);
  reader.subscribe(type);
  std::vector<Module> stalled;
  for (int i = 0; i < 20; ++i) {
    stalled.emplace_back(node);
    const int least = 4096;
    ::setsockopt(stalled.back().socket(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    stalled.back().subscribe(type);
  }
  std::uint64_t most = 0;
  const std::string body(10'000, 'x');
  const auto exchange = [&](int i) {
    const std::string data = std::to_string(i) + body;
    announcer.publish(type, data);
    ASSERT_EQ(reader.next(), data) << "who reads loses nothing";
    if (i % 10 != 0) return;
    std::uint64_t queued = 0;
    const auto status = node.status();
    for (const auto& module : status["modules"]) queued += module["queued_bytes"].get<std::uint64_t>();
    most = std::max(most, queued);
  };
  int sent = 0;
  // Until the kernel's buffers are full, too.
  const auto until = Clock::now() + patience;
  while (node.counter("drop_module_queue") == 0 && Clock::now() < until) exchange(sent++);
  ASSERT_GT(node.counter("drop_module_queue"), 0u);
  // Long before their own patience ends (10 s), the fullest are given up, one after the other.
  while (node.counter("closed_stalled") < 2 && Clock::now() < until) exchange(sent++);
  EXPECT_GE(node.counter("closed_stalled"), 2u);
  EXPECT_GT(most, total / 2);
  EXPECT_LE(most, total);
}

/// Its queue held up who announces; now it is gone, and so must that be.
TEST(Connection, WhoIsCutOffWhileItHoldsUpOthersHoldsThemUpNoLonger) {
  Settings settings = quiet_settings();
  settings.limits.module_queue = 1 << 20;
  settings.limits.module_stall = 300 * millisecond;
  settings.limits.backpressure = 10 * second;  // longer than its patience with who reads nothing
  TestNode node(settings);
  Module stalled(node);
  stalled.subscribe(type);
  constexpr std::uint64_t all = 5000;  // more than the kernel's buffers hold
  std::thread sender([&] {
    Module announcer(node);
    for (std::uint64_t i = 0; i < all; ++i) announcer.publish(type, std::to_string(i) + std::string(4000, 'x'));
    announcer.end_output();
    announcer.closed_by_other_side();
  });
  EXPECT_TRUE(eventually([&] { return node.counter("closed_stalled") == 1; }));
  EXPECT_TRUE(eventually([&] { return node.counter("announced") >= all; })) << "somebody who has gone is waited for";
  EXPECT_EQ(node.counter("drop_module_queue"), 0u) << "it was cut off while others waited for it";
  node.stop();
  sender.join();
}

TEST(Connection, ADeadNameServerDelaysNoEnd) {
  struct Gate {
    std::promise<void> asked, open, gone;
  };
  const auto gate = std::make_shared<Gate>();
  Settings settings = quiet_settings();
  settings.bootstrapper = net::HostPort{.host = "nobody.invalid", .port = 1, .kind = net::HostKind::name};
  RunOptions options;
  options.look_up = [gate](const net::HostPort& name) {
    EXPECT_EQ(name.host, "nobody.invalid");
    gate->asked.set_value();
    gate->open.get_future().wait();
    gate->gone.set_value_at_thread_exit();
    return std::vector<tcp::endpoint>{};
  };
  auto node = std::make_unique<TestNode>(settings, options);
  gate->asked.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { node.reset(); });
  EXPECT_EQ(stopped.wait_for(patience), std::future_status::ready) << "it waits for the answer";
  gate->open.set_value();
  gate->gone.get_future().wait();
}

}  // namespace
}  // namespace gossip::node::test
