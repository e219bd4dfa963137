#include <algorithm>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/report/report.hpp"
#include "sim/scenario/input_error.hpp"
#include "tests/sim/program.hpp"

namespace gossip::sim::test {
namespace {

using Json = nlohmann::json;

class Cli : public Program {};

TEST_F(Cli, ReportHasEveryKeyThatOthersParse) {
  const std::string file = (folder / "report.json").string();
  ASSERT_EQ(call("run " + scenario(small) + " --quiet --json " + file).code, 0);
  const Json report = Json::parse(read(file));
  for (const char* key : {"scenario",
                          "seed",
                          "trace_hash",
                          "interrupted",
                          "peers",
                          "graph",
                          "simulated_seconds",
                          "events",
                          "wall_seconds",
                          "events_per_second",
                          "peak_rss_bytes",
                          "bytes_per_peer",
                          "coverage",
                          "latency_ms",
                          "hops",
                          "redundancy",
                          "payload_messages",
                          "control_messages",
                          "payload_bytes",
                          "control_bytes",
                          "drops",
                          "misses",
                          "coverage_over_time",
                          "per_message"}) {
    EXPECT_TRUE(report.contains(key)) << key;
  }
  EXPECT_EQ(report["coverage"], 1.0);
  EXPECT_EQ(report["interrupted"], false);
  EXPECT_EQ(report["payload_messages"], 3 * (40 * 4 - 39));
  EXPECT_EQ(report["payload_bytes"], 3 * (40 * 4 - 39) * (1024 + 12));
  EXPECT_EQ(report["drops"]["duplicate"], 3 * (40 * 4 - 39 - 39));
  EXPECT_EQ(report["graph"]["links"], 80);
  EXPECT_EQ(report["per_message"].size(), 3u);
  EXPECT_EQ(report["coverage_over_time"].back()[1], 1.0);
  EXPECT_EQ(report["coverage_over_time"].back()[0], report["latency_ms"]["max"]);
}

TEST_F(Cli, SummaryNamesWhatMatters) {
  const Outcome outcome = call("run " + scenario(small));
  EXPECT_EQ(outcome.code, 0);
  for (const char* word : {"small", "coverage", "100.00%", "latency", "missed", "none"}) {
    EXPECT_NE(outcome.out.find(word), std::string::npos) << word << " in\n" << outcome.out;
  }
}

/// On a line of constant latency the deliveries come at two moments: the first neighbours, then theirs.
TEST_F(Cli, SummaryDrawsWhenDeliveriesCame) {
  const Outcome outcome = call("run " + scenario(R"({"peers": 5, "topology": {"type": "ring"},
    "links": {"latency": {"type": "constant", "value": "10ms"}}, "workload": [{}]})"));
  const std::size_t line = outcome.out.find("deliveries, from 0 to 20.0 ms");
  ASSERT_NE(line, std::string::npos) << outcome.out;
  const std::string drawn = outcome.out.substr(outcome.out.rfind('\n', line), line - outcome.out.rfind('\n', line));
  std::size_t full = 0;
  for (std::size_t at = drawn.find("█"); at != std::string::npos; at = drawn.find("█", at + 1)) ++full;
  EXPECT_EQ(full, 2u) << drawn;
}

TEST_F(Cli, SameSeedSameReportAndAnotherSeedAnother) {
  const auto trace = [&](const std::string& options) {
    const Outcome outcome = call("run " + scenario(small) + " --quiet --json - " + options);
    return Json::parse(outcome.out)["trace_hash"].get<std::string>();
  };
  EXPECT_EQ(trace(""), trace("--wire"));
  EXPECT_EQ(trace("--seed 9"), trace("--set /seed=9"));
  EXPECT_NE(trace(""), trace("--seed 9"));
}

TEST_F(Cli, CsvHasARowForEachDelivery) {
  const fs::path csv = folder / "a" / "b";
  ASSERT_EQ(call("run " + scenario(small) + " --quiet --csv " + csv.string()).code, 0);
  std::istringstream deliveries(read(csv / "deliveries.csv"));
  std::string line;
  std::getline(deliveries, line);
  EXPECT_EQ(line, "message,peer,time_ns,hops,from");
  std::getline(deliveries, line);
  EXPECT_EQ(line, "0,7,0,0,") << "the origin has it first, from nobody";
  int rows = 1;
  while (std::getline(deliveries, line)) ++rows;
  EXPECT_EQ(rows, 3 * 40);
  EXPECT_EQ(std::ranges::count(read(csv / "messages.csv"), '\n'), 1 + 3);
  EXPECT_GT(std::ranges::count(read(csv / "coverage.csv"), '\n'), 50);
}

TEST_F(Cli, BadUsageAndBadInputAreTwoAndWriteNothing) {
  const std::string report = (folder / "report.json").string();
  const std::string good = scenario(small);
  const std::pair<std::string, std::string> calls[] = {
      {"", "subcommand"},
      {"fly", "fly"},
      {"run", "scenario"},
      {"run " + good + " --loud", "--loud"},
      {"run " + good + " --seed minus", "seed"},
      {"run /nowhere.json --json " + report, "/nowhere.json"},
      {"run " + good + " --set /peers=ten --json " + report, "/peers"},
      {"run " + good + " --set /toplogy=1 --json " + report, "topology"},
      {"run " + good + " --csv /proc/none", "/proc/none"},
      {"run " + good + " --json /nowhere/report.json", "/nowhere/report.json"},
      {"check " + good + " --set /topology/degree=41", "/topology/degree"},
  };
  for (const auto& [arguments, words] : calls) {
    const Outcome outcome = call(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << "\n" << outcome.out;
    EXPECT_NE(outcome.out.find(words), std::string::npos) << arguments << "\n" << outcome.out;
  }
  EXPECT_FALSE(fs::exists(report));
}

TEST_F(Cli, AScenarioAndItsDataAreNeverOverwritten) {
  const std::string links = file("links.txt", "0 1\n1 2\n");
  const std::string good = scenario(R"({"topology": {"type": "edge_list", "file": "links.txt"}})");
  const std::string before = read(good);
  fs::create_symlink(good, folder / "other.json");
  const std::string other = (folder / "other.json").string();
  for (const std::string& name : {good, links, other, (folder / ".." / folder.filename() / "links.txt").string()}) {
    const Outcome outcome = call("run " + good + " --quiet --json " + name);
    EXPECT_EQ(outcome.code, 2) << name;
    EXPECT_NE(outcome.out.find("is read by this scenario"), std::string::npos) << outcome.out;
  }
  EXPECT_EQ(read(good), before);
  EXPECT_EQ(read(links), "0 1\n1 2\n");
}

/// A limit on the size of files stands for the full disk.
TEST_F(Cli, AReportThatCannotBeWrittenLeavesTheOldOneWhole) {
  const std::string report = (folder / "report.json").string();
  const std::string run = "run " + scenario(small) + " --quiet --json " + report;
  ASSERT_EQ(call(run).code, 0);
  const std::string before = read(report);
  const std::string command =
      "sh -c 'trap \"\" XFSZ; ulimit -f 1; exec " + std::string(GOSSIP_SIM) + " " + run + "' 2>&1";
  const int status = std::system((command + " >" + (folder / "said").string()).c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1) << read(folder / "said");
  EXPECT_EQ(read(report), before);
  EXPECT_FALSE(fs::exists(report + ".new"));
}

TEST_F(Cli, CheckSaysFineAndSchemaIsJson) {
  EXPECT_EQ(call("check " + scenario(small)).code, 0);
  const Outcome schema = call("schema");
  EXPECT_EQ(schema.code, 0);
  EXPECT_TRUE(Json::parse(schema.out).contains("properties"));
}

TEST_F(Cli, ASignalEndsARunWithAPartialReport) {
  const std::string file = (folder / "report.json").string();
  // Weeks of simulated time: it can only end by the signal.
  const std::string endless = scenario(R"({"peers": 500, "duration": "200h",
    "protocol": {"overlay": {"type": "sampling", "bootstrapper": 0, "degree": 8}},
    "churn": {"session": "10min", "downtime": "1min"}, "workload": [{"at": "1s"}]})");
  const pid_t child = fork();
  if (child == 0) {
    execl(GOSSIP_SIM, GOSSIP_SIM, "run", endless.c_str(), "--quiet", "--json", file.c_str(), nullptr);
    _exit(127);
  }
  usleep(1'000'000);
  kill(child, SIGINT);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 130);
  const Json report = Json::parse(read(file));
  EXPECT_EQ(report["interrupted"], true);
  EXPECT_LT(report["simulated_seconds"], 720'000.0);
}

TEST_F(Cli, HelpNamesTheExitCodesOfTheReadme) {
  const std::string help = call("--help").out, readme = read(GOSSIP_SOURCE_DIR "/README.md");
  for (const char* code :
       {"Exit codes: 0 fine", "1 it did not work (memory, disk)", "2 bad usage or input", "130 interrupted"}) {
    EXPECT_NE(help.find(code), std::string::npos) << help;
    EXPECT_NE(readme.find(code), std::string::npos) << code;
  }
}

// A report that cannot be written.

class FullDisk : public Cli {
 protected:
  const std::string program = GOSSIP_SIM;

