#pragma once

#include <vector>

#include "sim/engine/options.hpp"
#include "sim/topology/graph.hpp"
#include "sim/engine/ledger.hpp"
#include "sim/report/misses.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/scenario/scenario.hpp"

namespace gossip::sim {

struct MessageResult {
  Time at = never;  // never: not published
  PeerId origin = no_peer;
  std::uint64_t deliveries = 0;  // peers that have it, the origin included
  std::uint64_t duplicates = 0, frames = 0;
  Time last_delivery = 0;
  MissCounts misses{};
};

/// What a run showed. A function of (scenario, seed) but for the seconds and bytes of the machine.
struct Result {
  std::uint32_t peers = 0;
  bool interrupted = false;
  Time simulated = 0;
  Metrics sum;
  std::vector<MessageResult> messages;
  MissCounts misses{};
  double availability = 1;                    // mean share of the time that a peer was up
  std::uint64_t departures = 0, returns = 0;  // after the first time up
  std::vector<std::uint32_t> degrees;         // each peer's neighbours at the end; down: 0
  std::vector<std::uint8_t> up;               // at the end
  double setup_seconds = 0, run_seconds = 0;
  std::uint64_t peak_rss_bytes = 0;
};

/// `scenario.peers` must be that of the graph. Throws InputError for what only shows now (traces, matrices, wire).
Result run(const Scenario& scenario, const Graph& graph, const EngineOptions& options = {});

/// The graph of the scenario; sets `scenario.peers` where the file decides it.
Graph graph_for(Scenario& scenario);

/// Reads the data that only the engine needs (latencies, churn trace), to see whether it can. Throws InputError.
void check_data(const Scenario& scenario);

}  // namespace gossip::sim
