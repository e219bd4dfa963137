#pragma once

#include <cstdint>
#include <string>

namespace gossip::bench {

struct TruthOptions {
  int block = 0;           // 0: all
  std::uint32_t runs = 0;  // 0: each block's own
  std::string document;    // where the tables go, between the marks; empty: nowhere
};

/// Prints what was published next to what the simulator does. Whether everything that must hold does.
bool run_truth_bench(const TruthOptions& options);

}  // namespace gossip::bench
