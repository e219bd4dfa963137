#include "sim/report/pictures.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace gossip::sim {
namespace {

constexpr std::size_t points = 100;                                                       // of a curve
constexpr std::uint64_t most_messages = 2'000;                                            // in the bands
constexpr std::uint64_t most_recorded = 4'000'000;                                        // deliveries, of 24 bytes
constexpr std::uint32_t most_drawn_whole = 600, most_drawn = 900, drawn_at_random = 150;  // peers
constexpr std::size_t most_links_drawn = 3'000;
constexpr std::size_t most_marks = 200;

std::uint32_t recorded_every(const Experiment& experiment) {
  const std::uint64_t messages = experiment.plan.messages.size(), peers = experiment.scenario.peers;
  const std::uint64_t every =
      std::max((messages + most_messages - 1) / most_messages, messages * peers / most_recorded + 1);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(every, 1, 0xffff'ffff));
}

/// To a microsecond: what is drawn needs no more digits.
double ms(Time time) { return std::round(static_cast<double>(time) / 1e3) / 1e3; }
double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : std::round(1e5 * static_cast<double>(part) / static_cast<double>(whole)) / 1e5;
}

/// The first delivery of one message to each peer that has it, in order of time; the origin's comes first.
struct MessageSpread {
  std::uint32_t message;
  Time at;
  std::vector<Delivery> deliveries;

  Time last() const { return deliveries.back().time - at; }
  std::size_t within(Duration time) const {
    const auto end = std::ranges::upper_bound(deliveries, at + time, {}, &Delivery::time);
    return static_cast<std::size_t>(end - deliveries.begin());
  }
};

std::vector<MessageSpread> spreads_of(std::vector<Delivery> all, const Experiment& experiment) {
  std::ranges::sort(all, [](const Delivery& a, const Delivery& b) {
    return std::tuple(a.message, a.time, a.hops, a.peer) < std::tuple(b.message, b.time, b.hops, b.peer);
  });
  const std::uint32_t every = recorded_every(experiment);
  std::vector<MessageSpread> spreads;
  std::vector<std::uint32_t> seen(experiment.scenario.peers);  // the number of the last spread that has the peer
  for (const Delivery& delivery : all) {
    const std::uint32_t message = index(delivery.message);
    if (message % every != 0) continue;
    if (spreads.empty() || spreads.back().message != message) {
      spreads.push_back({message, experiment.plan.messages[message].at, {}});
    }
    std::uint32_t& last = seen[index(delivery.peer)];
    if (last == spreads.size()) continue;
    last = static_cast<std::uint32_t>(spreads.size());
    spreads.back().deliveries.push_back(delivery);
  }
  return spreads;
}

OrderedJson coverage_bands(const std::vector<MessageSpread>& spreads, std::uint32_t peers) {
  Time longest = 0;
  for (const MessageSpread& spread : spreads) longest = std::max(longest, spread.last());
  constexpr std::pair<const char*, double> bands[] = {
      {"p5", 0.05}, {"p25", 0.25}, {"p50", 0.5}, {"p75", 0.75}, {"p95", 0.95}};
  OrderedJson json{{"messages", spreads.size()}, {"ms", OrderedJson::array()}};
  for (const auto& [name, fraction] : bands) json[name] = OrderedJson::array();
  for (std::size_t i = 0; i <= points && !spreads.empty(); ++i) {
    const Time time = longest * static_cast<Time>(i) / static_cast<Time>(points);
    std::vector<std::size_t> reached;
    for (const MessageSpread& spread : spreads) reached.push_back(spread.within(time));
    std::ranges::sort(reached);
    json["ms"].push_back(ms(time));
    for (const auto& [name, fraction] : bands) {
      const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(reached.size()))) - 1;
      json[name].push_back(share(reached[rank], peers));
    }
  }
  return json;
}

OrderedJson latency_curve(const Histogram& latency) {
  OrderedJson json{{"share", OrderedJson::array()}, {"ms", OrderedJson::array()}};
  for (std::size_t i = 0; i <= points && latency.count() > 0; ++i) {
    const double fraction = static_cast<double>(i) / static_cast<double>(points);
    json["share"].push_back(fraction);
    json["ms"].push_back(ms(static_cast<Time>(latency.percentile(fraction))));
  }
  return json;
}

template <class Get>
OrderedJson distribution(std::span<const PeerCounts> counts, Get get) {
  constexpr std::uint64_t most_cells = 40;
  std::uint64_t least = ~std::uint64_t{0}, most = 0, sum = 0;
  for (const PeerCounts& peer : counts) {
    least = std::min<std::uint64_t>(least, get(peer));
    most = std::max<std::uint64_t>(most, get(peer));
    sum += get(peer);
  }
  const std::uint64_t width = (most - least) / most_cells + 1;
  std::vector<std::uint64_t> cells((most - least) / width + 1);
  for (const PeerCounts& peer : counts) ++cells[(get(peer) - least) / width];
  return {{"from", least},
          {"width", width},
          {"counts", cells},
          {"mean", static_cast<double>(sum) / static_cast<double>(counts.size())},
          {"max", most}};
}

