#include <algorithm>
#include <set>

#include "world.hpp"

/// Far more is announced than peers remember: it ends with the load, nothing comes twice, all that is refused is counted.
namespace gossip::sim::test {
namespace {

constexpr std::uint32_t peers = 100, capacity = 64, rounds = 100;
constexpr Duration load = second;

/// 10,000 ids: every peer fills its own memory, and announces on.
Workload burst(Time at) {
  Workload all;
  all.from = Workload::From::all;
  all.at = at;
  all.count = rounds;
  all.interval = load / rounds;
  all.size = 20;
  return all;
}

Time last_activity(const Result& result) {
  Time last = 0;
  for (const MessageTally& tally : result.sum.messages) last = std::max(last, tally.last_activity);
  return last;
}

void expect_storm_ends(const Scenario& scenario, Time load_ends, Duration longest) {
  const Result result = run_checked(scenario);
  EXPECT_LE(last_activity(result), load_ends + longest);
  EXPECT_EQ(result.sum.redelivered, 0u);
  EXPECT_EQ(result.deliveries, std::uint64_t{result.peers} * capacity) << "what is remembered, and no more";
  EXPECT_GT(drops(result, Reason::memory_full), 0u);
  EXPECT_GT(misses(result, Miss::memory_full), 0u);
}

TEST(Storm, EndsWithTheLoadOverGivenLinks) {
  Scenario scenario = fixed(peers, RandomRegular{6});
  scenario.protocol.of<Intake>().seen_capacity = capacity;
  scenario.workload = {burst(0)};
  expect_storm_ends(scenario, load, 100 * millisecond);
}

// As with peers that stall: what was sent long ago still arrives when the load has ended.
TEST(Storm, EndsWithTheLoadWhereSomeLinksAreSlow) {
  Scenario scenario = fixed(peers, RandomRegular{6}, Uniform{millisecond, 20 * second});
  scenario.protocol.of<Intake>().seen_capacity = capacity;
  scenario.workload = {burst(0)};
  expect_storm_ends(scenario, load, 20 * second);
}

TEST(Storm, EndsWithTheLoadOverSampling) {
  Scenario scenario = sampling(peers, 6, 60 * second);
  scenario.protocol.of<Intake>().seen_capacity = capacity;
  scenario.workload = {burst(30 * second)};
  expect_storm_ends(scenario, 30 * second + load, 100 * millisecond);
}

// Two bursts, and the memory of the first has expired when the second begins.
TEST(Storm, NothingIsDeliveredTwiceAndWhatExpiresMakesRoom) {
  Scenario scenario = fixed(peers, RandomRegular{6});
  scenario.protocol.of<Intake>().seen_capacity = capacity;
  scenario.protocol.of<Intake>().seen_ttl = 2 * second;
  scenario.workload = {burst(0), burst(5 * second)};
  EngineOptions options;
  options.record_deliveries = true;
  const Result result = run_checked(scenario, options);
  std::set<std::pair<MessageRef, PeerId>> once;
  std::array<std::uint64_t, 2> in_burst{};
  for (const Delivery& delivery : result.sum.deliveries) {
    EXPECT_TRUE(once.emplace(delivery.message, delivery.peer).second);
    ++in_burst[delivery.time >= 5 * second ? 1 : 0];
  }
  for (const std::uint64_t deliveries : in_burst) {
    EXPECT_EQ(deliveries, peers * capacity);
  }
}

// It took 8 GB and went on for ever.
TEST(Storm, AMemoryOfOneEndsAndStaysSmall) {
  Scenario scenario = fixed(1'000, RandomRegular{8});
  scenario.protocol.of<Intake>().seen_capacity = 1;
  Workload fifty;
  fifty.count = 50;
  fifty.interval = 100 * microsecond;
  scenario.workload = {fifty};
  EngineOptions options;
  options.most_in_flight = 8'000;  // one frame a link and direction
  const Result result = run_checked(scenario, options);
  EXPECT_LE(result.payload_messages, 8'000u) << "a peer has something to say once";
  EXPECT_LE(result.sum.events, 8'000u + 50);
  EXPECT_LE(result.simulated, 50 * 100 * microsecond + 10 * 100 * millisecond);
  EXPECT_EQ(result.deliveries, 1'000u);
}

}  // namespace
}  // namespace gossip::sim::test
