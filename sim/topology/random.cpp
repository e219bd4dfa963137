#include "core/random.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/erdos_renyi_generator.hpp>
#include <boost/graph/plod_generator.hpp>
#include <boost/graph/small_world_generator.hpp>
#include <span>

#include "core/assert.hpp"
#include "sim/topology/build.hpp"

namespace gossip::sim {
namespace {

/// Only tells Boost's generators that links have no direction.
using BoostGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;

/// All links that a generator of Boost makes from the same random numbers. Boost.Random's uniform numbers are the same
/// on every platform, unlike the standard library's.
template <class Iterator, class... Parameters>
Graph from_boost(std::uint32_t peers, std::uint64_t seed, PeerRange own, Parameters... parameters) {
  return from_links(peers, own, [&](auto add) {
    Random random(seed);
    for (Iterator link(random, peers, parameters...), end; link != end; ++link) add(link->first, link->second);
  });
}

/// Builds a random graph in which every peer has the same degree, row by row in place.
class RegularGraph {
 public:
  RegularGraph(std::uint32_t peers, std::uint32_t degree) : degree_(degree), slots_(std::size_t{peers} * degree) {}

  /// Whether it worked; otherwise try again with the numbers that follow.
  bool draw(Random& random) {
    std::ranges::fill(slots_, no_peer);
    std::vector<PeerId> ends(slots_.size());
    for (std::size_t i = 0; i < ends.size(); ++i) ends[i] = PeerId{static_cast<std::uint32_t>(i / degree_)};
    random.shuffle(std::span(ends));
    std::vector<std::pair<PeerId, PeerId>> refused;
    for (std::size_t i = 0; i < ends.size(); i += 2) {
      if (!link(ends[i], ends[i + 1])) refused.emplace_back(ends[i], ends[i + 1]);
    }
    return std::ranges::all_of(refused, [&](const auto& pair) { return exchange(random, pair.first, pair.second); });
  }

  std::vector<PeerId>& slots() { return slots_; }

 private:
  std::span<PeerId> row(PeerId peer) { return std::span(slots_).subspan(std::size_t{index(peer)} * degree_, degree_); }
  bool linked(PeerId a, PeerId b) { return std::ranges::find(row(a), b) != row(a).end(); }
  void replace(PeerId of, PeerId old, PeerId with) { *std::ranges::find(row(of), old) = with; }

  bool link(PeerId a, PeerId b) {
    if (a == b || linked(a, b)) return false;
    replace(a, no_peer, b);
    replace(b, no_peer, a);
    return true;
  }

  /// Two ends that cannot be linked to each other take both ends of a random link instead.
  bool exchange(Random& random, PeerId a, PeerId b) {
    constexpr int tries = 10'000;
    for (int i = 0; i < tries; ++i) {
      const std::size_t slot = random.below(static_cast<std::uint32_t>(slots_.size()));
      const PeerId x{static_cast<std::uint32_t>(slot / degree_)};
      const PeerId y = slots_[slot];
      if (y == no_peer || a == x || b == y || linked(a, x) || linked(b, y)) continue;
      replace(x, y, no_peer);
      replace(y, x, no_peer);
      const bool both = link(a, x) && link(b, y);
      GOSSIP_ASSERT(both);
      return true;
    }
    return false;
  }

  std::size_t degree_;
  std::vector<PeerId> slots_;
};

Graph complement(const Graph& graph) {
  return from_links(graph.peers(), [&](auto add) {
    for (std::uint64_t a = 0; a < graph.peers(); ++a) {
      std::uint64_t at = graph.offsets[a];
      for (std::uint64_t b = 0; b < a; ++b) {
        if (at < graph.offsets[a + 1] && index(graph.targets[at]) == b) {
          ++at;
        } else {
          add(a, b);
        }
      }
    }
  });
}

/// What `peer` picks: different others. Cheap enough to draw again rather than to store.
void pick(std::uint64_t seed, std::uint32_t peer, std::uint32_t peers, std::span<std::uint32_t> picks) {
  Random random(seed, peer);
  for (std::size_t i = 0; i < picks.size();) {
    const std::uint32_t other = random.below(peers - 1);
    picks[i] = other + (other >= peer ? 1 : 0);
    if (std::find(picks.begin(), picks.begin() + static_cast<std::ptrdiff_t>(i), picks[i]) ==
        picks.begin() + static_cast<std::ptrdiff_t>(i))
      ++i;
  }
}

}  // namespace

/// The configuration model (Bollobás 1980): all ends of links are paired at random. The few pairs that would be a
/// self-link or a second link, about degree²/4 whatever the number of peers, are repaired by switchings (McKay and
/// Wormald 1990). Where more than half of all links exist it draws the missing ones instead, because there repairs get
/// stuck.
Graph random_regular(std::uint32_t peers, std::uint32_t degree, std::uint64_t seed) {
  GOSSIP_ASSERT(degree < peers && std::uint64_t{degree} * peers % 2 == 0);
  if (degree > (peers - 1) / 2) {
    const std::uint32_t missing = peers - 1 - degree;
    return complement(missing == 0 ? from_links(peers, [](auto) {}) : random_regular(peers, missing, seed));
  }
  Random random(seed);
  RegularGraph regular(peers, degree);
  while (!regular.draw(random)) {
  }
  Graph graph;
  graph.offsets = BigArray<std::uint64_t>(peers + std::uint64_t{1});
  for (std::uint64_t peer = 0; peer <= peers; ++peer) graph.offsets[peer] = peer * degree;
  graph.targets = std::move(regular.slots());
  for (std::uint64_t peer = 0; peer < peers; ++peer) {
    std::ranges::sort(std::span(graph.targets).subspan(peer * degree, degree));
  }
  return graph;
}

Graph random_out(std::uint32_t peers, std::uint32_t links, std::uint64_t seed, PeerRange own, Team& team) {
  GOSSIP_ASSERT(links < peers);
  const std::uint32_t slices = 4 * team.size();
  return GraphBuilder(peers, own, team).build(slices, [&](std::uint32_t slice, auto add) {
    std::vector<std::uint32_t> picks(links);
    const auto bound = [&](std::uint64_t i) { return static_cast<std::uint32_t>(i * peers / slices); };
    for (std::uint32_t peer = bound(slice); peer < bound(slice + 1ull); ++peer) {
      pick(seed, peer, peers, picks);
      for (const std::uint32_t other : picks) add(peer, other);
    }
  });
}

Graph erdos_renyi(std::uint32_t peers, double probability, std::uint64_t seed, PeerRange own) {
  using Iterator = boost::sorted_erdos_renyi_iterator<Random, BoostGraph>;
  return from_boost<Iterator>(peers, seed, own, probability);
}

Graph small_world(std::uint32_t peers, const SmallWorld& spec, std::uint64_t seed, PeerRange own) {
  using Iterator = boost::small_world_iterator<Random, BoostGraph>;
  return from_boost<Iterator>(peers, seed, own, spec.neighbours, spec.rewire);
}

Graph scale_free(std::uint32_t peers, const ScaleFree& spec, std::uint64_t seed, PeerRange own) {
  using Iterator = boost::plod_iterator<Random, BoostGraph>;
  return from_boost<Iterator>(peers, seed, own, spec.alpha, spec.beta);
}

}  // namespace gossip::sim
