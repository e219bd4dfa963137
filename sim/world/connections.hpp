#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/assert.hpp"
#include "core/overlay/parts.hpp"
#include "sim/machine/big_array.hpp"
#include "sim/topology/graph.hpp"

namespace gossip::sim {

/// The transport's view of who is connected: one row of places a peer. Only built where it can change, or where frames
/// of one link have to be kept in order. A row is written for its own peer only.
class Connections {
 public:
  enum class State : std::uint8_t { free, dialing, up };
  class Link {
   public:
    PeerId peer;
    std::uint32_t session;  // the other side's, so that news of an earlier one cannot close this connection
    Time last_arrival;      // of what this side sent: frames of one connection do not overtake each other

    Link() = default;
    explicit Link(PeerId of, std::uint32_t other_session = 0)
        : peer(of), session(other_session), last_arrival(0), state_(State::free) {}
    State state() const { return state_; }

   private:
    friend Connections;
    State state_;
  };

  Connections() = default;

  /// A row for each peer, as long as its row in the graph, all up.
  explicit Connections(const Graph& graph)
      : offsets_(graph.offsets.data(), graph.offsets.size()), links_(graph.targets.size()), up_(graph.targets.size()) {
    for (std::size_t i = 0; i < graph.targets.size(); ++i) {
      links_[i] = Link(graph.targets[i]);
      set(links_[i], State::up);
    }
  }

  /// A row of `places` for each peer, all free.
  Connections(std::uint32_t peers, std::uint32_t places)
      : places_(places), links_(std::size_t{peers} * places), up_(links_.size()) {
    std::fill_n(up_.data(), up_.size(), no_peer);
  }

  bool empty() const { return links_.empty(); }
  /// The number of a place, below `places()`.
  std::size_t place(const Link& link) const { return static_cast<std::size_t>(&link - links_.data()); }
  std::size_t places() const { return links_.size(); }

  std::span<Link> row(PeerId peer) { return {links_.data() + begin(peer), places(peer)}; }

  /// Null when there is none, dialled or up.
  Link* find(PeerId from, PeerId to) {
    for (Link& link : row(from)) {
      if (link.peer == to && link.state() != State::free) return &link;
    }
    return nullptr;
  }

  /// Null when there is none that is up. What every frame asks: it looks at four bytes a place.
  Link* find_up(PeerId from, PeerId to) {
    const std::size_t row = begin(from);
    const std::uint32_t place = find_peer({up_.data() + row, places(from)}, to);
    return place == nowhere ? nullptr : &links_[row + place];
  }

  void set(Link& link, State state) {
    link.state_ = state;
    up_[place(link)] = state == State::up ? link.peer : no_peer;
  }

  Link& add(PeerId from, PeerId to, std::uint32_t session, State state) {
    const auto links = row(from);
    // A graph's row has a place for each neighbour and no others.
    const auto place = std::ranges::find_if(
        links, [&](const Link& link) { return link.state() == State::free && (places_ > 0 || link.peer == to); });
    GOSSIP_ASSERT(place != links.end());
    *place = Link(to, session);
    set(*place, state);
    return *place;
  }

 private:
  std::size_t begin(PeerId peer) const {
    return places_ > 0 ? std::size_t{index(peer)} * places_ : offsets_[index(peer)];
  }
  std::size_t places(PeerId peer) const {
    return places_ > 0 ? places_ : offsets_[index(peer) + 1] - offsets_[index(peer)];
  }

  std::uint32_t places_ = 0;
  std::span<const std::uint64_t> offsets_;
  BigArray<Link> links_;
  BigArray<PeerId> up_;  // of each place: the peer where the connection is up, otherwise no_peer
};

}  // namespace gossip::sim
