#include "world.hpp"

/// Every peer that did not get a message is counted under one reason, and it is the right one.
namespace gossip::sim::test {
namespace {

// A line 0 – 1 – 2 – 3 – 4, ten milliseconds a link: a grid of height one.
Scenario line(std::uint32_t peers = 5) { return fixed(peers, Grid{peers, false}, Constant{10 * millisecond}); }

MissCounts only(Miss reason, std::uint64_t count) {
  MissCounts counts{};
  counts[static_cast<std::size_t>(reason)] = count;
  return counts;
}

TEST(Misses, NoneWhenEveryoneIsReached) {
  Scenario scenario = line();
  scenario.workload = {announce(0, 0)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(result.messages[0].deliveries, 5u);
  EXPECT_EQ(result.misses.counts, MissCounts{});
  EXPECT_EQ(result.sum.latency.max(), 40u * millisecond);
  EXPECT_EQ(result.sum.hops.max(), 4u);
}

TEST(Misses, Ttl) {
  Scenario scenario = line();
  scenario.workload = {announce(0, 0, 2)};
  EXPECT_EQ(run_checked(scenario).misses.counts, only(Miss::ttl, 2));
}

TEST(Misses, TimeRanOutForThoseOnTheWayAndBehind) {
  Scenario scenario = line();
  scenario.duration = 25 * millisecond;
  scenario.workload = {announce(0, 0)};
  EXPECT_EQ(run_checked(scenario).misses.counts, only(Miss::time_ran_out, 2));
}

TEST(Misses, LostForThoseBehindTheLoss) {
  Scenario scenario = line();
  scenario.links.loss = 0.999999;
  scenario.workload = {announce(0, 0)};
  EXPECT_EQ(run_checked(scenario).misses.counts, only(Miss::lost, 4));
}

TEST(Misses, DownAndNotConnectedBehindIt) {
  Scenario scenario = line();
  scenario.faults = {Kill{second, 0, {2}, {}}};
  scenario.workload = {announce(10 * second, 0)};
  MissCounts expected = only(Miss::not_connected, 2);
  expected[static_cast<std::size_t>(Miss::down)] = 1;
  EXPECT_EQ(run_checked(scenario).misses.counts, expected);
}

TEST(Misses, NotPublishedWhenTheOriginIsDown) {
  Scenario scenario = line();
  scenario.faults = {Kill{second, 0, {0}, {}}};
  scenario.workload = {announce(10 * second, 0)};
  EXPECT_EQ(run_checked(scenario).misses.counts, only(Miss::not_published, 5));
}

TEST(Misses, ValidationEndsAMessageForThoseBehind) {
  Scenario scenario = line();
  scenario.validation = ValidationSpec{1, 0, 1, 0};
  scenario.workload = {announce(0, 0)};
  EXPECT_EQ(run_checked(scenario).misses.counts, only(Miss::validation, 3));
}

TEST(Misses, NotRelayedWhereNobodySubscribes) {
  Scenario scenario = line();
  scenario.validation = ValidationSpec{0, 0, 0, 0};
  scenario.protocol.of<Intake>().relay = Relay::subscribed;
  scenario.workload = {announce(0, 0)};
  EXPECT_EQ(run_checked(scenario).misses.counts, only(Miss::not_relayed, 3));
}

TEST(Misses, SilenceThatDrops) {
  Scenario scenario = line();
  scenario.validation = ValidationSpec{1, 0, 0, 1};
  scenario.protocol.of<Intake>().on_silence = OnSilence::drop;
  scenario.workload = {announce(0, 0)};
  EXPECT_EQ(run_checked(scenario).misses.counts, only(Miss::silence, 3));
}

TEST(Misses, AVerdictThatIsAwaitedAtTheEndIsTime) {
  Scenario scenario = line();
  scenario.validation = ValidationSpec{1, 0, 0, 1};
  scenario.duration = second;
  scenario.workload = {announce(0, 0)};
  EXPECT_EQ(run_checked(scenario).misses.counts, only(Miss::time_ran_out, 3));
}

TEST(Validation, DelaysEachHopByTheVerdict) {
  Scenario scenario = line();
  scenario.validation = ValidationSpec{1, 5 * millisecond, 0, 0};
  scenario.workload = {announce(0, 0)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(result.sum.latency.max(), 55u * millisecond) << "four links, three verdicts";
}

TEST(Validation, SilenceForwardsAtTheDeadline) {
  Scenario scenario = line();
  scenario.validation = ValidationSpec{1, 0, 0, 1};
  scenario.protocol.of<Intake>().validation_deadline = 100 * millisecond;
  scenario.workload = {announce(0, 0)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(result.misses.counts, MissCounts{});
  EXPECT_EQ(result.sum.latency.max(), 340u * millisecond);
}

}  // namespace
}  // namespace gossip::sim::test