OrderedJson peer_distributions(std::span<const PeerCounts> counts) {
  return {{"duplicates", distribution(counts, [](const PeerCounts& peer) { return peer.duplicates; })},
          {"received", distribution(counts, [](const PeerCounts& peer) { return peer.received; })},
          {"sent_bytes", distribution(counts, [](const PeerCounts& peer) { return peer.sent_bytes; })}};
}

OrderedJson mark(const Kill& kill) {
  std::string text = kill.peers.empty() ? std::to_string(std::lround(100 * kill.fraction)) + "% of the peers crash"
                                        : std::to_string(kill.peers.size()) + " peers crash";
  if (kill.back_after) text += ", back after " + duration_text(*kill.back_after);
  return {{"at", static_cast<double>(kill.at) / 1e9}, {"text", text}};
}

OrderedJson mark(const Partition& partition) {
  std::string text = partition.peers.empty()
                         ? std::to_string(std::lround(100 * partition.fraction)) + "% of the peers are cut off"
                         : std::to_string(partition.peers.size()) + " peers are cut off";
  if (partition.lasts) text += " for " + duration_text(*partition.lasts);
  return {{"at", static_cast<double>(partition.at) / 1e9}, {"text", text}};
}

/// Of moments at equal distances, how many peers are up.
std::vector<std::uint64_t> up_over_time(const Timeline& timeline, std::uint32_t peers, Duration step) {
  std::vector<std::int64_t> changes(points + 2);
  const auto cell = [&](Time time) {
    return time <= 0 ? 0 : std::min<std::size_t>(static_cast<std::size_t>((time + step - 1) / step), points + 1);
  };
  for (std::uint32_t peer = 0; peer < peers && !timeline.constant(); ++peer) {
    for (const Session& session : timeline.sessions(PeerId{peer})) {
      ++changes[cell(session.up)];
      if (session.down != never) --changes[cell(session.down)];
    }
  }
  std::vector<std::uint64_t> up(points + 1);
  std::int64_t now = timeline.constant() ? peers : 0;
  for (std::size_t i = 0; i <= points; ++i) up[i] = static_cast<std::uint64_t>(now += changes[i]);
  return up;
}

OrderedJson timeline_json(const std::vector<MessageSpread>& spreads, const Experiment& experiment, Time end) {
  const Duration step = std::max<Duration>(1, (end + static_cast<Time>(points) - 1) / static_cast<Time>(points));
  std::vector<std::uint64_t> deliveries(points + 1);
  OrderedJson seconds = OrderedJson::array(), marks = OrderedJson::array(), announcements = OrderedJson::array();
  for (std::size_t i = 0; i <= points; ++i) seconds.push_back(static_cast<double>(step) * static_cast<double>(i) / 1e9);
  const std::size_t every = spreads.size() / most_marks + 1;
  for (const MessageSpread& spread : spreads) {
    const auto number = static_cast<std::size_t>(&spread - spreads.data());
    if (number % every == 0) announcements.push_back(static_cast<double>(spread.at) / 1e9);
    for (const Delivery& delivery : spread.deliveries) {
      ++deliveries[std::min(static_cast<std::size_t>(delivery.time / step), points)];
    }
  }
  for (const Fault& fault : experiment.scenario.faults) {
    if (marks.size() < most_marks) marks.push_back(std::visit([](const auto& what) { return mark(what); }, fault));
  }
  return {{"seconds", seconds},
          {"deliveries", deliveries},
          {"up", up_over_time(experiment.timeline, experiment.scenario.peers, step)},
          {"announcements", announcements},
          {"marks", marks}};
}

/// Some peers with the way on which one message came to each of them.
class Replay {
 public:
  Replay(Engine& engine, const Experiment& experiment, const MessageSpread& spread)
      : engine_(engine),
        experiment_(experiment),
        spread_(spread),
        delivery_(engine.peers(), nullptr),
        place_(engine.peers(), -1) {
    for (const Delivery& delivery : spread.deliveries) delivery_[index(delivery.peer)] = &delivery;
    choose();
  }

  OrderedJson json() const {
    OrderedJson json{{"message", spread_.message},
                     {"origin", index(spread_.deliveries.front().peer)},
                     {"at_ms", ms(spread_.at)},
                     {"peers", engine_.peers()},
                     {"delivered", spread_.deliveries.size()},
                     {"last_ms", ms(spread_.last())}};
    OrderedJson from = OrderedJson::array(), times = OrderedJson::array(), hops = OrderedJson::array();
    for (const std::uint32_t peer : drawn_) {
      const Delivery* delivery = delivery_[peer];
      from.push_back(delivery == nullptr || delivery->from == no_peer ? -1 : place_[index(delivery->from)]);
      times.push_back(delivery == nullptr ? OrderedJson() : OrderedJson(ms(delivery->time - spread_.at)));
      hops.push_back(delivery == nullptr ? 0 : delivery->hops);
    }
    json.update({{"peer", drawn_},
                 {"from", from},
                 {"ms", times},
                 {"hops", hops},
                 {"links", links()},
                 {"coverage", coverage()}});
    return json;
  }

