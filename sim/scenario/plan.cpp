#include "sim/scenario/plan.hpp"

#include <algorithm>

namespace gossip::sim {

namespace {

void add_messages(const Workload& load, std::uint32_t peers, std::vector<MessagePlan>& messages) {
  const auto add = [&](std::uint32_t round, std::uint32_t origin) {
    messages.push_back({load.at + round * load.interval, origin, load.size, load.data_type, load.ttl});
  };
  for (std::uint32_t round = 0; round < load.count; ++round) {
    switch (load.from) {
      case Workload::From::peers:
        add(round, load.peers[round % load.peers.size()]);
        break;
      case Workload::From::random:
        add(round, MessagePlan::random_origin);
        break;
      case Workload::From::all:
        for (std::uint32_t peer = 0; peer < peers; ++peer) add(round, peer);
        break;
    }
  }
}

}  // namespace

Plan make_plan(const Scenario& scenario) {
  Plan plan;
  for (const Workload& load : scenario.workload) add_messages(load, scenario.peers, plan.messages);
  std::ranges::stable_sort(plan.messages, {}, &MessagePlan::at);
  for (std::uint32_t i = 0; i < scenario.faults.size(); ++i) {
    plan.deeds.push_back(
        {Deed::Kind::kill, std::visit([](const auto& fault) { return fault.at; }, scenario.faults[i]), i});
  }
  for (std::uint32_t i = 0; i < plan.messages.size(); ++i) {
    plan.deeds.push_back({Deed::Kind::publish, plan.messages[i].at, i});
  }
  std::ranges::stable_sort(plan.deeds, {}, &Deed::at);
  return plan;
}

}  // namespace gossip::sim
