#include "node/dialer.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <memory>

namespace gossip::node {

void Dialer::dial(Target target, Done done) {
  asio::co_spawn(loop_.io, run(std::move(target), std::move(done)), asio::detached);
}

asio::awaitable<void> Dialer::run(Target target, Done done) {
  co_await asio::post(loop_.io, asio::use_awaitable);
  std::optional<tcp::socket> connected;
  for (const tcp::endpoint& endpoint : co_await resolve(std::move(target))) {
    std::optional<tcp::socket> reached = co_await connect(endpoint);
    if (!reached) continue;
    connected = std::move(reached);
    if (!is_self_(*connected)) break;
  }
  loop_.refresh();
  done(std::move(connected));
}

asio::awaitable<std::vector<tcp::endpoint>> Dialer::resolve(Target target) {
  std::vector<tcp::endpoint> endpoints;
  if (const auto* address = std::get_if<net::Endpoint>(&target)) {
    endpoints.push_back(to_tcp(*address));
    co_return endpoints;
  }
  const auto& name = std::get<net::HostPort>(target);
  endpoints = co_await resolve_detached(loop_.io, loop_.look_up, name);
  if (!endpoints.empty()) {
    std::rotate(endpoints.begin(), endpoints.begin() + static_cast<std::ptrdiff_t>(begin_++ % endpoints.size()),
                endpoints.end());
  }
  co_return endpoints;
}

asio::awaitable<std::optional<tcp::socket>> Dialer::connect(tcp::endpoint target) {
  auto socket = std::make_shared<tcp::socket>(loop_.io);
  bind(*socket, target);
  asio::steady_timer timeout(loop_.io, std::chrono::nanoseconds(timeout_));
  timeout.async_wait([socket](const boost::system::error_code& error) {
    boost::system::error_code ignored;
    if (!error) socket->close(ignored);
  });
  const auto [error] = co_await socket->async_connect(target, as_result);
  timeout.cancel();
  if (error || !socket->is_open()) co_return std::nullopt;
  co_return std::move(*socket);
}

void Dialer::bind(tcp::socket& socket, const tcp::endpoint& target) const {
  if (own_.is_unspecified() || own_.is_v4() != target.address().is_v4()) return;
  boost::system::error_code ignored;
  socket.open(target.protocol(), ignored);
  socket.bind({own_, 0}, ignored);
}

}  // namespace gossip::node
