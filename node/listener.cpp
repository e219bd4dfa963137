#include "node/listener.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>

namespace gossip::node {
namespace {

/// Out of file descriptors, the pending connection stays, so that accepting again at once would spin.
constexpr auto pause_after_failure = std::chrono::milliseconds(100);

}  // namespace

void Listener::listen(const net::HostPort& address, Accepted accepted) {
  const tcp::endpoint endpoint = resolve(loop_.io, address);
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  if (endpoint.address().is_v6() && endpoint.address().is_unspecified()) acceptor_.set_option(asio::ip::v6_only(false));
  acceptor_.bind(endpoint);
  acceptor_.listen();
  acceptor_.non_blocking(true);
  local_ = acceptor_.local_endpoint();
  accepted_ = std::move(accepted);
  asio::co_spawn(loop_.io, accept(), asio::detached);
}

asio::awaitable<void> Listener::accept() {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(as_result);
    if (error == asio::error::operation_aborted) break;
    loop_.refresh();
    if (!error) {
      accepted_(std::move(socket));
      continue;
    }
    asio::steady_timer pause(loop_.io, pause_after_failure);
    co_await pause.async_wait(as_result);
  }
}

void Listener::stop() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace gossip::node
