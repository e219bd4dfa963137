#pragma once

namespace gossip::bench {

/// `gossip-bench node [throughput|latency|soak] …`: real nodes, each a process, over loopback.
int node_bench(int argc, const char* const* argv);

}  // namespace gossip::bench
