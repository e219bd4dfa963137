#pragma once

#include "core/operations.hpp"

namespace gossip {

/// A broadcast, or a repair, for tests that uses all that either may use: it greets a new neighbour with its newest
/// message, says the newest again a second after a greeting or a message, tells all who has left, and answers a copy
/// with a PULL.
class Reminder {
 public:
  using Config = Flood::Config;
  enum class Timer : std::uint8_t { remind, count_ };
  struct State {
    Timers<Timer> timers;
  };
  static constexpr const char* name = "reminder";
  static constexpr bool uses_history = true;
  static constexpr std::uint32_t most_actions = 1;
  static constexpr std::size_t bytes(const Config&) { return 0; }

  Reminder(State& state, std::byte*, const Config&, Context& context, History& history)
      : state_(state), context_(context), history_(history) {}

  void clear() { state_.timers.clear(); }
  Time deadline() const { return state_.timers.deadline(); }
  void spread(const Intake::Accepted& accepted) {
    context_.send_all(accepted.frame, accepted.from);
    remind_later();
  }
  void on_neighbour_up(PeerId peer) {
    if (history_.size() == 0) return;
    context_.send(peer, newest());
    remind_later();
  }
  void on_neighbour_down(PeerId peer) { context_.send_all(Frame::push(peer), no_peer); }
  void on_duplicate(PeerId from, const Frame&) {
    if (from != no_peer) context_.send(from, Frame::pull(context_.self));
  }
  void on_wake() {
    if (state_.timers.due(Timer::remind, context_.now()) && history_.size() > 0) context_.send_all(newest(), no_peer);
  }

 private:
  void remind_later() { state_.timers.set(Timer::remind, context_.now() + second); }
  Frame newest() const { return Frame::announce(history_[history_.size() - 1], 1, 0); }

  State& state_;
  Context& context_;
  History& history_;
};

template <class Overlay>
inline constexpr Operations reminder_over = operations_of<Overlay, Reminder>();

}  // namespace gossip
