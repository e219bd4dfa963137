#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <string>

#include "net/endpoint.hpp"

/// What every user of Asio here needs: the token of our coroutines, and addresses to and from net/.
namespace gossip::node {

namespace asio = boost::asio;
using asio::ip::tcp;

/// A co_await gives a tuple that begins with the error, instead of throwing it.
inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// `1.2.3.4:5`, `[v6]:5`.
std::string to_string(const tcp::endpoint& endpoint);
/// IPv4, also where it stands in an IPv6 address (RFC 4291 §2.5.5.2); nothing: another IPv6 address.
std::optional<net::Endpoint> to_endpoint(const tcp::endpoint& endpoint);
tcp::endpoint to_tcp(net::Endpoint endpoint);
/// What went wrong, without the place in Boost's sources that its exceptions name.
std::string words(const std::exception& problem);
/// The first that a name stands for. Blocks; throws boost::system::system_error.
tcp::endpoint resolve(asio::io_context& io, const net::HostPort& address);

}  // namespace gossip::node
