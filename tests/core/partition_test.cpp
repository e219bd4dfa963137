#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <numeric>

#include "tests/core/sampler.hpp"

/// A network that is cut in two: the overlay alone, over a world of a few dozen peers.
namespace gossip {
namespace {

/// Every peer of `count`, peer 0 the bootstrapper; whatever is sent or dialled takes `latency`. A cut loses frames that
/// cross it, dials that do fail after `timeout`, and each side notices a lost connection at once.
class World {
 public:
  World(std::uint32_t count, const SamplingConfig& config, std::uint64_t seed) {
    for (std::uint32_t i = 0; i < count; ++i) {
      peers_.push_back(std::make_unique<Sampler>(config, OnePeer::Setup{.self = PeerId{i}, .seed = seed}));
    }
    for (std::uint32_t i = 0; i < count; ++i) give(i, Start{});
  }

  void run(Time until) {
    for (;;) {
      const Time news = queue_.empty() ? never : queue_.begin()->first.first;
      const auto first = std::ranges::min_element(peers_, {}, [this](const auto& peer) { return due(*peer); });
      const Time wake = due(**first);
      if (std::min(news, wake) > until) break;
      now_ = std::max(now_, std::min(news, wake));
      if (wake < news) {
        give(static_cast<std::uint32_t>(first - peers_.begin()), Wake{});
      } else {
        const Event event = queue_.begin()->second;
        queue_.erase(queue_.begin());
        happen(event);
      }
    }
    now_ = until;
  }

  void cut() {
    cut_ = true;
    kill(0);
  }
  void heal() { cut_ = false; }
  void kill(std::uint32_t dead) {
    dead_.insert(dead);
    for (const auto& [to, other] : std::set<Pair>(up_)) {
      if (!reachable(to, other)) end(to, other);
    }
  }

  /// Of those that live.
  std::size_t components() const {
    std::vector<std::uint32_t> root(peers_.size());
    std::iota(root.begin(), root.end(), 0);
    const auto find = [&](std::uint32_t i) {
      while (root[i] != i) i = root[i] = root[root[i]];
      return i;
    };
    std::size_t parts = peers_.size() - dead_.size();
    for (const auto& [a, b] : up_) {
      if (!reachable(a, b) || find(a) == find(b)) continue;
      root[find(a)] = find(b);
      --parts;
    }
    return parts;
  }
  std::size_t crossing() const {
    return static_cast<std::size_t>(std::ranges::count_if(up_, [this](const Pair& link) {
      return reachable(link.first, link.second) && left(link.first) != left(link.second);
    }));
  }

 private:
  static constexpr Duration latency = 20 * millisecond, timeout = 3 * second;
  using Pair = std::pair<std::uint32_t, std::uint32_t>;  // a peer and one to whom it is connected, as it knows
  enum class Kind { dial, accepted, failed, closed, frame };
  struct Event {
    Kind kind;
    std::uint32_t to, from;
    Frame frame;
    std::vector<std::uint32_t> list;
  };

  bool left(std::uint32_t i) const { return i < peers_.size() / 2; }
  bool reachable(std::uint32_t a, std::uint32_t b) const {
    return !dead_.contains(a) && !dead_.contains(b) && (!cut_ || left(a) == left(b));
  }
  Time due(const Sampler& peer) const { return dead_.contains(index_of(peer)) ? never : peer.deadline; }
  std::uint32_t index_of(const Sampler& peer) const {
    return static_cast<std::uint32_t>(std::ranges::find(peers_, &peer, [](const auto& held) { return held.get(); }) -
                                      peers_.begin());
  }

  void post(Duration after, Event event) { queue_.emplace(std::pair{now_ + after, number_++}, std::move(event)); }

