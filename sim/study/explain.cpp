#include "sim/study/explain.hpp"

#include <algorithm>
#include <ostream>
#include <tuple>
#include <unordered_map>

#include "core/config/units.hpp"
#include "sim/engine/engine.hpp"
#include "sim/report/words.hpp"
#include "sim/world/transport.hpp"

namespace gossip::sim {
namespace {

/// Of one message: who had it first, when and from whom.
class Spread {
 public:
  explicit Spread(std::vector<Delivery> deliveries) : deliveries_(std::move(deliveries)) {
    std::ranges::sort(deliveries_, [](const Delivery& a, const Delivery& b) {
      return std::tuple(a.time, a.hops, a.peer) < std::tuple(b.time, b.hops, b.peer);
    });
    for (std::size_t i = 0; i < deliveries_.size(); ++i) first_.emplace(index(deliveries_[i].peer), i);
  }

  /// From the origin on.
  std::vector<Delivery> path_to(PeerId peer) const {
    std::vector<Delivery> path;
    while (peer != no_peer && first_.contains(index(peer)) && path.size() <= first_.size()) {
      path.push_back(deliveries_[first_.at(index(peer))]);
      peer = path.back().from;
    }
    std::ranges::reverse(path);
    return path;
  }
  std::size_t times(PeerId peer) const {
    return static_cast<std::size_t>(std::ranges::count(deliveries_, peer, &Delivery::peer));
  }

 private:
  std::vector<Delivery> deliveries_;
  std::unordered_map<std::uint32_t, std::size_t> first_;  // the delivery of each peer
};

void explain_miss(Engine& engine, const Experiment& experiment, const Spread& spread, MessageRef message, PeerId peer,
                  const Ledger& ledger, Explanation& found) {
  const PlannedMessage& planned = experiment.plan.messages[index(message)];
  const auto statuses = engine.statuses(message);
  const std::uint8_t at_origin = planned.origin == no_peer ? 0 : statuses[index(planned.origin)];
  found.published = at_origin & delivered;
  found.why = at_origin & refused ? Miss::memory_full : Miss::not_published;
  if (!found.published) return;
  found.last_activity = ledger.messages[index(message)].last_activity;
  MissFinder finder(engine.peers());
  const auto neighbours = [&](PeerId of, bool also_down) { return engine.neighbours(of, also_down); };
  finder.find(statuses, experiment.timeline, planned.at, found.last_activity, neighbours);
  found.why = finder.reason(peer);
  if (experiment.scenario.everyone_linked() && found.why == Miss::not_connected) found.why = Miss::not_chosen;
  found.behind = finder.way_to(peer);
  found.stopped = spread.path_to(found.behind.front());
  for (const PeerId other : engine.neighbours(peer)) {
    ++found.neighbours;
    found.neighbours_with_it += (statuses[index(other)] & delivered) != 0;
  }
}

std::string ms(Time time) { return fixed_text(static_cast<double>(time) / 1e6, 3); }
std::string name(const Experiment& experiment, PeerId peer) { return "peer " + experiment.graph.names[peer]; }

void print_path(std::ostream& out, const Experiment& experiment, const std::vector<Delivery>& path) {
  std::vector<std::vector<std::string>> table{{"after ms", "peer", "from", "hop ms", "of that, the link's latency"}};
  const Time start = path.front().time;
  for (std::size_t i = 0; i < path.size(); ++i) {
    auto& row =
        table.emplace_back(std::vector<std::string>{ms(path[i].time - start), experiment.graph.names[path[i].peer]});
    if (i == 0) row.insert(row.end(), {"-", "", ""});
    if (i == 0) continue;
    row.push_back(experiment.graph.names[path[i].from]);
    row.push_back(ms(path[i].time - path[i - 1].time));
    row.push_back(
        ms(link_latency(experiment.graph, experiment.latency, experiment.scenario.links, path[i].from, path[i].peer)));
  }
  print_table(out, table);
}

void print_sessions(std::ostream& out, const Experiment& experiment, PeerId peer, Time from, Time to) {
  out << "The message was under way from " << duration_text(from) << " to " << duration_text(to) << ". " << name(experiment, peer)
      << " was up";
  bool any = false;
  for (const Session& session : experiment.timeline.sessions(peer)) {
    if (session.down <= from || session.up > to) continue;
    out << (any ? ", and" : "") << " from " << (session.up < 0 ? "the start" : duration_text(session.up)) << " to "
        << (session.down == never ? "the end" : duration_text(session.down));
    any = true;
  }
  out << (any ? ".\n" : " at no time of that.\n");
}

void print_miss(std::ostream& out, const Experiment& experiment, MessageRef message, PeerId peer,
                const Explanation& found) {
  const PlannedMessage& planned = experiment.plan.messages[index(message)];
  const Named& why = miss_names[static_cast<std::size_t>(found.why)];
  out << "Message " << index(message) << " never came to " << name(experiment, peer) << ". Reason: " << why.name << " (" << why.help
      << ").\n";
  if (!found.published) {
    out << "It was to be announced at " << duration_text(planned.at)
        << (planned.origin == no_peer ? ", and nobody was up to do it.\n" : " by " + name(experiment, planned.origin) + ".\n");
    return;
  }
  if (found.why == Miss::down) print_sessions(out, experiment, found.behind.front(), planned.at, found.last_activity);
  if (found.behind.size() > 1) {
    out << "It stopped " << found.behind.size() - 1 << " links before, going by the neighbours at the end: ";
    for (const PeerId on : found.behind) out << (on == found.behind.front() ? "" : " → ") << name(experiment, on);
    out << ".\n";
  }
  if (!found.stopped.empty()) {
    out << "How it came to where it stopped, " << name(experiment, found.behind.front()) << ":\n";
    print_path(out, experiment, found.stopped);
  }
  out << name(experiment, peer) << " has " << found.neighbours << " neighbours at the end, " << found.neighbours_with_it
      << " of which have the message.\n";
}

}  // namespace

std::optional<Explanation> explain(const Experiment& experiment, MessageRef message, PeerId peer,
                                   const EngineOptions& given) {
  EngineOptions options = given;
  options.record_deliveries = true;
  options.record_first = index(message);
  options.record_every = 0xffff'ffff;
  Engine engine(experiment, options);
  engine.run();
  if (engine.interrupted()) return std::nullopt;
  Ledger ledger = engine.ledger();
  const Spread spread(std::move(ledger.deliveries));
  Explanation found;
  found.path = spread.path_to(peer);
  if (found.path.empty()) {
    explain_miss(engine, experiment, spread, message, peer, ledger, found);
  } else {
    found.published = true;
    found.again = spread.times(peer) - 1;
  }
  return found;
}

void print_explanation(std::ostream& out, const Experiment& experiment, MessageRef message, PeerId peer,
                       const Explanation& found) {
  if (found.path.empty()) return print_miss(out, experiment, message, peer, found);
  const Delivery &first = found.path.front(), &last = found.path.back();
  out << "Message " << index(message) << " came to " << name(experiment, peer) << ' ' << ms(last.time - first.time) << " ms after "
      << name(experiment, first.peer) << " announced it at " << duration_text(first.time) << ", over " << found.path.size() - 1
      << " links:\n";
  print_path(out, experiment, found.path);
  if (found.again > 0) out << "It came again " << found.again << " times, when the peer had forgotten it.\n";
}

}  // namespace gossip::sim
