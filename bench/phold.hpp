#pragma once

#include <cstdint>
#include <vector>

namespace gossip::bench {

struct PholdOptions {
  std::uint32_t processes = 1'000'000;
  std::uint32_t events = 16;   // in flight, of each
  double mean_increments = 4;  // how long it runs
  std::vector<std::uint32_t> threads{1, 2};
};

/// PHOLD (Fujimoto, "Performance of Time Warp under Synthetic Workloads", 1990), the usual benchmark of engines of
/// parallel discrete events: every event is answered by one to a random process, after the lookahead and an exponential
/// time. Here it runs on the simulator's time (Windows and its calendars), without gossip. Under mpirun on all ranks.
/// Prints a line for each number of threads. False: they disagree on what happened.
bool run_phold(const PholdOptions& options);

}  // namespace gossip::bench
