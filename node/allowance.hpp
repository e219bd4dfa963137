#pragma once

#include <algorithm>
#include <cstdint>

#include "core/types.hpp"

namespace gossip::node {

/// How many new messages a link may bring: a token bucket (here as the time until which its tokens are spent), patience
/// when it is empty, then refusal.
///
/// Rules
/// - A new message takes a token; `rate` a second come back, up to what comes in `burst`. A copy takes none: it goes no
///   further. A link begins with what comes in one `pause`, so that to come again brings nothing.
/// - When the last token is taken the link is not read from for a `pause`: TCP carries the pressure back, and a burst is
///   late instead of lost.
/// - Who has been out of tokens for `patience` (counted from the first time since the bucket was full) is read from all
///   the same, and what is new and finds no token is refused: a flood ends with its sender and does not wait here for
///   longer than loop protection allows. What is refused is not remembered, so that another link may bring it.
/// Cost: 16 bytes a link, one division for each new message. What an attacker gains: `rate` messages a second for each
/// link that it gets, each of which costs a frame on every link of everybody.
class Allowance {
 public:
  static constexpr Duration burst =
      100 * millisecond;                               // guess: a process that was not scheduled for so long catches up
  static constexpr Duration pause = 10 * millisecond;  // a tenth of it: few timers, and no burst of its own
  static constexpr Duration patience = second;         // guess; well below peer_stall and every timeout

  /// Before each message, whether it may be a new one.
  bool may_bring(std::uint32_t rate, Time now) {
    spent_ = spent_ == never ? now - pause : std::max(spent_, now - burst);
    if (spent_ == now - burst) empty_since_ = never;
    return has_token(rate, now) || is_patient(now);
  }
  /// It was new. Whether the link is to pause.
  bool take(std::uint32_t rate, Time now) {
    spent_ += second / rate;
    if (has_token(rate, now)) return false;
    if (empty_since_ == never) empty_since_ = now;
    return is_patient(now);
  }

 private:
  bool has_token(std::uint32_t rate, Time now) const { return spent_ + second / rate <= now; }
  bool is_patient(Time now) const { return empty_since_ == never || now - empty_since_ < patience; }

  Time spent_ = never, empty_since_ = never;
};

}  // namespace gossip::node
