#include "sim/world/transport.hpp"

namespace gossip::sim {
namespace {

using State = Connections::State;

Connections connections_for(const Scenario& scenario, const Graph& graph, const Timeline& timeline) {
  if (scenario.everyone_linked()) return {};
  if (!scenario.links_given()) {
    std::uint32_t places = 0;
    Overlays::each([&]<class Overlay>() {
      if constexpr (requires { scenario.protocol.of<Overlay>().places(); }) {
        if (scenario.overlay == Overlay::name) places = scenario.protocol.of<Overlay>().places();
      }
    });
    // One more than the core keeps: it closes what is too much after it was told.
    return {scenario.peers, places + 1};
  }
  if (!timeline.constant() || scenario.links.jitter > 0) return Connections(graph);
  return {};
}

}  // namespace

Duration link_latency(const Graph& graph, const LatencyModel& model, const LinkSpec& spec, PeerId a, PeerId b) {
  if (graph.latency.empty()) return model.between(a, b);
  const auto begin = graph.targets.begin() + static_cast<std::ptrdiff_t>(graph.offsets[index(a)]);
  const auto end = graph.targets.begin() + static_cast<std::ptrdiff_t>(graph.offsets[index(a) + 1]);
  const auto place = std::lower_bound(begin, end, b);
  const Duration given = graph.latency[static_cast<std::size_t>(place - graph.targets.begin())];
  return given < 0 ? model.between(a, b) : std::max(given, spec.min_latency);
}

Transport::Transport(const Scenario& scenario, const Graph& graph, const LatencyModel& model, const Timeline& timeline,
                     PeerRange own)
    : own_(own),
      spec_(scenario.links),
      detection_(scenario.detection),
      graph_(graph),
      model_(model),
      connections_(connections_for(scenario, graph, timeline)),
      random_(spec_.loss > 0 || spec_.jitter > 0 ? scenario.peers : 0) {
  for (std::uint32_t peer = own.first; peer < own.last && !random_.empty(); ++peer)
    random_[peer] = Random(mix(scenario.seed, 'L'), peer);
  if (scenario.links_given() && !timeline.constant()) connect_given(timeline, own);
}

/// Given links are up between those who were there before the start.
void Transport::connect_given(const Timeline& timeline, PeerRange own) {
  for (std::uint32_t i = own.first; i < own.last; ++i) {
    for (Connections::Link& link : connections_.row(PeerId{i})) {
      const bool up = timeline.up(PeerId{i}, 0) && timeline.up(link.peer, 0);
      connections_.set(link, up ? State::up : State::free);
      link.session = up ? 1 : 0;
    }
  }
}

Event Transport::dial(PeerId from, std::uint32_t session, PeerId to, Time now) {
  connections_.add(from, to, 0, State::dialing);
  return Event::link(EventKind::dial, now + to_acceptor(from, to), to, from, session);
}

/// The other side learns it after one latency, behind everything that was sent.
std::optional<Event> Transport::close(PeerId from, std::uint32_t session, PeerId to, Time now) {
  Connections::Link* link = connections_.find(from, to);
  if (link == nullptr) return std::nullopt;
  connections_.set(*link, State::free);
  return Event::link(EventKind::closed, now + news_way(from, to), to, from, session);
}

Event Transport::farewell(PeerId peer, const Session& ended, std::uint32_t session, Time now, Connections::Link& link) {
  Duration delay = ended.clean ? news_way(peer, link.peer) : std::max(detection_, floor());
  // What is being dialled learns it after the dial, or it would keep a connection to nobody.
  if (link.state() == State::dialing) delay += to_acceptor(peer, link.peer);
  connections_.set(link, State::free);
  return Event::link(EventKind::closed, std::max(now + delay, link.last_arrival), link.peer, peer, session);
}

Event Transport::refuse(const Event& dial) const {
  const Time started = dial.time - to_acceptor(dial.src, dial.dst);
  const Time noticed = std::max(started + spec_.connect_timeout, dial.time + news_way(dial.src, dial.dst));
  return Event::link(EventKind::refused, noticed, dial.src, dial.dst, 0);
}

bool Transport::ends_old(const Event& event) {
  if (event.kind != EventKind::dial && event.kind != EventKind::accepted) return false;
  Connections::Link* link = connections_.find(event.dst, event.src);
  if (link == nullptr || link->state() != State::up || link->session >= event.session()) return false;
  connections_.set(*link, State::free);
  return true;
}

Transport::Change Transport::on(const Event& event, std::uint32_t session) {
  switch (event.kind) {
    case EventKind::dial:
      return on_dial(event, session);
    case EventKind::accepted:
      return on_accepted(event, session);
    default:
      return on_ended(event);
  }
}

Transport::Change Transport::on_dial(const Event& event, std::uint32_t session) {
  Connections::Link* link = connections_.find(event.dst, event.src);
  // Both dialled, and this side's dial was answered first: it is one connection. Or an earlier life dialled, and a
  // later one is connected.
  if (link != nullptr && link->state() == State::up) return {};
  if (link == nullptr) {
    link = &connections_.add(event.dst, event.src, event.session(), State::up);
  } else {
    connections_.set(*link, State::up);
    link->session = event.session();
  }
  const Time arrival = event.time + news_way(event.dst, event.src);
  link->last_arrival = arrival;  // what is sent on it comes behind the answer
  return {Event::link(EventKind::accepted, arrival, event.src, event.dst, session), true};
}

Transport::Change Transport::on_accepted(const Event& event, std::uint32_t session) {
  Connections::Link* link = connections_.find(event.dst, event.src);
  if (link == nullptr) {  // no longer wanted, or ended just now: the other side must hear of it
    const Time arrival = event.time + news_way(event.dst, event.src);
    return {Event::link(EventKind::closed, arrival, event.src, event.dst, session)};
  }
  if (link->state() == State::up) return {};
  connections_.set(*link, State::up);
  link->session = event.session();
  return {std::nullopt, true};
}

/// A dial that was refused, or a connection that was closed.
Transport::Change Transport::on_ended(const Event& event) {
  Connections::Link* link = connections_.find(event.dst, event.src);
  const bool refused = event.kind == EventKind::refused;
  if (link == nullptr || link->state() != (refused ? State::dialing : State::up)) return {};
  if (!refused && link->session != event.session()) return {};
  connections_.set(*link, State::free);
  return {std::nullopt, false, true};
}

}  // namespace gossip::sim
