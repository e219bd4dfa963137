#include "node/listener.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>

namespace gossip::node {

void Listener::listen(const net::HostPort& address, Accepted accepted, const char* what) {
  const tcp::endpoint endpoint = resolve(loop_.io, address);
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  if (endpoint.address().is_v6() && endpoint.address().is_unspecified()) acceptor_.set_option(asio::ip::v6_only(false));
  acceptor_.bind(endpoint);
  acceptor_.listen();
  acceptor_.non_blocking(true);
  local_ = acceptor_.local_endpoint();
  accepted_ = std::move(accepted);
  asio::co_spawn(loop_.io, accept_all(loop_, acceptor_, what, accepted_), asio::detached);
}

void Listener::stop() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace gossip::node
