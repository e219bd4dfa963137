#pragma once

#include <algorithm>
#include <optional>

#include "core/random.hpp"
#include "sim/world/classes.hpp"
#include "sim/world/connections.hpp"
#include "sim/world/event.hpp"
#include "sim/world/latency.hpp"
#include "sim/world/partitions.hpp"
#include "sim/world/stream.hpp"
#include "sim/world/timeline.hpp"

namespace gossip::sim {

/// Of the link between a and b: as the graph's file gives it, and where it gives none the model's. `a` has its row here.
Duration link_latency(const Graph& graph, const LatencyModel& model, const LinkSpec& spec, PeerId a, PeerId b);

/// Links between peers as a transport would show them: the whole life of each connection.
///
/// Rules
/// - A frame takes the link's latency, plus jitter. What carries it (LinkSpec::Carrier) says what loss means, and order:
///   `sequenced`: a frame is lost with the link's probability, and those that are not arrive in the order in which they
///   were sent. `stream`: none is lost, all arrive in order, later by what sim/world/stream.hpp says. `datagram`: a frame
///   is lost with any of its packets, and with any cut in its way, and arrives when it arrives.
/// - Of a stream, what still has to be sent again when its connection is given up comes to one who is not connected.
/// - A dial takes `handshake_round_trips`; the side that is dialled knows of the connection one latency before the
///   dialler. A dial to a peer that is down fails after `connect_timeout`.
/// - What is said of a connection (a dial, its answer, its end) takes all of the jitter, so that it comes in order, and
///   the end behind every frame: otherwise a dial could overtake the end of what was there before, and never be answered.
/// - Two that dial each other have one connection. A peer that is back replaces its connection of before; what it had
///   dialled before it went replaces nothing.
/// - A crash is noticed by each neighbour after `detection`, a clean leave after one latency.
/// - Where a peer's upload has a bandwidth its frames leave one after the other, each after its last bit; the time is
///   rounded up to a nanosecond. What is said of a connection takes no time there, but waits for what went before.
/// - What a partition does to all of this: sim/world/partitions.hpp.
/// Where nothing can change (links given, nobody leaves, no jitter, no fault) there is no table of connections at all.
/// Whatever is called for a peer writes that peer's part only, so that blocks of peers can be worked on side by side.
class Transport {
 public:
  /// For the links of `own` peers.
  Transport(const Scenario& scenario, const Graph& graph, const LatencyModel& model, const Timeline& timeline,
            PeerRange own);

  /// The graph's, where its file gives one; otherwise the model's.
  Duration latency(PeerId a, PeerId b) const {
    if (graph_.latency.empty()) [[likely]]
      return model_.between(a, b);
    // It is the same both ways, and one of them may be another rank's.
    return own_.has(a) ? link_latency(graph_, model_, spec_, a, b) : link_latency(graph_, model_, spec_, b, a);
  }

  /// No latency is below this.
  Duration floor() const {
    return graph_.latency.empty() ? model_.floor() : std::min(model_.floor(), spec_.min_latency);
  }

  /// Whether all connections are up for ever and every frame arrives, after the model's latency and nothing else.
  bool plain() const { return connections_.empty() && random_.empty() && uplinks_.empty() && graph_.latency.empty(); }
  const LatencyModel& model() const { return model_; }

  enum class Fate : std::uint8_t {
    arrives,
    lost,           // at `at` it would have arrived
    cut,            // likewise; a partition took it and its connection
    not_connected,  // refused at once
  };
  struct Sent {
    Fate fate;
    Time at;
  };

  /// `bytes`: of the frame on the wire.
  Sent send(PeerId from, PeerId to, std::uint64_t bytes, Time now) {
    Connections::Link* link = connections_.empty() ? nullptr : connections_.find_up(from, to);
    if (!connections_.empty() && link == nullptr) return {Fate::not_connected, now};
    Time arrival = now + latency(from, to);
    if (simple_) [[likely]]
      return {Fate::arrives, arrival};
    if (spec_.transport == LinkSpec::Carrier::stream) return send_stream(from, to, bytes, now, *link);
    if (!uplinks_.empty()) arrival += uplinks_[index(from)].pass(bytes, now);
    if (spec_.transport == LinkSpec::Carrier::datagram) return send_datagram(from, to, bytes, now, arrival);
    const bool lost = !random_.empty() && spec_.loss > 0 && random_[index(from)].uniform() < spec_.loss;
    if (spec_.jitter > 0 && !lost) {
      arrival += jitter(from);
      arrival = link->last_arrival = std::max(arrival, link->last_arrival);
    }
    if (!partitions_.empty() && !lost) return through_partitions(from, to, now, arrival, *link);
    return {lost ? Fate::lost : Fate::arrives, arrival};
  }