 private:
  /// The origin, then all, or a sample: random ones, and who stands between the origin and them.
  void choose() {
    add(index(spread_.deliveries.front().peer));
    std::vector<std::uint32_t> order(engine_.peers());
    std::iota(order.begin(), order.end(), 0u);
    const bool whole = engine_.peers() <= most_drawn_whole;
    if (!whole) Random(experiment_.scenario.seed, 'W').shuffle(std::span(order));
    const std::size_t count = whole ? order.size() : drawn_at_random;
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<std::uint32_t> way;
      // A peer that came back may have it from one that has it from itself, in an earlier life.
      for (std::uint32_t peer = order[i]; place_[peer] < 0 && way.size() < most_drawn;
           peer = index(delivery_[peer]->from)) {
        way.push_back(peer);
        if (delivery_[peer] == nullptr || delivery_[peer]->from == no_peer) break;
      }
      if (!whole && drawn_.size() + way.size() > most_drawn) return;
      for (const std::uint32_t peer : way) add(peer);
    }
  }
  void add(std::uint32_t peer) {
    if (place_[peer] >= 0) return;
    place_[peer] = static_cast<std::int32_t>(drawn_.size());
    drawn_.push_back(peer);
  }
  /// Between those that are drawn, at the end of the run: positions, two a link.
  OrderedJson links() const {
    std::vector<std::pair<std::int32_t, std::int32_t>> links;
    for (std::size_t i = 0; i < drawn_.size() && !experiment_.scenario.everyone_linked(); ++i) {
      for (const PeerId other : engine_.neighbours(PeerId{drawn_[i]})) {
        const std::int32_t place = place_[index(other)];
        if (place >= 0) links.push_back(std::minmax(static_cast<std::int32_t>(i), place));
      }
    }
    std::ranges::sort(links);
    links.erase(std::unique(links.begin(), links.end()), links.end());
    OrderedJson json = OrderedJson::array();
    for (std::size_t i = 0; i < links.size() && i < most_links_drawn; ++i) {
      json.push_back(links[i].first);
      json.push_back(links[i].second);
    }
    return json;
  }
  /// Of all peers, at equal distances until the last delivery.
  OrderedJson coverage() const {
    OrderedJson json = OrderedJson::array();
    for (std::size_t i = 0; i <= points; ++i) {
      const Time time = spread_.last() * static_cast<Time>(i) / static_cast<Time>(points);
      json.push_back(share(spread_.within(time), engine_.peers()));
    }
    return json;
  }

  Engine& engine_;
  const Experiment& experiment_;
  const MessageSpread& spread_;
  std::vector<const Delivery*> delivery_;  // of each peer
  std::vector<std::int32_t> place_;        // among those drawn; -1: it is not
  std::vector<std::uint32_t> drawn_;
};

/// The first message, the slowest, and the one that reached fewest.
OrderedJson replays(Engine& engine, const Experiment& experiment, const std::vector<MessageSpread>& spreads) {
  OrderedJson json = OrderedJson::array();
  if (spreads.empty()) return json;
  const auto count = [](const MessageSpread& spread) { return spread.deliveries.size(); };
  const MessageSpread* chosen[] = {&spreads.front(), &*std::ranges::max_element(spreads, {}, &MessageSpread::last),
                                   &*std::ranges::min_element(spreads, {}, count)};
  constexpr const char* why[] = {"first", "slowest", "least covered"};
  for (std::size_t i = 0; i < std::size(chosen); ++i) {
    if (std::find(chosen, chosen + i, chosen[i]) != chosen + i) continue;
    json.push_back(Replay(engine, experiment, *chosen[i]).json());
    json.back()["why"] = why[i];
  }
  return json;
}

}  // namespace

void observe_for_page(const Experiment& experiment, EngineOptions& options) {
  // Somebody else may want all of them.
  if (!options.record_deliveries) options.record_every = recorded_every(experiment);
  options.record_deliveries = true;
  options.count_peers = true;
}

OrderedJson pictures(Engine& engine, const Experiment& experiment) {
  Ledger ledger = engine.ledger();
  const std::vector<MessageSpread> spreads = spreads_of(std::move(ledger.deliveries), experiment);
  return {{"question", experiment.scenario.question},
          {"messages", experiment.plan.messages.size()},
          {"coverage", coverage_bands(spreads, engine.peers())},
          {"latency", latency_curve(ledger.latency)},
          {"peers", peer_distributions(engine.counts())},
          {"timeline", timeline_json(spreads, experiment, engine.now())},
          {"replays", replays(engine, experiment, spreads)}};
}

}  // namespace gossip::sim
