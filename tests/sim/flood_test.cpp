#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <cmath>
#include <fstream>
#include <set>

#include "world.hpp"

/// The simulated flood against arithmetic and against Dijkstra.
namespace gossip::sim::test {
namespace {

struct Network {
  const char* name;
  std::uint32_t peers;
  TopologySpec topology;
  LatencySpec latency;
};

void PrintTo(const Network& network, std::ostream* out) { *out << network.name; }

class FloodOver : public testing::TestWithParam<Network> {};

std::uint64_t degrees_of_component(const Graph& graph, std::uint32_t origin, std::uint64_t& size) {
  std::vector<bool> seen(graph.peers());
  std::vector<std::uint32_t> queue{origin};
  seen[origin] = true;
  std::uint64_t degrees = 0;
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (std::uint64_t i = graph.offsets[queue[next]]; i < graph.offsets[queue[next] + 1]; ++i) {
      ++degrees;
      const std::uint32_t neighbour = index(graph.targets[i]);
      if (!seen[neighbour]) queue.push_back(neighbour);
      seen[neighbour] = true;
    }
  }
  size = queue.size();
  return degrees;
}

TEST_P(FloodOver, CostsAllDegreesButOneFrameForEachReached) {
  Scenario scenario = fixed(GetParam().peers, GetParam().topology, GetParam().latency);
  scenario.workload = {announce(0, 3), announce(second, 5)};
  const Experiment experiment(scenario);
  const Graph& graph = experiment.graph;
  const Result result = run(experiment);
  check_books(result);
  for (const MessageResult& message : result.messages) {
    std::uint64_t size = 0;
    const std::uint64_t degrees = degrees_of_component(graph, index(message.origin), size);
    EXPECT_EQ(message.deliveries, size);
    EXPECT_EQ(message.frames, degrees - (size - 1));
    EXPECT_EQ(message.misses.counts[static_cast<std::size_t>(Miss::not_connected)], experiment.scenario.peers - size);
  }
}

TEST_P(FloodOver, ReachesEachPeerAtTheTimeOfTheShortestPath) {
  Scenario scenario = fixed(GetParam().peers, GetParam().topology, GetParam().latency);
  const Time announced = 1'234'567;
  scenario.workload = {announce(announced, 3)};
  const Experiment experiment(scenario);
  const Graph& graph = experiment.graph;
  EngineOptions options;
  options.record_deliveries = true;
  const Result result = run(experiment, options);

  const LatencyModel latency(scenario.links, scenario.seed, "test");
  using Weighted = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property,
                                         boost::property<boost::edge_weight_t, Duration>>;
  Weighted weighted(graph.peers());
  for (std::uint32_t peer = 0; peer < graph.peers(); ++peer) {
    for (std::uint64_t i = graph.offsets[peer]; i < graph.offsets[peer + 1]; ++i) {
      const Duration given = graph.latency.empty() ? -1 : graph.latency[i];
      const Duration link =
          given < 0 ? latency.between(PeerId{peer}, graph.targets[i]) : std::max(given, scenario.links.min_latency);
      boost::add_edge(peer, index(graph.targets[i]), link, weighted);
    }
  }
  std::vector<Duration> shortest(graph.peers());
  boost::dijkstra_shortest_paths(weighted, 3, boost::distance_map(shortest.data()));

  std::set<PeerId> reached;
  for (const Delivery& delivery : result.sum.deliveries) {
    EXPECT_EQ(delivery.time - announced, shortest[index(delivery.peer)]);
    EXPECT_TRUE(reached.insert(delivery.peer).second) << "delivered twice";
  }
  const auto reachable =
      std::ranges::count_if(shortest, [](Duration d) { return d < std::numeric_limits<Duration>::max(); });
  EXPECT_EQ(reached.size(), static_cast<std::size_t>(reachable));
}

const std::string zoo = std::string(GOSSIP_SOURCE_DIR) + "/scenarios/data/";

INSTANTIATE_TEST_SUITE_P(
    Networks, FloodOver,
    testing::Values(Network{"complete", 60, Complete{}, Uniform{millisecond, second}},
                    Network{"ring", 700, Ring{}, Constant{5 * millisecond}},
                    Network{"grid", 900, Grid{30, true}, Uniform{millisecond, 2 * millisecond}},
                    Network{"star", 300, Star{}, Normal{50 * millisecond, 20 * millisecond}},
                    Network{"regular", 2000, RandomRegular{6}, LogNormal{40 * millisecond, 0.8}},
                    Network{"random_out", 3000, RandomOut{4}, Uniform{10 * millisecond, 100 * millisecond}},
                    Network{"erdos_renyi", 2000, ErdosRenyi{0.002}, Uniform{10 * millisecond, 11 * millisecond}},
                    Network{"small_world", 1000, SmallWorld{6, 0.1}, Uniform{10 * millisecond, 100 * millisecond}},
                    Network{"scale_free", 2000, ScaleFree{2.2, 1000}, Uniform{10 * millisecond, 100 * millisecond}},
                    Network{"gnutella", 0, GraphFile{GraphFile::Format::edge_list, zoo + "p2p-Gnutella08.txt"},
                            Matrix{zoo + "planetlab-rtt-ms.txt", true}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(FloodWithLatenciesOfTheFile, ReachesEachPeerAtTheTimeOfTheShortestPath) {
  const std::string path = testing::TempDir() + "/latencies.txt";
  std::ofstream(path)
      << "# a triangle whose long side is slower than the other two\n0 1 10\n1 2 2.5\n0 2 20.000001\n2 3\n";
  Scenario scenario = fixed(0, GraphFile{GraphFile::Format::edge_list, path}, Constant{7 * millisecond});
  scenario.workload = {announce(0, 0)};
  const Experiment experiment(scenario);
  EngineOptions options;
  options.record_deliveries = true;
  const Result result = run(experiment, options);
  std::vector<Time> times(4);
  for (const Delivery& delivery : result.sum.deliveries) times[index(delivery.peer)] = delivery.time;
  EXPECT_EQ(times, (std::vector<Time>{0, 10 * millisecond, 12'500'000, 19'500'000}));
}

// docs/truth.md. A band of 1.5% of the peers, over 40 origins.
struct TtlCase {
  std::uint32_t peers, degree;
  std::uint8_t ttl;
};
void PrintTo(const TtlCase& c, std::ostream* out) {
  *out << c.peers << " peers, degree " << c.degree << ", ttl " << int{c.ttl};
}
class TtlCoverage : public testing::TestWithParam<TtlCase> {};

TEST_P(TtlCoverage, IsThatOfARandomRegularGraph) {
  const auto [peers, degree, ttl] = GetParam();
  Scenario scenario = fixed(peers, RandomRegular{degree}, Constant{10 * millisecond});
  Workload load;
  load.count = 40;
  load.interval = 10 * second;
  load.ttl = ttl;
  scenario.workload = {load};
  const Result result = run_checked(scenario);
  double coverage = 0;
  for (const MessageResult& message : result.messages) coverage += static_cast<double>(message.deliveries);
  coverage /= static_cast<double>(peers) * 40;
  const double d = degree;
  const double within = 1 + d * (std::pow(d - 1, ttl) - 1) / (d - 2);
  const double expected = 1 - std::pow(1 - 1.0 / peers, within);
  EXPECT_NEAR(coverage, expected, 0.015);
  EXPECT_EQ(misses(result, Miss::ttl), sum(result.misses));
}

INSTANTIATE_TEST_SUITE_P(Published, TtlCoverage,
                         testing::Values(TtlCase{1000, 8, 2}, TtlCase{1000, 8, 3}, TtlCase{1000, 8, 4},
                                         TtlCase{10'000, 5, 5}, TtlCase{10'000, 5, 6}, TtlCase{10'000, 5, 7}));

TEST(Loss, IsBinomial) {
  Scenario scenario = fixed(2000, RandomRegular{8});
  scenario.links.loss = 0.05;
  Workload load;
  load.count = 20;
  load.interval = second;
  scenario.workload = {load};
  const Result result = run_checked(scenario);
  const double frames = static_cast<double>(result.payload_messages);
  const double expected = 0.05 * frames;
  EXPECT_NEAR(static_cast<double>(drops(result, TransportDrop::lost)), expected, 4 * std::sqrt(expected * 0.95));
  EXPECT_EQ(misses(result, Miss::lost), sum(result.misses));
}

TEST(Jitter, KeepsTheOrderOfALinkAndDelaysByLessThanItself) {
  Scenario scenario = fixed(2, Complete{}, Constant{10 * millisecond});
  scenario.links.jitter = 5 * millisecond;
  Workload load = announce(0, 0);
  load.count = 500;
  load.interval = 100 * microsecond;
  scenario.workload = {load};
  EngineOptions options;
  options.record_deliveries = true;
  Result result = run_checked(scenario, options);
  std::erase_if(result.sum.deliveries, [](const Delivery& delivery) { return delivery.peer == PeerId{0}; });
  ASSERT_EQ(result.sum.deliveries.size(), 500u);
  Time last = 0;
  std::set<Duration> delays;
  for (std::uint32_t i = 0; i < 500; ++i) {
    const Delivery& delivery = result.sum.deliveries[i];
    EXPECT_EQ(index(delivery.message), i);
    EXPECT_GE(delivery.time, last);
    last = delivery.time;
    delays.insert(delivery.time - i * load.interval);
  }
  EXPECT_GE(*delays.begin(), 10 * millisecond);
  EXPECT_LT(*delays.rbegin(), 15 * millisecond);
  EXPECT_GT(*delays.rbegin() - *delays.begin(), millisecond);
}

}  // namespace
}  // namespace gossip::sim::test
