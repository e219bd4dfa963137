#pragma once

#include <algorithm>

#include "core/context.hpp"
#include "core/seen_cache.hpp"

namespace gossip {

/// The seed's broadcast: what is new goes to every neighbour except the one that sent it.
///
/// Rules
/// - A message is new once in `seen_ttl`; a copy of a known one is dropped. That ends every loop, and costs
///   Σdegree − (n − 1) frames for a message that reaches n peers.
/// - ttl is the hops that a message may still travel; 0 = unlimited. The origin sends it unchanged. Who receives 1
///   delivers and does not forward; who receives 0 forwards 0, so that 1 − 1 never means "unlimited".
/// - What was announced here is sent at once: who announces it vouches for it.
/// - With validation every delivery is answered by a verdict. Accept forwards; reject ends the message here for good;
///   nobody (no subscriber) forwards or not by `relay`. The first verdict counts. Without one until
///   `validation_deadline`, `on_silence` decides.
/// - At most `cache_size` messages wait; one too many, and the oldest is treated as met by silence. So a subscriber
///   that never answers delays messages, but cannot make this peer hold more than that.
/// - An attacker gains one frame a link for each message that it invents; it cannot make one travel twice.
class Flood {
 public:
  struct State {
    SeenCache::Head seen;
    std::uint32_t waiting_first, waiting_count;
  };

  static constexpr std::size_t bytes(const Config& config) {
    return waiting_bytes(config.flood) + (SeenCache::bytes(config.flood.seen_capacity) + 7) / 8 * 8;
  }

  Flood(State& state, std::byte* memory, Context& context)
      : state_(state),
        context_(context),
        seen_(state.seen, memory + waiting_bytes(config()), config().seen_capacity),
        waiting_(reinterpret_cast<Waiting*>(memory)) {}

  void clear() {
    seen_.clear();
    state_.waiting_first = state_.waiting_count = 0;
  }

  /// Whether a copy of `message` would be a duplicate, expiry aside: a hint for prefetching.
  bool probably_knows(MessageRef message) const { return seen_.contains(message); }

  template <class Overlay>
  void on_publish(MessageRef message, std::uint8_t ttl, Overlay& overlay) {
    if (!is_new(message, overlay)) return;
    context_.out.emplace_back(Deliver{message, no_peer, 0});
    overlay.for_each_neighbour([&](PeerId peer) { context_.send(peer, Frame::announce(message, ttl, 1)); });
  }

  template <class Overlay>
  void on_receive(PeerId from, const Frame& frame, Overlay& overlay) {
    if (!is_new(frame.message(), overlay)) return;
    context_.out.emplace_back(Deliver{frame.message(), from, frame.hops});
    const Waiting entry{deadline_from_now(), frame.message(), from, frame.hops, frame.ttl};
    if (!config().validation) {
      forward(entry, overlay);
      return;
    }
    if (state_.waiting_count == config().cache_size) silence(overlay);
    at(state_.waiting_count++) = entry;
  }

  template <class Overlay>
  void on_verdict(MessageRef message, Opinion opinion, Overlay& overlay) {
    const std::uint32_t position = find(message);
    if (position == state_.waiting_count) {
      // Own announcements wait for nobody; everything else named here was settled before.
      context_.drop(message, Reason::unknown_verdict);
      return;
    }
    const Waiting entry = take(position);
    if (opinion == Opinion::reject) {
      context_.drop(message, Reason::rejected);
    } else if (opinion == Opinion::nobody && config().relay == Relay::subscribed) {
      context_.drop(message, Reason::not_relayed);
    } else {
      forward(entry, overlay);
    }
  }

  template <class Overlay>
  void on_wake(Overlay& overlay) {
    while (state_.waiting_count > 0 && at(0).deadline <= context_.now()) silence(overlay);
  }

  /// Calls f(message) for each that waits for its verdict.
  template <class F>
  void for_each_waiting(F&& f) {
    for (std::uint32_t i = 0; i < state_.waiting_count; ++i) f(at(i).message);
  }

  Time deadline() { return state_.waiting_count == 0 ? never : at(0).deadline; }

