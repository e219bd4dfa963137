#include "sim/world/experiment.hpp"

#include "sim/scenario/input_error.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/world/big_array.hpp"

namespace gossip::sim {
namespace {

// A byte for each message and peer says what became of it.
constexpr std::uint64_t most_statuses = std::uint64_t{8} << 30;

/// Before anything is drawn: `count` messages would have to be planned one by one.
void check_size(const Scenario& scenario) {
  const std::uint64_t messages = count_messages(scenario);
  if (messages <= most_statuses / std::max(scenario.peers, 1u) && messages <= 0xffff'fffe) return;
  throw InputError(scenario.file + ": /workload",
                   std::to_string(messages) + " messages to " + std::to_string(scenario.peers) +
                       " peers are more than 8,589,934,592 deliveries to account for; announce fewer");
}

Graph graph_for(Scenario& scenario) {
  if (scenario.peers > 0) check_size(scenario);
  Graph graph = make_graph(scenario.topology, scenario.peers, scenario.seed, scenario.file + ": /topology");
  if (scenario.peers == 0) {
    check_peers(scenario, graph.peers());
    scenario.peers = graph.peers();
    check_size(scenario);
  }
  use_huge_pages(std::as_bytes(std::span(graph.targets)));
  use_huge_pages(std::as_bytes(std::span(graph.offsets)));
  return graph;
}

}  // namespace

Experiment::Experiment(Scenario read) : Experiment(std::move(read), graph_for(read)) {}

Experiment::Experiment(Scenario&& read, Graph&& made)
    : scenario(std::move(read)),
      graph(std::move(made)),
      latency(scenario.links, scenario.seed, scenario.file + ": /links/latency"),
      timeline(scenario),
      plan(make_plan(scenario, timeline)) {}

}  // namespace gossip::sim
