#pragma once

#include "sim/topology/graph.hpp"
#include "sim/world/classes.hpp"
#include "sim/world/latency.hpp"
#include "sim/world/plan.hpp"
#include "sim/world/timeline.hpp"

namespace gossip::sim {

/// A scenario with everything that it says read and drawn. Nothing in it changes; any number of runs, repeats and
/// blocks may share it.
class Experiment {
 public:
  /// Drawn on so many threads; for one of several ranks, with the links of its own peers only. Throws InputError for what
  /// is wrong in data files, or too large.
  explicit Experiment(Scenario scenario, std::uint32_t threads = 1, const Ranks& ranks = alone());
  Experiment(const Experiment&) = delete;

  const Scenario scenario;  // `peers` is that of the graph
  const Graph graph;
  const LatencyModel latency;
  const Timeline timeline;
  const Classes classes;
  const Plan plan;

 private:
  Experiment(Scenario&& scenario, Graph&& graph, std::vector<PeerId>&& twice);

  const std::vector<PeerId> twice_;  // for Everyone::Config; elsewhere empty
};

}  // namespace gossip::sim