 private:
  struct Waiting {
    Time deadline;
    MessageRef message;
    PeerId from;
    std::uint16_t hops;
    std::uint8_t ttl;
    std::uint8_t unused[5] = {};  // not padding, which would hold what was on the stack: two equal peers would differ
  };
  static_assert(std::has_unique_object_representations_v<Waiting>);

  static constexpr std::size_t waiting_bytes(const FloodConfig& config) {
    return config.validation ? config.cache_size * sizeof(Waiting) : 0;
  }
  const FloodConfig& config() const { return context_.env.config.flood; }
  Time deadline_from_now() const { return context_.now() + config().validation_deadline; }

  /// Remembers the message, or counts it as a duplicate.
  template <class Overlay>
  bool is_new(MessageRef message, Overlay& overlay) {
    const auto forget = [&](MessageRef old) {
      // What still waits must not outlive its place in the cache, or it could be taken for new meanwhile.
      const std::uint32_t position = find(old);
      if (position < state_.waiting_count) settle_by_silence(take(position), overlay);
      context_.out.emplace_back(Forget{old});
    };
    seen_.expire(context_.now(), forget);
    if (seen_.contains(message)) {
      context_.drop(message, Reason::duplicate);
      return false;
    }
    const MessageRef left = seen_.insert(message, context_.now() + config().seen_ttl);
    if (left != no_message) forget(left);
    return true;
  }

  template <class Overlay>
  void forward(const Waiting& entry, Overlay& overlay) {
    if (entry.ttl == 1) {
      context_.drop(entry.message, Reason::ttl);
      return;
    }
    const std::uint8_t ttl = entry.ttl == 0 ? 0 : entry.ttl - 1;
    const std::uint16_t hops = entry.hops == 0xffff ? 0xffff : entry.hops + 1;
    const Frame frame = Frame::announce(entry.message, ttl, hops);
    overlay.for_each_neighbour([&](PeerId peer) {
      if (peer != entry.from) context_.send(peer, frame);
    });
  }

  template <class Overlay>
  void silence(Overlay& overlay) {
    settle_by_silence(take(0), overlay);
  }

  template <class Overlay>
  void settle_by_silence(const Waiting& entry, Overlay& overlay) {
    if (config().on_silence == OnSilence::forward) {
      forward(entry, overlay);
    } else {
      context_.drop(entry.message, Reason::silence);
    }
  }

  // The messages that wait, a ring in order of their deadlines.
  Waiting& at(std::uint32_t position) {
    const std::uint32_t i = state_.waiting_first + position;
    return waiting_[i < config().cache_size ? i : i - config().cache_size];
  }

  std::uint32_t find(MessageRef message) {
    std::uint32_t position = 0;
    while (position < state_.waiting_count && at(position).message != message) ++position;
    return position;
  }

  Waiting take(std::uint32_t position) {
    const Waiting entry = at(position);
    for (; position > 0; --position) at(position) = at(position - 1);
    state_.waiting_first = state_.waiting_first + 1 == config().cache_size ? 0 : state_.waiting_first + 1;
    --state_.waiting_count;
    return entry;
  }

  State& state_;
  Context& context_;
  SeenCache seen_;
  Waiting* waiting_;
};

/// A driver's shortcut, eight bytes a peer: most frames of a flood are copies of the message that the peer delivered
/// last, and `step` would answer each with Drop{duplicate} and nothing else. Where this says so, the driver may count
/// it and leave the peer's memory alone. Never wrong: the newest id is the last to leave a SeenCache, by size and by
/// age.
class LastDelivered {
 public:
  void clear() { *this = {}; }
  void on_deliver(MessageRef message, Time now, Duration seen_ttl) {
    message_ = message;
    // Rounded down, so that what may have expired goes the long way.
    until_ = static_cast<std::uint32_t>(std::min<Time>((now + seen_ttl) >> unit_bits, 0xffff'ffff));
  }
  bool is_duplicate(const Frame& frame, Time now) const {
    return frame.message() == message_ && frame.kind == FrameKind::announce && now >> unit_bits < until_;
  }

 private:
  static constexpr int unit_bits = 20;  // about a millisecond; 52 days fit
  MessageRef message_{0};
  std::uint32_t until_ = 0;
};
static_assert(sizeof(LastDelivered) == 8);

}  // namespace gossip
