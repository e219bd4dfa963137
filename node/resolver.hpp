#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <vector>

#include "node/asio.hpp"

namespace gossip::node {

/// What a name stands for; nothing where it cannot be found. May block for as long as it likes.
using Lookup = std::function<std::vector<tcp::endpoint>(const net::HostPort& name)>;
std::vector<tcp::endpoint> look_up(const net::HostPort& name);

/// Asks `lookup` on a thread of its own, which nobody waits for when the loop ends: Asio's resolver is joined with its
/// io_context, so that a node would stop only when a dead name server has been given up. It costs a thread for each name
/// that is asked for at a time; one is, the bootstrapper's.
asio::awaitable<std::vector<tcp::endpoint>> resolve_detached(asio::io_context& io, Lookup lookup, net::HostPort name);

}  // namespace gossip::node
