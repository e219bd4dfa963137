#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/world/big_array.hpp"
#include "sim/scenario/scenario.hpp"

namespace gossip::sim {

/// When each peer is up. Only built where that changes.
///
/// Everything random here is a function of (seed, peer, life), so it does not depend on what the protocol does.
class Lives {
 public:
  struct Change {
    Time at;
    PeerId peer;
    bool up;
  };

  Lives() = default;
  /// Reads the churn trace, if there is one. Throws InputError.
  explicit Lives(const Scenario& scenario);

  bool empty() const { return peers_.empty(); }
  bool up(PeerId peer) const { return empty() || peers_[index(peer)].up; }
  std::uint32_t life(PeerId peer) const { return empty() ? 0 : peers_[index(peer)].life; }
  bool spared(PeerId peer) const { return peers_[index(peer)].spared; }

  /// When the peer first comes up, if ever.
  std::optional<Time> first_up(PeerId peer) const;
  /// Now up: the next life begins. When it ends by itself, if it does.
  std::optional<Time> rise(PeerId peer, Time now);
  /// Now down. When the peer comes back by itself, if it does.
  std::optional<Time> fall(PeerId peer, Time now);
  /// For good, unless `rise` is called.
  void bury(PeerId peer) { peers_[index(peer)].buried = true; }
  bool buried(PeerId peer) const { return peers_[index(peer)].buried; }
  /// Whether this departure says goodbye.
  bool clean(PeerId peer) const;

  /// In no particular order.
  const std::vector<Change>& changes() const { return changes_; }

 private:
  struct Peer {
    std::uint32_t life;      // how many there have been
    std::uint32_t interval;  // of the trace
    bool up, buried, spared;
  };

  bool has_model(PeerId peer) const { return churn_.session > 0 && !spared(peer); }
  Duration exponential(PeerId peer, char use, Duration mean) const;
  const std::vector<Interval>* trace(PeerId peer) const;

  std::uint64_t seed_ = 0;
  Churn churn_;
  Duration start_spread_ = 0;
  PeerId bootstrapper_ = no_peer;
  std::vector<std::vector<Interval>> trace_;  // empty, or one a peer; no interval: always up
  BigArray<Peer> peers_;
  std::vector<Change> changes_;
};

}  // namespace gossip::sim
