#include "sim/scenario/reader.hpp"
#include "tests/sim/input_files.hpp"
#include "tests/sim/world.hpp"

namespace gossip::sim::test {
namespace {

Scenario repaired(RepairMode mode) {
  Scenario scenario = fixed(200, RandomRegular{4});
  scenario.repair = AntiEntropy::name;
  scenario.protocol.of<AntiEntropy>().repair_mode = mode;
  scenario.protocol.of<Intake>().seen_ttl = 2'000 * second;
  scenario.protocol.of<History>().history_age = 900 * second;
  scenario.duration = 900 * second;
  Workload load;
  load.at = 5 * second;
  load.count = 20;
  load.interval = second;
  scenario.workload = {load};
  return scenario;
}

class Repair : public testing::TestWithParam<std::size_t> {};  // the mode

/// Of four copies all are lost for 1% of the peers. What brings them is lost as often: a comparison, what it asks for and
/// the answer arrive together one time in three.
TEST_P(Repair, BringsWhatLossTook) {
  Scenario scenario = repaired(static_cast<RepairMode>(GetParam()));
  scenario.links.loss = 0.3;
  const Result result = run_checked(scenario);  // which looks for what is delivered twice
  EXPECT_EQ(result.deliveries, 200u * 20);
  scenario.repair = NoRepair::name;
  EXPECT_LT(run_checked(scenario).deliveries, 200u * 20 * 995 / 1000);
}

INSTANTIATE_TEST_SUITE_P(Modes, Repair, testing::Range<std::size_t>(0, std::size(repair_mode_names)),
                         [](const auto& test) { return std::string(repair_mode_names[test.param]); });

/// Peers come one after the other, for a minute; messages are announced from the start.
TEST(RepairOfJoiners, WhoComesLateGetsWhatWasBefore) {
  Scenario scenario = repaired(RepairMode::push_pull);
  scenario.overlay = Sampling::name;
  scenario.topology = NoLinks{};
  scenario.protocol.of<Sampling>() = sampling(200, 8, 0).protocol.of<Sampling>();
  scenario.start_spread = 60 * second;
  scenario.workload[0].from = Workload::From::peers;
  scenario.workload[0].peers = {0};
  EXPECT_EQ(run_checked(scenario).deliveries, 200u * 20);
  scenario.repair = NoRepair::name;
  EXPECT_LT(run_checked(scenario).deliveries, 200u * 20 / 2);
}

/// scenarios/repair.json and what it says.
TEST(RepairOfACut, BringsAllAsTheScenarioAnswers) {
  Scenario scenario = read_scenario(source_file("scenarios/repair.json"));
  const auto& cut = std::get<Partition>(scenario.faults[0]);
  const Time healed = cut.at + *cut.lasts;
  const Result result = run_checked(scenario);
  EXPECT_EQ(result.deliveries, 1000u * 150);
  std::vector<Duration> outside;
  for (const MessageResult& message : result.messages) {
    const Duration took = message.last_delivery - message.at;
    if (message.at >= cut.at && message.at < healed) {
      EXPECT_LE(message.last_delivery, healed + 130 * second);
      const bool before_the_cut_took_it = message.at <= cut.at + second;
      EXPECT_TRUE(message.last_delivery > healed || before_the_cut_took_it);
    } else {
      outside.push_back(took);
    }
  }
  std::ranges::sort(outside);
  EXPECT_LT(outside[outside.size() / 2], 2 * second);
  EXPECT_LT(outside.back(), 100 * second);
  scenario.repair = NoRepair::name;
  EXPECT_NEAR(static_cast<double>(run_checked(scenario).deliveries) / (1000 * 150), 0.78, 0.02);
}

}  // namespace
}  // namespace gossip::sim::test
