#pragma once

#include <algorithm>
#include <cstdint>

#include "core/types.hpp"

/// What TCP does to a frame beyond the link's latency, and what a frame is to the network beneath: packets.
///
/// Rules
/// - A packet is lost with the link's probability, each by itself, also when it is sent again.
/// - The first loss in a frame of more than three packets is seen by its round trip (fast retransmit, RFC 5681 §3.2);
///   any other by the timeout, a round trip and `retransmit_after`, which doubles each time up to a minute (RFC 6298
///   §5.5, §2.5). That frames behind could tell it sooner is left out. After 15 times a packet comes through: where
///   nothing does, a partition is what a scenario should say.
/// - A connection begins with a window of ten packets (RFC 6928) and sends as much in a round trip; what is acknowledged
///   is added to it (slow start, RFC 5681 §3.1), up to `largest_window`. A loss, or a pause of a timeout (§4.1), begins
///   anew. Congestion avoidance is left out: the ramp has no threshold.
namespace gossip::sim::stream {

inline constexpr std::uint64_t packet_bytes = 1'460;  // Ethernet's 1,500 without 40 of IPv4 and TCP
inline constexpr std::uint64_t initial_window = 10 * packet_bytes;
inline constexpr std::uint64_t largest_window = 3 << 20;  // half of Linux's tcp_rmem[2], as tcp_adv_win_scale has it
inline constexpr Duration longest_timeout = 60 * second;
inline constexpr std::uint32_t most_retransmissions = 15;  // Linux's tcp_retries2
inline constexpr std::uint64_t packets_for_fast_retransmit = 4;

constexpr std::uint64_t packets(std::uint64_t bytes) {
  return std::max<std::uint64_t>(1, (bytes + packet_bytes - 1) / packet_bytes);
}

/// Of independent packets, the probability that all come through, where one does with `share`.
constexpr double all_of(double share, std::uint64_t packets) {
  double all = 1;
  for (; packets > 0; packets /= 2, share *= share) {
    if (packets % 2 == 1) all *= share;
  }
  return all;
}

/// How often some packet of a frame has to be sent again. `lot`: uniform in [0, 1).
constexpr std::uint32_t retransmissions(double lot, double loss, std::uint64_t packets) {
  std::uint32_t times = 0;
  for (double lost = loss; times < most_retransmissions && lot >= all_of(1 - lost, packets); lost *= loss) ++times;
  return times;
}

/// How much later a frame comes that was sent again so often.
constexpr Duration retransmission_delay(std::uint32_t times, std::uint64_t packets, Duration round_trip,
                                        Duration retransmit_after) {
  Duration delay = 0, timeout = std::min(round_trip + retransmit_after, longest_timeout);
  if (times > 0 && packets >= packets_for_fast_retransmit) {
    delay = round_trip;
    --times;
  }
  for (; times > 0; --times, timeout = std::min(2 * timeout, longest_timeout)) delay += timeout;
  return delay;
}

/// The slow start of one direction of a connection.
class Ramp {
 public:
  /// How long after `now` the last of so many bytes leaves, behind what was sent before.
  Duration pass(std::uint64_t bytes, Duration round_trip, Duration retransmit_after, Time now) {
    if (window_ == 0 || now - round_ >= round_trip) {
      const bool idle = window_ == 0 || now - round_ >= 2 * round_trip + retransmit_after;
      window_ = idle ? initial_window : std::min(2 * window_ - left_, largest_window);
      round_ = now;
      left_ = window_;
    }
    while (bytes > left_) {
      bytes -= left_;
      window_ = std::min(2 * window_, largest_window);
      left_ = window_;
      round_ += round_trip;
    }
    left_ -= bytes;
    return std::max<Duration>(0, round_ - now);
  }
  void begin_anew() {
    window_ = initial_window;
    left_ = std::min(left_, window_);
  }

 private:
  Time round_ = 0;            // when the round trip that sends last began
  std::uint64_t window_ = 0;  // bytes that one may send; 0: nothing was sent yet
  std::uint64_t left_ = 0;    // of that one
};

}  // namespace gossip::sim::stream
