#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gossip::bench {

struct ScaleOptions {
  std::string program;  // gossip-sim
  std::string scenario;
  std::vector<std::uint32_t> peers{10'000, 100'000, 1'000'000};
  std::vector<std::uint32_t> threads{1, 2}, ranks{1};
  std::uint32_t repeat = 3;
};

/// The scenario as a user runs it, on every number of peers, threads and ranks (by mpirun): the median of each.
/// False: the traces of equal sizes differ. Throws when a run fails.
bool run_scale_bench(const ScaleOptions& options);

}  // namespace gossip::bench
