#include "net/classic.hpp"

#include <type_traits>

#include "core/assert.hpp"
#include "net/bytes.hpp"

namespace gossip::net {
namespace {

void put_announce_body(Writer& writer, const Announce& message) {
  writer.put8(message.ttl);
  writer.put8(message.reserved);
  writer.put16(message.data_type);
  writer.put(message.data);
}

Announce get_announce(View frame) { return {get8(frame, 4), get8(frame, 5), get16(frame, 6), frame.subspan(8)}; }

Decoded decode_content(View inner) {
  if (inner.size() < header_size) return DecodeError::wrong_size;
  if (get16(inner, 0) != inner.size()) return DecodeError::wrong_size;
  if (Type{get16(inner, 2)} != Type::announce) return DecodeError::unknown_content;
  if (inner.size() < announce_size(0)) return DecodeError::wrong_size;
  return SendContent{get_announce(inner)};
}

Decoded decode_response(View frame) {
  if (frame.size() < response_size(0) || frame.size() != response_size(get16(frame, 4))) return DecodeError::wrong_size;
  return Response{frame.subspan(6)};
}

}  // namespace

Endpoint Response::operator[](std::size_t i) const { return get_endpoint(entries, 6 * i); }

const char* to_string(DecodeError error) {
  switch (error) {
    case DecodeError::truncated:
      return "truncated";
    case DecodeError::trailing:
      return "trailing bytes";
    case DecodeError::unknown_type:
      return "unknown type";
    case DecodeError::wrong_size:
      return "wrong size";
    case DecodeError::unknown_content:
      return "unknown content";
  }
  return "unknown error";
}

Type type_of(View header) { return Type{get16(header, 2)}; }

std::optional<DecodeError> judge_header(View header) {
  const std::size_t size = get16(header, 0);
  const auto unless = [](bool possible) { return possible ? std::nullopt : std::optional(DecodeError::wrong_size); };
  switch (type_of(header)) {
    case Type::announce:
      return unless(size >= announce_size(0));
    case Type::notify:
      return unless(size == notify_size);
    case Type::notification:
      return unless(size >= notification_size(0));
    case Type::validation:
      return unless(size == validation_size);
    case Type::pull:
      return unless(size == pull_size);
    case Type::response:
      return unless(size >= response_size(0) && (size - response_size(0)) % 6 == 0);
    case Type::push:
      return unless(size == push_size);
    case Type::send_content:
      return unless(size >= header_size + header_size);
  }
  return DecodeError::unknown_type;
}

Decoded decode(View frame) {
  if (frame.size() < header_size) return DecodeError::truncated;
  if (frame.size() < get16(frame, 0)) return judge_header(frame).value_or(DecodeError::truncated);
  if (frame.size() > get16(frame, 0)) return DecodeError::trailing;
  const std::size_t size = frame.size();
  switch (Type{get16(frame, 2)}) {
    case Type::announce:
      if (size < announce_size(0)) return DecodeError::wrong_size;
      return get_announce(frame);
    case Type::notify:
      if (size != notify_size) return DecodeError::wrong_size;
      return Notify{get16(frame, 4), get16(frame, 6)};
    case Type::notification:
      if (size < notification_size(0)) return DecodeError::wrong_size;
      return Notification{get16(frame, 4), get16(frame, 6), frame.subspan(8)};
    case Type::validation: {
      if (size != validation_size) return DecodeError::wrong_size;
      const std::uint16_t bits = get16(frame, 6);
      return Validation{get16(frame, 4), static_cast<std::uint16_t>(bits >> 1), (bits & 1) != 0};
    }
    case Type::pull:
      if (size != pull_size) return DecodeError::wrong_size;
      return Pull{get_endpoint(frame, 4)};
    case Type::response:
      return decode_response(frame);
    case Type::push:
      if (size != push_size) return DecodeError::wrong_size;
      return Push{get_endpoint(frame, 4)};
    case Type::send_content:
      return decode_content(frame.subspan(header_size));
  }
  return DecodeError::unknown_type;
}

void encode(Bytes& out, const Announce& message) {
  Writer writer(out, Type::announce, announce_size(message.data.size()));
  put_announce_body(writer, message);
}

void encode(Bytes& out, const Notify& message) {
  Writer writer(out, Type::notify, notify_size);
  writer.put16(message.reserved);
  writer.put16(message.data_type);
}

void encode(Bytes& out, const Notification& message) {
  Writer writer(out, Type::notification, notification_size(message.data.size()));
  writer.put16(message.message_id);
  writer.put16(message.data_type);
  writer.put(message.data);
}

void encode(Bytes& out, const Validation& message) {
  Writer writer(out, Type::validation, validation_size);
  writer.put16(message.message_id);
  writer.put16(static_cast<std::uint16_t>(message.reserved << 1 | (message.valid ? 1 : 0)));
}

void encode(Bytes& out, const Pull& message) { Writer(out, Type::pull, pull_size).put(message.sender); }

void encode(Bytes& out, const Push& message) { Writer(out, Type::push, push_size).put(message.sender); }

void encode(Bytes& out, const Response& message) {
  Writer writer(out, Type::response, response_size(message.count()));
  writer.put16(static_cast<std::uint16_t>(message.count()));
  writer.put(message.entries);
}

void encode_response(Bytes& out, std::span<const Endpoint> peers) {
  Writer writer(out, Type::response, response_size(peers.size()));
  writer.put16(static_cast<std::uint16_t>(peers.size()));
  for (Endpoint peer : peers) writer.put(peer);
}

void encode(Bytes& out, const SendContent& message) {
  const std::size_t data = message.announce.data.size();
  Writer writer(out, Type::send_content, send_content_size(data));
  writer.put16(static_cast<std::uint16_t>(announce_size(data)));
  writer.put16(static_cast<std::uint16_t>(Type::announce));
  put_announce_body(writer, message.announce);
}

void encode(Bytes& out, const Decoded& message) {
  std::visit(
      [&](const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, DecodeError>) {
          GOSSIP_ASSERT(!"encoding an error");
        } else {
          encode(out, value);
        }
      },
      message);
}

}  // namespace gossip::net
