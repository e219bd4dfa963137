#pragma once

#include <algorithm>
#include <optional>

#include "core/random.hpp"
#include "sim/world/connections.hpp"
#include "sim/engine/event.hpp"
#include "sim/world/latency.hpp"
#include "sim/engine/ledger.hpp"
#include "sim/scenario/scenario.hpp"

namespace gossip::sim {

/// Links between peers as a TCP transport would show them.
///
/// - A frame takes the link's latency, plus jitter; it is lost with the link's probability. Frames of one connection
///   arrive in the order in which they were sent.
/// - A dial takes `handshake_round_trips`; the side that is dialled knows of the connection one latency before the
/// dialler.
/// - A dial to a peer that is down fails after `connect_timeout`.
/// - A crash is noticed by each neighbour after `detection`, a clean leave after one latency.
/// Where nothing can change (links given, nobody leaves, no jitter) there is no table of connections at all.
class Transport {
 public:
  Transport(const Scenario& scenario, const Graph& graph, const LatencyModel& model, Connections connections)
      : spec_(scenario.links),
        detection_(scenario.detection),
        graph_(graph),
        model_(model),
        connections_(std::move(connections)),
        random_(spec_.loss > 0 || spec_.jitter > 0 ? scenario.peers : 0) {
    for (std::uint32_t peer = 0; peer < random_.size(); ++peer) random_[peer] = Random(mix(scenario.seed, 'L'), peer);
  }

  /// The graph's, where its file gives one; otherwise the model's.
  Duration latency(PeerId a, PeerId b) const {
    if (graph_.latency.empty()) [[likely]]
      return model_.between(a, b);
    const auto begin = graph_.targets.begin() + static_cast<std::ptrdiff_t>(graph_.offsets[index(a)]);
    const auto end = graph_.targets.begin() + static_cast<std::ptrdiff_t>(graph_.offsets[index(a) + 1]);
    const auto place = std::lower_bound(begin, end, b);
    const Duration given = graph_.latency[static_cast<std::size_t>(place - graph_.targets.begin())];
    return given < 0 ? model_.between(a, b) : std::max(given, spec_.min_latency);
  }

  /// No latency is below this.
  Duration floor() const {
    return graph_.latency.empty() ? model_.floor() : std::min(model_.floor(), spec_.min_latency);
  }

  Connections& connections() { return connections_; }

  struct Sent {
    std::optional<Time> arrival;
    TransportDrop why;  // when there is none
  };

  Sent send(PeerId from, PeerId to, Time now) {
    Connections::Link* link = connections_.empty() ? nullptr : connections_.find(from, to);
    if (!connections_.empty() && (link == nullptr || link->state != Connections::State::up)) {
      return {{}, TransportDrop::not_connected};
    }
    if (!random_.empty() && spec_.loss > 0 && random_[index(from)].uniform() < spec_.loss) {
      return {{}, TransportDrop::lost};
    }
    Time arrival = now + latency(from, to);
    if (spec_.jitter > 0) {
      arrival += static_cast<Duration>(random_[index(from)].uniform() * static_cast<double>(spec_.jitter));
      arrival = link->last_arrival = std::max(arrival, link->last_arrival);
    }
    return {arrival, {}};
  }

  /// May `to` take a frame that says it is from `from`?
  bool connected(PeerId to, PeerId from) {
    if (connections_.empty()) return true;
    const Connections::Link* link = connections_.find(to, from);
    return link != nullptr && link->state == Connections::State::up;
  }

  Event dial(PeerId from, std::uint32_t life, PeerId to, Time now) {
    connections_.add(from, to, 0, Connections::State::dialing);
    return {now + to_acceptor(from, to), to, from, life, 0, EventKind::dial, 0};
  }

  /// The answer to a dial at a peer that is down, seen by the dialler.
  Event refuse(const Event& dial, std::uint32_t life) const {
    const Time started = dial.time - to_acceptor(dial.src, dial.dst);
    const Time noticed = std::max(started + spec_.connect_timeout, dial.time + latency(dial.src, dial.dst));
    return {noticed, dial.src, dial.dst, life, 0, EventKind::refused, 0};
  }

  /// What `event`'s destination sees of its connection with the source.
  enum class Change : std::uint8_t { none, up, replaced, down, stray };

  Change on_dial(const Event& event) {
    Connections::Link* link = connections_.find(event.dst, event.src);
    if (link == nullptr) {
      connections_.add(event.dst, event.src, event.body, Connections::State::up);
      return Change::up;
    }
    const bool was_up = link->state == Connections::State::up;
    // Both dialled, and this side's dial was answered first: it is one connection.
    if (was_up && link->life == event.body) return Change::none;
    link->state = Connections::State::up;
    link->life = event.body;
    return was_up ? Change::replaced : Change::up;
  }

  Change on_accepted(const Event& event) {
    Connections::Link* link = connections_.find(event.dst, event.src);
    if (link == nullptr) return Change::stray;
    if (link->state == Connections::State::up) return Change::none;
    link->state = Connections::State::up;
    link->life = event.body;
    return Change::up;
  }

  Change on_refused(const Event& event) {
    Connections::Link* link = connections_.find(event.dst, event.src);
    if (link == nullptr || link->state == Connections::State::up) return Change::none;
    link->state = Connections::State::free;
    return Change::down;
  }

  Change on_closed(const Event& event) {
    Connections::Link* link = connections_.find(event.dst, event.src);
    if (link == nullptr || link->state != Connections::State::up || link->life != event.body) return Change::none;
    link->state = Connections::State::free;
    return Change::down;
  }

  /// One side closes: the other learns it after one latency, behind everything that was sent.
  std::optional<Event> close(PeerId from, std::uint32_t life, PeerId to, Time now) {
    Connections::Link* link = connections_.find(from, to);
    if (link == nullptr) return std::nullopt;
    link->state = Connections::State::free;
    const Time arrival = std::max(now + latency(from, to), link->last_arrival);
    return Event{arrival, to, from, life, 0, EventKind::closed, 0};
  }

  /// A peer goes down: calls post(event) for the news to each neighbour.
  template <class Post>
  void drop_all(PeerId peer, std::uint32_t life, bool clean, Time now, Post&& post) {
    for (Connections::Link& link : connections_.row(peer)) {
      if (link.state == Connections::State::free) continue;
      Duration delay = clean ? latency(peer, link.peer) : std::max(detection_, floor());
      // What is being dialled learns it after the dial, or it would keep a connection to nobody.
      if (link.state == Connections::State::dialing) delay += to_acceptor(peer, link.peer);
      post(Event{std::max(now + delay, link.last_arrival), link.peer, peer, life, 0, EventKind::closed, 0});
      link.state = Connections::State::free;
    }
  }

 private:
  Duration to_acceptor(PeerId from, PeerId to) const {
    return static_cast<Duration>(2 * spec_.handshake_round_trips - 1) * latency(from, to);
  }

  const LinkSpec& spec_;
  Duration detection_;
  const Graph& graph_;
  const LatencyModel& model_;
  Connections connections_;
  BigArray<Random> random_;
};

}  // namespace gossip::sim
