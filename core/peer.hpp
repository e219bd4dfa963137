#pragma once

#include <algorithm>
#include <concepts>
#include <type_traits>
#include <variant>

#include "core/broadcast/flood.hpp"
#include "core/overlay/fixed.hpp"
#include "core/overlay/sampling.hpp"

namespace gossip {

/// Who my neighbours are. Built around a peer's memory for one step; keeps nothing itself.
template <class T>
concept OverlayProtocol = std::is_trivially_copyable_v<typename T::State> &&
    requires(T overlay, PeerId peer, const Frame& frame, const Config& config) {
  { T::bytes(config) } -> std::same_as<std::size_t>;
  { overlay.deadline() } -> std::same_as<Time>;
  overlay.clear();
  overlay.on_start();
  overlay.on_up(peer, true);
  overlay.on_down(peer);
  overlay.on_frame(peer, frame);
  overlay.on_wake();
  overlay.for_each_neighbour([](PeerId) {});
};

/// How data spreads over an overlay.
template <class T, class Overlay>
concept BroadcastProtocol = std::is_trivially_copyable_v<typename T::State> &&
    requires(T broadcast, Overlay& overlay, PeerId peer, MessageRef message, const Frame& frame, const Config& config) {
  { T::bytes(config) } -> std::same_as<std::size_t>;
  { broadcast.deadline() } -> std::same_as<Time>;
  broadcast.clear();
  broadcast.on_publish(message, std::uint8_t{}, overlay);
  broadcast.on_receive(peer, frame, overlay);
  broadcast.on_verdict(message, Opinion::accept, overlay);
  broadcast.on_wake(overlay);
};

/// One gossip peer: an overlay and a broadcast over one flat piece of memory that the driver owns.
///
/// The memory is `bytes(config)` long, aligned to 8, and trivially copyable: a fixed head, then the arrays whose sizes
/// the configuration gives. Many peers are one array.
template <OverlayProtocol Overlay, BroadcastProtocol<Overlay> Broadcast>
class Peer {
 public:
  struct State {
    Random random;
    PeerId self;
    typename Overlay::State overlay;
    typename Broadcast::State broadcast;
  };
  static_assert(std::is_trivially_copyable_v<State> && sizeof(State) % 8 == 0);

  static constexpr std::size_t bytes(const Config& config) {
    return sizeof(State) + Broadcast::bytes(config) + Overlay::bytes(config);
  }

  /// Before the Start of each life. `seed` is the run's; each peer draws its own numbers.
  static void init(std::byte* memory, PeerId self, std::uint64_t seed, Env& env) {
    State* state = new (memory) State{};
    state->self = self;
    state->random = Random(seed, index(self));
    Actions none;
    Parts(memory, env, none).clear();
  }

  /// Appends to `out`; gives the time by which the peer wants a Wake, or never.
  static Time step(std::byte* memory, const Input& input, Env& env, Actions& out) {
    Parts parts(memory, env, out);
    std::visit([&](const auto& fact) { parts.on(fact); }, input);
    return std::min(parts.overlay.deadline(), parts.broadcast.deadline());
  }

  static PeerId self(const std::byte* memory) { return reinterpret_cast<const State*>(memory)->self; }

  /// A look inside, for checks and reports; changes nothing.
  template <class F>
  static auto look(std::byte* memory, Env& env, F&& f) {
    Actions none;
    Parts parts(memory, env, none);
    return f(parts.overlay, parts.broadcast);
  }

 private:
  struct Parts {
    Context context;
    Broadcast broadcast;
    Overlay overlay;

    Parts(std::byte* memory, Env& env, Actions& out)
        : Parts(*reinterpret_cast<State*>(memory), memory + sizeof(State), env, out) {}
    Parts(State& state, std::byte* arrays, Env& env, Actions& out)
        : context{state.self, state.random, env, out},
          broadcast(state.broadcast, arrays, context),
          overlay(state.overlay, arrays + Broadcast::bytes(env.config), context) {}

    void clear() {
      broadcast.clear();
      overlay.clear();
    }
    void on(const Start&) { overlay.on_start(); }
    void on(const PeerUp& fact) { overlay.on_up(fact.peer, fact.inbound); }
    void on(const PeerDown& fact) { overlay.on_down(fact.peer); }
    void on(const Receive& fact) {
      if (fact.frame.kind == FrameKind::announce) {
        broadcast.on_receive(fact.from, fact.frame, overlay);
      } else {
        overlay.on_frame(fact.from, fact.frame);
      }
    }
    void on(const Publish& fact) { broadcast.on_publish(fact.message, fact.ttl, overlay); }
    void on(const Verdict& fact) { broadcast.on_verdict(fact.message, fact.opinion, overlay); }
    void on(const Wake&) {
      broadcast.on_wake(overlay);
      overlay.on_wake();
    }
  };
};

}  // namespace gossip
