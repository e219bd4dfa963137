#include "sim/experiment.hpp"

#include <sys/resource.h>

#include <chrono>

#include "sim/world/big_array.hpp"
#include "sim/engine/engine.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/reader.hpp"

namespace gossip::sim {

namespace {

// A byte for each message and peer says what became of it.
constexpr std::uint64_t most_fates = std::uint64_t{8} << 30;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::uint64_t peak_rss() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

void check_size(const Scenario& scenario, const Plan& plan) {
  const std::uint64_t fates = std::uint64_t{scenario.peers} * plan.messages.size();
  if (fates <= most_fates) return;
  throw InputError(scenario.file + ": /workload",
                   std::to_string(plan.messages.size()) + " messages to " + std::to_string(scenario.peers) +
                       " peers are more than 8,589,934,592 deliveries to account for; announce fewer");
}

template <class EngineType>
void add_messages(EngineType& engine, Result& result) {
  const Presence presence(engine.lives(), result.peers);
  MissFinder finder(result.peers);
  const auto neighbours = [&](PeerId peer, const auto& f) { engine.for_each_neighbour(peer, f); };
  result.messages.resize(engine.published().size());
  for (std::uint32_t i = 0; i < result.messages.size(); ++i) {
    const auto& publication = engine.published()[i];
    const MessageTally& tally = result.sum.messages[i];
    MessageResult& message = result.messages[i];
    const bool published = publication.at != never;
    message = {publication.at,
               publication.origin,
               tally.first_receipts + published,
               tally.duplicates,
               tally.frames,
               tally.last_delivery,
               {}};
    if (!published) {
      message.misses[static_cast<std::size_t>(Miss::not_published)] = result.peers;
    } else if (message.deliveries < result.peers) {
      message.misses = finder.find(engine.fates(i), presence, publication.at, tally.last_activity, neighbours);
    }
    for (std::size_t reason = 0; reason < miss_count; ++reason) result.misses[reason] += message.misses[reason];
  }
  double availability = 0;
  for (std::uint32_t i = 0; i < result.peers; ++i) availability += presence.availability(PeerId{i}, result.simulated);
  result.availability = availability / result.peers;
}

template <class EngineType>
void add_peers(EngineType& engine, Result& result) {
  for (const Lives::Change& change : engine.lives().changes()) ++(change.up ? result.returns : result.departures);
  result.degrees.resize(result.peers);
  result.up.resize(result.peers);
  for (std::uint32_t i = 0; i < result.peers; ++i) {
    result.up[i] = engine.lives().up(PeerId{i});
    if (result.up[i]) engine.for_each_neighbour(PeerId{i}, [&](PeerId) { ++result.degrees[i]; });
  }
}

template <class Overlay>
Result run_with(const Scenario& scenario, const Graph& graph, const EngineOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  use_huge_pages(std::as_bytes(std::span(graph.targets)));
  use_huge_pages(std::as_bytes(std::span(graph.offsets)));
  const Plan plan = make_plan(scenario);
  check_size(scenario, plan);
  const LatencyModel latency(scenario.links, scenario.seed, scenario.file + ": /links/latency");
  Engine<Peer<Overlay, Flood>> engine(scenario, graph, latency, plan, options);
  Result result;
  result.setup_seconds = seconds_since(start);
  const auto run_start = std::chrono::steady_clock::now();
  engine.run();
  result.run_seconds = seconds_since(run_start);
  result.peak_rss_bytes = peak_rss();
  result.peers = scenario.peers;
  result.interrupted = engine.interrupted();
  result.simulated = engine.now();
  result.sum = engine.metrics();
  add_messages(engine, result);
  add_peers(engine, result);
  return result;
}

}  // namespace

Result run(const Scenario& scenario, const Graph& graph, const EngineOptions& options) {
  if (scenario.overlay == OverlayKind::sampling) return run_with<Sampling>(scenario, graph, options);
  return run_with<Fixed>(scenario, graph, options);
}

Graph graph_for(Scenario& scenario) {
  Graph graph = make_graph(scenario.topology, scenario.peers, scenario.seed, scenario.file + ": /topology");
  if (scenario.peers == 0) {
    check_peers(scenario, graph.peers());
    scenario.peers = graph.peers();
  }
  return graph;
}

void check_data(const Scenario& scenario) {
  check_size(scenario, make_plan(scenario));
  const LatencyModel latency(scenario.links, scenario.seed, scenario.file + ": /links/latency");
  const Lives lives(scenario);
}

}  // namespace gossip::sim
