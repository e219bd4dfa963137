#include <algorithm>
#include <cmath>
#include <csignal>

#include "tests/sim/program.hpp"

namespace gossip::sim::test {
namespace {

std::vector<std::vector<std::string>> table_of(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    auto& row = rows.emplace_back();
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
  }
  return rows;
}

class Sweep : public Program {
 protected:
  std::string out(const std::string& name) const { return (folder / name).string(); }
  static std::size_t lines_in(const fs::path& path) {
    return static_cast<std::size_t>(std::ranges::count(read(path), '\n'));
  }
  /// 20 settings, 5 runs of each, some milliseconds a run.
  std::string hundred_runs() {
    return scenario(R"({"name": "hundred", "peers": 1000, "topology": {"type": "random_regular", "degree": 6},
      "workload": [{"count": 10, "interval": "1s"}],
      "sweep": {"over": {"/links/loss": [0, 0.05, 0.1, 0.2], "/topology/degree": [4, 6, 8, 10, 12]}, "repeat": 5}})");
  }
};

TEST_F(Sweep, RunsAreTheRunsOfTheirSettings) {
  const std::string file = scenario(R"({"peers": 40, "topology": {"type": "random_regular", "degree": 4}, "seed": 7,
    "workload": [{"count": 3, "interval": "1s"}],
    "sweep": {"over": {"/topology/degree": [4, 6], "/links/latency": [{"type": "constant", "value": "10ms"}]},
              "repeat": 3}})");
  ASSERT_EQ(call("sweep " + file + " --quiet --out " + out("a")).code, 0);
  const std::string runs = read(folder / "a" / "runs.csv");
  EXPECT_NE(runs.find(R"("{""type"":""constant"",""value"":""10ms""}",6,)"), std::string::npos) << runs;
  const Outcome one = call("run " + file + R"( --set '/links/latency={"type": "constant", "value": "10ms"}')" +
                           " --set /topology/degree=6 --seed 9");
  const std::size_t hash = one.out.find("trace ") + 6;
  const std::size_t last = runs.rfind("\n5,9,");
  ASSERT_NE(last, std::string::npos) << runs;
  EXPECT_NE(runs.find(one.out.substr(hash, 16), last), std::string::npos) << runs << one.out;
  EXPECT_EQ(lines_in(folder / "a" / "runs.csv"), 1 + 2 * 3);
}

TEST_F(Sweep, SummaryIsTheMeanAndStudentsInterval) {
  const std::string file = scenario(R"({"peers": 60, "topology": {"type": "random_regular", "degree": 3},
    "workload": [{}], "sweep": {"over": {"/topology/degree": [3, 4]}, "repeat": 4}})");
  ASSERT_EQ(call("sweep " + file + " --quiet --out " + out("a")).code, 0);
  const auto runs = table_of(read(folder / "a" / "runs.csv")), summary = table_of(read(folder / "a" / "summary.csv"));
  const auto column = [](const auto& table, const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(table[0], name) - table[0].begin());
  };
  const std::size_t of_runs = column(runs, "latency_ms.p99"), mean = column(summary, "latency_ms.p99");
  ASSERT_EQ(column(summary, "latency_ms.p99_ci95"), mean + 1);
  for (std::size_t setting = 0; setting < 2; ++setting) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < 4; ++i) sum += std::stod(runs[1 + 4 * setting + i][of_runs]) / 4;
    for (std::size_t i = 0; i < 4; ++i) {
      const double off = std::stod(runs[1 + 4 * setting + i][of_runs]) - sum;
      squares += off * off;
    }
    EXPECT_NEAR(std::stod(summary[1 + setting][mean]), sum, 1e-6);
    EXPECT_NEAR(std::stod(summary[1 + setting][mean + 1]), 3.182 * std::sqrt(squares / 3 / 4), 1e-6);
  }
}

/// A real kill, at a moment that nobody chose.
TEST_F(Sweep, KilledMidwayAndStartedAgainGivesTheSameTables) {
  const std::string file = hundred_runs(), done = out("killed") + "/done.jsonl";
  ASSERT_EQ(call("sweep " + file + " --quiet --out " + out("whole")).code, 0);
  const pid_t child = fork();
  if (child == 0) {
    execl(GOSSIP_SIM, GOSSIP_SIM, "sweep", file.c_str(), "--quiet", "--out", out("killed").c_str(), nullptr);
    _exit(127);
  }
  while (!fs::exists(done) || lines_in(done) < 30) usleep(500);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  const std::size_t before = lines_in(done);
  ASSERT_LT(before, 1 + 100u) << "the kill came too late";
  EXPECT_FALSE(fs::exists(out("killed") + "/runs.csv"));
  std::ofstream(done, std::ios::app) << "{\"seed\":1,\"se";  // as a kill within a write may leave it
  ASSERT_EQ(call("sweep " + file + " --quiet --threads 3 --out " + out("killed")).code, 0);
  for (const char* name : {"runs.csv", "summary.csv", "summary.txt"}) {
    EXPECT_EQ(read(folder / "killed" / name), read(folder / "whole" / name)) << name;
  }
  EXPECT_EQ(lines_in(done), 1 + 100u) << "nothing was done twice";
}

