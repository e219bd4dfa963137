#include "sim/world/plan.hpp"

#include <algorithm>

namespace gossip::sim {
namespace {

constexpr PeerId any_peer = no_peer;

void add_messages(const Workload& load, std::uint32_t peers, std::vector<PlannedMessage>& messages) {
  const auto add = [&](std::uint32_t round, PeerId origin) {
    messages.push_back({load.at + round * load.interval, origin, load.size, load.data_type, load.ttl});
  };
  for (std::uint32_t round = 0; round < load.count; ++round) {
    switch (load.from) {
      case Workload::From::peers:
        add(round, PeerId{load.peers[round % load.peers.size()]});
        break;
      case Workload::From::random:
        add(round, any_peer);
        break;
      case Workload::From::all:
        for (std::uint32_t peer = 0; peer < peers; ++peer) add(round, PeerId{peer});
        break;
    }
  }
}

}  // namespace

std::uint64_t count_messages(const Scenario& scenario) {
  std::uint64_t count = 0;
  for (const Workload& load : scenario.workload) {
    count += std::uint64_t{load.count} * (load.from == Workload::From::all ? scenario.peers : 1);
  }
  return count;
}

Plan make_plan(const Scenario& scenario, const Timeline& timeline) {
  Plan plan;
  for (const Workload& load : scenario.workload) add_messages(load, scenario.peers, plan.messages);
  std::ranges::stable_sort(plan.messages, {}, &PlannedMessage::at);
  for (std::uint32_t i = 0; i < plan.messages.size(); ++i) {
    PlannedMessage& message = plan.messages[i];
    if (message.origin == any_peer) message.origin = timeline.random_up(i, message.at);
    if (message.origin != no_peer && !timeline.up(message.origin, message.at)) message.origin = no_peer;
    plan.sizes.push_back(message.size);
  }
  return plan;
}

}  // namespace gossip::sim
