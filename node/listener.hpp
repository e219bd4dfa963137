#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "node/loop.hpp"

namespace gossip::node {

/// A port that takes connections.
class Listener {
 public:
  using Accepted = std::function<void(tcp::socket)>;

  explicit Listener(Loop& loop) : loop_(loop), acceptor_(loop.io) {}

  /// `[::]` takes IPv4 too. Throws boost::system::system_error when the address cannot be listened on.
  void listen(const net::HostPort& address, Accepted accepted);
  void stop();
  /// The port, where any was asked for.
  const tcp::endpoint& local() const { return local_; }

 private:
  asio::awaitable<void> accept();

  Loop& loop_;
  tcp::acceptor acceptor_;
  tcp::endpoint local_;
  Accepted accepted_;
};

}  // namespace gossip::node