  /// What is in the folder `of` of the test, by name.
  std::map<std::string, std::string> files(const std::string& of) const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator(folder / of)) all[entry.path().filename()] = read(entry.path());
    return all;
  }
  void expect_failed(const Outcome& outcome, const std::string& file, const std::string& why) {
    EXPECT_EQ(outcome.code, 1) << outcome.out;
    const std::string error = "gossip-sim: " + file + ": could not be written to its end: " + why + "\n";
    EXPECT_NE(outcome.out.find(error), std::string::npos) << outcome.out;
  }
};

TEST_F(FullDisk, LeavesTheOldReportWholeAndNothingBesideIt) {
  fs::create_directory(folder / "out");
  const std::string report = folder / "out/report.json", csv = folder / "out";
  const std::string run = program + " run " + scenario(small) + " --quiet --json " + report + " --csv " + csv;
  ASSERT_EQ(shell(run).code, 0);
  const auto before = files("out");
  ASSERT_EQ(before.size(), 4u) << "the report and three tables";
  ASSERT_GT(before.at("report.json").size(), 1024u);
  expect_failed(shell("ulimit -f 1; " + run + " --seed 2"), report, "File too large");
  EXPECT_EQ(files("out"), before);
  // Tables one by one: those that fit are new, the first that does not is as it was.
  const std::string tables = program + " run " + scenario(small) + " --quiet --csv " + csv + " --seed 2";
  ASSERT_LT(before.at("messages.csv").size(), 1024u);
  ASSERT_GT(before.at("deliveries.csv").size(), 2048u);
  expect_failed(shell("ulimit -f 4; " + tables), folder / "out/deliveries.csv", "File too large");
  auto after = files("out");
  EXPECT_NE(after["messages.csv"], before.at("messages.csv"));
  EXPECT_EQ(after["deliveries.csv"], before.at("deliveries.csv"));
  EXPECT_EQ(after.size(), before.size());
}

