#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/message_store.hpp"
#include "net/classic.hpp"
#include "net/message_id.hpp"
#include "sim/scenario/plan.hpp"

namespace gossip::sim {

// What frames cost on the classic wire, with or without Wire.
inline constexpr std::uint64_t contact_bytes = net::pull_size;
static_assert(net::pull_size == net::push_size);
constexpr std::uint64_t announce_bytes(std::uint32_t data) { return net::send_content_size(data); }
constexpr std::uint64_t response_bytes(std::size_t peers) { return net::response_size(peers); }

/// Takes every frame through the bytes that a real node would send: encodes it, decodes it, finds the message by its
/// id. A run must come out the same as without; that ties the simulator to the node.
///
/// Peer i has the address 10.0.0.1 + i, so at most 2^24 − 2 peers. A message's data is its number, then zeros; data
/// shorter than that cannot tell messages apart, and no id would be left to find them by: the scenario is refused.
class Wire {
 public:
  /// Throws InputError where the plan cannot be put on the wire.
  Wire(const Plan& plan, std::uint32_t peers, const std::string& scenario);

  /// The frame that arrives. The reference to a list of peers passes to that of the frame given back.
  Frame pass(const Frame& frame, MessageStore& store);

 private:
  Frame pass_announce(const Frame& frame);
  Frame pass_response(const Frame& frame, MessageStore& store);

  struct Body {
    std::uint16_t data_type;
    std::vector<std::byte> data;
  };
  std::vector<Body> bodies_;
  std::unordered_map<net::MessageId, MessageRef, net::MessageIdHash> by_id_;
  net::MessageHasher hasher_;
  net::Bytes bytes_;
  std::vector<net::Endpoint> endpoints_;
  std::vector<PeerId> peers_;
};

}  // namespace gossip::sim
