#include "sim/report/overlay.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.hpp"

namespace gossip::sim {
namespace {

/// The views without directions: sorted rows, each link in both.
Views undirected(const Views& views, const std::vector<bool>& up) {
  Views rows(views.size());
  for (std::uint32_t i = 0; i < views.size(); ++i) {
    for (const PeerId other : views[i]) {
      if (!up[index(other)] || index(other) == i) continue;
      rows[i].push_back(other);
      rows[index(other)].push_back(PeerId{i});
    }
  }
  for (auto& row : rows) {
    std::ranges::sort(row);
    row.erase(std::unique(row.begin(), row.end()), row.end());
  }
  return rows;
}

void count_entries(const Views& views, const std::vector<bool>& up, OverlayFacts& facts) {
  std::vector<std::uint32_t> in(views.size());
  facts.out_least = 0xffff'ffff;
  for (std::uint32_t i = 0; i < views.size(); ++i) {
    if (!up[i]) continue;
    std::vector<PeerId> sorted = views[i];
    std::ranges::sort(sorted);
    facts.out_least = std::min(facts.out_least, static_cast<std::uint32_t>(sorted.size()));
    facts.out_most = std::max(facts.out_most, static_cast<std::uint32_t>(sorted.size()));
    facts.doubles += static_cast<std::uint64_t>(sorted.end() - std::unique(sorted.begin(), sorted.end()));
    for (const PeerId other : views[i]) {
      facts.loops += index(other) == i;
      facts.dangling += !up[index(other)];
      facts.one_way += up[index(other)] && std::ranges::count(views[index(other)], PeerId{i}) == 0;
      ++in[index(other)];
    }
  }
  double squares = 0;
  for (std::uint32_t i = 0; i < views.size(); ++i) {
    if (!up[i]) continue;
    ++facts.peers;
    facts.in_mean += in[i];
    squares += double{1} * in[i] * in[i];
    if (in[i] >= facts.in_degrees.size()) facts.in_degrees.resize(in[i] + 1);
    ++facts.in_degrees[in[i]];
  }
  facts.in_mean /= facts.peers;
  facts.in_deviation = std::sqrt(std::max(0.0, squares / facts.peers - facts.in_mean * facts.in_mean));
}

double clustering_of(const Views& rows, std::uint32_t peer) {
  const auto& row = rows[peer];
  if (row.size() < 2) return 0;
  std::uint64_t linked = 0;
  for (std::size_t a = 0; a < row.size(); ++a) {
    for (std::size_t b = a + 1; b < row.size(); ++b) linked += std::ranges::binary_search(rows[index(row[a])], row[b]);
  }
  return 2.0 * static_cast<double>(linked) / (static_cast<double>(row.size()) * static_cast<double>(row.size() - 1));
}

/// Breadth first. `hops`: 0xffff'ffff where it does not come.
void search(const Views& rows, std::uint32_t from, std::vector<std::uint32_t>& hops,
            std::vector<std::uint32_t>& order) {
  hops.assign(rows.size(), 0xffff'ffff);
  order.assign(1, from);
  hops[from] = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (const PeerId other : rows[order[i]]) {
      if (hops[index(other)] != 0xffff'ffff) continue;
      hops[index(other)] = hops[order[i]] + 1;
      order.push_back(index(other));
    }
  }
}

void measure_components(const Views& rows, const std::vector<bool>& up, OverlayFacts& facts) {
  std::vector<bool> seen(rows.size());
  std::vector<std::uint32_t> hops, order;
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    if (!up[i] || seen[i]) continue;
    search(rows, i, hops, order);
    for (const std::uint32_t peer : order) seen[peer] = true;
    ++facts.components;
    facts.largest = std::max(facts.largest, static_cast<std::uint32_t>(order.size()));
  }
}

}  // namespace

Views views_of(Engine& engine) {
  Views views(engine.peers());
  for (std::uint32_t i = 0; i < views.size(); ++i) {
    const auto row = engine.neighbours(PeerId{i});
    views[i].assign(row.begin(), row.end());
  }
  return views;
}

OverlayFacts describe(const Views& views, const std::vector<bool>& up, std::uint32_t sources, std::uint64_t seed) {
  OverlayFacts facts;
  count_entries(views, up, facts);
  const Views rows = undirected(views, up);
  measure_components(rows, up, facts);
  std::vector<std::uint32_t> peers;
  for (std::uint32_t i = 0; i < views.size(); ++i) {
    if (up[i]) peers.push_back(i);
  }
  for (const std::uint32_t peer : peers) facts.clustering += clustering_of(rows, peer) / facts.peers;
  Random random(seed, 'O');
  random.shuffle(std::span(peers));
  peers.resize(std::min<std::size_t>(peers.size(), sources));
  std::vector<std::uint32_t> hops, order;
  std::uint64_t pairs = 0, all_hops = 0;
  for (const std::uint32_t peer : peers) {
    search(rows, peer, hops, order);
    pairs += order.size() - 1;
    for (const std::uint32_t reached : order) all_hops += hops[reached];
    facts.most_hops = std::max(facts.most_hops, hops[order.back()]);
  }
  facts.path = pairs == 0 ? 0 : static_cast<double>(all_hops) / static_cast<double>(pairs);
  return facts;
}

OverlayFacts describe_overlay(Engine& engine, std::uint32_t sources, std::uint64_t seed) {
  std::vector<bool> up(engine.peers());
  for (std::uint32_t i = 0; i < up.size(); ++i) up[i] = engine.up(PeerId{i});
  return describe(views_of(engine), up, sources, seed);
}

}  // namespace gossip::sim
