#pragma once

#include <algorithm>
#include <map>
#include <optional>

#include "core/random.hpp"
#include "tests/core/one_peer.hpp"

/// Inputs such as no honest driver or peer would send, and a driver with a real store of bodies that gives them.
namespace gossip {

constexpr std::uint32_t peers = 40, contents = 30;

// Peer 0 is linked to the odd ones.
struct GivenLinks {
  GivenLinks() {
    for (std::uint32_t peer = 1; peer < peers; peer += 2) targets.push_back(PeerId{peer});
    offsets = {0, targets.size()};
    rows = targets;
  }
  GivenLinks(const GivenLinks&) = delete;
  std::vector<std::uint64_t> offsets;
  std::vector<PeerId> targets, rows;
};

inline HyParViewConfig small_hyparview(Random& random) {
  const std::uint32_t walk = 1 + random.below(6);
  return {.bootstrapper = PeerId{random.below(3)},
          .active_view = 1 + random.below(5),
          .passive_view = 1 + random.below(10),
          .active_walk = walk,
          .passive_walk = random.below(walk + 1),
          .shuffle_active = random.below(4),
          .shuffle_passive = random.below(5),
          .guests = 2 + random.below(6),
          .shuffle_interval = (1 + random.below(5'000)) * millisecond,
          .repair_min = (1 + random.below(100)) * millisecond,
          .repair_max = (1 + random.below(5)) * second};
}

inline RumorConfig small_rumor(Random& random) {
  return {.mode = static_cast<RumorMode>(random.below(3)),
          .interest = static_cast<RumorInterest>(random.below(2)),
          .removal = static_cast<RumorRemoval>(random.below(2)),
          .k = 1 + random.below(4),
          .round = (1 + random.below(2'000)) * millisecond,
          .clock = static_cast<RumorClock>(random.below(3)),
          .connections = random.below(3),
          .hunt = random.below(3),
          .rumors = 1 + random.below(6)};
}

inline AntiEntropyConfig small_anti_entropy(Random& random) {
  return {.repair_mode = static_cast<RepairMode>(random.below(3)),
          .repair_period = (1 + random.below(2'000)) * millisecond,
          .patience = random.below(500) * millisecond,
          .digest = 1 + random.below(6),
          .repair_batch = 1 + random.below(5),
          .repair_bytes = random.below(200)};
}

inline MeshConfig small_mesh(Random& random) {
  const std::uint32_t d = 1 + random.below(4), windows = 1 + random.below(4);
  return {.d = d,
          .d_low = 1 + random.below(d),
          .d_high = d + random.below(2),
          .d_lazy = random.below(4),
          .factor = random.uniform(),
          .heartbeat = (1 + random.below(2'000)) * millisecond,
          .windows = windows,
          .gossip_windows = 1 + random.below(windows),
          .backoff = random.below(5'000) * millisecond,
          .follow_up = (1 + random.below(2'000)) * millisecond,
          .flood_publish = random.below(2) == 0,
          .above = random.below(20),
          .links = d + 1 + random.below(3),
          .cache = 1 + random.below(5),
          .wanted = 1 + random.below(4),
          .answers = 1 + random.below(3),
          .unwanted = 1 + random.below(4)};
}

inline Config small_config(Random& random, GivenLinks& links) {
  const auto one_to = [&](std::uint32_t most) { return 1 + random.below(most); };
  const std::uint32_t degree = one_to(8);
  return config_with(IntakeConfig{.seen_capacity = one_to(20),
                                  .seen_ttl = one_to(10) * second,
                                  .validation = random.below(2) == 0,
                                  .cache_size = one_to(6),
                                  .validation_deadline = one_to(random.below(2) == 0 ? 1'000 : 20'000) * millisecond,
                                  .on_silence = static_cast<OnSilence>(random.below(2)),
                                  .relay = static_cast<Relay>(random.below(2))},
                     HistoryConfig{.history_entries = one_to(10),
                                   .history_bytes = random.below(400),
                                   .history_age = one_to(5'000) * millisecond},
                     Fixed::Config{links.offsets, links.targets, links.rows},
                     SamplingConfig{.bootstrapper = PeerId{random.below(3)},  // itself, for one in three
                                    .degree = degree,
                                    .links = random.below(2) == 0 ? automatic : degree + random.below(4),
                                    .transient_links = random.below(4),
                                    .peer_list = one_to(16),
                                    .response_peers = one_to(8),
                                    .dials = one_to(8),
                                    .retry_min = one_to(100) * millisecond,
                                    .retry_max = one_to(5) * second,
                                    .explore = one_to(10) * second},
                     small_hyparview(random),
                     PlumtreeConfig{.lazy_links = one_to(4),
                                    .missing = one_to(4),
                                    .graft_first = one_to(500) * millisecond,
                                    .graft_again = one_to(500) * millisecond,
                                    .optimize = one_to(5)},
                     small_rumor(random), small_mesh(random), FanoutConfig{.fanout = one_to(4)},
                     small_anti_entropy(random));
}

/// A peer with its driver: contents are numbered by whoever announces them, and have a MessageRef while the peer
/// remembers them.
class Life {
 public:
  Life(const Operations& kind, std::uint64_t seed, std::uint32_t most_lists = 1'000)
      : random_(seed, 'L'),
        peer(kind, small_config(random_, links_),
             {.seed = seed, .messages = MessageStore(MessageStore::Limits{}), .lists = ListStore(most_lists)}) {}

  /// Draws the next input and gives it; `peer.actions` are not carried out before `end`.
  const Input& begin() {
    peer.now = next_time();
    input_ = first_ ? Input{Start{}} : draw();
    first_ = false;
    peer.act(input_);
    return input_;
  }
  void wake() {
    input_ = Wake{};
    peer.act(input_);
    end();
  }
  void end() {
    for (const Action& action : peer.actions) {
      if (const auto* forget = std::get_if<Forget>(&action)) forgotten(forget->message);
      if (const auto* deliver = std::get_if<Deliver>(&action)) numbers_[current_] = deliver->message;
    }
    peer.carry_out();
    if (lent_) peer.messages.drop_body(*lent_);
    if (const auto* receive = std::get_if<Receive>(&input_); receive != nullptr && carries_list(receive->frame.kind)) {
      peer.lists.release(receive->frame.list());
    }
    for (const MessageRef message : named_) peer.messages.release(message);
    named_.clear();
    peer.messages.collect();
    lent_.reset();
  }
  std::size_t remembered() const { return numbers_.size(); }

 private:
  Time next_time() {
    const Time later = peer.now + random_.below(200) * millisecond;
    const Time deadline = std::max(peer.now, peer.deadline);
    return random_.below(3) == 0 && peer.deadline != never ? deadline : std::min(later, deadline);
  }
  Input draw() {
    if (peer.deadline <= peer.now) return Wake{};
    switch (random_.below(13)) {
      case 0:
      case 1:
        return PeerUp{other(), random_.below(2) == 0};
      case 2:
        return PeerDown{other()};
      case 3:
        return Publish{lend(), ttl()};
      case 4:
        return Verdict{known(), static_cast<Opinion>(random_.below(3))};
      case 5:
        return Wake{};
      case 6:
        return Receive{other(), contact()};
      case 7:
        return Receive{other(), list_of(FrameKind::response, 0)};
      case 8:
        return Receive{other(), control()};
      case 9:
        return Receive{linked(), control()};
      default:
        const Frame frame = Frame::announce(lend(), ttl(), static_cast<std::uint16_t>(random_()));
        return Receive{other(), frame};
    }
  }

  PeerId anybody() { return random_.below(50) == 0 ? no_peer : PeerId{random_.below(peers)}; }
  PeerId other() { return PeerId{1 + random_.below(peers - 1)}; }
  std::uint8_t ttl() { return static_cast<std::uint8_t>(random_.below(4)); }
  MessageRef known() {
    const auto found = numbers_.find(random_.below(contents));
    return found == numbers_.end() ? MessageRef{random_.below(contents)} : found->second;
  }
  /// A content for the duration of the step.
  MessageRef lend() {
    current_ = random_.below(contents);
    const std::vector<std::byte> body(current_, static_cast<std::byte>(current_));
    const auto found = numbers_.find(current_);
    if (found == numbers_.end()) {
      lent_ = peer.messages.add(1, body);
    } else {
      lent_ = found->second;
      EXPECT_TRUE(peer.messages.give_body(*lent_, body));
    }
    return *lent_;
  }
  void forgotten(MessageRef message) {
    const auto gone = std::ranges::find(numbers_, message, [](const auto& entry) { return entry.second; });
    ASSERT_NE(gone, numbers_.end()) << "what is forgotten was remembered";
    numbers_.erase(gone);
  }
  Frame contact() {
    const PeerId subject = anybody();
    return random_.below(2) == 0 ? Frame::pull(subject) : Frame::push(subject);
  }
  Frame list_of(FrameKind kind, std::uint8_t ttl) {
    if (lists_messages(kind)) return list_of_messages(kind, ttl);
    std::vector<PeerId> list(random_.below(20));
    std::ranges::generate(list, [&] { return anybody(); });
    const auto handle = peer.lists.add(std::span<const PeerId>(list));
    return handle ? Frame::of(kind, *handle, ttl) : contact();
  }
  /// Some that the peer knows, and some that nobody has; the driver keeps their numbers during the step.
  Frame list_of_messages(FrameKind kind, std::uint8_t ttl) {
    std::vector<std::uint32_t> list;
    for (std::uint32_t left = random_.below(10); left > 0; --left) {
      const auto found = numbers_.find(random_.below(contents));
      if (found == numbers_.end()) {
        named_.push_back(*peer.messages.add(1, {}));
        peer.messages.retain(named_.back());
        peer.messages.drop_body(named_.back());
      } else {
        peer.messages.retain(named_.emplace_back(found->second));
      }
      list.push_back(index(named_.back()));
      if (stride(traits(kind).items) == 2) list.push_back(random_.below(8));
    }
    const auto handle = peer.lists.add(std::span<const std::uint32_t>(list));
    return handle ? Frame::of(kind, *handle, ttl) : contact();
  }
  /// Somebody from whom a frame can come, where there is one.
  PeerId linked() {
    if (peer.links.empty()) return other();
    return *std::next(peer.links.begin(), random_.below(static_cast<std::uint32_t>(peer.links.size())));
  }
  /// Any frame but an announce.
  Frame control() {
    const auto kind = static_cast<FrameKind>(1 + random_.below(frame_kind_count - 1));
    const auto ttl = static_cast<std::uint8_t>(random_.below(8));
    switch (traits(kind).body) {
      case Body::list:
        return list_of(kind, ttl);
      case Body::peer:
        return Frame::of(kind, anybody(), ttl);
      case Body::id:
        return Frame::of(kind, lend(), ttl, static_cast<std::uint16_t>(random_.below(20)));
      default:
        return Frame::bare(kind, ttl);
    }
  }

  Random random_;
  GivenLinks links_;
  std::map<std::uint32_t, MessageRef> numbers_;  // of the contents that the peer remembers
  std::optional<MessageRef> lent_;
  std::vector<MessageRef> named_;  // by the list that the input brings
  std::uint32_t current_ = 0;      // the content that the input brings
  Input input_ = Start{};
  bool first_ = true;

 public:
  OnePeer peer;
};

}  // namespace gossip
