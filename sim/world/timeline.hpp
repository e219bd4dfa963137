#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/topology/names.hpp"

namespace gossip::sim {

/// From `up` to just before `down`, a peer was there.
struct Session {
  Time up;     // before_start: it was there before the run began, connected
  Time down;   // never: until the end
  bool clean;  // it says goodbye at the end; otherwise it crashes
};
inline constexpr Time before_start = -1;

/// When each peer is up: churn, traces and kills, all of it known beforehand. A function of (scenario, seed) alone, so
/// that every block, thread and machine can ask about any peer without talking to it.
///
/// Rules
/// - A peer's sessions follow its trace where it has one; otherwise, with a churn model, sessions and pauses are
///   exponential, drawn from (seed, peer, session). Otherwise it is up all the time.
/// - A kill takes its share of the peers that are up just then, never the spared ones. Who is killed stays down, unless
///   the kill says when it comes back; then its churn goes on.
/// - At equal times announcements come first, then who comes and goes, then what the network brings.
class Timeline {
 public:
  /// Reads the churn trace, if there is one. Throws InputError.
  /// `names`: a graph file's, by which a trace calls the peers.
  explicit Timeline(const Scenario& scenario, const NodeNames& names = {});

  /// Nobody ever comes or goes.
  bool constant() const { return first_.empty(); }
  /// In order of time.
  std::span<const Session> sessions(PeerId peer) const;

  /// Just before `time`.
  bool up(PeerId peer, Time time) const;
  /// From `from` to `to`, without a break.
  bool throughout(PeerId peer, Time from, Time to) const;
  /// A random peer that is up just before `time`; no_peer when nobody is. `use` tells one drawing from another.
  PeerId random_up(std::uint64_t use, Time time) const;

  /// Of the time from 0 to `end`, the share that the peer was up.
  double availability(PeerId peer, Time end) const;
  /// Until `end`, of all peers.
  std::uint64_t departures(Time end) const;

 private:
  const Session* last_before(PeerId peer, Time time) const;

  std::uint32_t peers_;
  std::uint64_t seed_;
  std::vector<std::uint64_t> first_;  // peers + 1; empty: constant
  std::vector<Session> sessions_;
};

}  // namespace gossip::sim
