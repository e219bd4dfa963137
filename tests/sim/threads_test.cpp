#include <gtest/gtest.h>

#include "sim/engine/engine.hpp"
#include "sim/report/report.hpp"
#include "sim/scenario/reader.hpp"
#include "tests/sim/ranks.hpp"
#include "world.hpp"

/// Every figure of a report is the same, whatever number of threads and ranks made it.
namespace gossip::sim {
namespace {

struct Run {
  const char* scenario;
  std::vector<std::string> sets;
};
void PrintTo(const Run& run, std::ostream* out) { *out << run.scenario; }

OrderedJson figures(const Scenario& scenario, Result result) {
  OrderedJson report = report_json({scenario, {}, std::move(result)});
  for (const char* of_the_machine : {"wall_seconds", "events_per_second", "peak_rss_bytes", "bytes_per_peer"}) {
    EXPECT_EQ(report.erase(of_the_machine), 1u) << of_the_machine;
  }
  return report;
}

OrderedJson figures_of_ranks(const Scenario& scenario, const EngineOptions& options, std::uint32_t count) {
  OrderedJson report;
  test::RanksOfThreads(count).each([&](Ranks& ranks) {
    const Experiment experiment(scenario, 1, ranks);
    Result result = run(experiment, options, ranks);
    if (ranks.first()) report = figures(scenario, std::move(result));
  });
  return report;
}

class Threads : public testing::TestWithParam<Run> {};

TEST_P(Threads, MakeTheSameReport) {
  const Experiment experiment(
      read_scenario(std::string(GOSSIP_SOURCE_DIR) + "/scenarios/" + GetParam().scenario + ".json", GetParam().sets));
  EngineOptions options;
  const OrderedJson one = figures(experiment.scenario, run(experiment, options));
  options.events_worth_threads = 0;  // the windows of small scenarios too
  for (const auto& [threads, blocks] : {std::pair{2u, 0u}, {4u, 5u}, {3u, 17u}}) {
    options.threads = threads;
    options.blocks = blocks;
    EXPECT_EQ(figures(experiment.scenario, run(experiment, options)), one)
        << threads << " threads, " << blocks << " blocks";
    options.events_worth_threads = 100;  // waking many threads for each is slow
  }
}

TEST_P(Threads, AndRanksMakeTheSameReport) {
  const Scenario scenario =
      read_scenario(std::string(GOSSIP_SOURCE_DIR) + "/scenarios/" + GetParam().scenario + ".json", GetParam().sets);
  EngineOptions options;
  const Experiment experiment(scenario);
  const OrderedJson one = figures(experiment.scenario, run(experiment, options));
  for (const auto& [ranks, threads, blocks] : {std::tuple{2u, 1u, 0u}, {4u, 2u, 4u}, {3u, 1u, 2u}}) {
    options.threads = threads;
    options.blocks = blocks;
    EXPECT_EQ(figures_of_ranks(experiment.scenario, options, ranks), one)
        << ranks << " ranks, " << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Threads,
                         testing::Values(Run{"quickstart", {}}, Run{"seed-bootstrap", {}}, Run{"ttl", {}},
                                         Run{"churn", {"/peers=300"}}, Run{"million", {"/peers=20000"}},
                                         Run{"fanout", {}}, Run{"rumor", {}}, Run{"hyparview", {}}, Run{"plumtree", {}},
                                         Run{"mesh", {}}, Run{"repair", {"/peers=200"}}));

/// Who counts looks at every frame; what happens is the same.
TEST(CountPeers, AddsUpAndChangesNothing) {
  Scenario scenario = test::fixed(500, RandomRegular{6});
  scenario.workload = {test::announce(0, 0), test::announce(second, 5)};
  const Experiment experiment(scenario);
  const std::uint64_t trace = run(experiment).sum.trace;
  EngineOptions options;
  options.count_peers = true;
  options.threads = 2;
  options.blocks = 3;
  PeerCounts sum;
  const Result result = run(experiment, options, alone(), [&](Engine& engine) {
    for (const PeerCounts& counts : engine.counts()) {
      sum.received += counts.received;
      sum.duplicates += counts.duplicates;
      sum.sent += counts.sent;
      sum.sent_bytes += counts.sent_bytes;
    }
  });
  EXPECT_EQ(result.sum.trace, trace);
  EXPECT_EQ(sum.sent, result.payload_messages);
  EXPECT_EQ(sum.received, result.payload_messages);
  EXPECT_EQ(sum.duplicates, result.payload_messages - 2 * 499);
  EXPECT_EQ(sum.sent_bytes, result.payload_bytes);
  EXPECT_EQ(result.sum.sent[static_cast<std::size_t>(FrameKind::announce)], result.payload_messages);
  EXPECT_EQ(result.sum.sent_bytes[static_cast<std::size_t>(FrameKind::announce)], result.payload_bytes);
}

}  // namespace
}  // namespace gossip::sim
