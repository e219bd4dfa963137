#pragma once

#include <string>
#include <vector>

#include "../naive/simulator.hpp"
#include "sim/engine/engine.hpp"
#include "sim/report/run.hpp"

/// Differences in words; the first few, none where all is well.
namespace gossip::sim::swarm {

/// Of an engine that has run from what the naive simulator found.
std::vector<std::string> differences(Engine& engine, const naive::Outcome& outcome);

/// Of two reports of one experiment that should be the same to the bit.
std::vector<std::string> differences(const Result& is, const Result& should);

/// What does not add up in a report.
std::vector<std::string> unbalanced(const Result& result, const naive::Outcome& outcome);

}  // namespace gossip::sim::swarm
