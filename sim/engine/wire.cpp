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

Wire::Wire(const Plan& plan, std::uint32_t peers, const std::string& scenario) {
  if (peers > most_peers) throw InputError(scenario, "--wire has addresses for at most 16,777,214 peers");
  for (std::uint32_t i = 0; i < plan.messages.size(); ++i) {
    const MessagePlan& message = plan.messages[i];
    bodies_.push_back({message.data_type, data_of(i, message.size)});
    const auto [place, added] = by_id_.emplace(hasher_(message.data_type, bodies_.back().data), MessageRef{i});
    if (!added) {
      throw InputError(scenario + ": /workload", "--wire needs messages that differ: " + std::to_string(message.size) +
                                                     " B of data cannot number them all, 4 B can");
    }
  }
}

Frame Wire::pass(const Frame& frame, MessageStore& store) {
  bytes_.clear();
  switch (frame.kind) {
    case FrameKind::announce:
      return pass_announce(frame);
    case FrameKind::response:
      return pass_response(frame, store);
    case FrameKind::pull:
      encode(bytes_, net::Pull{endpoint(frame.subject())});
      return Frame::pull(peer(std::get<net::Pull>(net::decode(bytes_)).sender));
    case FrameKind::push:
      encode(bytes_, net::Push{endpoint(frame.subject())});
      return Frame::push(peer(std::get<net::Push>(net::decode(bytes_)).sender));
  }
  GOSSIP_ASSERT(false);
}

Frame Wire::pass_announce(const Frame& frame) {
  const Body& body = bodies_[index(frame.message())];
  encode(bytes_, net::SendContent{{frame.ttl, 0, body.data_type, body.data}});
  const net::Decoded decoded = net::decode(bytes_);
  const net::Announce& announce = std::get<net::SendContent>(decoded).announce;
  const MessageRef message = by_id_.at(hasher_(announce.data_type, announce.data));
  return Frame::announce(message, announce.ttl, frame.hops);
}

Frame Wire::pass_response(const Frame& frame, MessageStore& store) {
  endpoints_.clear();
  for (const PeerId known : store.peers(frame.message())) endpoints_.push_back(endpoint(known));
  net::encode_response(bytes_, endpoints_);
  const net::Decoded decoded = net::decode(bytes_);
  const net::Response& response = std::get<net::Response>(decoded);
  peers_.clear();
  for (std::size_t i = 0; i < response.count(); ++i) peers_.push_back(peer(response[i]));
  store.release(frame.message());
  return Frame::response(store.add_peers(peers_).value());
}

}  // namespace gossip::sim
