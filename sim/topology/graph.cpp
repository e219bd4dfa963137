#include "sim/topology/graph.hpp"

#include "core/random.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/topology/build.hpp"

namespace gossip::sim {
namespace {

/// More would not fit into the memory of the machines that this is for: 8 bytes a link.
constexpr double most_links = 1e9;

Graph complete(std::uint32_t peers, PeerRange own) {
  return from_links(peers, own, [&](auto add) {
    for (std::uint64_t a = 0; a < peers; ++a) {
      for (std::uint64_t b = a + 1; b < peers; ++b) add(a, b);
    }
  });
}

Graph ring(std::uint32_t peers, PeerRange own) {
  return from_links(peers, own, [&](auto add) {
    for (std::uint64_t a = 0; a < peers; ++a) add(a, (a + 1) % peers);
  });
}

Graph star(std::uint32_t peers, PeerRange own) {
  return from_links(peers, own, [&](auto add) {
    for (std::uint64_t a = 1; a < peers; ++a) add(0, a);
  });
}

std::uint32_t most_square_width(std::uint32_t peers) {
  std::uint32_t width = 1;
  for (std::uint64_t divisor = 1; divisor * divisor <= peers; ++divisor) {
    if (peers % divisor == 0) width = static_cast<std::uint32_t>(divisor);
  }
  return width;
}

Graph grid(std::uint32_t peers, const Grid& spec, PeerRange own) {
  const std::uint64_t width = spec.width == 0 ? most_square_width(peers) : spec.width;
  const std::uint64_t height = peers / width;
  return from_links(peers, own, [&](auto add) {
    for (std::uint64_t y = 0; y < height; ++y) {
      for (std::uint64_t x = 0; x < width; ++x) {
        if (x + 1 < width || spec.wrap) add(y * width + x, y * width + (x + 1) % width);
        if (y + 1 < height || spec.wrap) add(y * width + x, (y + 1) % height * width + x);
      }
    }
  });
}

/// How many links to expect, before anything is allocated.
struct ExpectedLinks {
  double peers;
  double operator()(const Complete&) const { return peers * (peers - 1) / 2; }
  double operator()(const RandomRegular& spec) const { return peers * spec.degree / 2; }
  double operator()(const RandomOut& spec) const { return peers * spec.links; }
  double operator()(const ErdosRenyi& spec) const { return peers * (peers - 1) / 2 * spec.probability; }
  double operator()(const SmallWorld& spec) const { return peers * spec.neighbours / 2; }
  double operator()(const auto&) const { return 2 * peers; }
};

void check_size(const TopologySpec& spec, std::uint32_t peers, const std::string& where) {
  const double links = std::visit(ExpectedLinks{static_cast<double>(peers)}, spec);
  if (links <= most_links) return;
  throw InputError(where, "would have about " + std::to_string(static_cast<std::uint64_t>(links / 1e6)) +
                              " million links, more than the 1000 million that fit; take fewer peers or links");
}

PeerRange rows_for(std::uint32_t peers, const Ranks& ranks) {
  return ranks.first() ? PeerRange{0, peers} : ranks.own(peers);
}

/// Of a whole graph.
Graph rows_of(Graph&& graph, const Ranks& ranks) {
  const PeerRange own = rows_for(graph.peers(), ranks);
  const std::uint64_t begin = graph.offsets[own.first], end = graph.offsets[own.last];
  if (end - begin == graph.targets.size()) return std::move(graph);
  Graph part;
  part.offsets = BigArray<std::uint64_t>(graph.offsets.size());
  for (std::uint64_t i = own.first; i <= own.last; ++i) part.offsets[i] = graph.offsets[i] - begin;
  const auto cut = [&]<class T>(const std::vector<T>& all, std::vector<T>& rows) {
    if (!all.empty()) rows.assign(all.begin() + std::ptrdiff_t(begin), all.begin() + std::ptrdiff_t(end));
  };
  cut(graph.targets, part.targets);
  cut(graph.latency, part.latency);
  part.names = std::move(graph.names);
  return part;
}

struct Make {
  std::uint32_t peers;
  std::uint64_t seed;
  const Ranks& ranks;
  PeerRange own;
  Team& team;
  Graph operator()(const NoLinks&) const {
    return from_links(peers, own, [](auto) {});
  }
  Graph operator()(const Complete&) const { return complete(peers, own); }
  Graph operator()(const Ring&) const { return ring(peers, own); }
  Graph operator()(const Grid& spec) const { return grid(peers, spec, own); }
  Graph operator()(const Star&) const { return star(peers, own); }
  Graph operator()(const RandomRegular& spec) const { return rows_of(random_regular(peers, spec.degree, seed), ranks); }
  Graph operator()(const RandomOut& spec) const { return random_out(peers, spec.links, seed, own, team); }
  Graph operator()(const ErdosRenyi& spec) const { return erdos_renyi(peers, spec.probability, seed, own); }
  Graph operator()(const SmallWorld& spec) const { return small_world(peers, spec, seed, own); }
  Graph operator()(const ScaleFree& spec) const { return scale_free(peers, spec, seed, own); }
  Graph operator()(const GraphFile& file) const { return rows_of(read_graph(file), ranks); }
};

}  // namespace

Graph make_graph(const TopologySpec& spec, std::uint32_t peers, std::uint64_t seed, const std::string& where,
                 std::uint32_t threads, const Ranks& ranks) {
  check_size(spec, peers, where);
  constexpr std::uint64_t stream = 0x6772'6170'68;  // "graph", so that nothing else of the run shares its numbers
  Team team(threads);
  Graph graph = std::visit(Make{peers, mix(seed, stream), ranks, rows_for(peers, ranks), team}, spec);
  if (peers != 0 && graph.peers() != peers) {
    throw InputError(where, "the file has " + std::to_string(graph.peers()) + " peers, but /peers says " +
                                std::to_string(peers) + "; leave /peers out to take the file's");
  }
  return graph;
}

}  // namespace gossip::sim
