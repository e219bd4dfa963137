#include <algorithm>
#include <cmath>

#include "bench/convergence/convergence.hpp"
#include "sim/engine/engine.hpp"

namespace gossip::bench::convergence {
namespace {

sim::Scenario one_message(std::uint32_t peers) {
  sim::Scenario scenario;
  scenario.file = "gossip-bench convergence";
  scenario.peers = peers;
  scenario.links.latency = sim::Uniform{10 * millisecond, 100 * millisecond};
  scenario.protocol.of<Intake>().seen_ttl = 3'600 * second;
  scenario.workload = {sim::Workload{}};
  return scenario;
}

sim::Scenario flood(std::uint32_t peers) {
  sim::Scenario scenario = one_message(peers);
  scenario.topology = sim::RandomOut{4};
  return scenario;
}

sim::Scenario fanout(std::uint32_t peers) {
  sim::Scenario scenario = one_message(peers);
  scenario.overlay = Everyone::name;
  scenario.broadcast = Fanout::name;
  scenario.protocol.of<Fanout>().fanout = static_cast<std::uint32_t>(std::ceil(std::log(peers) + 4));
  return scenario;
}

constexpr Duration round_time = second;

template <RumorMode mode, RumorInterest interest, std::uint32_t k>
sim::Scenario rumor(std::uint32_t peers) {
  sim::Scenario scenario = one_message(peers);
  scenario.overlay = Everyone::name;
  scenario.broadcast = Rumor::name;
  scenario.protocol.of<Rumor>() = {
      .mode = mode, .interest = interest, .k = k, .round = round_time, .clock = RumorClock::synchronous, .rumors = 1};
  // Twice what the slowest law says: who asks would never stop.
  scenario.duration = static_cast<Time>(4 * std::log2(peers) + 10) * round_time;
  return scenario;
}

double push_law(double n) { return std::log2(n) + std::log(n) + 1.15; }
double pull_law(double n) { return std::log2(n) + std::log2(std::log(n)) + 1; }
double push_pull_law(double n) { return std::log(n) / std::log(3.0) + std::log2(std::log(n)); }

constexpr std::uint32_t many = 1'000'000, fewer = 100'000, for_ever = 65'535;

constexpr Setup all_setups[] = {
    {"flood", "every link of a random graph, mean degree 8", "ms", millisecond, true, many, "", nullptr, flood},
    {"fanout", "infect and die, everybody a neighbour, k = ln n + 4", "ms", millisecond, true, many, "", nullptr,
     fanout},
    {"push", "everybody who knows tells one other a cycle, for ever", "cycles", round_time, false, fewer,
     "log2 n + ln n + 1.15", push_law, rumor<RumorMode::push, RumorInterest::blind, for_ever>},
    {"pull", "everybody asks one other a cycle, for ever", "cycles", round_time, false, fewer, "log2 n + log2 ln n + 1",
     pull_law, rumor<RumorMode::pull, RumorInterest::blind, for_ever>},
    {"push_pull", "both, for ever", "cycles", round_time, false, fewer, "log3 n + log2 ln n", push_pull_law,
     rumor<RumorMode::push_pull, RumorInterest::blind, for_ever>},
    {"rumor", "push until four in a row knew it (Demers, Table 1)", "cycles", round_time, true, many, "", nullptr,
     rumor<RumorMode::push, RumorInterest::feedback, 4>},
};

/// 97.5% quantiles of Student's t, by degrees of freedom; beyond the table the normal one is near.
constexpr double student[] = {0,     12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                              2.201, 2.179,  2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086};

struct Samples {
  std::array<std::vector<double>, shares.size()> times;
  std::vector<double> reached, frames, payload, rmr;
};

void add_run(const Setup& setup, const sim::Experiment& experiment, Samples& samples) {
  sim::EngineOptions options;
  options.record_deliveries = true;
  sim::Engine engine(experiment, options);
  engine.run();
  const sim::Ledger ledger = engine.ledger();
  const double peers = experiment.scenario.peers;
  const Time announced = experiment.plan.messages[0].at;
  std::vector<Time> receipts;
  receipts.reserve(ledger.deliveries.size());
  for (const sim::Delivery& delivery : ledger.deliveries) receipts.push_back(delivery.time - announced);
  std::ranges::sort(receipts);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const auto needed = static_cast<std::size_t>(std::ceil(shares[i] * peers));
    if (receipts.size() < needed) continue;
    const Time time = receipts[needed - 1];
    const bool cycles = setup.unit_time == round_time;
    samples.times[i].push_back(cycles ? static_cast<double>(time / round_time)
                                      : static_cast<double>(time) / static_cast<double>(setup.unit_time));
  }
  const auto payload = static_cast<double>(ledger.messages[0].frames);
  const auto reached = static_cast<double>(receipts.size());
  samples.reached.push_back(reached / peers);
  if (!setup.ends) return;
  samples.payload.push_back(payload / peers);
  samples.frames.push_back((payload + static_cast<double>(ledger.control_messages)) / peers);
  if (reached > 1) samples.rmr.push_back(payload / (reached - 1) - 1);
}

/// Least squares; nothing of fewer than three points, which say nothing of a line.
class Line {
 public:
  void add(double x, double y) { n_ += 1, x_ += x, y_ += y, xx_ += x * x, xy_ += x * y, yy_ += y * y; }
  std::optional<Growth> fit() const {
    if (n_ < 3) return std::nullopt;
    const double across = n_ * xx_ - x_ * x_, along = n_ * yy_ - y_ * y_, both = n_ * xy_ - x_ * y_;
    if (across <= 0) return std::nullopt;  // one size only
    const double slope = both / across;
    return Growth{slope, (y_ - slope * x_) / n_, along <= 0 ? 1 : both * both / (across * along)};
  }

