#include "core/operations.hpp"
#include "world.hpp"

/// The result is a function of (scenario, seed) alone, whatever the engine does inside.
namespace gossip::sim::test {
namespace {

Scenario busy_sampling() {
  Scenario scenario = sampling(300, 6, 60 * second);
  scenario.start_spread = 3 * second;
  scenario.links.jitter = 7 * millisecond;
  scenario.links.loss = 0.02;
  scenario.churn = Churn{};
  scenario.churn->session = 30 * second;
  scenario.churn->downtime = 5 * second;
  scenario.churn->clean = 0.5;
  scenario.faults = {Kill{25 * second, 0.3, {}, 10 * second}, Kill{40 * second, 0, {7, 8, 9}, {}}};
  Workload load;
  load.count = 50;
  load.interval = second;
  load.size = 8;
  scenario.workload = {load};
  scenario.validation = ValidationSpec{0.5, 30 * millisecond, 0.05, 0.05};
  return scenario;
}

Scenario busy_flood() {
  Scenario scenario = fixed(400, RandomRegular{6});
  scenario.links.loss = 0.01;
  scenario.links.jitter = millisecond;
  scenario.duration = 30 * second;
  scenario.churn = Churn{};
  scenario.churn->session = 20 * second;
  scenario.churn->downtime = 4 * second;
  Workload all;
  all.from = Workload::From::all;
  all.at = 10 * second;
  all.size = 4;
  Workload steady;
  steady.count = 100;
  steady.interval = 250 * millisecond;
  steady.size = 64;
  scenario.workload = {all, steady};
  scenario.protocol.of<Intake>().seen_capacity = 450;  // of 500: the oldest have to leave
  scenario.protocol.of<Intake>().seen_ttl = 15 * second;
  return scenario;
}

void expect_same(const Result& a, const Result& b) {
  EXPECT_EQ(a.sum.trace, b.sum.trace);
  EXPECT_EQ(a.sum.events, b.sum.events);
  EXPECT_EQ(a.sum.drops, b.sum.drops);
  EXPECT_EQ(a.sum.transport_drops, b.sum.transport_drops);
  EXPECT_EQ(a.sum.control_bytes, b.sum.control_bytes);
  EXPECT_EQ(a.payload_bytes, b.payload_bytes);
  EXPECT_EQ(a.sum.latency.percentile(0.5), b.sum.latency.percentile(0.5));
  EXPECT_EQ(a.sum.hops.max(), b.sum.hops.max());
  EXPECT_EQ(a.misses.counts, b.misses.counts);
  EXPECT_EQ(a.degrees, b.degrees);
  EXPECT_EQ(a.simulated, b.simulated);
}

struct Busy {
  const char* name;
  Scenario (*make)();
};
void PrintTo(const Busy& busy, std::ostream* out) { *out << busy.name; }

class Invariance : public testing::TestWithParam<Busy> {
 protected:
  Scenario scenario = GetParam().make();
  Result reference = run_checked(scenario);
};

TEST_P(Invariance, SomethingHappens) {
  EXPECT_GT(reference.sum.events, 50'000u);
  EXPECT_GT(reference.departures, 100u);
  EXPECT_GT(drops(reference, TransportDrop::down), 0u);
  EXPECT_GT(drops(reference, TransportDrop::lost), 0u);
}

TEST_P(Invariance, Blocks) {
  for (const std::uint32_t blocks : {2u, 3u, 7u}) {
    EngineOptions options;
    options.blocks = blocks;
    expect_same(reference, run_checked(scenario, options));
  }
}

TEST_P(Invariance, Threads) {
  for (const std::uint32_t threads : {2u, 3u, 4u}) {
    EngineOptions options;
    options.threads = threads;
    options.blocks = 2 * threads + 1;
    options.events_worth_threads = 0;
    expect_same(reference, run_checked(scenario, options));
  }
}

TEST_P(Invariance, Buckets) {
  for (const int shift : {12, 17, 24}) {
    EngineOptions options;
    options.bucket_shift = shift;
    expect_same(reference, run_checked(scenario, options));
  }
}

TEST_P(Invariance, Wire) {
  EngineOptions options;
  options.wire = true;
  expect_same(reference, run_checked(scenario, options));
}

TEST_P(Invariance, Shortcut) {
  EngineOptions options;
  options.shortcut = false;
  expect_same(reference, run_checked(scenario, options));
}

TEST_P(Invariance, AnotherSeedIsAnotherRun) {
  scenario.seed = 2;
  EXPECT_NE(reference.sum.trace, run_checked(scenario).sum.trace);
}

INSTANTIATE_TEST_SUITE_P(OfABusy, Invariance,
                         testing::Values(Busy{"sampling", busy_sampling}, Busy{"flood", busy_flood}),
                         [](const auto& test) { return test.param.name; });

TEST(Engine, StopsWhenAsked) {
  Scenario scenario = fixed(2000, RandomRegular{8});
  scenario.workload = {announce(0, 0)};
  const std::atomic<bool> stop{true};
  EngineOptions options;
  options.stop = &stop;
  const Result result = run(Experiment(scenario), options);
  EXPECT_TRUE(result.interrupted);
  EXPECT_LT(result.messages[0].deliveries, 2000u);
  EXPECT_EQ(misses(result, Miss::time_ran_out), sum(result.misses)) << "what was under way is the reason";
  check_books(result);
}

TEST(Engine, APeerOnADefaultFloodIsSmall) {
  Config config;
  config.of<Intake>().seen_capacity = 1;
  EXPECT_LE(find_operations("fixed", "flood")->bytes(config), 64u);
}

}  // namespace
}  // namespace gossip::sim::test
