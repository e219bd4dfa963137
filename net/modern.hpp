#pragma once

#include "net/classic.hpp"
#include "net/message_id.hpp"

/// The modern dialect: what the protocols say that the classic dialect has no words for. Data still travels in the
/// classic SEND_CONTENT, peer lists in PULL, PUSH and RESPONSE.
///
/// Rules
/// - The header is the classic one, `size u16, type u16`, with types from 508 on, so that one framing serves both.
/// - Every frame but HELLO goes on with `ttl u8, reserved u8, hops u16`, whether it needs them or not, and then has one of
///   five bodies: nothing, an address, the id of a message, a list of addresses or of ids (perhaps with ages). A list
///   is as long as the frame. So there is one decoder, and no count that could lie. That costs up to 4 bytes a frame.
/// - Reserved bits are carried as they are; what we send ourselves has them at zero.
/// - Nothing is copied, nothing allocates; a wrong field costs the sender an error, since every length is checked.
namespace gossip::net::modern {

enum class Type : std::uint16_t {
  hello = 508,
  join = 509,
  forward_join = 510,
  neighbor = 511,
  neighbor_reply = 512,
  disconnect = 513,
  shuffle = 514,
  shuffle_reply = 515,
  ihave = 516,
  graft = 517,
  prune = 518,
  unprune = 519,
  rumor_call = 530,
  rumor_answer = 531,
  rumor_knew = 532,
  iwant = 533,
  idontwant = 534,
  repair_digest = 540,
  repair_want = 541,
};
inline constexpr std::uint16_t first_type = 508;

enum class Body : std::uint8_t { nothing, address, id, addresses, aged_addresses, ids, aged_ids };

struct Layout {
  Type type;
  Body body;
};
/// Every type but HELLO.
inline constexpr Layout layouts[] = {
    {Type::join, Body::address},
    {Type::forward_join, Body::address},
    {Type::neighbor, Body::address},
    {Type::neighbor_reply, Body::nothing},
    {Type::disconnect, Body::nothing},
    {Type::shuffle, Body::addresses},
    {Type::shuffle_reply, Body::addresses},
    {Type::ihave, Body::id},
    {Type::graft, Body::id},
    {Type::prune, Body::nothing},
    {Type::unprune, Body::nothing},
    {Type::rumor_call, Body::nothing},
    {Type::rumor_answer, Body::nothing},
    {Type::rumor_knew, Body::id},
    {Type::iwant, Body::id},
    {Type::idontwant, Body::id},
    {Type::repair_digest, Body::aged_ids},
    {Type::repair_want, Body::ids},
};

/// The first frame on a modern connection.
struct Hello {
  std::uint16_t version = 1;
  std::uint16_t capabilities = 0;
  Endpoint sender;  // where the sender listens
};
struct AgedEndpoint {
  Endpoint endpoint;
  std::uint16_t age;
  friend bool operator==(const AgedEndpoint&, const AgedEndpoint&) = default;
};

struct AgedId {
  MessageId id;
  std::uint16_t age;  // seconds
  friend bool operator==(const AgedId&, const AgedId&) = default;
};

/// Any other frame. Which of the functions has a meaning follows from the type's body.
struct Message {
  Type type;
  std::uint8_t ttl = 0;
  std::uint8_t reserved = 0;
  std::uint16_t hops = 0;
  std::span<const std::byte> body = {};

  Endpoint address() const;
  MessageId id() const;
  std::size_t count() const;  // of a list
  Endpoint address(std::size_t i) const;
  AgedEndpoint aged(std::size_t i) const;
  MessageId id(std::size_t i) const;
  AgedId aged_id(std::size_t i) const;
};

using Decoded = std::variant<DecodeError, Hello, Message>;

/// `frame` is one whole frame. A type of the classic dialect is `unknown_type` here.
Decoded decode(std::span<const std::byte> frame);

inline constexpr std::size_t hello_size = 14;
inline constexpr std::size_t prefix_size = 8;  // of every other frame
constexpr std::size_t item_size(Body body) {
  switch (body) {
    case Body::nothing:
      return 0;
    case Body::address:
    case Body::addresses:
      return 6;
    case Body::aged_addresses:
      return 8;
    case Body::id:
    case Body::ids:
      return 16;
    case Body::aged_ids:
      return 18;
  }
  return 0;
}
constexpr bool is_list(Body body) { return body >= Body::addresses; }
/// None: no such type.
std::optional<Body> body_of(Type type);
/// Of a whole frame; `items` of a list.
std::size_t frame_size(Type type, std::size_t items = 0);

// Each appends one frame to `out`; what does not fit a frame is a bug of the caller.
void encode(Bytes& out, const Hello& message);
void encode(Bytes& out, const Message& message);
/// `message.body` from its parts.
void encode(Bytes& out, const Message& message, Endpoint address);
void encode(Bytes& out, const Message& message, const MessageId& id);
void encode(Bytes& out, const Message& message, std::span<const Endpoint> addresses);
void encode(Bytes& out, const Message& message, std::span<const AgedEndpoint> addresses);
void encode(Bytes& out, const Message& message, std::span<const MessageId> ids);
void encode(Bytes& out, const Message& message, std::span<const AgedId> ids);
/// Whatever was decoded; a DecodeError is a bug of the caller.
void encode(Bytes& out, const Decoded& message);

}  // namespace gossip::net::modern
