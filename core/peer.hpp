#pragma once

#include <algorithm>
#include <concepts>
#include <new>
#include <optional>

#include "core/protocols.hpp"

namespace gossip {

/// Who my neighbours are. Built around a peer's memory for one step; keeps nothing itself.
template <class T>
concept OverlayProtocol = std::is_trivially_copyable_v<typename T::State> &&
    requires(T overlay, PeerId peer, const Frame& frame, const typename T::Config& config) {
  { T::bytes(config) } -> std::same_as<std::size_t>;
  { overlay.most_actions() } -> std::same_as<std::uint32_t>;
  { overlay.deadline() } -> std::same_as<Time>;
  { overlay.neighbours() } -> std::same_as<std::span<const PeerId>>;
  { overlay.known() } -> std::same_as<std::span<const PeerId>>;
  overlay.clear();
  overlay.on_start();
  overlay.on_up(peer, true);
  overlay.on_down(peer);
  overlay.on_frame(peer, frame);
  overlay.on_wake();
};

/// How data spreads, or how what was missed is brought. Besides these it may have
/// - `on_frame(from, frame)`, for frames that it owns;
/// - `on_neighbour_up(peer)`, `on_neighbour_down(peer)`;
/// - `on_arrival(from, frame)`, of what is new, before anybody has said whether it may go on;
/// - `on_duplicate(from, frame)`: without it, a driver need not tell a peer of duplicates (LastDelivered in sim/);
/// - `on_wake()`;
/// - `uses_history = true`, and a constructor argument `History&` after the others;
/// - `uses_intake = true`, and a last one `Intake&`, to ask what is known;
/// - `uses_neighbours = true`: `Context::neighbours` are the overlay's.
/// - `age_of_asked(accepted)`: a repair's; what it gives an age for is its own, and not offered to the broadcast.
/// `most_actions`, a constant or a function, is what it does at most about one message or fact.
template <class T>
concept LayerProtocol = std::is_trivially_copyable_v<typename T::State> &&
    requires(T layer, const typename T::Config& config) {
  { T::bytes(config) } -> std::same_as<std::size_t>;
  { layer.deadline() } -> std::same_as<Time>;
  layer.clear();
};
template <class T>
concept BroadcastProtocol = LayerProtocol<T> && requires(T broadcast, const Intake::Accepted& accepted) {
  broadcast.spread(accepted);
};

template <class T>
inline constexpr bool uses_history = requires {
  requires T::uses_history;
};
template <class T>
inline constexpr bool uses_intake = requires {
  requires T::uses_intake;
};
template <class T>
inline constexpr bool uses_neighbours = requires {
  requires T::uses_neighbours;
};
template <class T>
inline constexpr bool hears_duplicates = requires(T t, PeerId peer, const Frame& frame) {
  t.on_duplicate(peer, frame);
};

/// What a driver may see of a peer. The spans live until its next step.
struct View {
  std::span<const PeerId> neighbours;
  std::span<const PeerId> known;                            // addresses that it would tell others
  std::array<std::span<const Intake::Waiting>, 2> waiting;  // for a verdict, oldest first
  std::uint32_t remembered;                                 // messages
};

/// One gossip peer over one flat piece of memory that the driver owns: an overlay, the intake, a broadcast, a repair.
///
/// The memory is `bytes(config)` long, aligned to 8, and trivially copyable: a fixed head, then the arrays whose sizes
/// the configuration gives. Many peers are one array.
template <OverlayProtocol Overlay, BroadcastProtocol Broadcast, LayerProtocol Repair = NoRepair>
class Peer {
  struct Nothing {};

 public:
  static constexpr bool has_history = uses_history<Broadcast> || uses_history<Repair>;
  struct State {
    Random random;
    PeerId self;
    [[no_unique_address]] typename Overlay::State overlay;
    Intake::State intake;
    [[no_unique_address]] typename Broadcast::State broadcast;
    [[no_unique_address]] typename Repair::State repair;
    [[no_unique_address]] std::conditional_t<has_history, History::State, Nothing> history;
  };
  static_assert(std::is_trivially_copyable_v<State> && sizeof(State) % 8 == 0);

  static constexpr std::size_t bytes(const Config& config) { return Layout(config).end; }

