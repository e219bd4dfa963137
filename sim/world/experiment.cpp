#include "sim/world/experiment.hpp"

#include <unistd.h>

#include <algorithm>

#include "core/config/units.hpp"
#include "core/operations.hpp"
#include "sim/machine/big_array.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/world/stream.hpp"

namespace gossip::sim {
namespace {

/// What the peers, the plan and the accounts of a run take, without its graph and what is under way.
double estimated_bytes(const Scenario& scenario) {
  const double peers = scenario.peers;
  const auto messages = static_cast<double>(count_messages(scenario));
  Config fitted = scenario.protocol;
  Intake::Config& intake = fitted.of<Intake>();
  intake.seen_capacity = std::min(intake.seen_capacity, static_cast<std::uint32_t>(std::min(messages, 1e9)) + 1);
  intake.cache_size = std::min(intake.cache_size, intake.seen_capacity);
  intake.validation = scenario.validation.has_value();
  const Operations* kind = find_operations(scenario.overlay, scenario.broadcast, scenario.repair);
  constexpr double per_message = 3 * sizeof(PlannedMessage) + 48;
  constexpr double per_peer = 40;
  double sessions = 0;
  if (scenario.churn && scenario.churn->session > 0) {
    sessions = peers * static_cast<double>(scenario.duration) /
               static_cast<double>(scenario.churn->session + scenario.churn->downtime);
  }
  return peers * messages + messages * per_message + sessions * 3 * sizeof(Session) +
         peers * (static_cast<double>(kind->bytes(fitted)) + per_peer);
}

/// Before anything is drawn.
void check_size(const Scenario& scenario) {
  const double most = 0.9 * static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  const double needed = estimated_bytes(scenario);
  if (needed <= most && count_messages(scenario) < 0xffff'ffff) return;
  const auto gib = [](double bytes) {
    return std::to_string(static_cast<std::uint64_t>(bytes / (1 << 30)) + 1) + " GiB";
  };
  const bool churn = scenario.churn && static_cast<double>(count_messages(scenario)) * scenario.peers < needed / 2;
  throw InputError(scenario.file + (churn ? ": /churn" : ": /workload"),
                   std::to_string(count_messages(scenario)) + " messages to " + std::to_string(scenario.peers) +
                       " peers" + (churn ? " that come and go for so long" : "") + " need about " + gib(needed) +
                       " of memory to account for, of " + gib(most) + " that this machine can spare; " +
                       (churn ? "shorten /duration, or lengthen /churn/session" : "announce fewer, or to fewer peers"));
}

/// What slow start and retransmissions may add to the largest message.
Duration longest_on_stream(const Scenario& scenario, Duration round_trip) {
  std::uint64_t size = 0;
  for (const Workload& load : scenario.workload) size = std::max<std::uint64_t>(size, load.size);
  const Duration after = scenario.links.retransmit_after;
  const Duration ramp = stream::Ramp().pass(size + stream::packet_bytes, round_trip, after, 0);
  if (scenario.links.loss == 0) return ramp;
  return ramp + stream::retransmission_delay(stream::most_retransmissions, 1, round_trip, after);
}

/// Where a frame may be under way for longer than peers remember, it can be new again, and so for ever.
void check_end(const Scenario& scenario, const Graph& graph, const LatencyModel& latency) {
  if (scenario.duration > 0) return;
  const Duration given = graph.latency.empty() ? 0 : *std::ranges::max_element(graph.latency);
  Duration longest = std::max(given, latency.ceiling()) + scenario.links.jitter;
  if (scenario.links.transport == LinkSpec::Carrier::stream) longest += longest_on_stream(scenario, 2 * longest);
  for (const Fault& fault : scenario.faults) {  // what waits for one that its connection outlasts
    const auto* partition = std::get_if<Partition>(&fault);
    if (partition != nullptr) longest += std::min(partition->lasts.value_or(0), scenario.detection);
  }
  const Duration seen_ttl = scenario.protocol.of<Intake>().seen_ttl;
  if (longest < seen_ttl / 2) return;
  throw InputError(scenario.file + ": /", "misses \"duration\": a frame may take " + duration_text(longest) +
                                              ", no less than half of /protocol/broadcast/seen_ttl (" +
                                              duration_text(seen_ttl) + "), so that messages could go round for ever");
}

Graph graph_for(Scenario& scenario, std::uint32_t threads, const Ranks& ranks) {
  if (scenario.peers > 0) check_size(scenario);
  Graph graph =
      make_graph(scenario.topology, scenario.peers, scenario.seed, scenario.file + ": /topology", threads, ranks);
  if (scenario.peers == 0) {
    check_peers(scenario, graph.peers());
    scenario.peers = graph.peers();
    check_size(scenario);
  }
  use_huge_pages(std::as_bytes(std::span(graph.targets)));
  return graph;
}

/// What Everyone::Config wants; the vector's memory stays where it is when the vector is moved.
std::vector<PeerId> everyone_for(Scenario& scenario) {
  if (!scenario.everyone_linked()) return {};
  std::vector<PeerId> twice(2 * std::size_t{scenario.peers} - 1);
  for (std::size_t i = 0; i < twice.size(); ++i) twice[i] = PeerId{static_cast<std::uint32_t>(i % scenario.peers)};
  scenario.protocol.of<Everyone>().twice = twice;
  return twice;
}

}  // namespace

Experiment::Experiment(Scenario read, std::uint32_t threads, const Ranks& ranks)
    : Experiment(std::move(read), graph_for(read, threads, ranks), everyone_for(read)) {}

Experiment::Experiment(Scenario&& read, Graph&& made, std::vector<PeerId>&& twice)
    : scenario(std::move(read)),
      graph(std::move(made)),
      latency(scenario.links, scenario.seed, scenario.file + ": /links/latency"),
      timeline(scenario, graph.names),
      classes(scenario),
      plan(make_plan(scenario, timeline)),
      twice_(std::move(twice)) {
  check_end(scenario, graph, latency);
}

}  // namespace gossip::sim
