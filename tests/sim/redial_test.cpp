#include <algorithm>
#include <numeric>
#include <set>

#include "sim/engine/engine.hpp"
#include "sim/report/report.hpp"
#include "world.hpp"

/// Peers that find each other: it comes to rest, whoever refuses whom, and it comes together again.
namespace gossip::sim::test {
namespace {

/// Who is whose neighbour when the run ends.
class Network {
 public:
  explicit Network(const Scenario& scenario) : experiment_(scenario), engine_(experiment_, {}) { engine_.run(); }

  std::vector<PeerId> neighbours(std::uint32_t peer) {
    const auto all = engine_.neighbours(PeerId{peer});
    return {all.begin(), all.end()};
  }
  bool up(std::uint32_t peer) const { return engine_.up(PeerId{peer}); }
  std::uint32_t peers() const { return experiment_.scenario.peers; }

  void expect_no_double_entries() {
    for (std::uint32_t i = 0; i < peers(); ++i) {
      const auto all = neighbours(i);
      const std::set<PeerId> once(all.begin(), all.end());
      EXPECT_EQ(once.size(), all.size());
      EXPECT_FALSE(once.contains(PeerId{i}));
    }
  }
  /// Of those that are up.
  std::uint32_t components() {
    std::vector<std::uint32_t> root(peers());
    std::iota(root.begin(), root.end(), 0);
    const auto find = [&](std::uint32_t i) {
      while (root[i] != i) i = root[i] = root[root[i]];
      return i;
    };
    for (std::uint32_t i = 0; i < peers(); ++i) {
      for (const PeerId other : neighbours(i)) {
        if (up(index(other))) root[find(i)] = find(index(other));
      }
    }
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < peers(); ++i) count += up(i) && find(i) == i;
    return count;
  }

 private:
  const Experiment experiment_;
  Engine engine_;
};

/// Dials that the rules allow a peer in `time`:
/// - `degree` to those who keep it, and in the beginning, when everybody seeks, as many to those who are full;
/// - one each `explore`;
/// - one after each pause in which it is below its degree: they double up to `retry_max`.
double dials_allowed(const SamplingConfig& config, Duration time) {
  const auto in = [&](Duration each) { return static_cast<double>(time) / static_cast<double>(each); };
  return 2.0 * config.degree + in(config.explore) + 6 + in(config.retry_max);
}

void expect_rest(const Scenario& scenario) {
  const SamplingConfig& config = scenario.protocol.of<Sampling>();
  const Result result = run_checked(scenario);
  std::uint32_t answering = 0;
  for (const std::uint32_t degree : result.degrees) {
    EXPECT_GE(degree, std::min(config.degree, result.peers - 1));
    EXPECT_LE(degree, config.places());
    answering += degree > config.most_links() + 1;
  }
  EXPECT_LE(answering, result.peers / 50);
  const double dials = static_cast<double>(result.sum.connections) / 2 / result.peers;
  EXPECT_LE(dials, dials_allowed(config, scenario.duration));
  // A connection is worth a PUSH or a PULL with its answer; a peer below its degree asks besides.
  EXPECT_LE(static_cast<double>(result.sum.control_messages) / result.peers,
            3 * dials_allowed(config, scenario.duration));
}

TEST(RedialStorm, TwoHundredPeersWithAllDefaultsComeToRest) { expect_rest(sampling(200, 30, 300 * second)); }
TEST(RedialStorm, AHundredPeersComeToRest) { expect_rest(sampling(100, 30, 300 * second)); }
TEST(RedialStorm, AlsoAtAMillisecond) {
  Scenario scenario = sampling(200, 30, 300 * second);
  scenario.links.latency = Constant{millisecond};
  expect_rest(scenario);
}

// Twelve peers of which each has exactly the room that it needs: two of them dialled 7,000 times a second.
TEST(RedialStorm, TwelvePeersWithRoomForFour) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Scenario scenario = sampling(12, 4, 120 * second);
    scenario.seed = seed;
    scenario.protocol.of<Sampling>().links = 4;
    Workload load;
    load.at = 60 * second;
    load.count = 500;
    load.interval = 100 * millisecond;
    scenario.workload = {load};
    const Result result = run_checked(scenario);
    const double dials = static_cast<double>(result.sum.connections) / 2 / 12 / 120;
    EXPECT_LE(dials, 1) << "a peer and second, seed " << seed;
    EXPECT_EQ(result.deliveries, 12u * 500) << "seed " << seed;
    for (const std::uint32_t degree : result.degrees) EXPECT_GE(degree, 1u);
  }
}

// As cases/churn-short-downtime: who is back before its neighbours noticed that it had gone.
TEST(ShortDowntime, LeavesNoConnectionTwice) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Scenario scenario = sampling(60, 10, 30 * second);
    scenario.seed = seed;
    scenario.protocol.of<Sampling>().transient_links = 0;
    scenario.churn = Churn{};
    scenario.churn->session = 5 * second;
    scenario.churn->downtime = 100 * millisecond;
    Network network(scenario);
    network.expect_no_double_entries();
  }
}

TEST(Churn, WithLossAlmostAllThatAreUpAreReached) {
  Scenario scenario = sampling(3'000, 8, 600 * second);
  scenario.links.loss = 0.01;
  scenario.churn = Churn{};
  scenario.churn->session = 600 * second;
  scenario.churn->downtime = 60 * second;
  Workload load;
  load.at = 180 * second;  // 3,000 that start at once need two minutes: the bootstrapper answers 16 at a time
  load.count = 80;
  load.interval = 5 * second;
  scenario.workload = {load};
  const Result result = run_checked(scenario);
  EXPECT_GE(report_json(Report{scenario, {}, result})["coverage_of_up"].get<double>(), 0.995);
  EXPECT_GT(result.departures, 2'000u);
}

TEST(Crash, HalfOfTwoHundredLeaveOneComponent) {
  for (const std::uint32_t degree : {4u, 30u}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      Scenario scenario = sampling(200, degree, 180 * second);
      scenario.seed = seed;
      scenario.faults = {Kill{120 * second, 0.5, {}, {}}};
      Network network(scenario);
      EXPECT_EQ(network.components(), 1u) << "degree " << degree << " seed " << seed;
      for (std::uint32_t i = 0; i < 200; ++i) {
        EXPECT_TRUE(!network.up(i) || network.neighbours(i).size() >= 2) << i;
      }
    }
  }
}

}  // namespace
}  // namespace gossip::sim::test
