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
  const Report typed{experiment.scenario, describe(experiment.graph, experiment.scenario.seed),
                     run(experiment, options)};
  const auto report = report_json(typed);
  EXPECT_EQ(report["trace_hash"], GetParam().trace);
  std::uint64_t missed = 0;
  for (const auto& [reason, count] : report["misses"].items()) missed += count.get<std::uint64_t>();
  EXPECT_EQ(report["deliveries"].get<std::uint64_t>() + missed,
            report["peers"].get<std::uint64_t>() * report["messages"].get<std::uint64_t>());
}

const std::vector<std::string> small{"/peers=50000"};

INSTANTIATE_TEST_SUITE_P(
    Scenarios, GoldenTrace,
    testing::Values(
        Golden{"quickstart", {}, "6945f6ff83e6cf7e", false}, Golden{"quickstart", {}, "6945f6ff83e6cf7e", true},
        Golden{"seed-bootstrap", {}, "4ab11a293e778641", false}, Golden{"seed-bootstrap", {}, "4ab11a293e778641", true},
        Golden{"ttl", {}, "9155b7af5d721877", false}, Golden{"ttl", {}, "9155b7af5d721877", true},
        Golden{"churn", {}, "0dc38e2ad44a7233", false},
        Golden{"churn", {"/workload/0/size=64B"}, "0dc38e2ad44a7233", true},
        Golden{"hyparview", {}, "9b9cc21aa7603242", false}, Golden{"hyparview", {}, "9b9cc21aa7603242", true},
        Golden{"plumtree", {}, "baa5a430545753dd", false}, Golden{"plumtree", {}, "baa5a430545753dd", true},
        Golden{"fanout", {}, "370522dac8a92f76", false}, Golden{"fanout", {}, "370522dac8a92f76", true},
        Golden{"rumor", {}, "de3f984cf6e823a4", false}, Golden{"rumor", {}, "de3f984cf6e823a4", true},
        Golden{"mesh", {}, "1df421e8cf3c13c5", false}, Golden{"mesh", {}, "1df421e8cf3c13c5", true},
        Golden{"repair", {}, "c4c447235f5af510", false}, Golden{"repair", {}, "c4c447235f5af510", true},
        Golden{"partition", {}, "adce3d5590aff64f", false}, Golden{"slow-uplinks", {}, "80be2ef94813baa6", false},
        Golden{"stream", {}, "9b7f3f10be25bf19", false},
        Golden{"million", {}, "10dfb5501cc676d7", false}, Golden{"million", small, "1a9e11f89f6cd4fd", false},
        Golden{"million", small, "1a9e11f89f6cd4fd", true}));

}  // namespace
}  // namespace gossip::sim
