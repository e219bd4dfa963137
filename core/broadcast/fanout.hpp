#pragma once

#include "core/intake.hpp"

namespace gossip {

struct FanoutConfig {
  std::uint32_t fanout = 10;

  static constexpr auto fields() {
    return std::array{field<&FanoutConfig::fanout>("fanout", whole(1, 64),
                                                   {"neighbours to which a message is forwarded",
                                                    "Kermarrec et al. 2003: ln n + c reaches everybody with "
                                                    "probability e^(-e^-c); 96% of 1,000 peers' messages"})};
  }
};

/// Infect and die: who receives a message for the first time forwards it to k random neighbours, once.
///
/// Rules (Kermarrec, Massoulié, Ganesh, "Probabilistic Reliable Dissemination in Large-Scale Systems", TPDS 2003 §3;
/// "infect and die" in Eugster, Guerraoui, Kermarrec, Massoulié, Computer 2004)
/// - The k targets are distinct, uniform, and drawn anew for each message. With no more than k neighbours: all of them.
/// - The sender is one of those that may be drawn, as the paper has it: who receives does not ask whom it has it from.
///   To spare it would save k / n of the frames where everybody is a neighbour, and change the law.
/// - No copy and no loss is ever answered, and nothing is sent twice: what all k targets of all knowers miss is missed.
/// Reach: on a complete graph a share π of the peers, π = 1 − e^(−kπ); all n of them with probability e^(−e^(−c)),
/// where k = ln n + c.
/// Cost: k frames for each peer reached, whatever the number of neighbours. An attacker that drops what it receives
/// takes its k frames from k random peers; one that sends gains k frames a message, once.
class Fanout {
 public:
  using Config = FanoutConfig;
  struct State {};
  static constexpr const char* name = "fanout";
  static constexpr const char* about = "Forward once to a few random neighbours";
  static constexpr bool uses_neighbours = true;
  static constexpr std::uint32_t most_targets = 64;
  static constexpr std::size_t bytes(const Config&) { return 0; }

  Fanout(State&, std::byte*, const Config& config, Context& context) : config_(config), context_(context) {}

  void clear() {}
  Time deadline() const { return never; }
  std::uint32_t most_actions() const { return config_.fanout; }

  void spread(const Intake::Accepted& accepted) {
    const auto all = context_.neighbours;
    if (all.size() <= config_.fanout) return send_to_all(accepted.frame);
    // Floyd's sample (Bentley, CACM 30(9), 1987): k draws for k distinct places.
    std::array<std::uint32_t, most_targets> drawn;
    std::uint32_t count = 0;
    for (auto last = static_cast<std::uint32_t>(all.size()) - config_.fanout; last < all.size(); ++last) {
      const std::uint32_t place = context_.random.below(last + 1);
      const bool taken = std::find(drawn.begin(), drawn.begin() + count, place) != drawn.begin() + count;
      drawn[count++] = taken ? last : place;
    }
    for (std::uint32_t i = 0; i < count; ++i) context_.send(all[drawn[i]], accepted.frame);
  }

 private:
  void send_to_all(const Frame& frame) {
    for (const PeerId peer : context_.neighbours) context_.send(peer, frame);
  }

  const Config& config_;
  Context& context_;
};
static_assert(FanoutConfig{}.fanout <= Fanout::most_targets);

}  // namespace gossip
