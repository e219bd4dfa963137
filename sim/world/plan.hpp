#pragma once

#include <cstdint>
#include <vector>

#include "sim/world/timeline.hpp"

namespace gossip::sim {

/// One message to be announced.
struct PlannedMessage {
  Time at;
  PeerId origin;  // no_peer: nobody is there to announce it
  std::uint32_t size;
  std::uint16_t data_type;
  std::uint8_t ttl;
};

/// What is announced, in order of time; at equal times as the workload lists it. Messages are numbered so.
struct Plan {
  std::vector<PlannedMessage> messages;
  std::vector<std::uint32_t> sizes;  // of the messages
};

/// How many messages the scenario announces; cheap.
std::uint64_t count_messages(const Scenario& scenario);
Plan make_plan(const Scenario& scenario, const Timeline& timeline);

}  // namespace gossip::sim
