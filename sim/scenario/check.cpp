#include <set>

#include "sim/scenario/input_error.hpp"
#include "sim/scenario/json_input.hpp"
#include "sim/scenario/reader.hpp"
#include "core/config/units.hpp"

/// Combinations that make no sense although each value does; the schema has seen to the values.
namespace gossip::sim {
namespace {

/// A classic frame has 65,535 bytes: 4 of its own and 8 of the announce in it.
constexpr std::uint32_t largest_data = 65'535 - 4 - 8;

class Checks {
 public:
  explicit Checks(const Scenario& scenario) : scenario_(scenario) {}

 protected:
  void require(bool good, const std::string& path, const std::string& what) const {
    if (!good) throw InputError(json_where(scenario_.file, path), what);
  }
  const Scenario& scenario_;
};

std::string at(const std::string& list, std::size_t i) { return '/' + list + '/' + std::to_string(i); }

/// Checks against the number of peers.
class PeerChecks : Checks {
 public:
  PeerChecks(const Scenario& scenario, std::uint32_t peers)
      : Checks(scenario), peers_(peers), count_("/peers (" + std::to_string(peers) + ")") {}

  void run() const {
    std::visit([&](const auto& spec) { topology(spec); }, scenario_.topology);
    if (scenario_.overlay == OverlayKind::sampling) {
      below(index(scenario_.protocol.sampling.bootstrapper), "/protocol/overlay/bootstrapper");
    }
    for (std::size_t i = 0; i < scenario_.workload.size(); ++i) workload(i);
    if (scenario_.churn) all_below(scenario_.churn->spared, "/churn/spared");
    for (std::size_t i = 0; i < scenario_.kills.size(); ++i)
      all_below(scenario_.kills[i].peers, at("faults", i) + "/kill");
  }

 private:
  void below(std::uint32_t value, const std::string& path) const {
    require(value < peers_, path, std::to_string(value) + " is not below " + count_ + "; peers are counted from 0");
  }
  void all_below(const std::vector<std::uint32_t>& values, const std::string& path) const {
    for (std::size_t i = 0; i < values.size(); ++i) below(values[i], path + '/' + std::to_string(i));
  }
  void workload(std::size_t i) const {
    const Workload& entry = scenario_.workload[i];
    const std::string path = at("workload", i) + "/from";
    if (entry.peers.size() == 1) return below(entry.peers[0], path);
    all_below(entry.peers, path);
  }

  void topology(const auto&) const {}
  void topology(const Grid& grid) const {
    if (grid.width == 0) return;
    require(peers_ % grid.width == 0, "/topology/width",
            std::to_string(grid.width) + " does not divide " + count_ + "; a grid is a full rectangle");
  }
  void topology(const RandomRegular& spec) const {
    const std::string value = std::to_string(spec.degree);
    require(spec.degree < peers_, "/topology/degree", value + " is not below " + count_);
    require(std::uint64_t{spec.degree} * peers_ % 2 == 0, "/topology/degree",
            value + " times " + count_ + " is odd, so the link ends do not pair up; make one of them even");
  }
  void topology(const RandomOut& spec) const {
    require(spec.links < peers_, "/topology/links", std::to_string(spec.links) + " is not below " + count_);
  }
  void topology(const ErdosRenyi&) const { require(peers_ > 1, "/peers", "1 is too few for a random graph"); }
  void topology(const SmallWorld& spec) const {
    const std::string value = std::to_string(spec.neighbours);
    require(spec.neighbours % 2 == 0, "/topology/neighbours", value + " is odd; half of them are on each side");
    require(std::uint64_t{spec.neighbours} + 2 <= peers_, "/topology/neighbours",
            value + " leaves nobody to rewire to; it must be at least 2 below " + count_);
  }
  void topology(const ScaleFree&) const { require(peers_ > 1, "/peers", "1 is too few for a random graph"); }

  std::uint32_t peers_;
  std::string count_;
};

/// Checks that do not depend on the number of peers.
class PlainChecks : Checks {
 public:
  using Checks::Checks;

  void run() const {
    overlay();
    std::visit([&](const auto& spec) { latency(spec); }, scenario_.links.latency);
    require(scenario_.links.min_latency > 0, "/links/min_latency",
            "is zero, but the simulator needs a shortest latency to advance by; \"1us\" is fine");
    bounded(scenario_.links.jitter, "/links/jitter");
    broadcast();
    for (std::size_t i = 0; i < scenario_.workload.size(); ++i) workload(i);
    if (scenario_.churn) churn(*scenario_.churn);
    for (std::size_t i = 0; i < scenario_.kills.size(); ++i) kill(i);
  }

 private:
  bool sampling() const { return scenario_.overlay == OverlayKind::sampling; }
  bool from_file() const { return std::holds_alternative<GraphFile>(scenario_.topology); }

