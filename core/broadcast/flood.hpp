#pragma once

#include "core/intake.hpp"

namespace gossip {

/// The seed's broadcast: what is accepted goes to every neighbour except the one that sent it.
///
/// Costs Σdegree − (n − 1) frames for a message that reaches n peers. No state: what is new, and what may go on, is
/// the intake's business.
class Flood {
 public:
  struct Config {
    static constexpr std::array<Field, 0> fields() { return {}; }
  };
  struct State {};
  static constexpr const char* name = "flood";
  static constexpr const char* about = "Forward once to every other neighbour";
  static constexpr std::uint32_t most_actions = 1;  // for one message
  static constexpr std::size_t bytes(const Config&) { return 0; }

  Flood(State&, std::byte*, const Config&, Context& context) : context_(context) {}

  void clear() {}
  void spread(const Intake::Accepted& accepted) { context_.send_all(accepted.frame, accepted.from); }
  Time deadline() const { return never; }

 private:
  Context& context_;
};

}  // namespace gossip
