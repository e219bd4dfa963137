#include "bench/truth/truth.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace gossip::bench::truth {
namespace {

constexpr auto demers = "Demers et al. 1987: n = 1,000, complete graph, cycles";
constexpr auto spread_how = "everybody who knows tells for ever; n / 8 runs of the larger";

constexpr Block all_blocks[] = {
    {1, "DemersTable1", "Rumors: push, feedback, counter k", demers, 1'000, 100, demers_push_feedback},
    {1, "DemersTable2", "Rumors: push, blind, coin k", demers, 1'000, 100, demers_push_blind},
    {1, "DemersTable3", "Rumors: pull, feedback, counter k", demers, 1'000, 60, demers_pull},
    {1, "DemersConnectionLimit", "Rumors: push, feedback, counter k, one call accepted a cycle, no hunting", demers,
     400, 20, demers_connection_limit},
    {2, "SpreadingInCycles", "Spreading on the complete graph, cycles", spread_how, 400, 40, synchronous_spreading},
    {2, "SpreadingWithPoissonClocks", "Spreading on the complete graph, rate-1 Poisson clocks", spread_how, 800, 80,
     asynchronous_spreading},
    {6, "Fanout", "Fixed fanout, infect and die",
     "n = 1,000, complete graph, distinct targets drawn anew for each message", 4'000, 400, fanout_reach},
    {7, "Ttl", "Flood with a ttl on random regular graphs", "all links equally slow; a new graph and origin each run",
     100, 20, ttl_flood},
    {10, "RelayNetwork", "Waku Relay on 1,000 nodes under Shadow",
     "6-regular flood, links 100 ms, upload 38 Mbit/s, 12 ms validation, 150 ms before publication", 10, 3,
     relay_network},
    {11, "FloodDuplicates", "Duplicates of a full flood on random regular graphs",
     "n = 1,000; latencies differ from link to link", 5, 3, flood_duplicates},
};

/// With the digits that a step of `least` needs.
std::string number(double value, double least) {
  std::array<char, 32> text;
  const bool tiny = value != 0 && std::abs(value) < 1e-3;
  const int digits = least >= 0.1 ? 2 : least >= 0.005 ? 3 : 4;
  if (tiny) {
    std::snprintf(text.data(), text.size(), "%.2e", value);
  } else {
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  }
  return text.data();
}

std::string ours_text(const Row& row) {
  const double step = std::max(row.ours.error(), 1e-4);
  return number(row.ours.mean(), step) + " ± " + number(row.ours.error(), std::min(step, 0.004));
}

}  // namespace

double Given::half_digit() const {
  const std::size_t exponent = text.find('e');
  const std::string digits = text.substr(0, exponent);
  const std::size_t point = digits.find('.');
  const int places = point == std::string::npos ? 0 : static_cast<int>(digits.size() - point - 1);
  const int power = exponent == std::string::npos ? 0 : std::stoi(text.substr(exponent + 1));
  return 0.5 * std::pow(10.0, power - places);
}

double Row::tolerance() const {
  const auto half = [](const Given& given) { return given.text.empty() ? 0 : given.half_digit(); };
  return 4 * std::max(ours.error(), least_error) + (slack < 0 ? std::max(half(paper), half(checked)) : slack);
}

bool Row::agrees_with(const Given& given) const {
  constexpr double rounding = 1e-12;
  return given.text.empty() || std::abs(ours.mean() - given.value()) <= tolerance() + rounding;
}

bool Row::holds() const { return kind == Kind::shown || agrees_with(checked.text.empty() ? paper : checked); }

const char* Row::verdict() const {
  if (kind == Kind::shown) return "shown";
  if (!holds()) return "MISSES";
  return agrees_with(paper) ? "holds" : "holds; paper differs";
}

std::string rounded(double value, int digits) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::span<const Block> blocks() { return all_blocks; }

std::string text_row(const Row& row) {
  std::array<char, 256> line;
  std::snprintf(line.data(), line.size(), "  %-44s %9s %9s %20s %9s  %s\n", row.what.c_str(), row.paper.text.c_str(),
                row.checked.text.c_str(), ours_text(row).c_str(),
                row.kind == Kind::shown ? "" : number(row.tolerance(), 1e-4).c_str(), row.verdict());
  return line.data();
}

std::string markdown(const Block& block, std::uint32_t runs, std::span<const Row> rows) {
  std::string text = "\n**" + std::to_string(block.number) + ". " + block.title + "** (" + block.how + "; " +
                     std::to_string(runs) +
                     " runs)\n\n| | published | checked | ours | tolerance | |\n|---|---|---|---|---|---|\n";
  for (const Row& row : rows) {
    text += "| " + row.what + " | " + row.paper.text + " | " + row.checked.text + " | " + ours_text(row) + " | " +
            (row.kind == Kind::shown ? "" : number(row.tolerance(), 1e-4)) + " | " + row.verdict() + " |\n";
  }
  return text;
}

Outcome simulate(const sim::Experiment& experiment, bool record_deliveries) {
  sim::EngineOptions options;
  options.record_deliveries = record_deliveries;
  sim::Engine engine(experiment, options);
  engine.run();
  Outcome outcome{engine.ledger(), 1};
  outcome.reached += outcome.ledger.messages.at(0).first_receipts;
  return outcome;
}

sim::Scenario on_complete_graph(std::uint32_t peers, std::uint64_t seed, Duration latency) {
  sim::Scenario scenario;
  scenario.file = "gossip-bench truth";
  scenario.seed = seed;
  scenario.peers = peers;
  scenario.overlay = Everyone::name;
  scenario.links.latency = sim::Constant{latency};
  scenario.links.min_latency = latency;
  sim::Workload message;
  message.from = sim::Workload::From::peers;
  message.peers = {0};
  scenario.workload = {message};
  return scenario;
}

}  // namespace gossip::bench::truth