TEST_F(FullDisk, OfAFewKilobytes) {
  const std::string disk = folder / "disk";
  fs::create_directory(disk);
  const std::string mounted = "mount -t tmpfs -o size=8k none " + disk;
  if (shell("unshare -rm sh -c '" + mounted + "'").code != 0) GTEST_SKIP() << "no tmpfs of one's own here";
  const std::string report = disk + "/report.json";
  const std::string run = program + " run " + scenario(small) + " --quiet --json " + report;
  const Outcome outcome =
      shell("unshare -rm sh -c '" + mounted + " && echo old > " + report + " && head -c 4000 /dev/zero > " + disk +
            "/other; " + run + "; code=$?; ls " + disk + "; cat " + report + "; exit $code'");
  expect_failed(outcome, report, "No space left on device");
  EXPECT_TRUE(outcome.out.ends_with("other\nreport.json\nold\n")) << outcome.out;
}

TEST_F(FullDisk, OfADeviceOrAPipeIsSaidToo) {
  const std::string run = program + " run " + scenario(small);
  expect_failed(shell(run + " --quiet --json /dev/full"), "/dev/full", "No space left on device");
  EXPECT_TRUE(fs::is_character_file("/dev/full")) << "a device is not replaced";
  for (const std::string& command : std::vector<std::string>{
           run, run + " --quiet --json -", program + " check " + scenario(small), program + " schema"}) {
    const Outcome outcome = shell(command + " > /dev/full");
    EXPECT_EQ(outcome.code, 1) << command;
    EXPECT_NE(outcome.out.find("gossip-sim: standard output: No space left on device"), std::string::npos)
        << outcome.out;
  }
}

TEST_F(Cli, WhatIsNoPlainFileIsWrittenToAsItIs) {
  const std::string run = std::string(GOSSIP_SIM) + " run " + scenario(small) + " --quiet --json ";
  EXPECT_EQ(Json::parse(shell(run + "/dev/stdout | cat").out)["scenario"], "small");
  const std::string named_pipe = folder / "pipe";
  EXPECT_EQ(Json::parse(
                shell("mkfifo " + named_pipe + " && (" + run + named_pipe + " & cat " + named_pipe + ")").out)["seed"],
            1);
  std::ofstream(folder / "real.json") << "old";
  fs::create_symlink("real.json", folder / "link.json");
  EXPECT_EQ(shell(run + (folder / "link.json").string()).code, 0);
  EXPECT_TRUE(fs::is_symlink(folder / "link.json"));
  EXPECT_EQ(Json::parse(read(folder / "real.json"))["scenario"], "small");
}

TEST_F(Cli, WhoStopsReadingTheSummaryHasTheReportAllTheSame) {
  const std::string report = folder / "report.json";
  shell(std::string("(sleep 0.1; ") + GOSSIP_SIM + " run " + scenario(small) + " --json " + report + ") | true");
  EXPECT_EQ(Json::parse(read(report))["scenario"], "small");
}

TEST_F(Cli, AFolderThatCannotBeWrittenIsFoundBeforeTheRun) {
  std::ofstream(folder / "old.json") << "old";
  fs::create_directory(folder / "closed");
  fs::permissions(folder / "closed", fs::perms::none);
  fs::permissions(folder, fs::perms(0555));
  fs::permissions(folder / "old.json", fs::perms::all);
  // A superuser may write everywhere.
  const bool super = getuid() == 0;
  EXPECT_EQ(super ? setresuid(65534, 65534, 0) : 0, 0);
  EXPECT_THROW(check_writable(folder / "new.json"), InputError);
  EXPECT_THROW(check_writable(folder / "old.json"), InputError) << "the new one is written beside it";
  EXPECT_THROW(check_writable(folder / "closed/new.json"), InputError);
  EXPECT_THROW(make_folder(folder), InputError);
  EXPECT_THROW(make_folder(folder / "closed/new"), InputError);
  EXPECT_NO_THROW(check_writable("/dev/null"));
  EXPECT_EQ(super ? setresuid(0, 0, 0) : 0, 0);
  fs::permissions(folder, fs::perms::owner_all);
}

}  // namespace
}  // namespace gossip::sim::test
