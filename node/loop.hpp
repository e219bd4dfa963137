#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <vector>

#include "node/asio.hpp"
#include "node/counters.hpp"

namespace gossip::node {

/// What all connections of a node share. Everything runs on one thread.
struct Loop {
  asio::io_context& io;
  Counters& counters;
  Duration backpressure = 0;      // see Connection
  std::vector<std::byte> buffer;  // what is being read; used only between a read and the end of its processing
  Time now = 0;                   // taken once for each turn
  std::size_t congested[2] = {};  // trusted connections whose queue is filling, by Connection::Kind
  asio::steady_timer relief;      // never expires; cancelled when a queue has drained

  Loop(asio::io_context& context, Counters& shared)
      : io(context), counters(shared), buffer(256 * 1024), relief(context, asio::steady_timer::time_point::max()) {}

  Time refresh() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return now = std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
  }
};

}  // namespace gossip::node
