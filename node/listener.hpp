#pragma once

#include <spdlog/spdlog.h>

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "node/loop.hpp"

namespace gossip::node {

/// Takes connections until the acceptor is closed.
///
/// Where that fails, as without file descriptors, the connection stays pending and would be reported again at once: it is
/// said, counted, and tried again after a pause.
template <class Acceptor, class Accepted>
asio::awaitable<void> accept_all(Loop& loop, Acceptor& acceptor, const char* what, Accepted& accepted) {
  constexpr auto pause_after_failure = std::chrono::milliseconds(100);
  bool failing = false;
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(as_result);
    if (error == asio::error::operation_aborted) break;
    loop.refresh();
    if (!error) {
      if (std::exchange(failing, false)) spdlog::warn("{} takes connections again", what);
      accepted(std::move(socket));
      continue;
    }
    loop.counters.add(Counter::accept_failed);
    if (error == asio::error::connection_aborted) continue;  // it was taken from the queue
    if (!std::exchange(failing, true)) spdlog::error("{} cannot take connections: {}", what, error.message());
    asio::steady_timer pause(loop.io, pause_after_failure);
    co_await pause.async_wait(as_result);
  }
}

/// A port that takes connections.
class Listener {
 public:
  using Accepted = std::function<void(tcp::socket)>;

  explicit Listener(Loop& loop) : loop_(loop), acceptor_(loop.io) {}

  /// `[::]` takes IPv4 too; `what` is for the log. Throws boost::system::system_error when the address cannot be listened
  /// on.
  void listen(const net::HostPort& address, Accepted accepted, const char* what = "a port");
  void stop();
  /// The port, where any was asked for.
  const tcp::endpoint& local() const { return local_; }

 private:
  Loop& loop_;
  tcp::acceptor acceptor_;
  tcp::endpoint local_;
  Accepted accepted_;
};

}  // namespace gossip::node
