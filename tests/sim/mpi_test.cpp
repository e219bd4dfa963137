#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

/// The program as `mpirun` starts it, with more processes than there are processors.
namespace gossip::sim {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Outcome {
  int code;
  std::string out, err;
};

class Mpi : public testing::Test {
 protected:
  void SetUp() override {
    if (!GOSSIP_MPI || std::system("command -v mpirun > /dev/null") != 0) GTEST_SKIP() << "MPI is not installed";
    folder = fs::path(testing::TempDir()) / ("gossip-mpi-" + std::to_string(getpid()));
    fs::create_directories(folder);
  }
  void TearDown() override {
    if (!folder.empty()) fs::remove_all(folder);
  }

  /// `program`: run by each rank. Leaks are Open MPI's own.
  Outcome mpirun(int ranks, const std::string& program) {
    const std::string errors = (folder / "errors").string();
    const std::string command =
        "ASAN_OPTIONS=detect_leaks=0 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe "
        "-n " +
        std::to_string(ranks) + " " + program + " 2> " + errors;
    FILE* pipe = popen(command.c_str(), "r");
    std::string out;
    for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) out.push_back(static_cast<char>(c));
    const int status = pclose(pipe);
    std::stringstream err;
    err << std::ifstream(errors).rdbuf();
    return {WEXITSTATUS(status), out, err.str()};
  }

  fs::path folder;
  const std::string sim = GOSSIP_SIM;
  const std::string quickstart = std::string(GOSSIP_SOURCE_DIR) + "/scenarios/quickstart.json";
};

TEST_F(Mpi, ReportsAreThoseOfOneProcess) {
  const auto report = [&](int ranks, const std::string& threads) {
    const Outcome outcome = mpirun(ranks, sim + " run " + quickstart + " --quiet --json - --csv " +
                                              (folder / std::to_string(ranks)).string() + " --threads " + threads);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    Json json = Json::parse(outcome.out);
    for (const char* of_the_machine : {"wall_seconds", "events_per_second", "peak_rss_bytes", "bytes_per_peer"}) {
      json.erase(of_the_machine);
    }
    return json;
  };
  const auto file = [&](int ranks, const char* name) {
    std::stringstream text;
    text << std::ifstream(folder / std::to_string(ranks) / name).rdbuf();
    return text.str();
  };
  const Json one = report(1, "1");
  EXPECT_GT(one.at("deliveries"), 1'000);
  for (const int ranks : {2, 4}) {
    EXPECT_EQ(report(ranks, "2"), one) << ranks << " ranks";
    for (const char* name : {"deliveries.csv", "messages.csv", "coverage.csv"}) {
      EXPECT_EQ(file(ranks, name), file(1, name)) << ranks << " ranks: " << name;
    }
  }
}

TEST_F(Mpi, AnErrorOfAllIsSaidOnce) {
  const Outcome outcome = mpirun(3, sim + " run " + (folder / "nothing.json").string());
  EXPECT_EQ(outcome.code, 2);
  const std::string words = "nothing.json: cannot be opened";
  const std::size_t first = outcome.err.find(words);
  ASSERT_NE(first, std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find(words, first + 1), std::string::npos) << outcome.err;
}

TEST_F(Mpi, AnErrorOfOneEndsTheJobAndNamesTheRank) {
  const fs::path script = folder / "other.sh";
  const auto with = [&](const std::string& arguments_of_one) {
    std::ofstream(script) << "if [ \"$OMPI_COMM_WORLD_RANK\" = 1 ]; then exec " << sim << " run " << arguments_of_one
                          << "; fi\nexec " << sim << " run " << quickstart << " --quiet\n";
    return mpirun(2, "sh " + script.string());
  };
  const Outcome missing = with("nothing.json");
  EXPECT_EQ(missing.code, 2);
  EXPECT_NE(missing.err.find("rank 1: nothing.json: cannot be opened"), std::string::npos) << missing.err;
  const Outcome other = with(quickstart + " --quiet --seed 77");
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("rank 1: runs another scenario than rank 0"), std::string::npos) << other.err;
}

TEST_F(Mpi, ARankThatDiesEndsTheJob) {
  const fs::path script = folder / "dies.sh";
  // Weeks of simulated time: it can only end by the death.
  std::ofstream(folder / "endless.json") << R"({"peers": 500, "duration": "2000h",
    "protocol": {"overlay": {"type": "sampling", "bootstrapper": 0, "degree": 8}},
    "churn": {"session": "10min", "downtime": "1min"}, "workload": [{"at": "1s"}]})";
  std::ofstream(script) << "if [ \"$OMPI_COMM_WORLD_RANK\" = 1 ]; then (sleep 1; kill -9 $$) & fi\nexec " << sim
                        << " run " << (folder / "endless.json").string() << " --quiet\n";
  const Outcome outcome = mpirun(2, "sh " + script.string());
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("rank 1"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace gossip::sim
