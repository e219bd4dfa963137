#include <chrono>

#include "tests/sim/input_files.hpp"
#include "tests/sim/world.hpp"

/// Scenarios at the edge of what can be run.
namespace gossip::sim::test {
namespace {

void expect_text(const std::string& error, const std::string& part) {
  EXPECT_NE(error.find(part), std::string::npos) << error;
}

TEST(Limits, NoMessagesIsARunLikeAnyOther) {
  for (const bool validated : {false, true}) {
    Scenario scenario = fixed(50, RandomRegular{4});
    if (validated) scenario.validation = ValidationSpec{};
    const Result result = run_checked(scenario);
    EXPECT_EQ(result.simulated, 0);
    EXPECT_EQ(result.payload_messages, 0u);
    EXPECT_TRUE(result.messages.empty());
  }
  const Result result = run_checked(sampling(50, 4, 60 * second));
  EXPECT_GT(result.sum.connections, 200u);
  EXPECT_EQ(result.deliveries, 0u);
}

// As cases/never-ends and abort-time-overflow: a frame is longer under way than peers remember.
TEST(Limits, WhatCouldGoRoundForEverNeedsADuration) {
  for (const Duration latency : {300 * second, 3'600 * second}) {
    Scenario scenario = fixed(3, Ring{}, Constant{latency});
    scenario.workload = {announce(0, 0)};
    expect_text(error_of([&] { Experiment experiment(scenario); }), "\"duration\"");
    scenario.duration = 24 * 3'600 * second;
    const Result result = run(Experiment(scenario));
    EXPECT_EQ(result.messages[0].deliveries, 3u);
    EXPECT_EQ(result.simulated, scenario.duration);
  }
}

// Copies wait in a queue for longer than peers remember, and are new again when they come.
TEST(Limits, WhatGoesRoundForEverEnds) {
  Scenario scenario = fixed(20, RandomRegular{4}, Constant{10 * millisecond});
  scenario.protocol.of<Intake>().seen_ttl = second;
  scenario.workload = {announce(0, 0)};
  scenario.workload[0].count = 100;
  scenario.workload[0].interval = millisecond;
  scenario.workload[0].size = 100'000;
  EXPECT_EQ(run_checked(scenario).sum.redelivered, 0u);
  scenario.links.upload = 1'000'000;
  expect_text(error_of([&] { run(Experiment(scenario)); }), "give a \"duration\"");
  scenario.duration = 10 * second;
  EXPECT_EQ(run_checked(scenario).simulated, scenario.duration);
}

TEST(Limits, ALatencyOfTheFileCountsToo) {
  const TestFile file("0 1 1\n1 2 90000\n");
  Scenario scenario = fixed(0, GraphFile{GraphFile::Format::edge_list, file.name()}, Constant{millisecond});
  scenario.workload = {announce(0, 0)};
  expect_text(error_of([&] { Experiment experiment(scenario); }), "\"duration\"");
}

// As cases/memory-count-times-peers: 10^9 messages to 100 peers.
TEST(Limits, WhatDoesNotFitInMemoryIsRefusedAtOnceWithAnEstimate) {
  Scenario scenario = fixed(100, RandomRegular{8});
  scenario.workload = {announce(0, 0)};
  scenario.workload[0].count = 1'000'000'000;
  scenario.workload[0].interval = second;
  const auto start = std::chrono::steady_clock::now();
  const std::string error = error_of([&] { Experiment experiment(scenario); });
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  expect_text(error, "1000000000 messages to 100 peers");
  expect_text(error, "GiB");
}

}  // namespace
}  // namespace gossip::sim::test
