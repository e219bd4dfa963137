#pragma once

#include <cstdint>
#include <limits>

/// The words that every part shares: dense numbers, time, frames.
namespace gossip {

/// Nanoseconds since an origin that the driver chooses. The core never asks for the time, it is told.
using Time = std::int64_t;
using Duration = std::int64_t;

inline constexpr Time never = std::numeric_limits<Time>::max();
inline constexpr Duration microsecond = 1'000;
inline constexpr Duration millisecond = 1'000 * microsecond;
inline constexpr Duration second = 1'000 * millisecond;

/// A peer's dense number. Addresses stay at the edge (net/), which maps them to numbers.
enum class PeerId : std::uint32_t {};
inline constexpr PeerId no_peer{0xffff'ffff};

/// A body in the MessageStore: an announced message or a list of peers.
enum class MessageRef : std::uint32_t {};
inline constexpr MessageRef no_message{0xffff'ffff};

constexpr std::uint32_t index(PeerId peer) { return static_cast<std::uint32_t>(peer); }
constexpr std::uint32_t index(MessageRef message) { return static_cast<std::uint32_t>(message); }

enum class FrameKind : std::uint8_t {
  announce,  // a message; classic type 507 around 500
  pull,      // "give me peers", carries the sender's own address; classic 504
  response,  // a list of peers; classic 505
  push,      // "add me to your list", carries the sender's own address; classic 506
};

/// What one peer says to another. The body is a number whose meaning the kind decides.
struct Frame {
  std::uint32_t body;
  std::uint16_t hops;  // links travelled, saturating; a measurement, not on the classic wire (0 when not known)
  FrameKind kind;
  std::uint8_t ttl;  // hops that an announce may still travel; 0 = unlimited

  static constexpr Frame announce(MessageRef message, std::uint8_t ttl, std::uint16_t hops) {
    return {index(message), hops, FrameKind::announce, ttl};
  }
  static constexpr Frame pull(PeerId self) { return {index(self), 0, FrameKind::pull, 0}; }
  static constexpr Frame push(PeerId self) { return {index(self), 0, FrameKind::push, 0}; }
  static constexpr Frame response(MessageRef peers) { return {index(peers), 0, FrameKind::response, 0}; }

  constexpr MessageRef message() const { return MessageRef{body}; }  // announce, response
  constexpr PeerId subject() const { return PeerId{body}; }          // pull, push

  friend constexpr bool operator==(const Frame&, const Frame&) = default;
};
static_assert(sizeof(Frame) == 8);

}  // namespace gossip
