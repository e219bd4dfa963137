#include <nlohmann/json.hpp>

#include "tests/sim/program.hpp"

namespace gossip::sim::test {
namespace {

using Json = nlohmann::json;

class Compare : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    const std::string run = "run " + scenario(small) + " --quiet --json ";
    ASSERT_EQ(call(run + name("a")).code, 0);
    ASSERT_EQ(call(run + name("same")).code, 0);
    ASSERT_EQ(call(run + name("other") + " --set /topology/degree=8").code, 0);
    before = Json::parse(read(folder / "a.json"));
  }
  std::string name(const std::string& report) const { return (folder / (report + ".json")).string(); }
  std::string changed(const std::string& path, double factor) {
    Json json = before;
    json[Json::json_pointer(path)] = json[Json::json_pointer(path)].get<double>() * factor;
    return file("changed.json", json.dump());
  }
  Json before;
};

TEST_F(Compare, TheSameScenarioIsEqualThoughTheMachineIsNot) {
  const Outcome outcome = call("compare " + name("a") + " " + name("same") + " --tolerance 0");
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_EQ(outcome.out.find("wall_seconds"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("figures are equal"), std::string::npos) << outcome.out;
}

TEST_F(Compare, AnotherGraphIsShownSideBySide) {
  const Outcome outcome = call("compare " + name("a") + " " + name("other"));
  EXPECT_EQ(outcome.code, 0) << "no tolerance, no judgement";
  EXPECT_NE(outcome.out.find("trace_hash"), std::string::npos);
  // 80 links, then 160.
  EXPECT_NE(outcome.out.find("80"), std::string::npos);
  EXPECT_NE(outcome.out.find("+100.00%"), std::string::npos) << outcome.out;
  EXPECT_EQ(call("compare " + name("a") + " " + name("other") + " --tolerance 5%").code, 1);
  EXPECT_EQ(call("compare " + name("a") + " " + name("other") + " --tolerance hops.max=500%").code, 0);
}

TEST_F(Compare, AToleranceIsAShareOfTheFirstInBothDirections) {
  const std::string to = " " + changed("/latency_ms/p99", 1.04) + " --quiet --tolerance ";
  EXPECT_EQ(call("compare " + name("a") + to + "5%").code, 0);
  EXPECT_EQ(call("compare " + name("a") + to + "0.03").code, 1);
  EXPECT_EQ(call("compare " + name("a") + to + "3% --tolerance latency_ms.p99=4.1%").code, 0);
  EXPECT_EQ(call("compare " + name("a") + to + "5% --tolerance latency_ms.p99=1%").code, 1);
  EXPECT_EQ(call("compare " + name("a") + to + "5% --tolerance latency_ms.p50=1%").code, 0);
  changed("/latency_ms/p99", 0.9);
  EXPECT_EQ(call("compare " + name("a") + to + "5%").code, 1) << "quicker than expected is a change too";
}

TEST_F(Compare, AReasonThatIsLeftOutCountsZero) {
  Json json = before;
  json["misses"]["lost"] = 1;
  const std::string to = " " + file("changed.json", json.dump());
  const Outcome outcome = call("compare " + name("a") + to + " --tolerance 99%");
  EXPECT_EQ(outcome.code, 1) << outcome.out;
  EXPECT_NE(outcome.out.find("misses.lost"), std::string::npos);
  EXPECT_EQ(call("compare" + to + " " + name("a") + " --tolerance 100%").code, 0) << "from 1 to 0 is -100%";
}

TEST_F(Compare, FiguresOfTheMachineCountWhereTheyAreNamed) {
  const std::string to = " " + changed("/peak_rss_bytes", 3) + " --tolerance ";
  EXPECT_EQ(call("compare " + name("a") + to + "1%").code, 0);
  EXPECT_EQ(call("compare " + name("a") + to + "peak_rss_bytes=50%").code, 1);
}

TEST_F(Compare, BadUsageIsTwo) {
  const std::pair<std::string, std::string> calls[] = {
      {"compare " + name("a"), "after"},
      {"compare " + name("a") + " /nowhere.json", "/nowhere.json"},
      {"compare " + name("a") + " " + scenario(small), "is no report"},
      {"compare " + name("a") + " " + file("broken.json", "{\"a\": "), "broken JSON"},
      {"compare " + name("a") + " " + name("same") + " --tolerance lots", "expected a share"},
      {"compare " + name("a") + " " + name("same") + " --tolerance -1%", "expected a share"},
      {"compare " + name("a") + " " + name("same") + " --tolerance latency.p99=1%", "latency_ms.p99"},
  };
  for (const auto& [arguments, words] : calls) {
    const Outcome outcome = call(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << "\n" << outcome.out;
    EXPECT_NE(outcome.out.find(words), std::string::npos) << arguments << "\n" << outcome.out;
  }
}

}  // namespace
}  // namespace gossip::sim::test
