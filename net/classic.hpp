#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "net/endpoint.hpp"

/// The classic dialect: what programs say to a daemon (API) and daemons to each other (P2P).
///
/// Rules
/// - All integers are big-endian. A frame is `size u16` (of the whole frame), `type u16`, and a body.
/// - Decoding never copies: data and peer lists are spans of the input, and live as long as that.
/// - Bits that are reserved are carried as they are, so that decoding and encoding again gives the same bytes;
///   what we send ourselves has them at zero.
/// - A SEND_CONTENT holds one whole frame. We know one kind of content, an ANNOUNCE; anything else is unknown_content,
///   which is not an offence: the protocol calls the content arbitrary.
/// - Addresses are taken as they come; whether somebody can listen there is Endpoint::is_listening's business.
/// Cost: decoding reads the fixed fields only; nothing allocates. What a sender can do with a wrong field is get an
/// error: every length is checked against the bytes that are there.
namespace gossip::net {

inline constexpr std::size_t header_size = 4;
inline constexpr std::size_t max_frame = 65'535;  // what `size u16` can say

enum class Type : std::uint16_t {
  announce = 500,
  notify = 501,
  notification = 502,
  validation = 503,
  pull = 504,
  response = 505,
  push = 506,
  send_content = 507,
};

// API.
struct Announce {
  std::uint8_t ttl = 0;  // hops; 0 = unlimited
  std::uint8_t reserved = 0;
  std::uint16_t data_type = 0;
  std::span<const std::byte> data;
};
struct Notify {
  std::uint16_t reserved = 0;
  std::uint16_t data_type = 0;
};
struct Notification {
  std::uint16_t message_id = 0;  // unique among those that wait for a verdict on the same connection
  std::uint16_t data_type = 0;
  std::span<const std::byte> data;
};
struct Validation {
  std::uint16_t message_id = 0;
  std::uint16_t reserved = 0;  // 15 bits
  bool valid = false;
};

// P2P.
struct Pull {
  Endpoint sender;  // where the sender listens
};
struct Response {
  std::span<const std::byte> entries;  // count × 6 bytes

  std::size_t count() const { return entries.size() / 6; }
  Endpoint operator[](std::size_t i) const;
};
struct Push {
  Endpoint sender;
};
struct SendContent {
  Announce announce;
};

enum class DecodeError : std::uint8_t {
  truncated,  // fewer bytes than a header, or than the size field says
  trailing,   // more bytes than the size field says
  unknown_type,
  wrong_size,       // the size does not fit the type, or the count within
  unknown_content,  // a SEND_CONTENT with something other than an ANNOUNCE
};
inline constexpr std::size_t decode_error_count = 5;
const char* to_string(DecodeError error);

using Decoded =
    std::variant<DecodeError, Announce, Notify, Notification, Validation, Pull, Response, Push, SendContent>;

/// What is wrong with a frame that begins with these four bytes, whatever follows; nothing: it may be a message.
std::optional<DecodeError> judge_header(std::span<const std::byte> header);
Type type_of(std::span<const std::byte> header);

/// `frame` is one whole frame, as FrameReader yields it.
Decoded decode(std::span<const std::byte> frame);

// Sizes of whole frames, header included.
inline constexpr std::size_t announce_header = 8;
constexpr std::size_t announce_size(std::size_t data) { return announce_header + data; }
constexpr std::size_t notification_size(std::size_t data) { return announce_header + data; }
constexpr std::size_t send_content_size(std::size_t data) { return header_size + announce_size(data); }
constexpr std::size_t response_size(std::size_t peers) { return 6 + 6 * peers; }
inline constexpr std::size_t notify_size = 8;
inline constexpr std::size_t validation_size = 8;
inline constexpr std::size_t pull_size = 10;
inline constexpr std::size_t push_size = 10;

inline constexpr std::size_t max_announce_data = max_frame - announce_size(0);          // between module and daemon
inline constexpr std::size_t max_send_content_data = max_frame - send_content_size(0);  // between daemons
inline constexpr std::size_t max_response_peers = (max_frame - response_size(0)) / 6;
static_assert(max_announce_data == 65'527 && max_send_content_data == 65'523 && max_response_peers == 10'921);

// Each appends one frame to `out`. A message too large for a frame is a bug of the caller.
using Bytes = std::vector<std::byte>;
void encode(Bytes& out, const Announce& message);
void encode(Bytes& out, const Notify& message);
void encode(Bytes& out, const Notification& message);
void encode(Bytes& out, const Validation& message);
void encode(Bytes& out, const Pull& message);
void encode(Bytes& out, const Response& message);
void encode(Bytes& out, const Push& message);
void encode(Bytes& out, const SendContent& message);
void encode_response(Bytes& out, std::span<const Endpoint> peers);
/// Whatever was decoded; a DecodeError is a bug of the caller.
void encode(Bytes& out, const Decoded& message);

}  // namespace gossip::net
