#pragma once

#include "tests/core/one_peer.hpp"

namespace gossip {

constexpr MessageRef a{0}, b{1}, c{2};

/// Peer 0 of a star, with peers 1, 2 and 3 around it.
class Hub : public OnePeer {
 public:
  explicit Hub(const IntakeConfig& intake = {}, const Operations& kind = operations_of<Fixed, Flood>())
      : Hub(kind, config_with(intake)) {}
  Hub(const Operations& kind, Config config) : OnePeer(kind, with_links(std::move(config))) {}

  Lines receive(MessageRef message, std::uint32_t from, std::uint8_t ttl = 0, std::uint16_t hops = 1) {
    return step(Receive{PeerId{from}, Frame::announce(message, ttl, hops)});
  }
  Lines verdict(MessageRef message, Opinion opinion) { return step(Verdict{message, opinion}); }

 private:
  static Config with_links(Config config) {
    config.of<Fixed>() = {offsets, targets, {}};
    return config;
  }
  static constexpr std::uint64_t offsets[] = {0, 3};
  static constexpr PeerId targets[] = {PeerId{1}, PeerId{2}, PeerId{3}};
};

}  // namespace gossip
