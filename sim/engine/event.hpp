#pragma once

#include <cstdint>
#include <type_traits>

#include "core/types.hpp"

namespace gossip::sim {

enum class EventKind : std::uint8_t {
  announce,  // the first four are frames, numbered as FrameKind
  pull,
  response,
  push,
  dial,      // src asks dst for a connection; body: src's life
  accepted,  // dst's dial was accepted by src; body: src's life
  refused,   // dst's dial came to nothing
  closed,    // dst's connection to src is gone; body: src's life
  wake,      // from here on a peer's own
  verdict,   // body: message, ttl: Opinion
  go_up,     // body: dst's life
  go_down,   // body: dst's life; ttl: 1 when it says goodbye
};

/// Something that happens to one peer at one time.
///
/// What a peer does depends on the order of its own events only, so that is what is fixed: by time, then by source,
/// then in the order in which the source emitted them. Queues keep that last part by being first in, first out.
struct Event {
  Time time;
  PeerId dst, src;
  std::uint32_t body;
  std::uint16_t hops;
  EventKind kind;
  std::uint8_t ttl;

  bool is_frame() const { return kind <= EventKind::push; }
  Frame frame() const { return {body, hops, static_cast<FrameKind>(kind), ttl}; }

  static Event of(Time time, PeerId dst, PeerId src, const Frame& frame) {
    return {time, dst, src, frame.body, frame.hops, static_cast<EventKind>(frame.kind), frame.ttl};
  }

  friend bool operator<(const Event& a, const Event& b) {
    if (a.time != b.time) return a.time < b.time;
    if (a.dst != b.dst) return a.dst < b.dst;
    return a.src < b.src;
  }
};
static_assert(sizeof(Event) == 24 && std::is_trivially_copyable_v<Event>);
static_assert(static_cast<int>(EventKind::push) == static_cast<int>(FrameKind::push));

}  // namespace gossip::sim
