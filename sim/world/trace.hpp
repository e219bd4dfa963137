#pragma once

#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/topology/names.hpp"

namespace gossip::sim {

/// When each peer is up, in order of time and without overlaps. A peer without intervals is up all the time.
using Trace = std::vector<std::vector<Interval>>;

/// Reads CSV: `peer,up_seconds,down_seconds`, times from the simulation's start, rows in any order, several a peer; an
/// empty last column: up until the end (`never`). Throws InputError naming the file and line.
Trace read_trace(const std::string& file, std::uint32_t peers, const NodeNames& names = {});

}  // namespace gossip::sim
