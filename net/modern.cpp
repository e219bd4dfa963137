#include "net/modern.hpp"

#include <algorithm>
#include <cstring>

#include "core/assert.hpp"
#include "net/bytes.hpp"

namespace gossip::net::modern {
namespace {

Writer begin(Bytes& out, const Message& message, std::size_t size) {
  Writer writer(out, message.type, size);
  writer.put8(message.ttl);
  writer.put8(message.reserved);
  writer.put16(message.hops);
  return writer;
}

void put(Writer& writer, Endpoint endpoint) { writer.put(endpoint); }
void put(Writer& writer, const MessageId& id) { writer.put(View(id)); }
void put(Writer& writer, AgedEndpoint aged) {
  writer.put(aged.endpoint);
  writer.put16(aged.age);
}
void put(Writer& writer, const AgedId& aged) {
  writer.put(View(aged.id));
  writer.put16(aged.age);
}

/// The whole body, of a type that has such ones.
template <class T>
void encode_items(Bytes& out, const Message& message, std::span<const T> items, Body body) {
  GOSSIP_ASSERT(body_of(message.type) == body);
  Writer writer = begin(out, message, frame_size(message.type, items.size()));
  for (const T& item : items) put(writer, item);
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
  std::memcpy(id.data(), body.data() + item_size(*body_of(type)) * i, id.size());
  return id;
}
AgedId Message::aged_id(std::size_t i) const { return {id(i), get16(body, 18 * i + 16)}; }

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
  Writer writer(out, Type::hello, hello_size);
  writer.put16(message.version);
  writer.put16(message.capabilities);
  writer.put(message.sender);
}
void encode(Bytes& out, const Message& message) {
  const auto body = body_of(message.type);
  GOSSIP_ASSERT(body && fits(*body, message.body.size()));
  begin(out, message, prefix_size + message.body.size()).put(message.body);
}
void encode(Bytes& out, const Message& message, Endpoint address) {
  encode_items(out, message, std::span<const Endpoint>(&address, 1), Body::address);
}
void encode(Bytes& out, const Message& message, const MessageId& id) {
  encode_items(out, message, std::span<const MessageId>(&id, 1), Body::id);
}
void encode(Bytes& out, const Message& message, std::span<const Endpoint> addresses) {
  encode_items(out, message, addresses, Body::addresses);
}
void encode(Bytes& out, const Message& message, std::span<const AgedEndpoint> addresses) {
  encode_items(out, message, addresses, Body::aged_addresses);
}
void encode(Bytes& out, const Message& message, std::span<const MessageId> ids) {
  encode_items(out, message, ids, Body::ids);
}
void encode(Bytes& out, const Message& message, std::span<const AgedId> ids) {
  encode_items(out, message, ids, Body::aged_ids);
}
void encode(Bytes& out, const Decoded& message) {
  if (const auto* hello = std::get_if<Hello>(&message)) return encode(out, *hello);
  encode(out, std::get<Message>(message));
}

}  // namespace gossip::net::modern
