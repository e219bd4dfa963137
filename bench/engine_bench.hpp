#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gossip::bench {

struct EngineBenchOptions {
  std::vector<std::uint32_t> peers{10'000, 100'000, 1'000'000};
  std::uint32_t repeat = 3;
  std::string json;   // file to write; empty: none
  std::string bound;  // a program that floods without any core; empty: no such column
};

/// The flood of scenarios/million.json through the engine with the whole core, next to a bare heap loop.
/// Prints a table. Throws when a measurement fails or the two did not simulate the same flood.
void run_engine_bench(const EngineBenchOptions& options);

}  // namespace gossip::bench
