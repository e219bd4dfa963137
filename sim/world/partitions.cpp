#include "sim/world/partitions.hpp"

#include <algorithm>

#include "core/random.hpp"

namespace gossip::sim {
namespace {

std::vector<std::uint8_t> sides(const Scenario& scenario, const Partition& partition, std::uint32_t number) {
  std::vector<std::uint32_t> apart = partition.peers;
  if (apart.empty()) {
    apart.resize(scenario.peers);
    for (std::uint32_t i = 0; i < scenario.peers; ++i) apart[i] = i;
    Random(mix(scenario.seed, 'Q'), number).shuffle(std::span(apart));
    apart.resize(static_cast<std::size_t>(partition.fraction * scenario.peers + 0.5));
  }
  std::vector<std::uint8_t> side(scenario.peers);
  for (const std::uint32_t peer : apart) side[peer] = 1;
  return side;
}

}  // namespace

Partitions::Partitions(const Scenario& scenario) {
  for (const Fault& fault : scenario.faults) {
    const Partition* partition = std::get_if<Partition>(&fault);
    if (partition == nullptr) continue;
    const auto number = static_cast<std::uint32_t>(cuts_.size());
    const bool breaks = !partition->lasts || *partition->lasts > scenario.detection;
    cuts_.push_back({partition->at, partition->lasts ? partition->at + *partition->lasts : never,
                     breaks ? std::optional(partition->at + scenario.detection) : std::nullopt,
                     sides(scenario, *partition, number)});
  }
  std::ranges::stable_sort(cuts_, {}, &Cut::from);
}

std::optional<Time> Partitions::departure(PeerId a, PeerId b, Time sent, Duration way) const {
  for (const Cut& cut : cuts_) {
    if (!cut.meets(sent, way) || !cut.across(a, b)) continue;
    if (cut.broken) return std::nullopt;
    sent = cut.until;
  }
  return sent;
}

Time Partitions::first_departure(PeerId a, PeerId b, Time sent, Duration way) const {
  for (const Cut& cut : cuts_) {
    if (sent != never && cut.meets(sent, way) && cut.across(a, b)) sent = cut.until;
  }
  return sent;
}

}  // namespace gossip::sim
