#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/assert.hpp"
#include "sim/machine/big_array.hpp"
#include "sim/topology/graph.hpp"

namespace gossip::sim {

/// The transport's view of who is connected: one row of places a peer. Only built where it can change, or where frames
/// of one link have to be kept in order. A row is written for its own peer only.
class Connections {
 public:
  enum class State : std::uint8_t { free, dialing, up };
  struct Link {
    PeerId peer;
    std::uint32_t session;  // the other side's, so that news of an earlier one cannot close this connection
    Time last_arrival;      // of what this side sent: frames of one connection do not overtake each other
    State state;
  };

  Connections() = default;

  /// A row for each peer, as long as its row in the graph.
  explicit Connections(const Graph& graph)
      : offsets_(graph.offsets.data(), graph.offsets.size()), links_(graph.targets.size()) {
    for (std::size_t i = 0; i < graph.targets.size(); ++i) links_[i] = {graph.targets[i], 0, 0, State::up};
  }

  /// A row of `places` for each peer, all free.
  Connections(std::uint32_t peers, std::uint32_t places) : places_(places), links_(std::size_t{peers} * places) {}

  bool empty() const { return links_.empty(); }

  std::span<Link> row(PeerId peer) {
    if (places_ > 0) return {&links_[std::size_t{index(peer)} * places_], places_};
    return {links_.data() + offsets_[index(peer)], offsets_[index(peer) + 1] - offsets_[index(peer)]};
  }

  /// Null when there is none, dialled or up.
  Link* find(PeerId from, PeerId to) {
    for (Link& link : row(from)) {
      if (link.peer == to && link.state != State::free) return &link;
    }
    return nullptr;
  }

  Link& add(PeerId from, PeerId to, std::uint32_t session, State state) {
    const auto links = row(from);
    // A graph's row has a place for each neighbour and no others.
    const auto place = std::ranges::find_if(
        links, [&](const Link& link) { return link.state == State::free && (places_ > 0 || link.peer == to); });
    GOSSIP_ASSERT(place != links.end());
    *place = {to, session, 0, state};
    return *place;
  }

 private:
  std::uint32_t places_ = 0;
  std::span<const std::uint64_t> offsets_;
  BigArray<Link> links_;
};

}  // namespace gossip::sim
