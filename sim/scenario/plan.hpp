#pragma once

#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "sim/scenario/scenario.hpp"

namespace gossip::sim {

/// What the world does to the peers from outside, in order of time; at equal times as the scenario lists it.
struct Deed {
  enum class Kind : std::uint8_t { publish, kill } kind;
  Time at;
  std::uint32_t number;  // publish: the message; kill: which of the scenario's kills
};

/// One announced message.
struct MessagePlan {
  static constexpr std::uint32_t random_origin = 0xffff'ffff;
  Time at;
  std::uint32_t origin;  // a peer, or random_origin: any that is up then
  std::uint32_t size;
  std::uint16_t data_type;
  std::uint8_t ttl;
};

struct Plan {
  std::vector<MessagePlan> messages;
  std::vector<Deed> deeds;
};

/// Messages are numbered in order of their time; at equal times as the workload lists them.
Plan make_plan(const Scenario& scenario);

}  // namespace gossip::sim
