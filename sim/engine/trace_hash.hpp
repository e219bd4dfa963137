#pragma once

#include <span>

#include "core/list_store.hpp"
#include "core/random.hpp"
#include "sim/world/event.hpp"

namespace gossip::sim {

/// The trace of a run is the sum of a hash of everything that happened, so that no order of work shows in it.
///
/// A frame is added by the block that sends it, a whole row of them at a time, and taken out again where it is still
/// under way at the end; everything else is added when it happens.
class TraceHash {
 public:
  explicit TraceHash(const Event& event, std::uint64_t number)
      : rest_((number << 32 ^ std::uint64_t{event.extra} << 16 ^ static_cast<std::uint64_t>(event.kind) << 8 ^
               event.detail) *
              0xa0761d6478bd642fULL) {}
  explicit TraceHash(const Event& event) : TraceHash(event, event.number) {}

  std::uint64_t of(Time time, PeerId dst, PeerId src) const {
    const std::uint64_t who = std::uint64_t{index(dst)} << 32 | index(src);
    return mix(static_cast<std::uint64_t>(time) * 0x9e3779b97f4a7c15ULL ^ who * 0xd6e8feb86659fd93ULL ^ rest_);
  }

 private:
  std::uint64_t rest_;  // of all but time and peers
};

inline std::uint64_t trace_hash(const ListStore& lists, const Event& event) {
  std::uint64_t number = event.number;
  if (event.is_frame() && carries_list(event.frame().kind)) {
    number = 0;  // the handle is the store's; what counts is the list
    for (const std::uint32_t item : lists.items(event.frame().list())) number = mix(number, item);
  }
  return TraceHash(event, number).of(event.time, event.dst, event.src);
}

}  // namespace gossip::sim
