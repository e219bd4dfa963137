#include "sim/topology/graph.hpp"

#include "core/random.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/topology/build.hpp"

namespace gossip::sim {
namespace {

/// More would not fit into the memory of the machines that this is for: 8 bytes a link.
constexpr double most_links = 1e9;

Graph complete(std::uint32_t peers) {
  return from_links(peers, [&](auto add) {
    for (std::uint64_t a = 0; a < peers; ++a) {
      for (std::uint64_t b = a + 1; b < peers; ++b) add(a, b);
    }
  });
}

Graph ring(std::uint32_t peers) {
  return from_links(peers, [&](auto add) {
    for (std::uint64_t a = 0; a < peers; ++a) add(a, (a + 1) % peers);
  });
}

Graph star(std::uint32_t peers) {
  return from_links(peers, [&](auto add) {
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

Graph grid(std::uint32_t peers, const Grid& spec) {
  const std::uint64_t width = spec.width == 0 ? most_square_width(peers) : spec.width;
  const std::uint64_t height = peers / width;
  return from_links(peers, [&](auto add) {
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

struct Make {
  std::uint32_t peers;
  std::uint64_t seed;
  Team& team;
  Graph operator()(const NoLinks&) const {
    return from_links(peers, [](auto) {});
  }
  Graph operator()(const Complete&) const { return complete(peers); }
  Graph operator()(const Ring&) const { return ring(peers); }
  Graph operator()(const Grid& spec) const { return grid(peers, spec); }
  Graph operator()(const Star&) const { return star(peers); }
  Graph operator()(const RandomRegular& spec) const { return random_regular(peers, spec.degree, seed); }
  Graph operator()(const RandomOut& spec) const { return random_out(peers, spec.links, seed, team); }
  Graph operator()(const ErdosRenyi& spec) const { return erdos_renyi(peers, spec.probability, seed); }
  Graph operator()(const SmallWorld& spec) const { return small_world(peers, spec, seed); }
  Graph operator()(const ScaleFree& spec) const { return scale_free(peers, spec, seed); }
  Graph operator()(const GraphFile& file) const { return read_graph(file); }
};

}  // namespace

Graph make_graph(const TopologySpec& spec, std::uint32_t peers, std::uint64_t seed, const std::string& where,
                 std::uint32_t threads) {
  check_size(spec, peers, where);
  constexpr std::uint64_t stream = 0x6772'6170'68;  // "graph", so that nothing else of the run shares its numbers
  Team team(threads);
  Graph graph = std::visit(Make{peers, mix(seed, stream), team}, spec);
  if (peers != 0 && graph.peers() != peers) {
    throw InputError(where, "the file has " + std::to_string(graph.peers()) + " peers, but /peers says " +
                                std::to_string(peers) + "; leave /peers out to take the file's");
  }
  return graph;
}

}  // namespace gossip::sim