  /// Keeps sums of latencies far from overflow.
  void bounded(Duration value, const std::string& path) const {
    require(value <= 3'600 * second, path, duration_text(value) + " is above an hour, the most allowed for a link");
  }
  void ordered(std::uint64_t low, std::uint64_t high, const std::string& low_name, const std::string& high_name) const {
    const std::string path = "/protocol/overlay/";
    require(low <= high, path + low_name,
            std::to_string(low) + " is above " + path + high_name + " (" + std::to_string(high) + ')');
  }

  void overlay() const {
    const bool links = !std::holds_alternative<NoLinks>(scenario_.topology);
    require(scenario_.peers > 0 || from_file(), "", "misses \"peers\": how many, unless a topology file says so");
    if (!sampling()) {
      require(links, "", "misses \"topology\": the fixed overlay needs links; or choose another /protocol/overlay");
      require(scenario_.start_spread == 0, "/protocol/start_spread",
              "has no effect with the fixed overlay, whose links are there from the start; leave it out");
      return;
    }
    require(!links, "/topology", "has no effect: the sampling overlay finds its own neighbours; leave it out");
    require(scenario_.duration > 0, "",
            "misses \"duration\": with the sampling overlay there is always something to happen next");
    const SamplingConfig& config = scenario_.protocol.sampling;
    ordered(config.degree, config.max_connections, "degree", "max_connections");
    ordered(config.degree, config.peer_list, "degree", "peer_list");
    require(config.max_connections + config.transient_connections <= 65'535, "/protocol/overlay/transient_connections",
            "makes more than 65535 connections together with max_connections");
    require(config.retry_min > 0, "/protocol/overlay/retry_min", "is zero, so a lonely peer would ask without a pause");
    require(config.retry_min <= config.retry_max, "/protocol/overlay/retry_min",
            duration_text(config.retry_min) + " is above retry_max (" + duration_text(config.retry_max) + ')');
  }

  void latency(const auto&) const {}
  void latency(const Constant& spec) const { bounded(spec.value, "/links/latency/value"); }
  void latency(const Uniform& spec) const {
    require(spec.min <= spec.max, "/links/latency/max",
            duration_text(spec.max) + " is below min (" + duration_text(spec.min) + ')');
    bounded(spec.max, "/links/latency/max");
  }
  void latency(const Normal& spec) const {
    bounded(spec.mean, "/links/latency/mean");
    bounded(spec.deviation, "/links/latency/deviation");
  }
  void latency(const LogNormal& spec) const {
    require(spec.median > 0, "/links/latency/median", "is zero, and so would every latency be");
    bounded(spec.median, "/links/latency/median");
  }

  void broadcast() const {
    const std::string path = "/protocol/broadcast/";
    const FloodConfig& flood = scenario_.protocol.flood;
    require(flood.seen_ttl > 0, path + "seen_ttl", "is zero, so that nothing would ever count as seen");
    if (!scenario_.validation) {
      require(flood.relay == Relay::all, path + "relay",
              "\"subscribed\" has no effect without validation, whose subscribers it means");
      return;
    }
    const ValidationSpec& spec = *scenario_.validation;
    require(spec.reject + spec.silent <= 1, path + "validation/silent", "and reject make more than 1 together");
    require(flood.validation_deadline > 0, path + "validation/deadline", "is zero, so that no verdict comes in time");
    require(flood.validation_deadline <= flood.seen_ttl, path + "validation/deadline",
            duration_text(flood.validation_deadline) + " is above " + path + "seen_ttl (" + duration_text(flood.seen_ttl) +
                "): what waits must not be forgotten");
  }

  void in_time(Time time, const std::string& path) const {
    require(scenario_.duration == 0 || time < scenario_.duration, path,
            duration_text(time) + " is not before the end, /duration (" + duration_text(scenario_.duration) + ')');
  }

  void workload(std::size_t i) const {
    const Workload& entry = scenario_.workload[i];
    in_time(entry.at, at("workload", i) + "/at");
    require(
        entry.size <= largest_data, at("workload", i) + "/size",
        std::to_string(entry.size) + " bytes are more than a frame carries (" + std::to_string(largest_data) + "B)");
    const bool ends = entry.interval == 0 || (entry.count - 1) <= (longest_duration - entry.at) / entry.interval;
    require(ends, at("workload", i) + "/count", "lasts longer than a century at this interval");
    const Time last = entry.at + (entry.count - 1) * entry.interval;
    require(scenario_.duration == 0 || last < scenario_.duration, at("workload", i) + "/count",
            "puts the last message at " + duration_text(last) + ", not before the end, /duration (" +
                duration_text(scenario_.duration) + ')');
  }

  void churn(const Churn& churn) const {
    const bool model = churn.session > 0 || churn.downtime > 0;
    require(model || !churn.trace.empty(), "/churn", "says nothing; give session and downtime, or a trace");
    require(!model || churn.trace.empty(), "/churn/trace", "stands beside session or downtime; choose one of them");
    require(!model || churn.session > 0, "/churn", "misses \"session\": the mean time up");
    require(!model || churn.downtime > 0, "/churn", "misses \"downtime\": the mean time down");
    require(!model || scenario_.duration > 0, "", "misses \"duration\": /churn never ends by itself");
    in_time(churn.start, "/churn/after");
  }

  void kill(std::size_t i) const {
    const Kill& kill = scenario_.kills[i];
    in_time(kill.at, at("faults", i) + "/at");
    std::set<std::uint32_t> once;
    for (const std::uint32_t peer : kill.peers) {
      require(once.insert(peer).second, at("faults", i) + "/kill", "names peer " + std::to_string(peer) + " twice");
    }
  }
};

}  // namespace

void check_peers(const Scenario& scenario, std::uint32_t peers) { PeerChecks(scenario, peers).run(); }

void check_scenario(const Scenario& scenario) {
  PlainChecks(scenario).run();
  if (scenario.peers > 0) check_peers(scenario, scenario.peers);
}

}  // namespace gossip::sim
