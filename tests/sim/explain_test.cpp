#include "sim/study/explain.hpp"

#include "tests/sim/program.hpp"
#include "world.hpp"

/// Why, for one peer: on a line of peers, where the answer is plain, and against the counts of whole runs.
namespace gossip::sim::test {
namespace {

Scenario line() {
  Scenario scenario = fixed(5, Grid{5, false}, Constant{10 * millisecond});
  scenario.workload = {announce(0, 0)};
  return scenario;
}
Explanation explained(const Scenario& scenario, std::uint32_t peer) {
  return *explain(Experiment(scenario), MessageRef{0}, PeerId{peer}, {});
}
std::vector<std::uint32_t> numbers(const std::vector<PeerId>& peers) {
  std::vector<std::uint32_t> all;
  for (const PeerId peer : peers) all.push_back(index(peer));
  return all;
}

TEST(Explain, ThePathIsEveryLinkInTurn) {
  const Explanation found = explained(line(), 4);
  ASSERT_EQ(found.path.size(), 5u);
  for (std::uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(found.path[i].peer, PeerId{i});
    EXPECT_EQ(found.path[i].time, i * 10 * millisecond);
    EXPECT_EQ(found.path[i].from, i == 0 ? no_peer : PeerId{i - 1});
  }
  EXPECT_EQ(explained(line(), 0).path.size(), 1u) << "the origin's own";
}

TEST(Explain, WhereItStoppedAndHowItCameThere) {
  Scenario scenario = line();
  scenario.workload = {announce(0, 0, 2)};
  const Explanation found = explained(scenario, 4);
  EXPECT_TRUE(found.path.empty());
  EXPECT_EQ(found.why, Miss::ttl);
  EXPECT_EQ(numbers(found.behind), (std::vector<std::uint32_t>{2, 3, 4}));
  ASSERT_EQ(found.stopped.size(), 3u);
  EXPECT_EQ(found.stopped.back().time, 20 * millisecond);
  EXPECT_EQ(found.neighbours, 1u);
  EXPECT_EQ(found.neighbours_with_it, 0u);
}

TEST(Explain, DownNotConnectedAndNotPublished) {
  Scenario scenario = line();
  scenario.faults = {Kill{second, 0, {2}, {}}};
  scenario.workload = {announce(10 * second, 0)};
  EXPECT_EQ(explained(scenario, 2).why, Miss::down);
  EXPECT_EQ(explained(scenario, 4).why, Miss::not_connected);
  EXPECT_EQ(explained(scenario, 1).path.size(), 2u);
  scenario.faults = {Kill{second, 0, {0}, {}}};
  EXPECT_FALSE(explained(scenario, 4).published);
  EXPECT_EQ(explained(scenario, 4).why, Miss::not_published);
}

/// A path is a chain of deliveries that the run has; a reason is one that the run counts, as often.
void agrees_with_the_run(const Scenario& scenario) {
  const Experiment experiment(scenario);
  EngineOptions options;
  options.record_deliveries = true;
  const Result result = run(experiment, options);
  MissCounts counts{};
  for (std::uint32_t peer = 0; peer < result.peers; ++peer) {
    const Explanation found = *explain(experiment, MessageRef{1}, PeerId{peer}, {});
    if (found.path.empty()) {
      ++counts[static_cast<std::size_t>(found.why)];
      EXPECT_EQ(found.behind.back(), PeerId{peer});
      continue;
    }
    EXPECT_EQ(found.path.back().peer, PeerId{peer});
    EXPECT_EQ(found.path.front().peer, result.messages[1].origin);
    EXPECT_EQ(found.path.front().time, result.messages[1].at);
    for (std::size_t i = 1; i < found.path.size(); ++i) EXPECT_EQ(found.path[i].from, found.path[i - 1].peer);
    const Delivery& last = found.path.back();
    const bool there = std::ranges::any_of(result.sum.deliveries, [&](const Delivery& delivery) {
      return delivery.message == MessageRef{1} && delivery.peer == last.peer && delivery.time == last.time;
    });
    EXPECT_TRUE(there);
  }
  EXPECT_EQ(counts, result.messages[1].misses.counts);
  EXPECT_GT(sum(result.messages[1].misses), 0u) << "the scenario is meant to miss some";
}

TEST(Explain, AgreesWithTheRunUnderLossAndTtl) {
  Scenario scenario = fixed(60, RandomRegular{3});
  scenario.links.loss = 0.2;
  scenario.workload = {announce(0, 0, 6), announce(second, 5, 4), announce(2 * second, 6)};
  agrees_with_the_run(scenario);
}

TEST(Explain, AgreesWithTheRunUnderChurn) {
  Scenario scenario = fixed(60, RandomRegular{3});
  scenario.duration = 30 * second;
  scenario.churn = Churn{5 * second, 5 * second, true, 0, 0, {}, {}};
  scenario.workload = {announce(5 * second, 0), announce(6 * second, 5), announce(20 * second, 6)};
  scenario.workload[1].from = Workload::From::random;
  agrees_with_the_run(scenario);
}

TEST(Explain, AgreesWithTheRunWhereNobodyChooses) {
  Scenario scenario = fixed(60, NoLinks{});
  scenario.overlay = Everyone::name;
  scenario.broadcast = Fanout::name;
  scenario.protocol.of<Fanout>().fanout = 2;
  scenario.workload = {announce(0, 0), announce(second, 5)};
  agrees_with_the_run(scenario);
}

class ExplainProgram : public Program {};

TEST_F(ExplainProgram, SaysItInWords) {
  const std::string file = scenario(R"({"peers": 5, "topology": {"type": "grid", "width": 5},
    "links": {"latency": {"type": "constant", "value": "10ms"}}, "workload": [{"from": 0, "ttl": 2}, {"at": "1s", "from": 0}]})");
  const std::string path = call("explain " + file + " --message 1 --peer 4").out;
  EXPECT_NE(path.find("came to peer 4 40.000 ms after peer 0 announced it at 1s, over 4 links"), std::string::npos)
      << path;
  EXPECT_NE(path.find("30.000    3     2     10.000  10.000"), std::string::npos) << path;
  const std::string miss = call("explain " + file + " --message 0 --peer 4").out;
  EXPECT_NE(miss.find("Reason: ttl"), std::string::npos) << miss;
  EXPECT_NE(miss.find("peer 2 → peer 3 → peer 4"), std::string::npos) << miss;
  const std::pair<const char*, const char*> wrong[] = {{"--message 2 --peer 4", "0 to 1"},
                                                       {"--message 0 --peer 5", "0 to 4"},
                                                       {"--message 0", "--peer is required"},
                                                       {"--message x --peer 1", "--message"}};
  for (const auto& [options, words] : wrong) {
    const Outcome outcome = call("explain " + file + " " + options);
    EXPECT_EQ(outcome.code, 2) << outcome.out;
    EXPECT_NE(outcome.out.find(words), std::string::npos) << outcome.out;
  }
}

}  // namespace
}  // namespace gossip::sim::test