  /// May `to` take a frame that says it is from `from`?
  bool connected(PeerId to, PeerId from) { return connections_.empty() || connections_.find_up(to, from) != nullptr; }

  const Partitions& partitions() const { return partitions_; }
  /// The peers to which `peer` has a connection across a cut, by number.
  std::vector<PeerId> across(PeerId peer, const Partitions::Cut& cut);
  /// A connection is given up. False: it is not up any more.
  bool give_up(PeerId peer, PeerId other);
  /// Whether the peer neither has nor seeks a connection to another.
  bool apart(PeerId peer, PeerId other) { return connections_.find(peer, other) == nullptr; }

  // What a peer wants; `session` is its own. The event that follows from it: at the other side, or of a dial that nobody
  // hears at this one.
  Event dial(PeerId from, std::uint32_t session, PeerId to, Time now);
  std::optional<Event> close(PeerId from, std::uint32_t session, PeerId to, Time now);
  /// A peer goes down: calls post(event) for the news to each neighbour.
  template <class Post>
  void drop_all(PeerId peer, const Session& ended, std::uint32_t session, Time now, Post&& post) {
    for (Connections::Link& link : connections_.row(peer)) {
      if (link.state() == Connections::State::free) continue;
      if (const auto news = farewell(peer, ended, session, now, link)) post(*news);
    }
  }

  // What happens to a connection of `event.dst`, which is up and in its session `session`.

  /// Whether a dial, or the answer to one, means that the connection that is up here has ended, since the other side
  /// began anew. The peer is to be told that it is down before `on` is called.
  bool ends_old(const Event& event);
  struct Change {
    std::optional<Event> reply;
    bool up = false, down = false;  // for the peer
  };
  Change on(const Event& event, std::uint32_t session);
  /// The answer to a dial at a peer that is down.
  Event refuse(const Event& dial) const;

 private:
  /// How a peer's frames leave.
  struct Uplink {
    std::uint64_t bits;  // a second; 0: no limit
    Time free;           // when all that was sent has left

    /// How long until the last bit of a frame has left.
    Duration pass(std::uint64_t bytes, Time now) {
      if (bits == 0) return 0;
      free = std::max(free, now) + static_cast<Duration>((bytes * 8 * second + bits - 1) / bits);
      return free - now;
    }
  };
  /// How long news of a connection has to wait for what the peer has sent before.
  Duration queued(PeerId from, Time now) const {
    return uplinks_.empty() ? 0 : std::max<Duration>(0, uplinks_[index(from)].free - now);
  }
  Duration news_way(PeerId from, PeerId to) const { return latency(from, to) + spec_.jitter; }
  Duration to_acceptor(PeerId from, PeerId to) const {
    return static_cast<Duration>(2 * spec_.handshake_round_trips - 1) * news_way(from, to);
  }
  Duration jitter(PeerId from) {
    if (spec_.jitter == 0) return 0;
    return static_cast<Duration>(random_[index(from)].uniform() * static_cast<double>(spec_.jitter));
  }
  Sent send_stream(PeerId from, PeerId to, std::uint64_t bytes, Time now, Connections::Link& link);
  Sent send_datagram(PeerId from, PeerId to, std::uint64_t bytes, Time now, Time arrival);
  void begin_ramp(const Connections::Link& link) {
    if (!ramps_.empty()) ramps_[connections_.place(link)] = {};
  }
  Sent through_partitions(PeerId from, PeerId to, Time now, Time arrival, Connections::Link& link) const;
  /// When news of a connection arrives; none: its connection breaks before.
  std::optional<Time> news_arrival(PeerId from, PeerId to, Time now) const;
  std::optional<Event> farewell(PeerId peer, const Session& ended, std::uint32_t session, Time now,
                                Connections::Link& link);
  Change on_dial(const Event& event, std::uint32_t session);
  Change on_accepted(const Event& event, std::uint32_t session);
  Change on_ended(const Event& event);
  void connect_given(const Timeline& timeline, PeerRange own);

  PeerRange own_;
  const LinkSpec& spec_;
  Duration detection_;
  const Graph& graph_;
  const LatencyModel& model_;
  Connections connections_;
  BigArray<Random> random_;
  Partitions partitions_;
  BigArray<Uplink> uplinks_;      // empty: no limits
  BigArray<stream::Ramp> ramps_;  // of each place of connections; empty: no streams
  bool simple_;                   // a frame on a connection arrives after the link's latency
};

}  // namespace gossip::sim
