#pragma once

#include <algorithm>
#include <array>

#include "core/config/field.hpp"
#include "core/context.hpp"

namespace gossip {

/// Neighbours that are given.
///
/// Rules
/// - The neighbours of peer i are its row of the links; nobody else is ever one.
/// - A peer that (re)starts dials every neighbour to which it has no connection. One that loses a connection waits to
///   be dialled: the other side crashed or left, and dials when it is back.
/// Cost: no frames. A peer can only harm those who chose it.
class Fixed {
 public:
  /// The links are the driver's, and not a person's to set.
  struct Config {
    std::span<const std::uint64_t> offsets;  // peers + 1
    std::span<const PeerId> targets;         // row i: offsets[i] … offsets[i + 1]
    std::span<PeerId> rows;                  // a copy of the targets, each row the peer's own to order by who is up;
                                             // empty: all are up for ever
    std::uint32_t first = 0;                 // the peer of row 0
    static constexpr std::array<Field, 0> fields() { return {}; }
  };
  struct State {
    std::uint32_t up;  // of the row; the first ones
  };
  static constexpr const char* name = "fixed";
  static constexpr const char* about = "The topology's links, for ever";
  static constexpr std::size_t bytes(const Config&) { return 0; }
  std::uint32_t most_actions() const { return static_cast<std::uint32_t>(all().size()); }

  Fixed(State& state, std::byte*, const Config& config, Context& context)
      : state_(state), config_(config), context_(context) {}

  void clear() { state_.up = config_.rows.empty() ? static_cast<std::uint32_t>(all().size()) : 0; }
  Time deadline() const { return never; }
  void on_wake() {}

  void on_start() {
    for (const PeerId peer : all().subspan(state_.up)) context_.out.emplace_back(Connect{peer});
  }
  void on_up(PeerId peer, bool) {
    if (exchange(peer, state_.up, all().size(), state_.up)) {
      ++state_.up;
      context_.neighbour_up(peer);
    }
  }
  void on_down(PeerId peer) {
    if (config_.rows.empty()) return;
    if (state_.up > 0 && exchange(peer, 0, state_.up, state_.up - 1)) {
      --state_.up;
      context_.neighbour_down(peer);
    }
  }
  void on_frame(PeerId, const Frame&) {}

  /// Those that are up.
  std::span<const PeerId> neighbours() const { return all().first(state_.up); }
  std::span<const PeerId> known() const { return all(); }

 private:
  std::span<const PeerId> all() const {
    const auto& links = config_.rows.empty() ? config_.targets : std::span<const PeerId>(config_.rows);
    const std::uint32_t row = index(context_.self) - config_.first;
    return links.subspan(config_.offsets[row], config_.offsets[row + 1] - config_.offsets[row]);
  }

  /// Moves the peer to `place`, if it is in row[first … last − 1].
  bool exchange(PeerId peer, std::size_t first, std::size_t last, std::size_t place) {
    PeerId* row = const_cast<PeerId*>(all().data());
    PeerId* found = std::find(row + first, row + last, peer);
    if (found == row + last) return false;
    std::swap(*found, row[place]);
    return true;
  }

  State& state_;
  const Config& config_;
  Context& context_;
};

}  // namespace gossip
