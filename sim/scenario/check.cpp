#include <algorithm>
#include <set>

#include "core/config/text.hpp"
#include "core/peer.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/json_input.hpp"
#include "sim/scenario/reader.hpp"

/// Combinations that make no sense although each value does; the tables in keys.cpp have seen to the values.
namespace gossip::sim {
namespace {

class Checks {
 public:
  explicit Checks(const Scenario& scenario) : scenario_(scenario) {}

 protected:
  /// The path as it stands in the file.
  std::string spelt(const std::string& path) const {
    const auto older = scenario_.spelling.find(path);
    return older == scenario_.spelling.end() ? path : older->second;
  }
  void require(bool good, const std::string& path, const std::string& what) const {
    if (!good) throw InputError(json_where(scenario_.file, spelt(path)), what);
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
    Overlays::each([&]<class P>() {
      if constexpr (requires(typename P::Config config) { config.bootstrapper; }) {
        if (scenario_.overlay != P::name) return;
        below(index(scenario_.protocol.of<P>().bootstrapper), "/protocol/overlay/bootstrapper");
      }
    });
    for (std::size_t i = 0; i < scenario_.workload.size(); ++i) workload(i);
    for (std::size_t i = 0; i < scenario_.classes.size(); ++i) {
      all_below(scenario_.classes[i].peers, at("classes", i) + "/peers");
    }
    if (scenario_.churn) all_below(scenario_.churn->spared, "/churn/spared");
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
      std::visit([&](const auto& fault) { this->fault(fault, at("faults", i)); }, scenario_.faults[i]);
    }
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
  void fault(const Kill& kill, const std::string& path) const { all_below(kill.peers, path + "/kill"); }
  void fault(const Partition& partition, const std::string& path) const {
    all_below(partition.peers, path + "/partition");
    require(partition.peers.size() < peers_, path + "/partition", "names everybody, and so parts nobody");
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
    graph_file();
    std::visit([&](const auto& spec) { latency(spec); }, scenario_.links.latency);
    require(scenario_.links.transport == LinkSpec::Carrier::stream ||
                scenario_.links.retransmit_after == LinkSpec{}.retransmit_after,
            "/links/retransmit_after", "has no effect: only of a stream, /links/transport, is a packet sent again");
    protocol();
    validation();
    for (std::size_t i = 0; i < scenario_.workload.size(); ++i) workload(i);
    classes();
    if (scenario_.churn) churn(*scenario_.churn);
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
      std::visit([&](const auto& fault) { this->fault(fault, at("faults", i)); }, scenario_.faults[i]);
    }
    one_cut_at_a_time();
  }

 private:
  void overlay() const {
    const bool links = !std::holds_alternative<NoLinks>(scenario_.topology);
    const bool from_file = std::holds_alternative<GraphFile>(scenario_.topology);
    require(scenario_.peers > 0 || from_file, "", "misses \"peers\": how many, unless a topology file says so");
    const std::string name = "the " + scenario_.overlay + " overlay";
    if (scenario_.links_given()) {
      require(links, "", "misses \"topology\": " + name + " needs links; or choose another /protocol/overlay");
      require(scenario_.start_spread == 0, "/protocol/start_spread",
              "has no effect with " + name + ", whose links are there from the start; leave it out");
      return;
    }
    require(!links, "/topology", "has no effect: " + name + " finds its own neighbours; leave it out");
    if (scenario_.everyone_linked()) return everyone(name);
    require(scenario_.duration > 0, "",
            "misses \"duration\": with " + name + " there is always something to happen next");
  }

  void graph_file() const {
    const auto* file = std::get_if<GraphFile>(&scenario_.topology);
    if (file == nullptr) return;
    const bool column = file->format == GraphFile::Format::edge_list && file->latency.empty();
    const bool none = file->latency.empty() ? !column : file->latency == "none";
    const std::string what = "has no effect without a /topology/latency that it is of";
    require(!none || file->unit == GraphFile::Unit::in_value, "/topology/unit", what);
    require(!none || !file->round_trip, "/topology/measures", what);
  }

  void everyone(const std::string& name) const {
    require(!scenario_.churn, "/churn", name + " has nobody come or go; choose another /protocol/overlay");
    require(scenario_.faults.empty(), "/faults", name + " has nobody come or go; choose another /protocol/overlay");
    using Carrier = LinkSpec::Carrier;
    const Carrier carrier = scenario_.links.transport;
    require(carrier != Carrier::stream, "/links/transport", name + " keeps no connections; choose datagram");
    require(scenario_.links.jitter == 0 || carrier == Carrier::datagram, "/links/jitter",
            name + " keeps no connections whose frames have an order; choose datagram as /links/transport");
    require(scenario_.start_spread == 0, "/protocol/start_spread",
            "has no effect with " + name + ", where all are there from the start; leave it out");
  }

  void latency(const auto&) const {}
  void latency(const Uniform& spec) const {
    require(spec.min <= spec.max, "/links/latency/max",
            duration_text(spec.max) + " is below min (" + duration_text(spec.min) + ')');
  }

