#pragma once

#include "sim/engine/options.hpp"
#include "sim/scenario/scenario.hpp"

namespace gossip::sim::swarm {

/// One scenario of endlessly many, and how it is run: a function of the seed. It has passed the checks of a scenario
/// from a file. Some need more events than a swarm has time for; whoever runs them sees to that.
///
/// Every parameter of every protocol is drawn from all of its range, most often near its lower end; each kind of trouble
/// (loss, jitter, churn, kills, verdicts, limits) is left out of many scenarios, so that the others show.
/// Files that a scenario reads are written to `folder`.
struct Draw {
  Scenario scenario;
  EngineOptions options;
};
Draw draw(std::uint64_t seed, const std::string& folder);

/// In a line, for whoever looks at a failure.
std::string describe(const Draw& draw);

}  // namespace gossip::sim::swarm
