#include "net/modern.hpp"

#include <algorithm>
#include <cstring>

#include "core/assert.hpp"

namespace gossip::net::modern {
namespace {

using View = std::span<const std::byte>;

std::uint8_t get8(View bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
std::uint16_t get16(View bytes, std::size_t at) {
  return static_cast<std::uint16_t>(get8(bytes, at) << 8 | get8(bytes, at + 1));
}
std::uint32_t get32(View bytes, std::size_t at) { return std::uint32_t{get16(bytes, at)} << 16 | get16(bytes, at + 2); }
Endpoint get_endpoint(View bytes, std::size_t at) { return {get32(bytes, at), get16(bytes, at + 4)}; }

void put8(Bytes& out, std::uint8_t value) { out.push_back(std::byte{value}); }
void put16(Bytes& out, std::uint16_t value) {
  put8(out, static_cast<std::uint8_t>(value >> 8));
  put8(out, static_cast<std::uint8_t>(value));
}
void put(Bytes& out, Endpoint endpoint) {
  put16(out, static_cast<std::uint16_t>(endpoint.ip >> 16));
  put16(out, static_cast<std::uint16_t>(endpoint.ip));
  put16(out, endpoint.port);
}
void put(Bytes& out, AgedEndpoint aged) {
  put(out, aged.endpoint);
  put16(out, aged.age);
}
void put(Bytes& out, View bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
void put(Bytes& out, const MessageId& id) { put(out, View(id)); }

void put_header(Bytes& out, Type type, std::size_t size) {
  GOSSIP_ASSERT(size <= max_frame);
  put16(out, static_cast<std::uint16_t>(size));
  put16(out, static_cast<std::uint16_t>(type));
}
void put_prefix(Bytes& out, const Message& message, std::size_t size) {
  put_header(out, message.type, size);
  put8(out, message.ttl);
  put8(out, message.reserved);
  put16(out, message.hops);
}

template <class T>
void put_list(Bytes& out, const Message& message, std::span<const T> items) {
  put_prefix(out, message, frame_size(message.type, items.size()));
  for (const T& item : items) put(out, item);
}

bool fits(Body body, std::size_t bytes) {
  const std::size_t item = item_size(body);
  return is_list(body) ? bytes % item == 0 : bytes == item;
}

}  // namespace

Endpoint Message::address() const { return get_endpoint(body, 0); }
MessageId Message::id() const { return id(0); }
std::size_t Message::count() const { return body.size() / item_size(*body_of(type)); }
Endpoint Message::address(std::size_t i) const { return get_endpoint(body, 6 * i); }
AgedEndpoint Message::aged(std::size_t i) const { return {get_endpoint(body, 8 * i), get16(body, 8 * i + 6)}; }
MessageId Message::id(std::size_t i) const {
  MessageId id;
  std::memcpy(id.data(), body.data() + id.size() * i, id.size());
  return id;
}

std::optional<Body> body_of(Type type) {
  const auto found = std::ranges::find(layouts, type, &Layout::type);
  return found == std::end(layouts) ? std::nullopt : std::optional(found->body);
}

std::size_t frame_size(Type type, std::size_t items) {
  if (type == Type::hello) return hello_size;
  const Body body = body_of(type).value();
  return prefix_size + item_size(body) * (is_list(body) ? items : 1);
}

Decoded decode(View frame) {
  if (frame.size() < header_size) return DecodeError::truncated;
  const Type type{get16(frame, 2)};
  const auto body = body_of(type);
  if (!body && type != Type::hello) return DecodeError::unknown_type;
  if (frame.size() < get16(frame, 0)) return DecodeError::truncated;
  if (frame.size() > get16(frame, 0)) return DecodeError::trailing;
  if (type == Type::hello) {
    if (frame.size() != hello_size) return DecodeError::wrong_size;
    return Hello{get16(frame, 4), get16(frame, 6), get_endpoint(frame, 8)};
  }
  if (frame.size() < prefix_size || !fits(*body, frame.size() - prefix_size)) return DecodeError::wrong_size;
  return Message{type, get8(frame, 4), get8(frame, 5), get16(frame, 6), frame.subspan(prefix_size)};
}

void encode(Bytes& out, const Hello& message) {
  put_header(out, Type::hello, hello_size);
  put16(out, message.version);
  put16(out, message.capabilities);
  put(out, message.sender);
}
void encode(Bytes& out, const Message& message) {
  const auto body = body_of(message.type);
  GOSSIP_ASSERT(body && fits(*body, message.body.size()));
  put_prefix(out, message, prefix_size + message.body.size());
  put(out, message.body);
}
void encode(Bytes& out, const Message& message, Endpoint address) {
  GOSSIP_ASSERT(body_of(message.type) == Body::address);
  put_prefix(out, message, frame_size(message.type));
  put(out, address);
}
void encode(Bytes& out, const Message& message, const MessageId& id) {
  GOSSIP_ASSERT(body_of(message.type) == Body::id);
  put_prefix(out, message, frame_size(message.type));
  put(out, id);
}
void encode(Bytes& out, const Message& message, std::span<const Endpoint> addresses) {
  GOSSIP_ASSERT(body_of(message.type) == Body::addresses);
  put_list(out, message, addresses);
}
void encode(Bytes& out, const Message& message, std::span<const AgedEndpoint> addresses) {
  GOSSIP_ASSERT(body_of(message.type) == Body::aged_addresses);
  put_list(out, message, addresses);
}
void encode(Bytes& out, const Message& message, std::span<const MessageId> ids) {
  GOSSIP_ASSERT(body_of(message.type) == Body::ids);
  put_list(out, message, ids);
}
void encode(Bytes& out, const Decoded& message) {
  if (const auto* hello = std::get_if<Hello>(&message)) return encode(out, *hello);
  encode(out, std::get<Message>(message));
}

}  // namespace gossip::net::modern
