#include <algorithm>

#include "bench/truth/truth.hpp"

/// A measured relay network: block 10.
///
/// The model is what the source states and no more: 1,000 peers, each with six neighbours at random, that flood; every
/// link 100 ms; frames leave a peer one after the other at 38 Mbit/s; a peer passes a message on, and counts it as
/// received, 12 ms after it came; the first leaves 150 ms after the decision to publish. Download (83 Mbit/s, so never
/// the narrower one) and TCP's slow start are not in it.
namespace gossip::bench::truth {
namespace {

constexpr Duration validation = 12 * millisecond, proof = 150 * millisecond;

struct Receipts {
  Mean least, p5, p50, mean, p95, p99, most;  // ms from the decision
};

void add_run(std::uint32_t size, std::uint64_t seed, Receipts& receipts) {
  sim::Scenario scenario;
  scenario.file = "gossip-bench truth";
  scenario.seed = seed;
  scenario.peers = 1'000;
  scenario.topology = sim::RandomRegular{6};
  scenario.links.latency = sim::Constant{100 * millisecond};
  scenario.links.upload = 38'000'000;
  scenario.validation = sim::ValidationSpec{1, validation, 0, 0};
  scenario.protocol.of<Intake>().validation = true;
  sim::Workload messages;
  messages.count = 10;
  messages.interval = 100 * second;  // one is over before the next begins
  messages.size = size;
  scenario.workload = {messages};
  std::vector<double> ms;
  for (const sim::Delivery& delivery : simulate(sim::Experiment(scenario), true).ledger.deliveries) {
    if (delivery.from == no_peer) continue;
    const Time announced = index(delivery.message) * messages.interval;
    ms.push_back(static_cast<double>(delivery.time - announced + validation + proof) / millisecond);
  }
  std::ranges::sort(ms);
  const auto at = [&](double share) {
    return ms[static_cast<std::size_t>(share * static_cast<double>(ms.size() - 1))];
  };
  receipts.least.add(ms.front());
  receipts.p5.add(at(0.05));
  receipts.p50.add(at(0.5));
  for (const double one : ms) receipts.mean.add(one);
  receipts.p95.add(at(0.95));
  receipts.p99.add(at(0.99));
  receipts.most.add(ms.back());
}

}  // namespace

std::vector<Row> relay_network(std::uint32_t runs) {
  struct Published {
    const char* size;
    std::uint32_t bytes;
    const char *least, *p5, *p50, *mean, *p95, *p99, *most;
    const char* law;  // of the least: proof, a link, a validation, one frame's upload
  };
  constexpr Published table[] = {{"10 KB", 10'000, "263", "374", "518", "507.6", "627", "644", "673", "264.1"},
                                 {"100 KB", 100'000, "282", "591", "856", "924.7", "1805", "2162", "2643", "283.1"},
                                 {"500 KB", 500'000, "368", "1237", "1882", "2254.6", "6656", "7390", "8076", "367.3"}};
  std::vector<Row> rows;
  for (const Published& of : table) {
    Receipts receipts;
    for (std::uint32_t run = 0; run < runs; ++run) add_run(of.bytes, mix(of.bytes, run), receipts);
    const auto add = [&](const char* what, const char* published, const Mean& ours) {
      rows.push_back({std::string(of.size) + ": " + what + ", ms", Kind::shown, {published}, {}, ours});
    };
    rows.push_back({std::string(of.size) + ": min, ms", Kind::hard, {of.least}, {of.law}, receipts.least});
    add("p5", of.p5, receipts.p5);
    add("p50", of.p50, receipts.p50);
    add("mean", of.mean, receipts.mean);
    add("p95", of.p95, receipts.p95);
    add("p99", of.p99, receipts.p99);
    add("max", of.most, receipts.most);
  }
  return rows;
}

}  // namespace gossip::bench::truth
