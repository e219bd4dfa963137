#pragma once

#include <array>

#include "core/config/field.hpp"
#include "core/context.hpp"

namespace gossip {

/// Everybody is everybody's neighbour: the complete graph that the theory of epidemics assumes (Demers et al. 1987
/// §0.1: "a uniform random site"), without its n · (n − 1) links.
///
/// Rules
/// - The neighbours of peer i are all others, up for ever: i + 1, i + 2, …, n − 1, 0, …, i − 1. Each row is a window of
///   one array that all peers share, so that 16,384 peers take 128 KiB where their links would take 1 GiB.
/// - Nobody dials and nobody leaves: where peers come and go, full membership is a protocol of its own.
/// Cost: no frames. A peer can harm everybody: not for real networks.
class Everyone {
 public:
  /// The driver's, and not a person's to set.
  struct Config {
    std::span<const PeerId> twice;  // 0, 1, …, n − 1, 0, 1, …, n − 2
    static constexpr std::array<Field, 0> fields() { return {}; }
  };
  struct State {};
  static constexpr const char* name = "everyone";
  static constexpr const char* about = "All other peers: the complete graph, without storing it; nobody leaves";
  static constexpr std::size_t bytes(const Config&) { return 0; }
  std::uint32_t most_actions() const { return 0; }

  Everyone(State&, std::byte*, const Config& config, Context& context) : config_(config), context_(context) {}

  void clear() {}
  Time deadline() const { return never; }
  void on_start() {}
  void on_wake() {}
  void on_up(PeerId, bool) {}
  void on_down(PeerId) {}
  void on_frame(PeerId, const Frame&) {}

  std::span<const PeerId> neighbours() const {
    const std::size_t peers = (config_.twice.size() + 1) / 2;
    if (index(context_.self) >= peers) return {};
    return config_.twice.subspan(index(context_.self) + 1, peers - 1);
  }
  std::span<const PeerId> known() const { return neighbours(); }

 private:
  const Config& config_;
  Context& context_;
};

}  // namespace gossip
