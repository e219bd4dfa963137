#include <set>

#include "core/recording.hpp"
#include "tests/core/random_life.hpp"
#include "tests/core/reminder.hpp"

// Any sequence of inputs: nothing asserts, every action makes sense to a driver that believes only what it was told,
// and everything stays within its bounds.
namespace gossip {
namespace {

constexpr PeerId self{0};

/// What a driver knows of its peer from the inputs that it gave and the actions that it was given.
class DriversView {
 public:
  DriversView(const OnePeer& peer, std::string_view overlay)
      : config_(peer.config()), peer_(peer), overlay_(overlay), sampling_(overlay == Sampling::name) {}
  std::string_view overlay() const { return overlay_; }

  void before(const Input& input) {
    if (peer_.now - second_begins_ >= second) dials_ = 0;
    sent_.clear();
    closed_.clear();
    asker_ = no_peer;
    if (const auto* up = std::get_if<PeerUp>(&input)) links[up->peer] = true;
    if (const auto* down = std::get_if<PeerDown>(&input)) links.erase(down->peer);
    const auto* receive = std::get_if<Receive>(&input);
    if (receive != nullptr && receive->frame.kind == FrameKind::pull) asker_ = receive->from;
  }

  void on(const Send& action) {
    EXPECT_FALSE(closed_.contains(action.to)) << "after its end";
    if (action.frame.kind == FrameKind::response) {
      EXPECT_EQ(action.to, asker_) << "an answer that nobody asked for";
      EXPECT_LE(peer_.lists.peers(action.frame.list()).size(), config_.of<Sampling>().response_peers);
      return;
    }
    if (carries_list(action.frame.kind)) {
      peer_.lists.items(action.frame.list());  // or it asserts
    } else {
      on_frame(action.frame);
    }
  }
  void on(const SendAll& action) {
    EXPECT_FALSE(carries_list(action.frame.kind));
    on_frame(action.frame);
    if (action.frame.kind != FrameKind::announce) return;
    EXPECT_TRUE(sent_.insert(action.frame.message()).second) << "twice in a step";
  }
  void on(const Deliver& action) {
    EXPECT_TRUE(remembered.insert(action.message).second) << "delivered twice";
    EXPECT_LE(remembered.size(), config_.of<Intake>().seen_capacity);
  }
  void on(const Connect& action) {
    EXPECT_NE(action.peer, self);
    EXPECT_NE(action.peer, no_peer);
    EXPECT_TRUE(links.emplace(action.peer, false).second) << to_text(action.peer) << " is linked already";
    if (dials_++ == 0) second_begins_ = peer_.now;
    EXPECT_TRUE(!sampling_ || dials_ <= config_.of<Sampling>().dials) << "in a second";
  }
  void on(const Disconnect& action) {
    EXPECT_EQ(links.erase(action.peer), 1u);
    closed_.insert(action.peer);
  }
  void on(const Forget& action) {
    EXPECT_EQ(remembered.erase(action.message), 1u) << "what is forgotten was remembered, and is forgotten once";
    sent_.erase(action.message);  // may be new again from here on
  }
  void on(const ForgetPeer&) {}
  void on(const Drop& action) { EXPECT_LT(static_cast<std::size_t>(action.reason), reason_count); }

  std::map<PeerId, bool> links;  // up, or being dialled
  std::set<MessageRef> remembered;

 private:
  void on_frame(const Frame& frame) {
    if (traits(frame.kind).body == Body::id) peer_.messages.data_type(frame.message());  // or it asserts
    if (traits(frame.kind).body != Body::message) return;
    EXPECT_TRUE(frame.ttl == 1 || remembered.contains(frame.message()));
    peer_.messages.body(frame.message());  // or it asserts
  }

