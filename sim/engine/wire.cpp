#include "sim/engine/wire.hpp"

#include "core/assert.hpp"
#include "sim/scenario/input_error.hpp"

namespace gossip::sim {

namespace {

constexpr std::uint32_t first_address = 0x0a00'0001;  // 10.0.0.1
constexpr std::uint32_t most_peers = (1u << 24) - 2;
constexpr std::uint16_t port = 6001;

net::Endpoint endpoint(PeerId peer) { return {first_address + index(peer), port}; }
PeerId peer(net::Endpoint endpoint) { return PeerId{endpoint.ip - first_address}; }

std::vector<std::byte> data_of(std::uint32_t number, std::uint32_t size) {
  std::vector<std::byte> data(size);
  for (std::uint32_t i = 0; i < size && i < 4; ++i) data[i] = static_cast<std::byte>(number >> 8 * i);
  return data;
}

}  // namespace

std::uint64_t frame_bytes(FrameKind kind, std::size_t size) {
  switch (kind) {
    case FrameKind::announce:
      return net::send_content_size(size);
    case FrameKind::response:
      return net::response_size(size);
    case FrameKind::pull:
      return net::pull_size;
    case FrameKind::push:
      return net::push_size;
    case FrameKind::count_:
      break;
  }
  GOSSIP_ASSERT(false && "a frame that no dialect has");
}

Wire::Wire(const Plan& plan, std::uint32_t peers, const std::string& scenario) {
  if (peers > most_peers) throw InputError(scenario, "--wire has addresses for at most 16,777,214 peers");
  net::MessageHasher hasher;
  for (std::uint32_t i = 0; i < plan.messages.size(); ++i) {
    const PlannedMessage& message = plan.messages[i];
    bodies_.push_back({message.data_type, data_of(i, message.size)});
    const auto [place, added] = by_id_.emplace(hasher(message.data_type, bodies_.back().data), MessageRef{i});
    if (!added) {
      throw InputError(scenario + ": /workload", "--wire needs messages that differ: " + std::to_string(message.size) +
                                                     " B of data cannot number them all, 4 B can");
    }
  }
}

Frame Wire::pass(const Frame& frame, ListStore& lists, WireScratch& scratch) const {
  net::Bytes& bytes = scratch.bytes;
  bytes.clear();
  switch (frame.kind) {
    case FrameKind::announce:
      return pass_announce(frame, scratch);
    case FrameKind::response:
      return pass_response(frame, lists, scratch);
    case FrameKind::pull:
      encode(bytes, net::Pull{endpoint(frame.subject())});
      return Frame::pull(peer(std::get<net::Pull>(net::decode(bytes)).sender));
    case FrameKind::push:
      encode(bytes, net::Push{endpoint(frame.subject())});
      return Frame::push(peer(std::get<net::Push>(net::decode(bytes)).sender));
    case FrameKind::count_:
      break;
  }
  GOSSIP_ASSERT(false && "a frame that no dialect has");
}

Frame Wire::pass_announce(const Frame& frame, WireScratch& scratch) const {
  const Body& body = bodies_[index(frame.message())];
  encode(scratch.bytes, net::SendContent{{frame.ttl, 0, body.data_type, body.data}});
  const net::Decoded decoded = net::decode(scratch.bytes);
  const net::Announce& announce = std::get<net::SendContent>(decoded).announce;
  const MessageRef message = by_id_.at(scratch.hasher(announce.data_type, announce.data));
  return Frame::announce(message, announce.ttl, frame.hops);
}

Frame Wire::pass_response(const Frame& frame, ListStore& lists, WireScratch& scratch) {
  const FrameOwner owner(lists, frame);
  scratch.endpoints.clear();
  for (const PeerId known : lists.peers(frame.list())) scratch.endpoints.push_back(endpoint(known));
  net::encode_response(scratch.bytes, scratch.endpoints);
  const net::Decoded decoded = net::decode(scratch.bytes);
  const net::Response& response = std::get<net::Response>(decoded);
  scratch.peers.clear();
  for (std::size_t i = 0; i < response.count(); ++i) scratch.peers.push_back(peer(response[i]));
  return Frame::response(lists.add(std::span<const PeerId>(scratch.peers)).value());
}

}  // namespace gossip::sim
