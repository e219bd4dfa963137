#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "bench/truth/truth.hpp"

/// Rumors on the complete graph: blocks 1 and 2. A cycle is a round of synchronous clocks, in which all messages of the
/// cycle arrive: a tenth of it is one latency.
namespace gossip::bench::truth {
namespace {

constexpr Duration cycle = 10 * millisecond, latency = cycle / 10;

RumorConfig synchronous(RumorMode mode, RumorInterest interest, RumorRemoval removal, std::uint32_t k) {
  return {
      .mode = mode, .interest = interest, .removal = removal, .k = k, .round = cycle, .clock = RumorClock::synchronous};
}

sim::Scenario with_rumors(std::uint32_t peers, std::uint64_t seed, const RumorConfig& config, Duration link) {
  sim::Scenario scenario = on_complete_graph(peers, seed, link);
  scenario.broadcast = Rumor::name;
  scenario.protocol.of<Rumor>() = config;
  scenario.protocol.of<Rumor>().rumors = 1;
  scenario.protocol.of<Intake>().seen_ttl = 3'600 * second;
  return scenario;
}

// ---- Demers et al. 1987, Tables 1 to 3

constexpr std::uint32_t demers_peers = 1'000;
constexpr Time longest_epidemic = 80 * cycle;  // a pull never ends; what is hot has long been dead then

struct Epidemic {
  Mean residue, traffic, average, published_average, last;
};

/// The published average counts, of the deliveries in one cycle to one peer that did not know, each: run again until
/// the end of each cycle, the messages less the answers "I knew" are the useful ones so far.
double published_average(const sim::Scenario& scenario, Time last, std::uint64_t reached) {
  double sum = 0, before = 0;
  for (Time number = 1; number <= last / cycle; ++number) {
    sim::Scenario cut = scenario;
    cut.duration = (number + 1) * cycle - 1;
    const sim::Ledger ledger = simulate(sim::Experiment(cut)).ledger;
    const auto useful = static_cast<double>(ledger.messages[0].frames - ledger.control_messages);
    sum += static_cast<double>(number) * (useful - before);
    before = useful;
  }
  return sum / static_cast<double>(reached - 1);
}

void add_epidemic(Epidemic& epidemic, const sim::Scenario& scenario, bool cut) {
  const Outcome outcome = simulate(sim::Experiment(scenario), true);
  const sim::MessageTally& tally = outcome.ledger.messages[0];
  if (scenario.duration > 0 && tally.last_activity > scenario.duration - 5 * cycle) {
    throw std::runtime_error("an epidemic was still under way when time ran out");
  }
  epidemic.residue.add(1 - static_cast<double>(outcome.reached) / scenario.peers);
  epidemic.traffic.add(static_cast<double>(tally.frames) / scenario.peers);
  if (outcome.reached < 2) return;
  epidemic.last.add(static_cast<double>(tally.last_delivery / cycle));
  double sum = 0;
  for (const sim::Delivery& delivery : outcome.ledger.deliveries) {
    if (delivery.from != no_peer) sum += static_cast<double>(delivery.time / cycle);
  }
  epidemic.average.add(sum / static_cast<double>(outcome.reached - 1));
  if (cut) epidemic.published_average.add(published_average(scenario, tally.last_delivery, outcome.reached));
}

struct Demers {
  std::uint32_t k;
  Given residue, residue_checked, traffic, traffic_checked, last, last_checked, average, first_receipt;
  double residue_slack = -1;
};

Epidemic epidemics(const RumorConfig& config, std::uint32_t runs, std::uint32_t cut_runs) {
  Epidemic epidemic;
  const auto table = static_cast<std::uint64_t>(config.mode) << 32 | static_cast<std::uint64_t>(config.interest) << 16;
  for (std::uint32_t run = 0; run < runs; ++run) {
    sim::Scenario scenario = with_rumors(demers_peers, mix(table | config.k, run), config, latency);
    if (config.mode != RumorMode::push) scenario.duration = longest_epidemic;
    add_epidemic(epidemic, scenario, run < cut_runs);
  }
  return epidemic;
}

void add_rows(std::vector<Row>& rows, bool pushes, const Demers& published, const Epidemic& ours, std::uint32_t runs) {
  const std::string k = "k = " + std::to_string(published.k);
  const double rare = std::sqrt(published.residue_checked.value() / demers_peers / runs);
  rows.push_back({k + ": residue s", Kind::hard, published.residue, published.residue_checked, ours.residue,
                  published.residue_slack, rare});
  rows.push_back({k + ": traffic m", Kind::hard, published.traffic, published.traffic_checked, ours.traffic});
  rows.push_back({k + ": last delivery", Kind::hard, published.last, published.last_checked, ours.last});
  if (pushes) {
    const double law = std::exp(-ours.traffic.mean());
    rows.push_back({k + ": residue, law e^(-m)", Kind::band, {}, {rounded(law, 5)}, ours.residue, 0.01 * law, rare});
  }
  if (published.average.text.empty()) return;
  rows.push_back({k + ": mean delivery, as published", Kind::hard, published.average, {}, ours.published_average});
  rows.push_back({k + ": mean first receipt", Kind::hard, {}, published.first_receipt, ours.average});
}

}  // namespace

std::vector<Row> demers_push_feedback(std::uint32_t runs) {
  const Demers table[] = {
      {1, {".18"}, {".174"}, {"1.7"}, {"1.746"}, {"16.8"}, {"16.77"}, {"11.0"}, {"9.78"}, 0.01},
      {2, {".037"}, {".0369"}, {"3.3"}, {"3.299"}, {"16.9"}, {"16.97"}, {"12.1"}, {"9.95"}},
      {3, {".011"}, {".0108"}, {"4.5"}, {"4.533"}, {"17.4"}, {"17.31"}, {"12.5"}, {"10.02"}},
      {4, {".0036"}, {".0035"}, {"5.6"}, {"5.637"}, {"17.5"}, {"17.57"}, {"12.7"}, {"10.05"}},
      {5, {".0012"}, {".00125"}, {"6.7"}, {"6.682"}, {"17.7"}, {"17.73"}, {"12.8"}, {"10.05"}},
  };
  std::vector<Row> rows;
  for (const Demers& published : table) {
    const auto config = synchronous(RumorMode::push, RumorInterest::feedback, RumorRemoval::counter, published.k);
    add_rows(rows, true, published, epidemics(config, runs, std::max(runs / 10, 8u)), runs);
  }
  return rows;
}

std::vector<Row> demers_push_blind(std::uint32_t runs) {
  const Demers table[] = {
      {1, {".96"}, {".959"}, {".04"}, {".041"}, {"38"}, {"39.6"}, {}, {}},
      {2, {".20"}, {".205"}, {"1.6"}, {"1.590"}, {"33"}, {"32.7"}, {}, {}},
      {3, {".060"}, {".0604"}, {"2.8"}, {"2.817"}, {"32"}, {"31.5"}, {}, {}},
      {4, {".021"}, {".0201"}, {"3.9"}, {"3.921"}, {"32"}, {"32.2"}, {}, {}},
      {5, {".008"}, {".0070"}, {"4.9"}, {"4.968"}, {"32"}, {"32.4"}, {}, {}},
  };
  std::vector<Row> rows;
  for (const Demers& published : table) {
    const auto config = synchronous(RumorMode::push, RumorInterest::blind, RumorRemoval::coin, published.k);
    add_rows(rows, true, published, epidemics(config, runs, 0), runs);
  }
  return rows;
}

std::vector<Row> demers_pull(std::uint32_t runs) {
  const Demers table[] = {
      {1, {"3.1e-2"}, {"3.16e-2"}, {"2.7"}, {"2.699"}, {"17.6"}, {"17.57"}, {}, {}},
      {2, {"5.8e-4"}, {"5.78e-4"}, {"4.5"}, {"4.487"}, {"15.4"}, {"15.23"}, {}, {}},
      {3, {"4.0e-6"}, {"3.8e-6"}, {"6.1"}, {"6.087"}, {"14.0"}, {"13.97"}, {}, {}},
  };
  std::vector<Row> rows;
  for (const Demers& published : table) {
    const auto config = synchronous(RumorMode::pull, RumorInterest::feedback, RumorRemoval::counter, published.k);
    add_rows(rows, false, published, epidemics(config, runs, 0), runs);
  }
  return rows;
}

/// A peer that several call in a cycle hears one of them. With i callers a peer, a cycle costs 1 − e^(−i) messages a peer
/// and leaves the share e^(−i) of those that do not know: so −ln s / m is above 1, which it is without the limit, and
/// below 1 / (1 − 1/e), which it would be if all called all the time (§1.4 has that one).
std::vector<Row> demers_connection_limit(std::uint32_t runs) {
  const double most = 1 / (1 - std::exp(-1.0)), middle = (1 + most) / 2;
  std::vector<Row> rows;
  for (std::uint32_t k = 1; k <= 4; ++k) {
    RumorConfig config = synchronous(RumorMode::push, RumorInterest::feedback, RumorRemoval::counter, k);
    config.connections = 1;
    const Epidemic ours = epidemics(config, runs, 0);
    Mean worth;
    worth.add(-std::log(ours.residue.mean()) / ours.traffic.mean());
    const std::string name = "k = " + std::to_string(k);
    rows.push_back(
        {name + ": -ln s / m, between 1 and 1.58", Kind::band, {}, {rounded(middle, 3)}, worth, most - middle});
    rows.push_back({name + ": residue s", Kind::shown, {}, {}, ours.residue});
    rows.push_back({name + ": traffic m", Kind::shown, {}, {}, ours.traffic});
  }
  return rows;
}

// ---- spreading

namespace {

constexpr std::uint32_t for_ever = 65'535;

/// When the last peer has the message, in rounds. `expected`: where to begin; a run that needs longer is run again.
double rounds_to_all(std::uint32_t peers, std::uint64_t seed, const RumorConfig& config, Duration link,
                     double expected) {
  sim::Scenario scenario = with_rumors(peers, seed, config, link);
  for (double rounds = expected + 4;; rounds *= 2) {
    scenario.duration = static_cast<Time>(rounds) * config.round;
    const Outcome outcome = simulate(sim::Experiment(scenario));
    if (outcome.reached < peers) continue;
    const Time last = outcome.ledger.messages[0].last_delivery;
    if (config.clock == RumorClock::synchronous) return static_cast<double>(last / config.round);
    return static_cast<double>(last) / static_cast<double>(config.round);
  }
}

struct Spreading {
  RumorMode mode;
  std::uint32_t peers;
  const char* rounds;
};

Mean spreading(const Spreading& what, RumorConfig config, Duration link, std::uint32_t runs) {
  Mean mean;
  const double expected = Given{what.rounds}.value();
  config.mode = what.mode;
  for (std::uint32_t run = 0; run < runs; ++run) {
    const std::uint64_t use = static_cast<std::uint64_t>(what.mode) << 32 | what.peers;
    mean.add(rounds_to_all(what.peers, mix(use, run), config, link, expected));
  }
  return mean;
}

std::string name_of(const Spreading& what) {
  return std::string(rumor_mode_names[static_cast<std::size_t>(what.mode)]) + ", " + std::to_string(what.peers) +
         " peers";
}

}  // namespace

std::vector<Row> synchronous_spreading(std::uint32_t runs) {
  constexpr Spreading table[] = {{RumorMode::push, 1'024, "18.08"},     {RumorMode::push, 16'384, "24.91"},
                                 {RumorMode::pull, 1'024, "13.81"},     {RumorMode::pull, 16'384, "18.26"},
                                 {RumorMode::push_pull, 1'024, "9.17"}, {RumorMode::push_pull, 16'384, "12.12"}};
  const auto config = synchronous(RumorMode::push, RumorInterest::blind, RumorRemoval::counter, for_ever);
  std::vector<Row> rows;
  for (const Spreading& what : table) {
    const std::uint32_t large = std::max(runs / 8, 2u);
    const Mean mean = spreading(what, config, latency, what.peers > 10'000 ? large : runs);
    const double n = what.peers, loglog = std::log2(std::log(n));
    const double law = what.mode == RumorMode::push   ? std::log2(n) + std::log(n) + 1.15
                       : what.mode == RumorMode::pull ? std::log2(n) + loglog + 1.0
                                                      : std::log(n) / std::log(3.0) + loglog;
    rows.push_back({name_of(what) + ": cycles to all", Kind::band, {}, {what.rounds}, mean, 0.15});
    rows.push_back({name_of(what) + ": law", Kind::shown, {rounded(law, 2)}, {}, mean});
  }
  return rows;
}

std::vector<Row> asynchronous_spreading(std::uint32_t runs) {
  constexpr Spreading table[] = {{RumorMode::push, 1'000, "14.954"},
                                 {RumorMode::push_pull, 1'000, "7.477"},
                                 {RumorMode::push, 10'000, "19.573"},
                                 {RumorMode::push_pull, 10'000, "9.787"}};
  RumorConfig config = synchronous(RumorMode::push, RumorInterest::blind, RumorRemoval::counter, for_ever);
  config.clock = RumorClock::poisson;
  config.round = second;
  constexpr Duration nearly_at_once = microsecond;
  std::vector<Row> rows;
  for (const Spreading& what : table) {
    const std::uint32_t large = std::max(runs / 8, 2u);
    const Mean mean = spreading(what, config, nearly_at_once, what.peers >= 10'000 ? large : runs);
    rows.push_back({name_of(what) + ": mean rounds to all, exact", Kind::hard, {}, {what.rounds}, mean});
  }
  return rows;
}

}  // namespace gossip::bench::truth
