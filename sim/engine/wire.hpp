#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/list_store.hpp"
#include "net/classic.hpp"
#include "net/message_id.hpp"
#include "net/modern.hpp"
#include "sim/world/plan.hpp"

namespace gossip::sim {

/// What a frame costs on the wire, with or without Wire. `size`: data of an announce, items of a list.
std::uint64_t frame_bytes(FrameKind kind, std::size_t size);

/// What one block of peers needs to encode and decode; reused.
struct WireScratch {
  net::MessageHasher hasher;
  net::Bytes bytes;
  std::vector<net::Endpoint> endpoints;
  std::vector<PeerId> peers;
  std::vector<net::modern::AgedEndpoint> aged;
  std::vector<net::MessageId> ids;
  std::vector<net::modern::AgedId> aged_ids;
  std::vector<std::uint32_t> items;
};

/// Takes every frame through the bytes that a real node would send: encodes it, decodes it, finds the message by its
/// id. A run must come out the same as without; that ties the simulator to the node.
///
/// Peer i has the address 10.0.0.1 + i, so at most 2^24 − 2 peers. A message's data is its number, then zeros; data
/// shorter than that cannot tell messages apart, and no id would be left to find them by: the scenario is refused.
class Wire {
 public:
  /// Throws InputError where the plan cannot be put on the wire.
  Wire(const Plan& plan, std::uint32_t peers, const std::string& scenario);

  /// The frame that arrives. The ownership of a list passes to that of the frame given back.
  Frame pass(const Frame& frame, ListStore& lists, WireScratch& scratch) const;

 private:
  Frame pass_announce(const Frame& frame, WireScratch& scratch) const;
  static Frame pass_response(const Frame& frame, ListStore& lists, WireScratch& scratch);
  Frame pass_modern(const Frame& frame, ListStore& lists, WireScratch& scratch) const;
  void encode_list(const net::modern::Message& message, Items items, std::span<const std::uint32_t> list,
                   WireScratch& scratch) const;
  void decode_list(const net::modern::Message& message, Items items, WireScratch& scratch) const;

  struct Body {
    std::uint16_t data_type;
    std::vector<std::byte> data;
    net::MessageId id;
  };
  std::vector<Body> bodies_;
  std::unordered_map<net::MessageId, MessageRef, net::MessageIdHash> by_id_;
};

}  // namespace gossip::sim
