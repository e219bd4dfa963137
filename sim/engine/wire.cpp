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

/// None: the classic dialect has it.
std::optional<net::modern::Type> modern_type(FrameKind kind) {
  using Type = net::modern::Type;
  switch (kind) {
    case FrameKind::join:
      return Type::join;
    case FrameKind::forward_join:
      return Type::forward_join;
    case FrameKind::neighbor:
      return Type::neighbor;
    case FrameKind::neighbor_reply:
      return Type::neighbor_reply;
    case FrameKind::disconnect:
      return Type::disconnect;
    case FrameKind::shuffle:
      return Type::shuffle;
    case FrameKind::shuffle_reply:
      return Type::shuffle_reply;
    case FrameKind::ihave:
      return Type::ihave;
    case FrameKind::graft:
      return Type::graft;
    case FrameKind::prune:
      return Type::prune;
    case FrameKind::unprune:
      return Type::unprune;
    case FrameKind::rumor_call:
      return Type::rumor_call;
    case FrameKind::rumor_answer:
      return Type::rumor_answer;
    case FrameKind::rumor_knew:
      return Type::rumor_knew;
    case FrameKind::iwant:
      return Type::iwant;
    case FrameKind::idontwant:
      return Type::idontwant;
    case FrameKind::repair_digest:
      return Type::repair_digest;
    case FrameKind::repair_want:
      return Type::repair_want;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::uint64_t frame_bytes(FrameKind kind, std::size_t size) {
  if (const auto type = modern_type(kind)) {
    return net::modern::frame_size(*type, size / stride(traits(kind).items));
  }
  switch (kind) {
    case FrameKind::announce:
      return net::send_content_size(size);
    case FrameKind::response:
      return net::response_size(size);
    case FrameKind::pull:
      return net::pull_size;
    case FrameKind::push:
      return net::push_size;
    default:
      break;
  }
  GOSSIP_ASSERT(false && "a frame that no dialect has");
}

Wire::Wire(const Plan& plan, std::uint32_t peers, const std::string& scenario) {
  if (peers > most_peers) throw InputError(scenario, "--wire has addresses for at most 16,777,214 peers");
  net::MessageHasher hasher;
  for (std::uint32_t i = 0; i < plan.messages.size(); ++i) {
    const PlannedMessage& message = plan.messages[i];
    if (message.size > net::max_send_content_data) {
      throw InputError(scenario + ": /workload", "--wire has no frame for " + std::to_string(message.size) +
                                                     " B of data, only up to " +
                                                     std::to_string(net::max_send_content_data));
    }
    Body& body = bodies_.emplace_back(Body{message.data_type, data_of(i, message.size), {}});
    body.id = hasher(body.data_type, body.data);
    const auto [place, added] = by_id_.emplace(body.id, MessageRef{i});
    if (!added) {
      throw InputError(scenario + ": /workload", "--wire needs messages that differ: " + std::to_string(message.size) +
                                                     " B of data cannot number them all, 4 B can");
    }
  }
}

Frame Wire::pass(const Frame& frame, ListStore& lists, WireScratch& scratch) const {
  net::Bytes& bytes = scratch.bytes;
  bytes.clear();
  if (modern_type(frame.kind)) return pass_modern(frame, lists, scratch);
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
    default:
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

Frame Wire::pass_modern(const Frame& frame, ListStore& lists, WireScratch& scratch) const {
  using namespace net::modern;
  const FrameOwner owner(lists, frame);
  const FrameTraits& kind = traits(frame.kind);
  const Message message{*modern_type(frame.kind), frame.ttl, 0, frame.hops};
  switch (kind.body) {
    case gossip::Body::peer:
      encode(scratch.bytes, message, endpoint(frame.subject()));
      break;
    case gossip::Body::id:
      encode(scratch.bytes, message, bodies_[index(frame.message())].id);
      break;
    case gossip::Body::list:
      encode_list(message, kind.items, lists.items(frame.list()), scratch);
      break;
    default:
      encode(scratch.bytes, message);
  }
  const net::modern::Decoded decoded = decode(scratch.bytes);
  const auto& arrived = std::get<Message>(decoded);
  GOSSIP_ASSERT(arrived.type == message.type);
  Frame frame_out{0, arrived.hops, frame.kind, arrived.ttl};
  if (kind.body == gossip::Body::peer) frame_out.body = index(peer(arrived.address()));
  if (kind.body == gossip::Body::id) frame_out.body = index(by_id_.at(arrived.id()));
  if (kind.body == gossip::Body::list) {
    decode_list(arrived, kind.items, scratch);
    frame_out.body = index(lists.add(std::span<const std::uint32_t>(scratch.items)).value());
  }
  return frame_out;
}

void Wire::encode_list(const net::modern::Message& message, Items items, std::span<const std::uint32_t> list,
                       WireScratch& scratch) const {
  scratch.endpoints.clear(), scratch.aged.clear(), scratch.ids.clear(), scratch.aged_ids.clear();
  switch (items) {
    case Items::peers:
      for (const std::uint32_t item : list) scratch.endpoints.push_back(endpoint(PeerId{item}));
      return encode(scratch.bytes, message, std::span<const net::Endpoint>(scratch.endpoints));
    case Items::aged_peers:
      for (std::size_t i = 0; i < list.size(); i += 2) {
        scratch.aged.push_back({endpoint(PeerId{list[i]}), static_cast<std::uint16_t>(list[i + 1])});
      }
      return encode(scratch.bytes, message, std::span<const net::modern::AgedEndpoint>(scratch.aged));
    case Items::messages:
      for (const std::uint32_t item : list) scratch.ids.push_back(bodies_[item].id);
      return encode(scratch.bytes, message, std::span<const net::MessageId>(scratch.ids));
    case Items::aged_messages:
      for (std::size_t i = 0; i < list.size(); i += 2) {
        scratch.aged_ids.push_back({bodies_[list[i]].id, static_cast<std::uint16_t>(list[i + 1])});
      }
      return encode(scratch.bytes, message, std::span<const net::modern::AgedId>(scratch.aged_ids));
  }
}

void Wire::decode_list(const net::modern::Message& message, Items items, WireScratch& scratch) const {
  scratch.items.clear();
  for (std::size_t i = 0; i < message.count(); ++i) {
    switch (items) {
      case Items::peers:
        scratch.items.push_back(index(peer(message.address(i))));
        break;
      case Items::aged_peers:
        scratch.items.push_back(index(peer(message.aged(i).endpoint)));
        scratch.items.push_back(message.aged(i).age);
        break;
      case Items::messages:
        scratch.items.push_back(index(by_id_.at(message.id(i))));
        break;
      case Items::aged_messages:
        scratch.items.push_back(index(by_id_.at(message.aged_id(i).id)));
        scratch.items.push_back(message.aged_id(i).age);
        break;
    }
  }
}

}  // namespace gossip::sim
