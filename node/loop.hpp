#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <vector>

#include "node/asio.hpp"
#include "node/counters.hpp"
#include "node/resolver.hpp"

namespace gossip::node {

/// What the queues of all connections hold together, and who is to be given up when that is too much.
///
/// Rules
/// - A queue takes no more than is left of the total: those that hold much are refused first, and one that is nearly
///   empty finds room until there is hardly any (Choudhury and Hahne's dynamic thresholds, with a factor of 1: where n
///   queues take nothing off, each of them and what is left are an n + 1-th of the total).
/// - In each tick after one in which somebody was refused for it, the fullest of those that have taken nothing for a
///   while is given up, before its own patience ends.
struct QueueTotal {
  std::uint64_t limit = 256u << 20;                   // bytes
  std::uint64_t queued = 0;                           // bytes
  bool refused = false;                               // since the last tick
  std::uint64_t fullest = never_full, candidate = 0;  // bytes: to be given up in this tick, in the next one

  static constexpr std::uint64_t never_full = ~std::uint64_t{0};

  std::uint64_t left() const { return limit > queued ? limit - queued : 0; }
  void end_tick() {
    fullest = refused && candidate > 0 ? candidate : never_full;
    candidate = 0;
    refused = false;
  }
};

/// What all connections of a node share. Everything runs on one thread.
struct Loop {
  asio::io_context& io;
  Counters& counters;
  Duration backpressure = 0;             // see Connection
  Duration frame_timeout = 10 * second;  // likewise
  QueueTotal total;
  Lookup look_up = node::look_up;  // a test's may take its time
  std::vector<std::byte> buffer;   // what is being read; used only between a read and the end of its processing
  Time now = 0;                    // taken once for each turn
  std::size_t unhandled = 0;       // connections with input that waits for their next turn
  std::size_t congested[2] = {};   // trusted connections whose queue is filling, by Connection::Kind
  asio::steady_timer relief;       // never expires; cancelled when a queue has drained

  Loop(asio::io_context& context, Counters& shared)
      : io(context), counters(shared), buffer(64 * 1024), relief(context, asio::steady_timer::time_point::max()) {}

  Time refresh() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return now = std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
  }
};

}  // namespace gossip::node
