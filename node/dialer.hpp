#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "node/loop.hpp"

namespace gossip::node {

/// Makes connections.
///
/// Rules
/// - The addresses that a name stands for are tried one after the other, each for `timeout`.
/// - The outcome is reported once, and never from within `dial`: the core's next step comes after the actions of this
///   one.
/// - Where others know us by one address, what we dial comes from there: they compare.
class Dialer {
 public:
  using Target = std::variant<net::Endpoint, net::HostPort>;
  using Done = std::function<void(std::optional<tcp::socket>)>;  // nothing: nobody was reached

  /// `timeout` may change between dials.
  Dialer(Loop& loop, const Duration& timeout) : loop_(loop), timeout_(timeout) {}

  void dial_from(const asio::ip::address& own) { own_ = own; }
  void dial(Target target, Done done);

 private:
  asio::awaitable<void> run(Target target, Done done);
  asio::awaitable<std::vector<tcp::endpoint>> resolve(Target target);
  asio::awaitable<std::optional<tcp::socket>> connect(tcp::endpoint target);
  void bind(tcp::socket& socket, const tcp::endpoint& target) const;

  Loop& loop_;
  const Duration& timeout_;
  asio::ip::address own_;  // 0.0.0.0: any
};

}  // namespace gossip::node
