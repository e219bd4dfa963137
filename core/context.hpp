#pragma once

#include <array>
#include <span>

#include "core/random.hpp"
#include "core/step.hpp"

namespace gossip {

/// What the parts of a peer work with during one step.
struct Context {
  /// A neighbour that came or went, for the broadcast to learn.
  struct Change {
    PeerId peer;
    bool up;
  };
  static constexpr std::uint32_t most_changes = 4;  // in one step of an overlay

  PeerId self;
  Random& random;
  Env& env;
  Actions& out;
  std::span<const PeerId> neighbours = {};  // the overlay's, for layers that say `uses_neighbours`
  std::array<Change, most_changes> changes = {};
  std::uint32_t change_count = 0;

  Time now() const { return env.now; }
  void send(PeerId to, const Frame& frame) { out.emplace_back(Send{to, frame}); }
  void send_all(const Frame& frame, PeerId except) { out.emplace_back(SendAll{except, frame}); }
  void drop(MessageRef message, PeerId from, Reason reason) { out.emplace_back(Drop{message, from, reason}); }

  /// Takes those of entries[0, count) out for which `which` is true, and lets go of their messages after this step, in
  /// which a frame may still name them. Says how many are left, in the order that they had.
  template <class Entry, class Which>
  std::uint16_t forget(Entry* entries, std::uint32_t count, Which&& which) {
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (which(entries[i])) {
        env.messages.release_later(entries[i].message);
      } else {
        entries[kept++] = entries[i];
      }
    }
    return static_cast<std::uint16_t>(kept);
  }

  /// For overlays, whoever decided it: the network, the other side or the overlay itself.
  void neighbour_up(PeerId peer) { note({peer, true}); }
  /// Of who came and went in the same step the broadcast never hears: it would greet who is gone.
  void neighbour_down(PeerId peer) {
    for (std::uint32_t i = 0; i < change_count; ++i) {
      if (changes[i].peer != peer || !changes[i].up) continue;
      changes[i] = changes[--change_count];
      return;
    }
    note({peer, false});
  }

 private:
  void note(Change change) {
    GOSSIP_ASSERT(change_count < most_changes);
    changes[change_count++] = change;
  }
};

}  // namespace gossip