  /// What the chosen protocols say of their parameters.
  void protocol() const {
    const auto one_of = [&]<class All>(All, const std::string& name, const std::string& path) {
      All::each([&]<class P>() {
        if (name == P::name) relations<P>(path);
      });
    };
    one_of(Overlays{}, scenario_.overlay, "/protocol/overlay/");
    const auto ends = [&]<class All>(All, const std::string& name) {
      All::each([&]<class P>() {
        if constexpr (requires(typename P::Config config) { config.never_rests(); }) {
          if (name != P::name || scenario_.duration > 0) return;
          require(!scenario_.protocol.of<P>().never_rests(), "",
                  "misses \"duration\": with this " + name + " there is always something to happen next");
        }
      });
    };
    ends(Broadcasts{}, scenario_.broadcast);
    ends(Repairs{}, scenario_.repair);
    relations<Intake>("/protocol/broadcast/");
    relations<History>("/protocol/broadcast/");
    one_of(Broadcasts{}, scenario_.broadcast, "/protocol/broadcast/");
    one_of(Repairs{}, scenario_.repair, "/protocol/repair/");
  }
  template <class Part>
  void relations(const std::string& path) const {
    const auto& config = scenario_.protocol.of<Part>();
    const auto fail = [&](const Conflict& conflict) {
      const auto value = [&](std::string_view name) { return value_text<Part>(config, name); };
      std::string text = value(conflict.field).append(" ").append(conflict.problem).append(" ");
      text += spelt(path + std::string(conflict.other)) + " (" + value(conflict.other) + ')';
      if (!conflict.why.empty()) text.append(": ").append(conflict.why);
      require(false, path + std::string(conflict.field), text);
    };
    if constexpr (requires { config.each_conflict(fail); }) config.each_conflict(fail);
  }
  template <class Part>
  static std::string value_text(const typename Part::Config& config, std::string_view name) {
    const auto fields = Part::Config::fields();
    const auto field = std::ranges::find(fields, name, &Field::name);
    return text_of(*field, field->get(&config));
  }

  void validation() const {
    if (scenario_.validation) {
      const bool good = scenario_.validation->reject + scenario_.validation->silent <= 1;
      return require(good, "/protocol/broadcast/validation/silent", "and reject make more than 1 together");
    }
    for (const std::string name : {"relay", "cache_size", "validation_deadline", "on_silence"}) {
      const std::string value = value_text<Intake>(scenario_.protocol.of<Intake>(), name);
      require(value == value_text<Intake>({}, name), "/protocol/broadcast/" + name,
              '"' + value + "\" has no effect without validation");
    }
  }

  void in_time(Time time, const std::string& path) const {
    require(scenario_.duration == 0 || time < scenario_.duration, path,
            duration_text(time) + " is not before the end, /duration (" + duration_text(scenario_.duration) + ')');
  }

  void workload(std::size_t i) const {
    const Workload& entry = scenario_.workload[i];
    in_time(entry.at, at("workload", i) + "/at");
    const bool ends = entry.interval == 0 || (entry.count - 1) <= (longest_duration - entry.at) / entry.interval;
    require(ends, at("workload", i) + "/count", "lasts longer than a century at this interval");
    const Time last = entry.at + (entry.count - 1) * entry.interval;
    require(scenario_.duration == 0 || last < scenario_.duration, at("workload", i) + "/count",
            "puts the last message at " + duration_text(last) + ", not before the end, /duration (" +
                duration_text(scenario_.duration) + ')');
  }

  void classes() const {
    constexpr std::size_t most = 255;  // world/classes.hpp
    require(scenario_.classes.size() <= most, "/classes", "are more than " + std::to_string(most));
    double all = 0;
    std::set<std::uint32_t> peers;
    std::set<std::string> names;
    for (std::size_t i = 0; i < scenario_.classes.size(); ++i) {
      const ClassSpec& spec = scenario_.classes[i];
      const std::string path = at("classes", i);
      require(!spec.name.empty(), path + "/name", "is empty");
      require(names.insert(spec.name).second, path + "/name", '"' + spec.name + "\" is another class's name, too");
      all += spec.fraction;
      require(all <= 1 + 1e-9, path + "/peers", "makes the shares of all classes more than 1 together");
      for (const std::uint32_t peer : spec.peers) {
        require(peers.insert(peer).second, path + "/peers",
                "has peer " + std::to_string(peer) + ", which stands twice");
        require(spec.dialable || peer != index(scenario_.bootstrapper()), path + "/dialable",
                "peer " + std::to_string(peer) + " is the bootstrapper, which others dial");
      }
      require(spec.dialable || !scenario_.everyone_linked(), path + "/dialable",
              "has no effect with the everyone overlay, where nobody dials; leave it out");
    }
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

  void fault(const Kill& kill, const std::string& path) const {
    require(kill.fraction > 0 || !kill.peers.empty(), path, "says nothing; give kill or partition");
    in_time(kill.at, path + "/at");
    none_twice(kill.peers, path + "/kill");
  }
  void fault(const Partition& partition, const std::string& path) const {
    in_time(partition.at, path + "/at");
    none_twice(partition.peers, path + "/partition");
  }
  void none_twice(const std::vector<std::uint32_t>& peers, const std::string& path) const {
    std::set<std::uint32_t> once;
    for (const std::uint32_t peer : peers) {
      require(once.insert(peer).second, path, "names peer " + std::to_string(peer) + " twice");
    }
  }
  void one_cut_at_a_time() const {
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
      const auto* cut = std::get_if<Partition>(&scenario_.faults[i]);
      for (std::size_t k = 0; cut != nullptr && k < scenario_.faults.size(); ++k) {
        const auto* other = std::get_if<Partition>(&scenario_.faults[k]);
        if (other == nullptr || k == i || other->at > cut->at || (other->at == cut->at && k > i)) continue;
        require(other->lasts && *other->lasts <= cut->at - other->at, at("faults", i) + "/at",
                duration_text(cut->at) + " is before the end of another partition, " + at("faults", k));
      }
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
