#pragma once

#include <iosfwd>
#include <optional>
#include <vector>

#include "sim/engine/options.hpp"
#include "sim/report/misses.hpp"
#include "sim/world/experiment.hpp"

/// How one message came to one peer, or why it did not.
namespace gossip::sim {

struct Explanation {
  /// Where it is on its way from the origin to the peer; the last is the peer's own. Empty: it never came.
  std::vector<Delivery> path;
  std::size_t again = 0;  // deliveries to the peer after that, when it had forgotten the message

  // Where it never came:
  bool published = false;
  Miss why = Miss::not_published;
  /// Where it stopped, and on to the peer, over neighbours as they were at the end; the peer alone where the reason is its
  /// own.
  std::vector<PeerId> behind;
  std::vector<Delivery> stopped;  // how it came to where it stopped; empty where that has not got it either
  Time last_activity = 0;         // of any frame that carried it
  std::size_t neighbours = 0, neighbours_with_it = 0;  // of the peer, at the end
};

/// Runs the experiment again: it is the same run. Both numbers are below what there are. Nothing when it was asked to stop.
std::optional<Explanation> explain(const Experiment& experiment, MessageRef message, PeerId peer,
                                   const EngineOptions& options);

void print_explanation(std::ostream& out, const Experiment& experiment, MessageRef message, PeerId peer,
                       const Explanation& explanation);

}  // namespace gossip::sim
