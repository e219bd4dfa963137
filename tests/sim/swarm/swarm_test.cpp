#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

#include "compare.hpp"
#include "random_scenario.hpp"
#include "sim/scenario/input_error.hpp"

/// Random scenarios, each run by the naive simulator, which looks for what must never be, and twice by the engine: on
/// one thread, and as the seed says. All must come to the same.
///
///   GOSSIP_SWARM_SEED=17 build/release/bin/swarm_tests        one scenario, with what it is
///   GOSSIP_SWARM_MINUTES=60 build/release/bin/swarm_tests     as many as there is time for (./dev swarm 60)
namespace gossip::sim::swarm {
namespace {

#ifdef GOSSIP_SANITIZED
constexpr std::uint64_t seeds_a_shard = 12;
#else
constexpr std::uint64_t seeds_a_shard = 80;
#endif
constexpr std::uint64_t shards = 8;
constexpr std::uint64_t most_events = 100'000;  // more, and a scenario is left out
constexpr unsigned most_seconds = 120;          // for one scenario: it hangs

/// What is to be typed to see it again: also said when the process dies.
std::array<char, 128> replay{};
void say_replay(int signal) {
  if (write(STDERR_FILENO, replay.data(), std::strlen(replay.data())) < 0) _exit(2);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}
void announce(std::uint64_t seed) {
  std::snprintf(replay.data(), replay.size(), "\nGOSSIP_SWARM_SEED=%llu build/release/bin/swarm_tests\n",
                static_cast<unsigned long long>(seed));
  for (const int fatal : {SIGABRT, SIGSEGV, SIGALRM}) std::signal(fatal, say_replay);
  alarm(most_seconds);
}

/// The files of one process's scenarios.
class Folder {
 public:
  Folder() : path_(testing::TempDir() + "gossip-swarm-" + std::to_string(getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

enum class Verdict { fine, wrong, left_out };

Verdict judge(std::uint64_t seed, const Draw& drawn, const std::vector<std::string>& problems) {
  if (problems.empty()) return Verdict::fine;
  std::string text = "seed " + std::to_string(seed) + ": " + describe(drawn);
  for (const std::string& problem : problems) text += "\n  " + problem;
  ADD_FAILURE() << text << replay.data();
  return Verdict::wrong;
}

Verdict run_seed(std::uint64_t seed, const std::string& folder) {
  announce(seed);
  const Draw drawn = draw(seed, folder);
  std::optional<Experiment> made;
  try {
    made.emplace(drawn.scenario);
  } catch (const InputError&) {
    return Verdict::left_out;  // what only the data shows, as a frame that takes longer than peers remember
  }
  const naive::Outcome outcome = naive::Simulator(*made, most_events).run();
  if (!outcome.problems.empty()) return judge(seed, drawn, outcome.problems);
  if (outcome.too_long) return Verdict::left_out;
  EngineOptions plain;
  plain.record_deliveries = true;
  Engine engine(*made, plain), other(*made, drawn.options);
  engine.run();
  other.run();
  std::vector<std::string> problems = differences(engine, outcome);
  const Result result = result_of(engine, *made);
  for (const auto& more : {unbalanced(result, outcome), differences(result_of(other, *made), result)}) {
    problems.insert(problems.end(), more.begin(), more.end());
  }
  return judge(seed, drawn, problems);
}

class Swarm : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Swarm, IsAsTheNaiveSimulatorHasIt) {
  if (std::getenv("GOSSIP_SWARM_SEED") != nullptr || std::getenv("GOSSIP_SWARM_MINUTES") != nullptr) GTEST_SKIP();
  const Folder folder;
  std::uint64_t done = 0;
  for (std::uint64_t i = 0; i < seeds_a_shard; ++i) {
    done += run_seed(GetParam() * seeds_a_shard + i, folder.path()) != Verdict::left_out;
  }
  alarm(0);
  EXPECT_GE(done, seeds_a_shard * 8 / 10) << "too many scenarios are too long";
}

INSTANTIATE_TEST_SUITE_P(Seeds, Swarm, testing::Range<std::uint64_t>(0, shards));

TEST(SwarmReplay, OneSeed) {
  const char* seed = std::getenv("GOSSIP_SWARM_SEED");
  if (seed == nullptr) GTEST_SKIP() << "GOSSIP_SWARM_SEED says which";
  const Folder folder;
  const std::uint64_t number = std::strtoull(seed, nullptr, 10);
  std::cout << describe(draw(number, folder.path())) << std::endl;
  EXPECT_NE(run_seed(number, folder.path()), Verdict::left_out) << "it is too long, or is refused";
}

TEST(SwarmWithoutEnd, UntilTheTimeIsUp) {
  const char* minutes = std::getenv("GOSSIP_SWARM_MINUTES");
  if (minutes == nullptr) GTEST_SKIP() << "GOSSIP_SWARM_MINUTES says how long";
  const Folder folder;
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::duration<double, std::ratio<60>>(std::atof(minutes));
  const char* from = std::getenv("GOSSIP_SWARM_FROM");
  const std::uint64_t first = from != nullptr ? std::strtoull(from, nullptr, 10) : std::random_device{}();
  std::uint64_t seed = first, left_out = 0;
  for (; std::chrono::steady_clock::now() < until; ++seed)
    left_out += run_seed(seed, folder.path()) == Verdict::left_out;
  std::cout << seed - first << " scenarios from seed " << first << " on, " << left_out << " of them left out"
            << std::endl;
}

}  // namespace
}  // namespace gossip::sim::swarm