  /// Before the Start of each life; the memory must be zero. `seed` is the run's; each peer draws its own numbers.
  static void init(std::byte* memory, PeerId self, std::uint64_t seed, const Config& config, Env& env) {
    State* state = new (memory) State{};
    state->self = self;
    state->random = Random(seed, index(self));
    Actions none;
    Parts(memory, config, env, none).clear();
  }

  /// Appends to `out`; gives the time by which the peer wants a Wake, or never.
  static Time step(std::byte* memory, const Config& config, const Input& input, Env& env, Actions& out) {
    const std::size_t before = out.size();
    Parts parts(memory, config, env, out);
    std::visit([&](const auto& fact) { parts.on(fact); }, input);
    parts.settle_overdue();
    const std::size_t appended = out.size() - before;
    GOSSIP_ASSERT(appended <= Intake::most_actions || appended <= parts.most_actions());
    return parts.deadline();
  }

  /// Those that SendAll goes to; lives until the next step.
  static std::span<const PeerId> neighbours(std::byte* memory, const Config& config, Env& env) {
    State& state = *reinterpret_cast<State*>(memory);
    Actions none;
    Context context{state.self, state.random, env, none};
    return Overlay(state.overlay, memory + Layout(config).overlay, config.of<Overlay>(), context).neighbours();
  }

  static View look(std::byte* memory, const Config& config, Env& env) {
    Actions none;
    Parts parts(memory, config, env, none);
    return {parts.overlay.neighbours(), parts.overlay.known(), parts.intake.waiting_runs(),
            parts.state.intake.seen.count};
  }

 private:
  /// Where each part's arrays begin.
  struct Layout {
    std::size_t intake, broadcast, overlay, repair, history, end;

    constexpr explicit Layout(const Config& config)
        : intake(sizeof(State)),
          broadcast(intake + Intake::bytes(config.of<Intake>())),
          overlay(broadcast + Broadcast::bytes(config.of<Broadcast>())),
          repair(overlay + Overlay::bytes(config.of<Overlay>())),
          history(repair + Repair::bytes(config.of<Repair>())),
          end(history + (has_history ? History::bytes(config.of<History>()) : 0)) {}
  };

  struct Parts {
    State& state;
    Context context;
    Intake intake;
    [[no_unique_address]] std::conditional_t<has_history, History, Nothing> history;
    Overlay overlay;
    Broadcast broadcast;
    Repair repair;

    Parts(std::byte* memory, const Config& config, Env& env, Actions& out)
        : Parts(*reinterpret_cast<State*>(memory), memory, Layout(config), config, env, out) {}
    Parts(State& s, std::byte* memory, const Layout& at, const Config& config, Env& env, Actions& out)
        : state(s),
          context{s.self, s.random, env, out},
          intake(s.intake, memory + at.intake, config.of<Intake>(), context),
          history(make_history(memory + at.history, config)),
          overlay(s.overlay, memory + at.overlay, config.of<Overlay>(), context),
          broadcast(make<Broadcast>(s.broadcast, memory + at.broadcast, config)),
          repair(make<Repair>(s.repair, memory + at.repair, config)) {
      show_neighbours();
    }
    Parts(const Parts&) = delete;

    auto make_history([[maybe_unused]] std::byte* memory, [[maybe_unused]] const Config& config) {
      if constexpr (has_history) {
        return History(state.history, memory, config.of<History>(), context);
      } else {
        return Nothing{};
      }
    }
    template <class P>
    P make(typename P::State& part, std::byte* memory, const Config& config) {
      if constexpr (uses_history<P> && uses_intake<P>) {
        return P(part, memory, config.of<P>(), context, history, intake);
      } else if constexpr (uses_history<P>) {
        return P(part, memory, config.of<P>(), context, history);
      } else if constexpr (uses_intake<P>) {
        return P(part, memory, config.of<P>(), context, intake);
      } else {
        return P(part, memory, config.of<P>(), context);
      }
    }

    void clear() {
      intake.clear();
      if constexpr (has_history) history.clear();
      overlay.clear();
      broadcast.clear();
      repair.clear();
    }

    // Facts, each to whom it concerns.