 private:
  double n_ = 0, x_ = 0, y_ = 0, xx_ = 0, xy_ = 0, yy_ = 0;
};

}  // namespace

std::span<const Setup> setups() { return all_setups; }

Estimate estimate(std::span<const double> values) {
  Estimate result;
  result.count = static_cast<std::uint32_t>(values.size());
  if (values.empty()) return result;
  for (const double value : values) result.mean += value / static_cast<double>(values.size());
  if (values.size() < 2) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  const std::size_t freedom = values.size() - 1;
  const double t = freedom < std::size(student) ? student[freedom] : 1.96 + 2.4 / static_cast<double>(freedom);
  result.half_width = t * std::sqrt(squares / static_cast<double>(freedom) / static_cast<double>(values.size()));
  return result;
}

Point measure(const Setup& setup, std::uint32_t peers, std::uint32_t seeds, double loss) {
  Samples samples;
  for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
    sim::Scenario scenario = setup.make(peers);
    scenario.seed = seed;
    scenario.links.loss = loss;
    add_run(setup, sim::Experiment(scenario), samples);
  }
  Point point{peers,
              seeds,
              {},
              estimate(samples.reached),
              estimate(samples.frames),
              estimate(samples.payload),
              estimate(samples.rmr)};
  for (std::size_t i = 0; i < shares.size(); ++i) point.times[i] = estimate(samples.times[i]);
  return point;
}

std::optional<Growth> growth(std::span<const Point> points, std::size_t share) {
  Line line;
  for (const Point& point : points) {
    if (point.times[share].count > 0) line.add(std::log2(point.peers), point.times[share].mean);
  }
  return line.fit();
}

std::optional<Growth> growth_of_law(const Setup& setup, std::span<const Point> points) {
  if (setup.law_at == nullptr) return std::nullopt;
  Line line;
  for (const Point& point : points) line.add(std::log2(point.peers), setup.law_at(point.peers));
  return line.fit();
}

}  // namespace gossip::bench::convergence
