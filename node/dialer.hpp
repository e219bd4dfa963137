#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "node/loop.hpp"

namespace gossip::node {

/// Makes connections.
///
/// Rules
/// - The addresses that a name stands for are tried one after the other, each for `timeout`; each dial begins one further
///   on, so that one which is reached and is of no use does not stand before the others. One that turns out to be this
///   node is the last choice: a name may stand for all of a cluster.
/// - The outcome is reported once, and never from within `dial`: the core's next step comes after the actions of this
///   one.
/// - Where others know us by one address, what we dial comes from there: they compare.
class Dialer {
 public:
  using Target = std::variant<net::Endpoint, net::HostPort>;
  using Done = std::function<void(std::optional<tcp::socket>)>;  // nothing: nobody was reached

  using IsSelf = std::function<bool(const tcp::socket&)>;

  /// `timeout` may change between dials.
  Dialer(Loop& loop, const Duration& timeout, IsSelf is_self)
      : loop_(loop), timeout_(timeout), is_self_(std::move(is_self)) {}

  void dial_from(const asio::ip::address& own) { own_ = own; }
  void dial(Target target, Done done);

 private:
  asio::awaitable<void> run(Target target, Done done);
  asio::awaitable<std::vector<tcp::endpoint>> resolve(Target target);
  asio::awaitable<std::optional<tcp::socket>> connect(tcp::endpoint target);
  void bind(tcp::socket& socket, const tcp::endpoint& target) const;

  Loop& loop_;
  const Duration& timeout_;
  IsSelf is_self_;
  asio::ip::address own_;  // 0.0.0.0: any
  std::size_t begin_ = 0;  // at which of a name's addresses
};

}  // namespace gossip::node
