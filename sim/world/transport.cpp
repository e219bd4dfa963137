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
  const LinkSpec& links = scenario.links;
  const bool ordered = links.transport == LinkSpec::Carrier::stream ||
                       (links.jitter > 0 && links.transport != LinkSpec::Carrier::datagram);
  if (!timeline.constant() || ordered) return Connections(graph);
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
      random_(spec_.loss > 0 || spec_.jitter > 0 ? scenario.peers : 0),
      partitions_(scenario) {
  const Classes classes(scenario);
  if (classes.any_upload()) uplinks_ = BigArray<Uplink>(scenario.peers);
  if (spec_.transport == LinkSpec::Carrier::stream) ramps_ = BigArray<stream::Ramp>(connections_.places());
  simple_ = random_.empty() && partitions_.empty() && uplinks_.empty() && ramps_.empty();
  for (std::uint32_t i = own.first; i < own.last && !uplinks_.empty(); ++i) {
    uplinks_[i] = {classes.upload(PeerId{i}), 0};
  }
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
  Connections::Link& link = connections_.add(from, to, 0, State::dialing);
  const Duration way = queued(from, now) + to_acceptor(from, to);
  const Time departure = partitions_.first_departure(from, to, now, way);
  if (departure > now && departure - now >= spec_.connect_timeout) {
    return Event::no_answer(now + std::max<Duration>(spec_.connect_timeout, 1), from, to);
  }
  link.last_arrival = departure + way;
  return Event::link(EventKind::dial, departure + way, to, from, session);
}

/// The other side learns it after one latency, behind everything that was sent.
std::optional<Event> Transport::close(PeerId from, std::uint32_t session, PeerId to, Time now) {
  Connections::Link* link = connections_.find(from, to);
  if (link == nullptr) return std::nullopt;
  connections_.set(*link, State::free);
  const std::optional<Time> arrival = news_arrival(from, to, now);
  if (!arrival) return std::nullopt;
  return Event::link(EventKind::closed, *arrival, to, from, session);
}

std::optional<Event> Transport::farewell(PeerId peer, const Session& ended, std::uint32_t session, Time now,
                                         Connections::Link& link) {
  const bool dialing = link.state() == State::dialing;
  connections_.set(link, State::free);
  std::optional<Time> arrival = now + std::max(detection_, floor());
  // Who is being dialled learns it in any case, or it would keep a connection to nobody.
  if (ended.clean)
    arrival = dialing ? now + queued(peer, now) + news_way(peer, link.peer) : news_arrival(peer, link.peer, now);
  if (!arrival) return std::nullopt;
  if (dialing) *arrival += to_acceptor(peer, link.peer);  // after the dial
  return Event::link(EventKind::closed, std::max(*arrival, link.last_arrival), link.peer, peer, session);
}

std::optional<Time> Transport::news_arrival(PeerId from, PeerId to, Time now) const {
  const Duration way = queued(from, now) + news_way(from, to);
  if (partitions_.empty()) return now + way;
  const std::optional<Time> departure = partitions_.departure(from, to, now, way);
  return departure ? std::optional(*departure + way) : std::nullopt;
}

Transport::Sent Transport::send_stream(PeerId from, PeerId to, std::uint64_t bytes, Time now, Connections::Link& link) {
  const Duration way = latency(from, to), round_trip = 2 * way;
  stream::Ramp& ramp = ramps_[connections_.place(link)];
  // The line and the window are used side by side.
  Duration delay = ramp.pass(bytes, round_trip, spec_.retransmit_after, now);
  if (!uplinks_.empty()) delay = std::max(delay, uplinks_[index(from)].pass(bytes, now));
  if (spec_.loss > 0) {
    const std::uint64_t packets = stream::packets(bytes);
    const std::uint32_t again = stream::retransmissions(random_[index(from)].uniform(), spec_.loss, packets);
    if (again > 0) ramp.begin_anew();
    delay += stream::retransmission_delay(again, packets, round_trip, spec_.retransmit_after);
  }
  delay += jitter(from);
  link.last_arrival = std::max(now + way + delay, link.last_arrival);
  if (partitions_.empty()) return {Fate::arrives, link.last_arrival};
  return through_partitions(from, to, now, link.last_arrival, link);
}

Transport::Sent Transport::send_datagram(PeerId from, PeerId to, std::uint64_t bytes, Time now, Time arrival) {
  if (spec_.loss > 0) {
    const double comes = stream::all_of(1 - spec_.loss, stream::packets(bytes));
    if (random_[index(from)].uniform() >= comes) return {Fate::lost, arrival};
  }
  arrival += jitter(from);
  const bool cut = !partitions_.empty() && partitions_.departure(from, to, now, arrival - now) != now;
  return {cut ? Fate::cut : Fate::arrives, arrival};
}

Transport::Sent Transport::through_partitions(PeerId from, PeerId to, Time now, Time arrival,
                                              Connections::Link& link) const {
  const std::optional<Time> departure = partitions_.departure(from, to, now, arrival - now);
  if (!departure) return {Fate::cut, arrival};
  link.last_arrival = std::max(arrival + (*departure - now), link.last_arrival);
  return {Fate::arrives, link.last_arrival};
}

std::vector<PeerId> Transport::across(PeerId peer, const Partitions::Cut& cut) {
  std::vector<PeerId> others;
  for (const Connections::Link& link : connections_.row(peer)) {
    if (link.state() == State::up && cut.across(peer, link.peer)) others.push_back(link.peer);
  }
  std::ranges::sort(others);
  return others;
}

bool Transport::give_up(PeerId peer, PeerId other) {
  Connections::Link* link = connections_.find(peer, other);
  if (link == nullptr || link->state() != State::up) return false;
  connections_.set(*link, State::free);
  return true;
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
  const std::optional<Time> arrival = news_arrival(event.dst, event.src, event.time);
  if (!arrival) return {refuse(event)};  // a cut takes the answer
  if (link == nullptr) {
    link = &connections_.add(event.dst, event.src, event.session(), State::up);
  } else {
    connections_.set(*link, State::up);
    link->session = event.session();
  }
  link->last_arrival = *arrival;  // what is sent on it comes behind the answer
  begin_ramp(*link);
  return {Event::link(EventKind::accepted, *arrival, event.src, event.dst, session), true};
}

Transport::Change Transport::on_accepted(const Event& event, std::uint32_t session) {
  Connections::Link* link = connections_.find(event.dst, event.src);
  if (link == nullptr) {  // no longer wanted, or ended just now: the other side must hear of it
    const std::optional<Time> arrival = news_arrival(event.dst, event.src, event.time);
    if (!arrival) return {};
    return {Event::link(EventKind::closed, *arrival, event.src, event.dst, session)};
  }
  if (link->state() == State::up) return {};
  connections_.set(*link, State::up);
  link->session = event.session();
  begin_ramp(*link);
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
