#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/core/one_peer.hpp"

// Any sequence of inputs, also such as no honest driver or peer would send: nothing asserts, every action makes sense
// to a driver that believes only what it was told, and everything stays within its bounds.
namespace gossip {
namespace {

constexpr std::uint32_t peers = 40, messages = 30;
constexpr PeerId self{0};

Config small_config(Random& random) {
  const auto one_to = [&](std::uint32_t most) { return 1 + random.below(most); };
  Config config;
  config.flood = {.seen_capacity = one_to(20),
                  .seen_ttl = one_to(10) * second,
                  .validation = random.below(2) == 0,
                  .cache_size = one_to(6),
                  .validation_deadline = one_to(1'000) * millisecond,
                  .on_silence = static_cast<OnSilence>(random.below(2)),
                  .relay = static_cast<Relay>(random.below(2))};
  const std::uint32_t degree = one_to(8);
  config.sampling = {.bootstrapper = PeerId{random.below(3)},  // itself, for one in three
                     .degree = degree,
                     .max_connections = degree + random.below(4),
                     .transient_connections = random.below(4),
                     .peer_list = random.below(16),
                     .response_peers = random.below(8),
                     .retry_min = one_to(100) * millisecond,
                     .retry_max = one_to(5) * second};
  return config;
}

class Inputs {
 public:
  Inputs(Random& random, MessageStore& store) : random_(random), store_(store) {}

  Input next() {
    switch (random_.below(10)) {
      case 0:
      case 1:
        return PeerUp{other(), random_.below(2) == 0};
      case 2:
        return PeerDown{other()};
      case 3:
        return Publish{message(), ttl()};
      case 4:
        return Verdict{message(), static_cast<Opinion>(random_.below(3))};
      case 5:
        return Wake{};
      case 6:
        return Receive{other(), contact()};
      case 7:
        return Receive{other(), response()};
      default:
        return Receive{other(), Frame::announce(message(), ttl(), static_cast<std::uint16_t>(random_()))};
    }
  }

 private:
  PeerId anybody() { return random_.below(50) == 0 ? no_peer : PeerId{random_.below(peers)}; }
  PeerId other() { return PeerId{1 + random_.below(peers - 1)}; }
  MessageRef message() { return MessageRef{random_.below(messages)}; }
  std::uint8_t ttl() { return static_cast<std::uint8_t>(random_.below(4)); }
  Frame contact() {
    const PeerId subject = anybody();
    return random_.below(2) == 0 ? Frame::pull(subject) : Frame::push(subject);
  }
  Frame response() {
    std::vector<PeerId> list(random_.below(20));
    std::ranges::generate(list, [&] { return anybody(); });
    return Frame::response(store_.add_peers(list).value());
  }

  Random& random_;
  MessageStore& store_;
};

/// What a driver knows of its peer from the inputs that it gave and the actions that it was given.
class DriversView {
 public:
  explicit DriversView(const Config& config) : config_(config) {}

  void before(const Input& input) {
    sent_.clear();
    asker_ = no_peer;
    if (const auto* up = std::get_if<PeerUp>(&input)) links[up->peer] = true;
    if (const auto* down = std::get_if<PeerDown>(&input)) links.erase(down->peer);
    if (const auto* receive = std::get_if<Receive>(&input)) {
      if (receive->frame.kind == FrameKind::pull) asker_ = receive->from;
    }
  }

  void on(const Send& action) {
    if (action.frame.kind == FrameKind::response) {
      EXPECT_EQ(action.to, asker_) << "an answer that nobody asked for";
      ++responses;
      return;
    }
    const auto link = links.find(action.to);
    EXPECT_TRUE(link != links.end() && link->second) << "to " << name(action.to) << ", which is not a neighbour";
    if (action.frame.kind != FrameKind::announce) return;
    EXPECT_TRUE(remembered.contains(action.frame.message()));
    EXPECT_TRUE(sent_.emplace(action.to, action.frame.message()).second) << "twice to " << name(action.to);
  }
  void on(const Deliver& action) {
    EXPECT_TRUE(remembered.insert(action.message).second) << "delivered twice";
    EXPECT_LE(remembered.size(), config_.flood.seen_capacity);
  }
  void on(const Connect& action) {
    EXPECT_NE(action.peer, self);
    EXPECT_NE(action.peer, no_peer);
    EXPECT_TRUE(links.emplace(action.peer, false).second) << name(action.peer) << " is linked already";
  }
  void on(const Disconnect& action) { EXPECT_EQ(links.erase(action.peer), 1u); }
  void on(const Forget& action) {
    EXPECT_EQ(remembered.erase(action.message), 1u) << "what is forgotten was remembered, and is forgotten once";
    // The same data may be announced again from here on.
    std::erase_if(sent_, [&](const auto& sent) { return sent.second == action.message; });
  }
  void on(const ForgetPeer&) {}
  void on(const Drop&) {}

  std::map<PeerId, bool> links;  // up, or being dialled
  std::set<MessageRef> remembered;
  std::uint64_t responses = 0;

 private:
  const Config& config_;
  PeerId asker_ = no_peer;
  std::set<std::pair<PeerId, MessageRef>> sent_;  // in this step
};

void expect_consistent(Sampling& overlay, const DriversView& view, const SamplingConfig& config) {
  std::map<PeerId, bool> links;
  for (const Sampling::Link& link : overlay.links()) EXPECT_TRUE(links.emplace(link.peer, link.up).second);
  EXPECT_EQ(links, view.links);
  EXPECT_LE(links.size(), config.max_connections + config.transient_connections);
  const std::set<PeerId> listed(overlay.list().begin(), overlay.list().end());
  EXPECT_EQ(listed.size(), overlay.list().size()) << "an address listed twice";
  EXPECT_LE(listed.size(), config.peer_list);
  EXPECT_FALSE(listed.contains(self) || listed.contains(no_peer) || listed.contains(config.bootstrapper));
}
void expect_consistent(Fixed&, const DriversView&, const SamplingConfig&) {}

// Peer 0 is linked to the odd ones.
struct GivenLinks {
  GivenLinks() {
    for (std::uint32_t peer = 1; peer < peers; peer += 2) targets.push_back(PeerId{peer});
    offsets = {0, targets.size()};
    up.resize(targets.size());
  }
  FixedLinks span() { return {offsets, targets, up}; }
  std::vector<std::uint64_t> offsets;
  std::vector<PeerId> targets;
  std::vector<std::uint8_t> up;
};

/// Frees what the driver is given: the list in a response.
void release_responses(MessageStore& store, const Actions& actions) {
  for (const Action& action : actions) {
    const auto* send = std::get_if<Send>(&action);
    if (send != nullptr && send->frame.kind == FrameKind::response) store.release(send->frame.message());
  }
}

void release_input(MessageStore& store, const Input& input) {
  const auto* receive = std::get_if<Receive>(&input);
  if (receive != nullptr && receive->frame.kind == FrameKind::response) store.release(receive->frame.message());
}

Time next_time(Random& random, Time now, Time deadline) {
  const Time later = now + random.below(200) * millisecond;
  return random.below(3) == 0 && deadline != never ? std::max(now, deadline) : std::min(later, std::max(now, deadline));
}

template <class Overlay>
void fuzz(std::uint64_t seed) {
  Random random(seed, 'F');
  const Config config = small_config(random);
  GivenLinks links;
  OnePeer<Peer<Overlay, Flood>> peer(config, self, links.span(), seed);
  std::vector<MessageRef> bodies;
  for (std::uint32_t i = 0; i < messages; ++i) bodies.push_back(peer.store().add(1, {}).value());
  Inputs inputs(random, peer.store());
  DriversView view(config);

  for (int i = 0; i < 600 && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(i));
    peer.now = next_time(random, peer.now, peer.deadline);
    const Input input = i == 0 ? Input{Start{}} : peer.now == peer.deadline ? Input{Wake{}} : inputs.next();
    view.before(input);
    for (const Action& action : peer.act(input)) std::visit([&](const auto& command) { view.on(command); }, action);
    peer.look([&](Overlay& overlay, Flood&) { expect_consistent(overlay, view, config.sampling); });
    release_responses(peer.store(), peer.actions);
    release_input(peer.store(), input);
    EXPECT_EQ(peer.store().size(), messages) << "a list leaked";
    EXPECT_TRUE(!std::holds_alternative<Wake>(input) || peer.deadline > peer.now);
  }
  for (const MessageRef body : bodies) peer.store().release(body);
  EXPECT_EQ(peer.store().size(), 0u);
  EXPECT_EQ(peer.store().bytes(), 0u);
}

TEST(PeerFuzz, SamplingAndFlood) {
  for (std::uint64_t seed = 0; seed < 300 && !HasFailure(); ++seed) fuzz<Sampling>(seed);
}

TEST(PeerFuzz, FixedAndFlood) {
  for (std::uint64_t seed = 0; seed < 300 && !HasFailure(); ++seed) fuzz<Fixed>(seed);
}

/// The same inputs give the same actions and leave the same bytes: what is recorded can be replayed.
template <class Overlay>
void step_two_copies(std::uint64_t seed) {
  Random random(seed, 'T');
  const Config config = small_config(random);
  GivenLinks links_a, links_b;
  OnePeer<Peer<Overlay, Flood>> a(config, self, links_a.span(), seed), b(config, self, links_b.span(), seed);
  for (std::uint32_t i = 0; i < messages; ++i) {
    ASSERT_EQ(a.store().add(1, {}), b.store().add(1, {}));
  }
  Random random_b = random;
  Inputs inputs_a(random, a.store()), inputs_b(random_b, b.store());

  for (int i = 0; i < 300; ++i) {
    const Input input_a = i == 0 ? Input{Start{}} : inputs_a.next();
    const Input input_b = i == 0 ? Input{Start{}} : inputs_b.next();
    a.now = b.now += 37 * millisecond;
    ASSERT_EQ(a.step(input_a), b.step(input_b)) << "seed " << seed << ", step " << i;
    ASSERT_EQ(a.deadline, b.deadline);
    ASSERT_TRUE(std::ranges::equal(a.bytes(), b.bytes()));
    ASSERT_EQ(links_a.up, links_b.up);
    for (auto* peer : {&a, &b}) release_responses(peer->store(), peer->actions);
    release_input(a.store(), input_a);
    release_input(b.store(), input_b);
  }
}

TEST(Recordability, SamplingAndFlood) {
  for (std::uint64_t seed = 0; seed < 50 && !HasFatalFailure(); ++seed) step_two_copies<Sampling>(seed);
}

TEST(Recordability, FixedAndFlood) {
  for (std::uint64_t seed = 0; seed < 50 && !HasFatalFailure(); ++seed) step_two_copies<Fixed>(seed);
}

TEST(Recordability, MovedMemoryIsTheSamePeer) {
  const Config config{.flood = {.seen_capacity = 4}, .sampling = {.bootstrapper = PeerId{9}}};
  using Sampler = Peer<Sampling, Flood>;
  MessageStore store;
  Env env{0, store, config, {}};
  Actions actions;
  std::vector<Time> first(Sampler::bytes(config) / sizeof(Time));
  const auto bytes = [](std::vector<Time>& memory) { return reinterpret_cast<std::byte*>(memory.data()); };
  Sampler::init(bytes(first), self, 1, env);
  Sampler::step(bytes(first), Start{}, env, actions);
  std::vector<Time> second = first;
  first.assign(first.size(), -1);
  actions.clear();
  Sampler::step(bytes(second), PeerUp{PeerId{9}, false}, env, actions);
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(text(actions[0]), "send peer 9: pull for peer 0");
  EXPECT_EQ(Sampler::self(bytes(second)), self);
}

}  // namespace
}  // namespace gossip
