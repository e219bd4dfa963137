#pragma once

#include <algorithm>
#include <utility>

#include "sim/machine/big_array.hpp"
#include "sim/machine/team.hpp"
#include "sim/topology/graph.hpp"

/// How every generator and reader makes a Graph.
namespace gossip::sim {

/// Makes a graph of links that come in any order and direction, doubled or not; self-links are left out. The links are
/// dealt to parts of peers whose rows fit a core's cache, and each part is sorted by itself: on several threads, and on
/// one it is faster too. Needs 16 bytes a link while it works. Only the rows of `own` peers are made.
class GraphBuilder {
 public:
  GraphBuilder(std::uint32_t peers, PeerRange own, Team& team)
      : own_(own), parts_((own.last - own.first + part_peers - 1) / part_peers), team_(team) {
    graph_.offsets = BigArray<std::uint64_t>(peers + std::uint64_t{1});
  }

  /// `each_link(slice, add)` is called twice for each slice, to count and to fill, and calls add(a, b) for the same
  /// links both times. Slices may be worked on at once.
  template <class EachLink>
  Graph build(std::uint32_t slices, const EachLink& each_link) {
    std::vector<std::uint64_t> places(std::size_t{slices} * parts_);
    team_.each(slices, [&](std::uint32_t slice) {
      std::vector<std::uint64_t> counts(parts_);
      each_link(slice, [&](std::uint64_t a, std::uint64_t b) {
        if (a == b) return;
        if (has(a)) ++counts[part_of(a)];
        if (has(b)) ++counts[part_of(b)];
      });
      std::ranges::copy(counts, places.begin() + std::ptrdiff_t{slice} * parts_);
    });
    find_places(places, slices);
    team_.each(slices, [&](std::uint32_t slice) {
      const auto begin = places.begin() + std::ptrdiff_t{slice} * parts_;
      std::vector<std::uint64_t> next(begin, begin + parts_);
      const auto add = [&](std::uint64_t a, std::uint64_t b) {
        if (has(a)) ends_[next[part_of(a)]++] = {static_cast<std::uint32_t>(a), PeerId{static_cast<std::uint32_t>(b)}};
      };
      each_link(slice, [&](std::uint64_t a, std::uint64_t b) {
        if (a == b) return;
        add(a, b);
        add(b, a);
      });
    });
    team_.each(parts_, [&](std::uint32_t part) { make_rows(part); });
    std::uint64_t total = 0;
    for (std::uint64_t peer = own_.first; peer < own_.last; ++peer) {
      graph_.offsets[peer + 1] = total += graph_.offsets[peer + 1];
    }
    graph_.targets.resize(total);
    team_.each(parts_, [&](std::uint32_t part) {
      const PeerId* rows = reinterpret_cast<const PeerId*>(&ends_[starts_[part]]);
      const std::uint64_t begin = graph_.offsets[first_peer(part)];
      std::copy(rows, rows + (graph_.offsets[last_peer(part)] - begin),
                graph_.targets.begin() + static_cast<std::ptrdiff_t>(begin));
    });
    return std::move(graph_);
  }

 private:
  static constexpr std::uint32_t part_peers = 8'192;
  struct End {
    std::uint32_t peer;
    PeerId target;
  };

  bool has(std::uint64_t peer) const { return peer - own_.first < own_.last - own_.first; }
  std::size_t part_of(std::uint64_t peer) const { return (peer - own_.first) / part_peers; }
  std::uint64_t first_peer(std::uint32_t part) const { return own_.first + std::uint64_t{part} * part_peers; }
  std::uint64_t last_peer(std::uint32_t part) const {
    return std::min<std::uint64_t>(first_peer(part) + part_peers, own_.last);
  }

  /// Counts become where each slice puts what belongs to each part.
  void find_places(std::vector<std::uint64_t>& counts, std::uint32_t slices) {
    std::uint64_t total = 0;
    for (std::uint32_t part = 0; part < parts_; ++part) {
      starts_.push_back(total);
      for (std::uint32_t slice = 0; slice < slices; ++slice) {
        total += std::exchange(counts[std::size_t{slice} * parts_ + part], total);
      }
    }
    starts_.push_back(total);
    ends_ = BigArray<End>(total + 1);
  }

  /// Sorted and without doubles, one after the other where the part's ends lay; each row's size goes to its offset.
  void make_rows(std::uint32_t part) {
    const std::uint64_t first = first_peer(part), last = last_peer(part);
    const std::span<const End> ends(&ends_[starts_[part]], starts_[part + 1] - starts_[part]);
    std::vector<std::uint32_t> row_ends(last - first);
    for (const End& end : ends) ++row_ends[end.peer - first];
    std::uint32_t sum = 0;
    for (std::uint32_t& end : row_ends) sum = end += sum;
    std::vector<PeerId> targets(ends.size());
    for (const End& end : ends) targets[--row_ends[end.peer - first]] = end.target;
    PeerId* place = reinterpret_cast<PeerId*>(&ends_[starts_[part]]);
    for (std::uint64_t peer = first; peer < last; ++peer) {
      const auto begin = targets.begin() + row_ends[peer - first];
      const auto end = peer + 1 < last ? targets.begin() + row_ends[peer + 1 - first] : targets.end();
      std::sort(begin, end);
      PeerId* const row = place;
      place = std::unique_copy(begin, end, place);
      graph_.offsets[peer + 1] = static_cast<std::uint64_t>(place - row);
    }
  }

  PeerRange own_;
  std::uint32_t parts_;
  Team& team_;
  Graph graph_;
  std::vector<std::uint64_t> starts_;  // of each part's ends
  BigArray<End> ends_;
};

/// `each_link(add)` as for GraphBuilder::build.
template <class EachLink>
Graph from_links(std::uint32_t peers, PeerRange own, const EachLink& each_link) {
  Team one(1);
  return GraphBuilder(peers, own, one).build(1, [&](std::uint32_t, auto add) { each_link(add); });
}
template <class EachLink>
Graph from_links(std::uint32_t peers, const EachLink& each_link) {
  return from_links(peers, {0, peers}, each_link);
}

// The generators that draw random numbers, in random.cpp.
Graph random_regular(std::uint32_t peers, std::uint32_t degree, std::uint64_t seed);
Graph random_out(std::uint32_t peers, std::uint32_t links, std::uint64_t seed, PeerRange own, Team& team);
Graph erdos_renyi(std::uint32_t peers, double probability, std::uint64_t seed, PeerRange own);
Graph small_world(std::uint32_t peers, const SmallWorld& spec, std::uint64_t seed, PeerRange own);
Graph scale_free(std::uint32_t peers, const ScaleFree& spec, std::uint64_t seed, PeerRange own);

/// In file.cpp. Throws InputError naming the file, and the line where the format has lines.
Graph read_graph(const GraphFile& file);

}  // namespace gossip::sim
