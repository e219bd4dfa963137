#include "node/asio.hpp"

#include <sstream>

namespace gossip::node {

std::string to_string(const tcp::endpoint& endpoint) {
  std::ostringstream text;
  text << endpoint;
  return text.str();
}

std::optional<net::Endpoint> to_endpoint(const tcp::endpoint& endpoint) {
  asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  if (!address.is_v4()) return std::nullopt;
  return net::Endpoint{.ip = address.to_v4().to_uint(), .port = endpoint.port()};
}

tcp::endpoint to_tcp(net::Endpoint endpoint) { return {asio::ip::address_v4(endpoint.ip), endpoint.port}; }

std::string words(const std::exception& problem) {
  const auto* boost_problem = dynamic_cast<const boost::system::system_error*>(&problem);
  return boost_problem == nullptr ? problem.what() : boost_problem->code().message();
}

tcp::endpoint resolve(asio::io_context& io, const net::HostPort& address) {
  return tcp::resolver(io).resolve(address.host, std::to_string(address.port)).begin()->endpoint();
}

}  // namespace gossip::node
