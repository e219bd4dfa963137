#pragma once

#include <cstddef>
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
inline constexpr PeerId gone_peer{0xffff'fffe};  // somebody who is no neighbour any more

/// An announced message: its number in the MessageStore.
enum class MessageRef : std::uint32_t {};
inline constexpr MessageRef no_message{0xffff'ffff};

/// A list of numbers that a frame carries: its handle in the ListStore.
enum class ListRef : std::uint32_t {};

constexpr std::uint32_t index(PeerId peer) { return static_cast<std::uint32_t>(peer); }
constexpr std::uint32_t index(MessageRef message) { return static_cast<std::uint32_t>(message); }
constexpr std::uint32_t index(ListRef list) { return static_cast<std::uint32_t>(list); }

/// Which part of a peer a frame is for.
enum class Layer : std::uint8_t { overlay, broadcast, repair };

/// What the body of a frame is.
enum class Body : std::uint8_t {
  message,  // a MessageRef, with its data
  peer,     // a PeerId
  list,     // a ListRef; who sends the frame gives the list away with it
  id,       // a MessageRef, without its data
  none,
};

/// What the numbers of a list are.
enum class Items : std::uint8_t {
  peers,
  aged_peers,  // a peer, its age, a peer, its age, …
  messages,    // named, without their data
  aged_messages,  // a message, its age in seconds, a message, its age, …
};

enum class FrameKind : std::uint8_t {
  announce,  // a message
  pull,      // "give me peers", carries the sender's own number
  response,  // a list of peers
  push,      // "add me to your list", carries the sender's own number

  // core/overlay/hyparview.hpp
  join,            // "I am new", carries the sender's own number
  forward_join,    // a walk that looks for neighbours of a new peer
  neighbor,        // "be my neighbour", carries the sender's own number; ttl: its priority
  neighbor_reply,  // ttl: whether it may
  disconnect,      // no longer a neighbour, but alive
  shuffle,         // a walk with peers to exchange, its origin first
  shuffle_reply,

  // core/broadcast/plumtree.hpp
  ihave,    // names a message that the sender has; hops and ttl: as the message would have them
  graft,    // "send it", and be eager; hops and ttl as the ihave had them
  prune,    // be lazy
  unprune,  // be eager

  // core/broadcast/rumor.hpp
  rumor_call,    // "this round I talk to you"; ttl: whether I wait for an answer
  rumor_answer,  // ttl: whether the call is accepted
  rumor_knew,    // names a message that was known before it came

  // core/broadcast/mesh.hpp
  iwant,      // "send it"
  idontwant,  // "I have it"

  // core/repair/anti_entropy.hpp
  repair_digest,  // names messages that the sender has; ttl: whether it wants to be told likewise
  repair_want,    // "send these"

  count_
};
inline constexpr std::size_t frame_kind_count = static_cast<std::size_t>(FrameKind::count_);
inline constexpr std::size_t most_frame_kinds = 64;  // numbers below this are kept for frames wherever kinds are mixed
static_assert(frame_kind_count <= most_frame_kinds);

struct FrameTraits {
  const char* name;
  Layer owner;
  Body body;
  Items items = Items::peers;
};

/// Everything that is known of a kind of frame. A new kind is a line in the enum and one here.
inline constexpr FrameTraits frame_traits[frame_kind_count] = {
    {"announce", Layer::broadcast, Body::message}, {"pull", Layer::overlay, Body::peer},
    {"response", Layer::overlay, Body::list},      {"push", Layer::overlay, Body::peer},

    {"join", Layer::overlay, Body::peer},          {"forward_join", Layer::overlay, Body::peer},
    {"neighbor", Layer::overlay, Body::peer},      {"neighbor_reply", Layer::overlay, Body::none},
    {"disconnect", Layer::overlay, Body::none},    {"shuffle", Layer::overlay, Body::list},
    {"shuffle_reply", Layer::overlay, Body::list},

    {"ihave", Layer::broadcast, Body::id},         {"graft", Layer::broadcast, Body::id},
    {"prune", Layer::broadcast, Body::none},       {"unprune", Layer::broadcast, Body::none},

    {"rumor_call", Layer::broadcast, Body::none},  {"rumor_answer", Layer::broadcast, Body::none},
    {"rumor_knew", Layer::broadcast, Body::id},

    {"iwant", Layer::broadcast, Body::id},         {"idontwant", Layer::broadcast, Body::id},
    {"repair_digest", Layer::repair, Body::list, Items::aged_messages},
    {"repair_want", Layer::repair, Body::list, Items::messages},
};

constexpr const FrameTraits& traits(FrameKind kind) { return frame_traits[static_cast<std::size_t>(kind)]; }
constexpr Layer owner(FrameKind kind) { return traits(kind).owner; }
constexpr bool carries_list(FrameKind kind) { return traits(kind).body == Body::list; }

/// Numbers of a list that belong together: a peer or a message, and what is said of it.
constexpr std::size_t stride(Items items) {
  return items == Items::aged_peers || items == Items::aged_messages ? 2 : 1;
}
constexpr bool lists_messages(FrameKind kind) {
  return carries_list(kind) && (traits(kind).items == Items::messages || traits(kind).items == Items::aged_messages);
}

constexpr bool names_message(FrameKind kind) {
  return traits(kind).body == Body::message || traits(kind).body == Body::id;
}

/// What one peer says to another. The body is a number whose meaning the kind decides.
struct Frame {
  std::uint32_t body;
  std::uint16_t hops;  // links travelled, saturating; a measurement, not on the classic wire (0 when not known)
  FrameKind kind;
  std::uint8_t ttl;  // hops that an announce may still travel; 0 = unlimited. Of others what the kind says

  static constexpr Frame announce(MessageRef message, std::uint8_t ttl, std::uint16_t hops) {
    return {index(message), hops, FrameKind::announce, ttl};
  }
  static constexpr Frame pull(PeerId self) { return {index(self), 0, FrameKind::pull, 0}; }
  static constexpr Frame push(PeerId self) { return {index(self), 0, FrameKind::push, 0}; }
  static constexpr Frame response(ListRef peers) { return {index(peers), 0, FrameKind::response, 0}; }

  /// Of the kinds that say more than one number: `ttl` as the kind means it.
  static constexpr Frame of(FrameKind kind, PeerId subject, std::uint8_t ttl = 0) {
    return {index(subject), 0, kind, ttl};
  }
  static constexpr Frame of(FrameKind kind, ListRef list, std::uint8_t ttl = 0) { return {index(list), 0, kind, ttl}; }
  static constexpr Frame of(FrameKind kind, MessageRef message, std::uint8_t ttl, std::uint16_t hops) {
    return {index(message), hops, kind, ttl};
  }
  static constexpr Frame bare(FrameKind kind, std::uint8_t ttl = 0) { return {0, 0, kind, ttl}; }

  constexpr MessageRef message() const { return MessageRef{body}; }  // Body::message, Body::id
  constexpr PeerId subject() const { return PeerId{body}; }          // Body::peer
  constexpr ListRef list() const { return ListRef{body}; }           // Body::list

  friend constexpr bool operator==(const Frame&, const Frame&) = default;
};
static_assert(sizeof(Frame) == 8);

}  // namespace gossip
