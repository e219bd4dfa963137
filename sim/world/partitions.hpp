#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/scenario/scenario.hpp"

namespace gossip::sim {

/// When the network is cut in two, and who is on which side: a function of (scenario, seed) alone, as the timeline.
///
/// Rules, as of TCP without its back-off
/// - Nothing crosses a cut. What is sent into one, or is under way when it begins, is sent again when it ends.
/// - A connection across a cut that lasts longer than `detection` breaks: both sides notice the silence `detection` after
///   its beginning. What had been sent on it is lost.
/// - A dial waits likewise, and comes to nothing after `connect_timeout`.
/// - When a cut ends, both sides dial again where the topology gives the link. Other overlays look for neighbours
///   themselves.
/// No two cuts stand at one time; the reader sees to that.
class Partitions {
 public:
  struct Cut {
    Time from, until;                // never: it does not heal
    std::optional<Time> broken;      // when connections across it are given up; none: it is over before
    std::vector<std::uint8_t> side;  // of each peer

    bool across(PeerId a, PeerId b) const { return side[index(a)] != side[index(b)]; }
    bool meets(Time sent, Duration way) const { return from <= sent + way && sent < until; }
  };

  explicit Partitions(const Scenario& scenario);

  bool empty() const { return cuts_.empty(); }
  std::span<const Cut> cuts() const { return cuts_; }  // in order of time

  /// When what is sent on a connection sets out and arrives without a cut on its way; none: the connection breaks before.
  std::optional<Time> departure(PeerId a, PeerId b, Time sent, Duration way) const;
  /// The same of what no connection carries yet. `never` where it never gets through.
  Time first_departure(PeerId a, PeerId b, Time sent, Duration way) const;

 private:
  std::vector<Cut> cuts_;
};

}  // namespace gossip::sim
