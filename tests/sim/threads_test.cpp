#include <gtest/gtest.h>

#include "sim/report/report.hpp"
#include "sim/scenario/reader.hpp"

/// Every figure of a report is the same, whatever number of threads made it.
namespace gossip::sim {
namespace {

struct Run {
  const char* scenario;
  std::vector<std::string> sets;
};
void PrintTo(const Run& run, std::ostream* out) { *out << run.scenario; }

OrderedJson figures(const Experiment& experiment, const EngineOptions& options) {
  OrderedJson report = report_json({experiment.scenario, {}, run(experiment, options)});
  for (const char* of_the_machine : {"wall_seconds", "events_per_second", "peak_rss_bytes", "bytes_per_peer"}) {
    EXPECT_EQ(report.erase(of_the_machine), 1u) << of_the_machine;
  }
  return report;
}

class Threads : public testing::TestWithParam<Run> {};

TEST_P(Threads, MakeTheSameReport) {
  const Experiment experiment(
      read_scenario(std::string(GOSSIP_SOURCE_DIR) + "/scenarios/" + GetParam().scenario + ".json", GetParam().sets));
  EngineOptions options;
  const OrderedJson one = figures(experiment, options);
  options.events_worth_threads = 0;  // the windows of small scenarios too
  for (const auto& [threads, blocks] : {std::pair{2u, 0u}, {4u, 5u}, {3u, 17u}}) {
    options.threads = threads;
    options.blocks = blocks;
    EXPECT_EQ(figures(experiment, options), one) << threads << " threads, " << blocks << " blocks";
    options.events_worth_threads = 100;  // waking many threads for each is slow
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Threads,
                         testing::Values(Run{"quickstart", {}}, Run{"seed-bootstrap", {}}, Run{"ttl", {}},
                                         Run{"churn", {"/peers=300"}}, Run{"million", {"/peers=20000"}},
                                         Run{"fanout", {}}, Run{"rumor", {}}, Run{"hyparview", {}},
                                         Run{"plumtree", {}}));

}  // namespace
}  // namespace gossip::sim
