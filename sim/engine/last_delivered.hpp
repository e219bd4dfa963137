#pragma once

#include <algorithm>

#include "core/types.hpp"

namespace gossip::sim {

/// A shortcut, eight bytes a peer: most frames of a flood are copies of the message that the peer delivered last, and
/// `step` would answer each with Drop{duplicate} and nothing else. Where this says so, the engine counts it and leaves
/// the peer's memory alone. Only for peers that do not want to hear of duplicates (Operations::hears_duplicates).
/// Never wrong: an id is known for all of `seen_ttl`.
class LastDelivered {
 public:
  void clear() { *this = {}; }
  void on_deliver(MessageRef message, Time now, Duration seen_ttl) {
    message_ = message;
    // Rounded down, so that what may have expired goes the long way.
    until_ = static_cast<std::uint32_t>(std::min<Time>((now + seen_ttl) >> unit_bits, 0xffff'ffff));
  }
  bool is_duplicate(const Frame& frame, Time now) const {
    return frame.message() == message_ && frame.kind == FrameKind::announce && now >> unit_bits < until_;
  }

 private:
  static constexpr int unit_bits = 20;  // about a millisecond; 52 days fit
  MessageRef message_{0};
  std::uint32_t until_ = 0;
};
static_assert(sizeof(LastDelivered) == 8);

}  // namespace gossip::sim
