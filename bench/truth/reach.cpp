#include "bench/truth/truth.hpp"

/// How far a message gets, and what it costs, where nobody repairs anything: blocks 6, 7 and 11.
namespace gossip::bench::truth {
namespace {

struct Reach {
  Mean share, everyone;
};

Reach fanout_runs(std::uint32_t peers, std::uint32_t fanout, std::uint32_t runs) {
  Reach reach;
  for (std::uint32_t run = 0; run < runs; ++run) {
    sim::Scenario scenario = on_complete_graph(peers, mix(fanout, run), 10 * millisecond);
    scenario.broadcast = Fanout::name;
    scenario.protocol.of<Fanout>().fanout = fanout;
    const Outcome outcome = simulate(sim::Experiment(scenario));
    reach.share.add(static_cast<double>(outcome.reached) / peers);
    reach.everyone.add(outcome.reached == peers);
  }
  return reach;
}

sim::Scenario on_regular_graph(std::uint32_t peers, std::uint32_t degree, std::uint64_t seed) {
  sim::Scenario scenario;
  scenario.file = "gossip-bench truth";
  scenario.seed = seed;
  scenario.peers = peers;
  scenario.topology = sim::RandomRegular{degree};
  scenario.workload = {sim::Workload{}};
  return scenario;
}

/// The share that is at most `hops` links away, were every path to lead to somebody at random.
double ttl_coverage(double peers, double degree, int hops) {
  const double paths = 1 + degree * (std::pow(degree - 1, hops) - 1) / (degree - 2);
  return 1 - std::pow(1 - 1 / peers, paths);
}

}  // namespace

std::vector<Row> fanout_reach(std::uint32_t runs) {
  struct Published {
    std::uint32_t fanout;
    const char *share, *everyone;  // of the peers; probability
  };
  constexpr Published table[] = {{2, ".7976", ""},     {3, ".9410", ""}, {4, ".9805", ""},     {5, ".9931", ""},
                                 {6, ".9975", ".084"}, {7, "", ".402"},  {8, ".9997", ".715"}, {10, "", ".956"}};
  std::vector<Row> rows;
  for (const auto& [fanout, share, everyone] : table) {
    const std::string k = "fanout " + std::to_string(fanout);
    const Reach reach = fanout_runs(1'000, fanout, runs);
    if (*share != 0) rows.push_back({k + ": share reached", Kind::hard, {}, {share}, reach.share});
    if (*everyone != 0) rows.push_back({k + ": P(everyone), e^(-e^(-c))", Kind::hard, {}, {everyone}, reach.everyone});
  }
  return rows;
}

std::vector<Row> ttl_flood(std::uint32_t runs) {
  struct Published {
    std::uint32_t peers, degree;
    std::uint8_t hops;
    const char* coverage;
  };
  constexpr Published table[] = {{1'000, 8, 2, ".063"},  {1'000, 8, 3, ".367"},  {1'000, 8, 4, ".959"},
                                 {10'000, 5, 5, ".157"}, {10'000, 5, 6, ".495"}, {10'000, 5, 7, ".935"}};
  std::vector<Row> rows;
  for (const auto& [peers, degree, hops, coverage] : table) {
    Mean reached;
    for (std::uint32_t run = 0; run < runs; ++run) {
      sim::Scenario scenario = on_regular_graph(peers, degree, mix(hops, run));
      scenario.links.latency = sim::Constant{10 * millisecond};
      scenario.workload[0].ttl = hops;
      reached.add(static_cast<double>(simulate(sim::Experiment(scenario)).reached) / peers);
    }
    const double law = ttl_coverage(peers, degree, hops);
    rows.push_back(
        {std::to_string(peers) + " peers, degree " + std::to_string(degree) + ", ttl " + std::to_string(hops),
         Kind::band,
         {coverage},
         {rounded(law, 4)},
         reached,
         0.015 * law});
  }
  return rows;
}

std::vector<Row> flood_duplicates(std::uint32_t runs) {
  constexpr std::uint32_t peers = 1'000;
  std::vector<Row> rows;
  for (const std::uint32_t degree : {4u, 8u, 16u}) {
    Mean duplicates;
    for (std::uint32_t run = 0; run < runs; ++run) {
      const Outcome outcome = simulate(sim::Experiment(on_regular_graph(peers, degree, mix(degree, run))));
      duplicates.add(static_cast<double>(outcome.ledger.messages[0].duplicates) / peers);
    }
    rows.push_back({"degree " + std::to_string(degree) + ": duplicates a peer, D - 2 + 2/n",
                    Kind::hard,
                    {},
                    {rounded(degree - 2 + 2.0 / peers, 3)},
                    duplicates,
                    0});
  }
  return rows;
}

}  // namespace gossip::bench::truth
