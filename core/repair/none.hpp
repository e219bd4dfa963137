#pragma once

#include "core/intake.hpp"

namespace gossip {

/// What was missed stays missed.
class NoRepair {
 public:
  struct Config {
    static constexpr std::array<Field, 0> fields() { return {}; }
  };
  struct State {};
  static constexpr const char* name = "none";
  static constexpr const char* about = "What was missed stays missed";
  static constexpr std::uint32_t most_actions = 0;
  static constexpr std::size_t bytes(const Config&) { return 0; }

  NoRepair(State&, std::byte*, const Config&, Context&) {}

  void clear() {}
  Time deadline() const { return never; }
};

}  // namespace gossip
