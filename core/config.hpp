#pragma once

#include <cstdint>

#include "core/types.hpp"

/// Every parameter of the protocols, with its default and where that comes from.
namespace gossip {

enum class OnSilence : std::uint8_t { forward, drop };
enum class Relay : std::uint8_t { all, subscribed };

struct FloodConfig {
  std::uint32_t seen_capacity = 65'536;       // ids remembered; guess: 120 s of 546 messages a second
  Duration seen_ttl = 120 * second;           // as libp2p gossipsub's seen cache
  bool validation = false;                    // every Deliver is answered by a Verdict
  std::uint32_t cache_size = 50;              // messages that wait for a verdict; the seed's sample configuration
  Duration validation_deadline = 2 * second;  // guess
  OnSilence on_silence = OnSilence::forward;  // the seed's decision table
  Relay relay = Relay::all;                   // the seed's decision table
};

struct SamplingConfig {
  PeerId bootstrapper = no_peer;             // no_peer or the peer itself: waits to be found
  std::uint32_t degree = 30;                 // connections that a peer seeks; the seed's default
  std::uint32_t max_connections = 33;        // kept; a tenth more, so that who seeks finds somebody with room
  std::uint32_t transient_connections = 30;  // above those: answered, then closed, so that a full peer still introduces
  std::uint32_t peer_list = 256;             // addresses known; guess; scenarios/seed-bootstrap.json
  std::uint32_t response_peers = 64;         // addresses in one RESPONSE; guess; scenarios/seed-bootstrap.json
  Duration retry_min = 500 * millisecond;    // first pause before asking for peers again; guess
  Duration retry_max = 30 * second;          // the pause doubles up to this; guess

  /// Another degree, and with it the two that follow from it. Measured: scenarios/seed-bootstrap.json ends with 30–33
  /// neighbours a peer; with room for twice the degree it would be 30–60, and every flood half as dear again.
  constexpr void set_degree(std::uint32_t wanted) {
    degree = transient_connections = wanted;
    max_connections = wanted + (wanted < 10 ? 1 : wanted / 10);
  }
};

struct Config {
  FloodConfig flood;
  SamplingConfig sampling;
};

}  // namespace gossip
