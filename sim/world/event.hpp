#pragma once

#include <cstdint>
#include <type_traits>

#include "core/step.hpp"

namespace gossip::sim {

/// Numbers below `most_frame_kinds` are frames, numbered as FrameKind.
enum class EventKind : std::uint8_t {
  dial = most_frame_kinds,  // src asks dst for a connection
  accepted,                 // dst's dial was accepted by src
  refused,                  // dst's dial came to nothing
  closed,                   // dst's connection to src is gone
  lost,                     // a message for dst would have arrived now
  publish,                  // from here on a peer's own
  go_up,
  go_down,
  verdict,
  wake,
  silence,     // partition `number` has stood for so long that connections across it are given up
  healed,      // it is over
  unanswered,  // a dial to `number` that a partition kept from going out
};

/// Something that happens to one peer at one time. Made by the functions that name it; what its numbers mean is theirs.
///
/// What a peer does depends on the order of its own events only, so that is what is fixed: by time, then by source,
/// then in the order in which the source emitted them. Queues keep that last part by being first in, first out. What
/// the world does to a peer has no source and comes first.
struct Event {
  Time time;
  PeerId dst, src;
  std::uint32_t number;  // a frame's body, a message, or the session of a peer
  std::uint16_t extra;   // a frame's hops, or the low bits of a session
  EventKind kind;
  std::uint8_t detail;  // a frame's ttl, or an opinion

  static Event of(Time at, PeerId to, PeerId from, const Frame& frame) {
    return {at, to, from, frame.body, frame.hops, static_cast<EventKind>(frame.kind), frame.ttl};
  }
  /// `session`: of the peer that sends it, so that news of an earlier session changes nothing.
  static Event link(EventKind kind, Time at, PeerId to, PeerId from, std::uint32_t session) {
    return {at, to, from, session, 0, kind, 0};
  }
  static Event loss(Time at, PeerId to, PeerId from, MessageRef message) {
    return {at, to, from, index(message), 0, EventKind::lost, 0};
  }
  static Event publication(Time at, PeerId peer, MessageRef message) {
    return {at, peer, no_peer, index(message), 0, EventKind::publish, 0};
  }
  static Event turn(EventKind up_or_down, Time at, PeerId peer, std::uint32_t session) {
    return {at, peer, no_peer, session, 0, up_or_down, 0};
  }
  static Event partition(EventKind silence_or_healed, Time at, PeerId peer, std::uint32_t number) {
    return {at, peer, no_peer, number, 0, silence_or_healed, 0};
  }
  static Event no_answer(Time at, PeerId peer, PeerId dialled) {
    return {at, peer, peer, index(dialled), 0, EventKind::unanswered, 0};
  }
  static Event judgement(Time at, PeerId peer, MessageRef message, Opinion opinion, std::uint32_t session) {
    return {at,
            peer,
            peer,
            index(message),
            static_cast<std::uint16_t>(session),
            EventKind::verdict,
            static_cast<std::uint8_t>(opinion)};
  }
  static Event wake(Time at, PeerId peer) { return {at, peer, peer, 0, 0, EventKind::wake, 0}; }

  bool is_frame() const { return static_cast<std::uint8_t>(kind) < most_frame_kinds; }
  Frame frame() const { return {number, extra, static_cast<FrameKind>(kind), detail}; }
  MessageRef message() const { return MessageRef{number}; }
  std::uint32_t session() const { return number; }
  Opinion opinion() const { return static_cast<Opinion>(detail); }
  bool from_session(std::uint32_t session) const { return extra == static_cast<std::uint16_t>(session); }

  friend bool operator<(const Event& a, const Event& b) {
    if (a.time != b.time) return a.time < b.time;
    if (a.dst != b.dst) return a.dst < b.dst;
    return index(a.src) + 1 < index(b.src) + 1;  // no_peer + 1 is 0
  }
};
static_assert(sizeof(Event) == 24 && std::is_trivially_copyable_v<Event>);

}  // namespace gossip::sim