TEST_F(Sweep, InterruptEndsWith130AndMoreValuesGoOn) {
  const std::string file = hundred_runs(), done = out("a") + "/done.jsonl";
  const pid_t child = fork();
  if (child == 0) {
    if (freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
    execl(GOSSIP_SIM, GOSSIP_SIM, "sweep", file.c_str(), "--quiet", "--out", out("a").c_str(), nullptr);
    _exit(127);
  }
  while (!fs::exists(done) || lines_in(done) < 10) usleep(500);
  kill(child, SIGINT);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 130);
  const std::string less = " --set '/sweep/over={\"/topology/degree\":[4],\"/links/loss\":[0]}' --quiet --out ";
  EXPECT_EQ(call("sweep " + file + less + out("a")).code, 0);
  ASSERT_EQ(call("sweep " + file + less + out("b")).code, 0);
  EXPECT_EQ(read(folder / "a" / "runs.csv"), read(folder / "b" / "runs.csv"));
}

TEST_F(Sweep, ResultsOfAnotherScenarioAreNotMixedIn) {
  const std::string links = file("links.txt", "0 1\n1 2\n");
  const std::string one = scenario(R"({"topology": {"type": "edge_list", "file": "links.txt"}, "workload": [{}],
                                       "sweep": {"over": {"/links/loss": [0, 0.5]}}})");
  ASSERT_EQ(call("sweep " + one + " --quiet --out " + out("a")).code, 0);
  EXPECT_EQ(call("sweep " + one + " --quiet --out " + out("a") + " --set '/question=\"why\"'").code, 0);
  EXPECT_EQ(call("sweep " + one + " --quiet --out " + out("a") + " --set /links/jitter=1ms").code, 2);
  file("links.txt", "0 1\n1 2\n2 3\n");
  const std::string said = " --quiet --out " + out("a") + " --set /name=x --set /seed=3 --set /links/loss=0";
  EXPECT_EQ(call("sweep " + one + said).code, 2) << "its loss is said, though it is the default's";
  const Outcome other = call("sweep " + one + " --quiet --out " + out("a"));
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.out.find("another scenario"), std::string::npos) << other.out;
}

TEST_F(Sweep, FrontIsSaidInWords) {
  // Each peer sends to all others of a ring, or of a complete graph: the ring is slow and cheap. Half lost: too few.
  const std::string file = scenario(R"({"peers": 30, "topology": {"type": "ring"}, "workload": [{"count": 5}],
    "links": {"latency": {"type": "constant", "value": "10ms"}},
    "sweep": {"over": {"/topology": [{"type": "ring"}, {"type": "complete"}], "/links/loss": [0, 0.9]}, "repeat": 3}})");
  const std::string text = call("sweep " + file + " --out " + out("a")).out;
  EXPECT_NE(text.find("2 of 4 settings reach 99.0%"), std::string::npos) << text;
  EXPECT_NE(text.find("cheapest  /links/loss = 0, /topology = {\"type\":\"ring\"}: 150.0 ± 0.0 ms"), std::string::npos)
      << text;
  EXPECT_NE(text.find("quickest  /links/loss = 0, /topology = {\"type\":\"complete\"}: 10.0 ± 0.0 ms"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("93.3% quicker"), std::string::npos) << text;
  EXPECT_NE(text.find("They reach too few"), std::string::npos) << text;
}

TEST_F(Sweep, WhatIsWrongIsNamedByItsPath) {
  const std::pair<const char*, const char*> broken[] = {
      {R"({"over": {"/topology/degre": [3]}})", "/topology/degre: is not known"},
      {R"({"over": {"/topology/degree": [4, 2000]}})", "with /topology/degree = 2000"},
      {R"({"over": {"/topology/degree": [4, "x"]}})", "with /topology/degree = \"x\""},
      {R"({"over": {"/topology/degree": 4}})", "/sweep/over/~1topology~1degree: expected a list of values"},
      {R"({"over": {"/topology/degree": []}})", "/sweep/over/~1topology~1degree: expected a list of values"},
      {R"({"over": {"/topology/degree": [4, 4]}})", "/sweep/over/~1topology~1degree/1: 4 stands twice"},
      {R"({"over": {"degree": [4]}})", "/sweep/over/degree: is no JSON path"},
      {R"({"over": {"/sweep/repeat": [4]}})", "/sweep/over/~1sweep~1repeat: cannot be swept"},
      {R"({"over": {"/workload/x/size": ["1B"]}})", "with /workload/x/size = \"1B\""},
      {R"({"over": {"/a~7": [1]}})", "with /a~7 = 1"},
      {R"({"over": {}})", "/sweep/over: expected an object of JSON paths"},
      {R"({"over": [3]})", "/sweep/over: expected an object of JSON paths"},
      {R"({"repeat": 3})", "/sweep: misses \"over\""},
      {R"({"over": {"/seed": [1]}, "repeat": 0})", "/sweep/repeat: 0 is below 1"},
      {R"({"over": {"/seed": [1]}, "repeats": 2})", "/sweep/repeats: is not known"},
      {R"({"over": {"/seed": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}, "repeat": 100000})", "/sweep: makes more than"},
  };
  for (const auto& [sweep, words] : broken) {
    const Outcome outcome = call("sweep " + scenario(small) + " --out " + out("a") + " --set '/sweep=" + sweep + "'");
    EXPECT_EQ(outcome.code, 2) << sweep << outcome.out;
    EXPECT_NE(outcome.out.find(words), std::string::npos) << sweep << outcome.out;
  }
  EXPECT_EQ(call("sweep " + scenario(small)).code, 2) << "without a sweep";
  EXPECT_FALSE(fs::exists(out("a")));
}

}  // namespace
}  // namespace gossip::sim::test
