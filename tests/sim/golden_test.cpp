#include <gtest/gtest.h>

#include "sim/report/report.hpp"
#include "sim/scenario/reader.hpp"

/// The same seed gives the same trace on any compiler, build type, bucket or dialect. A change of behaviour changes
/// these on purpose; anything else that does is a bug.
namespace gossip::sim {
namespace {

struct Golden {
  const char* scenario;
  std::vector<std::string> sets;
  const char* trace;
  bool wire;
};

void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.scenario << (golden.wire ? " --wire" : ""); }

class GoldenTrace : public testing::TestWithParam<Golden> {};

TEST_P(GoldenTrace, IsTheSameEverywhere) {
  const Experiment experiment(
      read_scenario(std::string(GOSSIP_SOURCE_DIR) + "/scenarios/" + GetParam().scenario + ".json", GetParam().sets));
  EngineOptions options;
  options.wire = GetParam().wire;
  const Report typed{experiment.scenario, describe(experiment.graph, experiment.scenario.seed), run(experiment, options)};
  const auto report = report_json(typed);
  EXPECT_EQ(report["trace_hash"], GetParam().trace);
  std::uint64_t missed = 0;
  for (const auto& [reason, count] : report["misses"].items()) missed += count.get<std::uint64_t>();
  EXPECT_EQ(report["deliveries"].get<std::uint64_t>() + missed,
            report["peers"].get<std::uint64_t>() * report["messages"].get<std::uint64_t>());
}

const std::vector<std::string> small{"/peers=50000"};

INSTANTIATE_TEST_SUITE_P(Scenarios, GoldenTrace,
                         testing::Values(Golden{"quickstart", {}, "5df0664535ed3afb", false},
                                         Golden{"quickstart", {}, "5df0664535ed3afb", true},
                                         Golden{"seed-bootstrap", {}, "d26d3685fee70a26", false},
                                         Golden{"seed-bootstrap", {}, "d26d3685fee70a26", true},
                                         Golden{"ttl", {}, "6d419484222c37bb", false},
                                         Golden{"ttl", {}, "6d419484222c37bb", true},
                                         Golden{"churn", {}, "94fc7f7b56147d01", false},
                                         Golden{"churn", {"/workload/0/size=64B"}, "94fc7f7b56147d01", true},
                                         Golden{"million", {}, "6794fce583df6b2a", false},
                                         Golden{"million", small, "7153598e0685c950", false},
                                         Golden{"million", small, "7153598e0685c950", true}));

}  // namespace
}  // namespace gossip::sim