  void happen(const Event& event) {
    const PeerId from{event.from};
    if (dead_.contains(event.to)) return;
    if (!reachable(event.to, event.from)) return happen_at_the_cut(event);
    switch (event.kind) {
      case Kind::dial:
        if (!up_.insert({event.to, event.from}).second) return;  // both dialled
        post(latency, {Kind::accepted, event.from, event.to, {}, {}});
        return give(event.to, PeerUp{from, true});
      case Kind::accepted:
        if (up_.insert({event.to, event.from}).second) give(event.to, PeerUp{from, false});
        return;
      case Kind::failed:
        if (!up_.contains({event.to, event.from})) give(event.to, PeerDown{from});
        return;
      case Kind::closed:
        return end(event.to, event.from);
      case Kind::frame:
        if (up_.contains({event.to, event.from})) receive(event);
        return;
    }
  }
  void happen_at_the_cut(const Event& event) {
    if (event.kind == Kind::dial) post(timeout, {Kind::failed, event.from, event.to, {}, {}});
    if (event.kind == Kind::accepted || event.kind == Kind::failed) give(event.to, PeerDown{PeerId{event.from}});
  }
  void receive(const Event& event) {
    Sampler& peer = *peers_[event.to];
    if (!carries_list(event.frame.kind)) return give(event.to, Receive{PeerId{event.from}, event.frame});
    const Frame frame = Frame::response(peer.lists.add(std::span(event.list)).value());
    const FrameOwner owner(peer.lists, frame);
    give(event.to, Receive{PeerId{event.from}, frame});
  }

  void end(std::uint32_t to, std::uint32_t other) {
    if (up_.erase({to, other}) > 0 && !dead_.contains(to)) give(to, PeerDown{PeerId{other}});
  }

  void give(std::uint32_t to, const Input& input) {
    Sampler& peer = *peers_[to];
    peer.now = now_;
    peer.act(input);
    for (const Action& action : peer.actions) {
      if (const auto* dial = std::get_if<Connect>(&action)) post_dial(to, index(dial->peer));
      if (const auto* send = std::get_if<Send>(&action)) post_frame(peer, to, *send);
      const auto* close = std::get_if<Disconnect>(&action);
      if (close == nullptr || up_.erase({to, index(close->peer)}) == 0) continue;
      post(latency, {Kind::closed, index(close->peer), to, {}, {}});
    }
    peer.carry_out();
  }
  void post_dial(std::uint32_t from, std::uint32_t to) {
    if (reachable(from, to)) return post(latency, {Kind::dial, to, from, {}, {}});
    post(timeout, {Kind::failed, from, to, {}, {}});
  }
  void post_frame(const Sampler& peer, std::uint32_t from, const Send& send) {
    Event event{Kind::frame, index(send.to), from, send.frame, {}};
    if (carries_list(send.frame.kind)) {
      const auto items = peer.lists.items(send.frame.list());
      event.list.assign(items.begin(), items.end());
    }
    post(latency, std::move(event));
  }

  std::vector<std::unique_ptr<Sampler>> peers_;
  std::map<std::pair<Time, std::uint64_t>, Event> queue_;
  std::uint64_t number_ = 0;
  Time now_ = 0;
  std::set<Pair> up_;
  std::set<std::uint32_t> dead_;
  bool cut_ = false;
};

SamplingConfig network(std::uint32_t degree) {
  SamplingConfig config;
  config.bootstrapper = PeerId{0};
  config.degree = degree;
  return config;
}

class Partition : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Partition, HalvesMeetAgainWithinAMinuteOfHealing) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    World world(40, network(GetParam()), seed);
    world.run(60 * second);
    ASSERT_EQ(world.components(), 1u);
    ASSERT_GT(world.crossing(), 0u);
    world.cut();
    world.run(135 * second);
    EXPECT_EQ(world.crossing(), 0u);
    EXPECT_EQ(world.components(), 2u);
    world.heal();
    world.run(195 * second);
    EXPECT_EQ(world.components(), 1u) << "seed " << seed;
    EXPECT_GT(world.crossing(), 0u);
  }
}
INSTANTIATE_TEST_SUITE_P(Degrees, Partition, testing::Values(3, 6, 15));

TEST(Crash, HalfOfThePeersDieAtOnce) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    World world(40, network(5), seed);
    world.run(60 * second);
    ASSERT_EQ(world.components(), 1u);
    for (std::uint32_t dead = 0; dead < 20; ++dead) world.kill(dead);
    world.run(120 * second);
    EXPECT_EQ(world.components(), 1u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace gossip
