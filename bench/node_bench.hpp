#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace gossip::bench {

/// `gossip-bench node [throughput|latency|soak|hostile] …`: real nodes, each a process, over loopback.
int node_bench(int argc, const char* const* argv);

// Each prints what it measured, and returns 0 where nothing was lost.

/// Module → node → node → module, beside two relays that only read and write. `size`: bytes of data.
int node_throughput(std::size_t size, std::uint64_t count, bool verdicts);
/// One announce at a time over a line of nodes.
int node_latency(std::size_t hops, int rounds);
struct SoakOptions {
  std::size_t nodes;
  std::uint32_t degree;
  std::size_t size;    // bytes of data
  std::uint64_t rate;  // announces a second
  int seconds;
};
/// A cluster under a constant load, in which each node has a subscriber.
int node_soak(const SoakOptions& options);
/// Each attack for `seconds` beside a cluster under load; `only`: the attacks whose name contains it. 0 where nothing was
/// lost or delivered twice and no bound was missed.
int node_hostile(int seconds, const std::string& only);

}  // namespace gossip::bench
