#include "bench/heap_flood.hpp"

#include <queue>
#include <vector>

#include "sim/machine/process.hpp"

namespace gossip::bench {

namespace {

struct Arrival {
  Time time;
  PeerId dst, src;
  friend bool operator>(const Arrival& a, const Arrival& b) { return a.time > b.time; }
};

using Queue = std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>>;

void send_to_others(const sim::Graph& graph, const sim::LatencyModel& latency, const Arrival& arrival, Queue& queue) {
  const std::uint64_t end = graph.offsets[index(arrival.dst) + 1];
  for (std::uint64_t i = graph.offsets[index(arrival.dst)]; i < end; ++i) {
    const PeerId to = graph.targets[i];
    if (to != arrival.src) queue.push({arrival.time + latency.between(arrival.dst, to), to, arrival.dst});
  }
}

}  // namespace

FloodOutcome heap_flood(const sim::Graph& graph, const sim::LatencyModel& latency) {
  const sim::Stopwatch running;
  FloodOutcome outcome;
  Queue queue;
  std::vector<Time> first(graph.peers(), never);
  first[0] = 0;
  outcome.reached = 1;
  send_to_others(graph, latency, {0, PeerId{0}, no_peer}, queue);
  while (!queue.empty()) {
    const Arrival arrival = queue.top();
    queue.pop();
    ++outcome.frames;
    if (first[index(arrival.dst)] != never) continue;
    first[index(arrival.dst)] = outcome.last_delivery = arrival.time;
    ++outcome.reached;
    send_to_others(graph, latency, arrival, queue);
  }
  outcome.seconds = running.seconds();
  return outcome;
}

}  // namespace gossip::bench
