#include <cmath>

#include "sim/report/report.hpp"
#include "world.hpp"

/// What the programs beside a peer say, and what a report makes of it, against arithmetic.
namespace gossip::sim::test {
namespace {

Scenario line(std::uint32_t peers) { return fixed(peers, Grid{peers, false}, Constant{10 * millisecond}); }

double coverage_of_up(const Scenario& scenario, const Result& result) {
  return report_json(Report{scenario, {}, result})["coverage_of_up"].get<double>();
}

/// A hub announces one message; each of the others gives one verdict.
Result ask_everybody(std::uint32_t others, const ValidationSpec& validation, Relay relay = Relay::all) {
  Scenario scenario = fixed(others + 1, Star{});
  scenario.validation = validation;
  scenario.protocol.of<Intake>().relay = relay;
  scenario.protocol.of<Intake>().on_silence = OnSilence::drop;
  scenario.workload = {announce(0, 0)};
  return run_checked(scenario);
}

void expect_share(std::uint64_t count, double n, double share) {
  EXPECT_NEAR(static_cast<double>(count), n * share, 4 * std::sqrt(n * share * (1 - share)));
}

TEST(Verdicts, AreSilentInTheirShare) {
  expect_share(drops(ask_everybody(10'000, {.silent = 0.3}), Reason::silence), 10'000, 0.3);
}

TEST(Verdicts, RejectInTheirShareOfAll) {
  expect_share(drops(ask_everybody(10'000, {.reject = 0.2}), Reason::rejected), 10'000, 0.2);
  const Result both = ask_everybody(10'000, {.reject = 0.5, .silent = 0.5});
  expect_share(drops(both, Reason::silence), 10'000, 0.5);
  EXPECT_EQ(drops(both, Reason::silence) + drops(both, Reason::rejected), 10'000u) << "shares of all verdicts";
}

TEST(Verdicts, SubscribersAreTheirShareOfThePeers) {
  const Result result = ask_everybody(10'000, {.subscribers = 0.5}, Relay::subscribed);
  expect_share(drops(result, Reason::not_relayed), 10'000, 0.5);
}

TEST(Verdicts, OfAnotherMessageAreDrawnAnew) {
  Scenario scenario = fixed(2, Ring{});
  scenario.validation = ValidationSpec{.reject = 0.25};
  for (int i = 0; i < 2'000; ++i) scenario.workload.push_back(announce(i * second, 0));
  expect_share(drops(run_checked(scenario), Reason::rejected), 2'000, 0.25);
}

// A ring of four: 1 crashes while it waits, is back, and hears the message again from the other side. The verdict that
// its first session asked for comes at 110 ms, to nobody.
TEST(Verdicts, OfAnEarlierSessionDoNotCount) {
  Scenario scenario = fixed(4, Ring{}, Constant{10 * millisecond});
  scenario.validation = ValidationSpec{.delay = 200 * millisecond};
  scenario.detection = 10 * millisecond;
  scenario.faults = {Kill{50 * millisecond, 0, {1}, 10 * millisecond}};
  scenario.workload = {announce(0, 0)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(drops(result, Reason::late_verdict), 0u);
  EXPECT_EQ(result.sum.redelivered, 1u) << "1 hears it twice: at 10 ms, and from 2 at 430 ms";
}

// As cases/verdict-at-deadline: both messages come to 1 and 2 after 1 ms, and 10 ms later the deadline and the verdict.
TEST(Verdicts, AtTheDeadlineAreTooLateWhateverElseWaits) {
  Scenario scenario = fixed(3, Ring{}, Constant{millisecond});
  scenario.validation = ValidationSpec{.delay = 10 * millisecond, .reject = 1};
  scenario.protocol.of<Intake>().validation_deadline = 10 * millisecond;
  for (const Duration between : {0, 5, 10, 20}) {
    scenario.workload = {announce(0, 0), announce(between * millisecond, 0)};
    const Result result = run_checked(scenario);
    EXPECT_EQ(drops(result, Reason::late_verdict), 4u) << between;
    EXPECT_EQ(drops(result, Reason::rejected), 0u) << between;
    for (const MessageResult& message : result.messages) {
      EXPECT_EQ(message.deliveries, 3u);
      EXPECT_EQ(message.frames, 4u) << "two from 0; 1 and 2 forward to each other";
    }
  }
}

TEST(Verdicts, ANanosecondBeforeTheDeadlineCount) {
  Scenario scenario = fixed(3, Ring{}, Constant{millisecond});
  scenario.validation = ValidationSpec{.delay = 10 * millisecond, .reject = 1};
  scenario.protocol.of<Intake>().validation_deadline = 10 * millisecond + 1;
  scenario.workload = {announce(0, 0), announce(5 * millisecond, 0)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(drops(result, Reason::rejected), 4u);
  EXPECT_EQ(drops(result, Reason::late_verdict), 0u);
}

// ---- what a report makes of who was not there

// As cases/deadwait: 1 has the message and goes while it waits; those behind it were up all the time.
TEST(CoverageOfUp, CountsThoseBehindOneThatWentWhileAMessageWaited) {
  Scenario scenario = line(4);
  scenario.validation = ValidationSpec{.delay = 100 * millisecond};
  scenario.faults = {Kill{50 * millisecond, 0, {1}, {}}};
  scenario.workload = {announce(0, 0)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(misses(result, Miss::down), 2u);
  EXPECT_EQ(sum(result.misses), 2u);
  EXPECT_EQ(result.misses.were_down, 0u);
  EXPECT_DOUBLE_EQ(coverage_of_up(scenario, result), 0.5);
}

TEST(CoverageOfUp, LeavesOutWhoWasDownItself) {
  Scenario scenario = line(4);
  scenario.faults = {Kill{second, 0, {3}, {}}};
  scenario.workload = {announce(2 * second, 0)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(misses(result, Miss::down), 1u);
  EXPECT_DOUBLE_EQ(coverage_of_up(scenario, result), 1);
}

TEST(CoverageOfUp, CountsWhatNobodyPublished) {
  Scenario scenario = fixed(5, Complete{}, Constant{10 * millisecond});
  scenario.faults = {Kill{second, 0, {0}, {}}};
  scenario.workload = {announce(0, 0), announce(2 * second, 0)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(misses(result, Miss::not_published), 5u);
  EXPECT_DOUBLE_EQ(coverage_of_up(scenario, result), 0.5) << "5 of 10";
}

// 2 leaves in the very nanosecond in which the message comes to it: it was not there.
TEST(CoverageOfUp, WhoLeavesJustBeforeTheLastFrameWasDown) {
  for (const Duration early : {0, 1}) {
    Scenario scenario = line(3);
    scenario.faults = {Kill{20 * millisecond - early, 0, {2}, {}}};
    scenario.workload = {announce(0, 0)};
    const Result result = run_checked(scenario);
    EXPECT_EQ(misses(result, Miss::down), 1u) << early;
    EXPECT_EQ(result.misses.were_down, 1u) << early;
  }
}

// Found by the swarm: a deadline that nobody needed any more counted as simulated time.
TEST(Verdict, TheRunEndsWithTheLastVerdictAndNotAtItsDeadline) {
  Scenario scenario = line(2);
  scenario.validation = ValidationSpec{.delay = 30 * millisecond};
  scenario.workload = {announce(0, 0)};
  const Result result = run_checked(scenario);
  EXPECT_EQ(result.messages[0].deliveries, 2u);
  EXPECT_EQ(result.simulated, result.messages[0].last_delivery + 30 * millisecond);
}

}  // namespace
}  // namespace gossip::sim::test