  const Config& config_;
  const OnePeer& peer_;
  const std::string_view overlay_;
  const bool sampling_;
  PeerId asker_ = no_peer;
  std::set<MessageRef> sent_;  // to all, in this step
  std::set<PeerId> closed_;    // in this step
  Time second_begins_ = 0;     // with a dial
  std::uint32_t dials_ = 0;    // in it
};

/// Where clocks and what is made of them could overflow or wrap: ticks of 2^22 ns in 32 bits, doubles at 2^53.
constexpr Time beginnings[] = {0, (Time{1} << 54) - 20 * second, (Time{1} << 53) - 20 * second};

/// Views are bounded, apart, and of others; a neighbour is a connection.
void expect_consistent(const View& look, const DriversView& view, const HyParViewConfig& config) {
  std::set<PeerId> active(look.neighbours.begin(), look.neighbours.end());
  std::set<PeerId> all(look.known.begin(), look.known.end());
  EXPECT_EQ(active.size(), look.neighbours.size());
  EXPECT_EQ(all.size(), look.known.size());
  EXPECT_LE(active.size(), config.active_view);
  EXPECT_LE(all.size(), config.passive_view);
  EXPECT_LE(view.links.size(), config.places());
  for (const PeerId peer : active) {
    EXPECT_TRUE(view.links.contains(peer) && view.links.at(peer)) << to_text(peer) << " is no connection";
    EXPECT_TRUE(all.insert(peer).second) << to_text(peer) << " is in both views";
  }
  EXPECT_FALSE(all.contains(self) || all.contains(no_peer));
}

void expect_consistent(OnePeer& peer, const DriversView& view, bool sampling) {
  const View look = peer.look();
  if (view.overlay() == HyParView::name) return expect_consistent(look, view, peer.config().of<HyParView>());
  std::set<PeerId> up;
  for (const auto& [other, is_up] : view.links) {
    if (is_up && (sampling || index(other) % 2 == 1)) up.insert(other);
  }
  EXPECT_EQ(std::set<PeerId>(look.neighbours.begin(), look.neighbours.end()), up) << "SendAll goes to these";
  EXPECT_EQ(look.neighbours.size(), up.size());
  EXPECT_LE(look.waiting[0].size() + look.waiting[1].size(),
            peer.config().of<Intake>().cache_size + (peer.deadline <= peer.now ? 1 : 0));
  if (!sampling) return;
  const SamplingConfig& config = peer.config().of<Sampling>();
  EXPECT_LE(view.links.size(), config.places());
  const std::set<PeerId> listed(look.known.begin(), look.known.end());
  EXPECT_EQ(listed.size(), look.known.size()) << "an address listed twice";
  EXPECT_LE(listed.size(), config.peer_list);
  EXPECT_FALSE(listed.contains(self) || listed.contains(no_peer) || listed.contains(config.bootstrapper));
}

/// At the same time: what has piled up is worked off.
void expect_to_drain(Life& life) {
  for (int wakes = 0; life.peer.deadline <= life.peer.now; ++wakes) {
    ASSERT_LT(wakes, 100);
    life.wake();
  }
}

void fuzz(const Operations& kind, std::uint64_t seed) {
  Life life(kind, seed, seed % 3);
  OnePeer& peer = life.peer;
  peer.now = beginnings[seed / 3 % std::size(beginnings)];
  DriversView view(peer, kind.overlay);
  for (int i = 0; i < 600 && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(i));
    view.before(life.begin());
    for (const Action& action : peer.actions) std::visit([&](const auto& command) { view.on(command); }, action);
    expect_consistent(peer, view, kind.overlay == Sampling::name);
    life.end();
    EXPECT_EQ(peer.lists.size(), 0u) << "a list leaked";
    EXPECT_EQ(life.remembered(), view.remembered.size());
  }
  peer.now += 1'000 * second;
  while (peer.look().remembered > 0) life.wake();
  peer.now += 1'000 * second;  // what was settled last is in the history
  expect_to_drain(life);
  EXPECT_EQ(peer.messages.size(), 0u) << "a message leaked";
  EXPECT_EQ(peer.messages.bytes(), 0u);
}

/// What is due is worked off: the next deadline is later.
void expect_rest_after_each_step(const Operations& kind, std::uint64_t seed) {
  Life life(kind, seed);
  life.peer.now = beginnings[seed % std::size(beginnings)];
  for (int i = 0; i < 300 && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(i));
    life.begin();
    life.end();
    expect_to_drain(life);
  }
}

std::uint32_t hash_of(const Life& life) { return hash_actions(life.peer.actions, life.peer.lists); }

class PeerFuzz : public testing::TestWithParam<Operations> {
 protected:
  const Operations& kind() const { return GetParam(); }
};

TEST_P(PeerFuzz, AnyInputs) {
  for (std::uint64_t seed = 0; seed < 300 && !HasFailure(); ++seed) fuzz(kind(), seed);
}

TEST_P(PeerFuzz, EveryDeadlineComesToRest) {
  for (std::uint64_t seed = 0; seed < 100 && !HasFailure(); ++seed) expect_rest_after_each_step(kind(), seed);
}

/// The same inputs give the same actions and leave the same bytes: what is recorded can be replayed.
TEST_P(PeerFuzz, TwoCopiesAreTheSameToTheByte) {
  for (std::uint64_t seed = 0; seed < 50 && !HasFatalFailure(); ++seed) {
    Life one(kind(), seed), two(kind(), seed);
    for (int i = 0; i < 300; ++i) {
      one.begin(), two.begin();
      ASSERT_EQ(hash_of(one), hash_of(two)) << "seed " << seed << ", step " << i;
      one.end(), two.end();
      ASSERT_EQ(one.peer.deadline, two.peer.deadline);
      ASSERT_TRUE(std::ranges::equal(one.peer.bytes(), two.peer.bytes())) << "seed " << seed << ", step " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, PeerFuzz,
    testing::Values(operations_of<Sampling, Flood>(), operations_of<Fixed, Flood>(), operations_of<HyParView, Flood>(),
                    reminder_over<HyParView>, operations_of<HyParView, Plumtree>(), operations_of<Fixed, Plumtree>(),
                    operations_of<Sampling, Fanout>(), operations_of<Fixed, Rumor>(), operations_of<Sampling, Rumor>(),
                    operations_of<HyParView, Rumor>(), operations_of<Fixed, Flood, AntiEntropy>(),
                    operations_of<HyParView, Plumtree, AntiEntropy>(), operations_of<HyParView, Mesh>(),
                    operations_of<Fixed, Mesh>(), reminder_over<Sampling>, reminder_over<Fixed>),
    [](const auto& test) {
      return std::string(test.param.overlay) + "_" + std::string(test.param.broadcast) + "_" +
             std::string(test.param.repair);
    });

TEST(Peer, MovedMemoryIsTheSamePeer) {
  const Config config = config_with(IntakeConfig{.seen_capacity = 4}, SamplingConfig{.bootstrapper = PeerId{9}});
  const Operations kind = operations_of<Sampling, Flood>();
  MessageStore messages;
  ListStore lists;
  Env env{0, messages, lists};
  Actions actions;
  std::vector<Time> first(kind.bytes(config) / sizeof(Time));
  const auto bytes = [](std::vector<Time>& memory) { return reinterpret_cast<std::byte*>(memory.data()); };
  kind.init(bytes(first), self, 1, config, env);
  kind.step(bytes(first), config, Start{}, env, actions);
  std::vector<Time> second = first;
  first.assign(first.size(), -1);
  actions.clear();
  kind.step(bytes(second), config, PeerUp{PeerId{9}, false}, env, actions);
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(to_text(actions[0]), "send peer 9: pull of peer 0");
}

}  // namespace
}  // namespace gossip
