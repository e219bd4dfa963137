#pragma once

#include <functional>
#include <vector>

#include "sim/engine/options.hpp"
#include "sim/report/misses.hpp"
#include "sim/world/experiment.hpp"

namespace gossip::sim {

class Engine;

struct MessageResult {
  Time at = 0;
  PeerId origin = no_peer;       // no_peer: not published
  std::uint64_t deliveries = 0;  // peers that have it, the origin included
  std::uint64_t duplicates = 0, frames = 0;
  Time last_delivery = 0;
  Misses misses;
};

/// The same of one class of peers.
struct ClassResult {
  std::string name;
  std::uint64_t peers = 0, deliveries = 0;  // of all messages, the origins included
  Histogram latency;
};

/// What a run showed. A function of (scenario, seed) but for the seconds and bytes of the machine.
struct Result {
  NodeNames names;  // of a graph file's peers
  std::uint32_t peers = 0;
  bool interrupted = false;
  Time simulated = 0;
  Ledger sum;
  std::vector<MessageResult> messages;
  std::vector<ClassResult> classes;  // those that are of none first; empty where all are alike
  Misses misses;
  std::uint64_t deliveries = 0, payload_messages = 0, payload_bytes = 0;
  double availability = 1;             // mean share of the time that a peer was up
  std::uint64_t departures = 0;        // how often a peer went down
  std::vector<std::uint32_t> degrees;  // each peer's neighbours at the end; down: 0
  std::vector<std::uint8_t> up;        // at the end
  double setup_seconds = 0, run_seconds = 0;
  std::uint64_t peak_rss_bytes = 0;
};

/// With several ranks, all call it, and rank 0 alone gets the whole result. Calls at_end(engine) there when the run has
/// ended, for what a result does not keep. Throws InputError where the wire cannot carry the plan, RunError where more
/// is under way than memory is for.
Result run(const Experiment& experiment, const EngineOptions& options = {}, Ranks& ranks = alone(),
           const std::function<void(Engine&)>& at_end = {});

/// Of an engine that has run; without the seconds.
Result result_of(Engine& engine, const Experiment& experiment);

}  // namespace gossip::sim
