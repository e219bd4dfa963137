#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "sim/report/run.hpp"
#include "sim/world/latency.hpp"

/// Scenarios made by tests, and what must hold of every result.
namespace gossip::sim::test {

inline Workload announce(Time at, std::uint32_t from, std::uint8_t ttl = 0) {
  Workload load;
  load.from = Workload::From::peers;
  load.peers = {from};
  load.at = at;
  load.ttl = ttl;
  return load;
}

inline Scenario fixed(std::uint32_t peers, TopologySpec topology,
                      LatencySpec latency = Uniform{10 * millisecond, 100 * millisecond}) {
  Scenario scenario;
  scenario.file = "test";
  scenario.peers = peers;
  scenario.topology = topology;
  scenario.links.latency = latency;
  return scenario;
}

inline Scenario sampling(std::uint32_t peers, std::uint32_t degree, Time duration) {
  Scenario scenario = fixed(peers, NoLinks{});
  scenario.overlay = Sampling::name;
  scenario.duration = duration;
  SamplingConfig& config = scenario.protocol.of<Sampling>();
  config.bootstrapper = PeerId{0};
  config.degree = degree;
  return scenario;
}

inline std::uint64_t sum(const Misses& misses) {
  return std::accumulate(misses.counts.begin(), misses.counts.end(), std::uint64_t{0});
}

inline std::uint64_t drops(const Result& result, Reason reason) {
  return result.sum.drops[static_cast<std::size_t>(reason)];
}
inline std::uint64_t drops(const Result& result, TransportDrop reason) {
  return result.sum.transport_drops[static_cast<std::size_t>(reason)];
}
inline std::uint64_t misses(const Result& result, Miss reason) {
  return result.misses.counts[static_cast<std::size_t>(reason)];
}

/// Nothing appears or vanishes: each peer is delivered or missed for one reason, each frame came to one end.
inline void check_books(const Result& result) {
  for (const MessageResult& message : result.messages) {
    EXPECT_EQ(result.peers, message.deliveries + sum(message.misses));
  }
  // What its origin refused was no frame.
  const auto refused_at_home =
      static_cast<std::uint64_t>(std::ranges::count_if(result.messages, [](const MessageResult& message) {
        return message.origin == no_peer && message.misses.counts[static_cast<std::size_t>(Miss::memory_full)] > 0;
      }));
  const std::uint64_t ended = drops(result, Reason::memory_full) - refused_at_home + result.sum.latency.count() +
                              result.sum.redelivered + drops(result, Reason::duplicate) +
                              drops(result, TransportDrop::lost) + drops(result, TransportDrop::cut) +
                              drops(result, TransportDrop::down) + drops(result, TransportDrop::not_connected);
  // Control frames can be dropped by the transport too; announcements can be under way at the end.
  EXPECT_LE(result.sum.latency.count() + drops(result, Reason::duplicate), result.payload_messages);
  if (result.sum.control_messages == 0 && misses(result, Miss::time_ran_out) == 0) {
    EXPECT_EQ(result.payload_messages, ended);
  }
}

inline Result run_checked(const Scenario& scenario, const EngineOptions& options = {}) {
  const Result result = run(Experiment(scenario), options);
  check_books(result);
  return result;
}

}  // namespace gossip::sim::test