    void on(const Start&) {
      overlay.on_start();
      tell_changes();
    }
    void on(const PeerUp& fact) {
      overlay.on_up(fact.peer, fact.inbound);
      tell_changes();
    }
    void on(const PeerDown& fact) {
      overlay.on_down(fact.peer);
      tell_changes();
    }
    void on(const Receive& fact) {
      if (fact.frame.kind == FrameKind::announce) return on_announce(fact.from, fact.frame);
      switch (owner(fact.frame.kind)) {
        case Layer::overlay:
          overlay.on_frame(fact.from, fact.frame);
          return tell_changes();
        case Layer::broadcast:
          return give(broadcast, fact);
        case Layer::repair:
          return give(repair, fact);
      }
    }
    void on(const Publish& fact) { on_announce(no_peer, Frame::announce(fact.message, fact.ttl, 0)); }
    void on(const Verdict& fact) { spread(intake.verdict(fact.message, fact.opinion)); }
    void on(const Wake&) {
      intake.forget_expired();
      if constexpr (has_history) history.expire();
      overlay.on_wake();
      tell_changes();
      if constexpr (requires { broadcast.on_wake(); }) broadcast.on_wake();
      if constexpr (requires { repair.on_wake(); }) repair.on_wake();
    }

    // A message.

    void on_announce(PeerId from, const Frame& frame) {
      if (!intake.knows(frame.message())) {
        const auto accepted = intake.admit(from, frame);
        if constexpr (requires { broadcast.on_arrival(from, frame); }) {
          if (intake.knows(frame.message())) broadcast.on_arrival(from, frame);
        }
        return spread(accepted);
      }
      intake.drop_duplicate(frame.message(), from);
      if constexpr (hears_duplicates<Broadcast>) broadcast.on_duplicate(from, frame);
    }
    void spread(const std::optional<Intake::Accepted>& accepted) {
      if (!accepted) return;
      if constexpr (requires { repair.age_of_asked(*accepted); }) {
        if (const auto age = repair.age_of_asked(*accepted)) return history.add(accepted->frame, *age);
      }
      if constexpr (has_history) history.add(accepted->frame);
      broadcast.spread(*accepted);
    }
    void settle_overdue() {
      for (std::uint32_t i = 0; i < Intake::settled_a_step && intake.overdue(); ++i) spread(intake.settle());
    }

    // The rest.

    template <class Part>
    static void give(Part& part, const Receive& fact) {
      if constexpr (requires { part.on_frame(fact.from, fact.frame); }) part.on_frame(fact.from, fact.frame);
    }

    void show_neighbours() {
      if constexpr (uses_neighbours<Broadcast> || uses_neighbours<Repair>) context.neighbours = overlay.neighbours();
    }
    /// What the overlay has changed, to who spreads over it.
    void tell_changes() {
      show_neighbours();
      for (std::uint32_t i = 0; i < context.change_count; ++i) {
        if (!context.changes[i].up) intake.sender_gone(context.changes[i].peer);
        tell(broadcast, context.changes[i]);
        tell(repair, context.changes[i]);
      }
      context.change_count = 0;
    }
    template <class Part>
    static void tell(Part& part, const Context::Change& change) {
      if constexpr (requires { part.on_neighbour_up(change.peer); }) {
        if (change.up) return part.on_neighbour_up(change.peer);
      }
      if constexpr (requires { part.on_neighbour_down(change.peer); }) {
        if (!change.up) part.on_neighbour_down(change.peer);
      }
    }

    std::size_t most_actions() const {
      return Intake::most_actions + (Intake::settled_a_step + 1 + Context::most_changes) * most_of(broadcast) +
             overlay.most_actions() + (1 + Context::most_changes) * most_of(repair);
    }
    template <class Part>
    static std::size_t most_of(const Part& part) {
      if constexpr (requires { part.most_actions(); }) {
        return part.most_actions();
      } else {
        return Part::most_actions;
      }
    }
    Time deadline() {
      Time earliest = std::min({intake.deadline(), overlay.deadline(), broadcast.deadline(), repair.deadline()});
      if constexpr (has_history) earliest = std::min(earliest, history.deadline());
      return earliest;
    }
  };
};

}  // namespace gossip
