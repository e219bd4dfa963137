#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/random.hpp"

namespace gossip::net {

/// An IPv4 address and a port, as a classic peer list carries them. Both in host order.
struct Endpoint {
  std::uint32_t ip = 0;
  std::uint16_t port = 0;

  /// Whether somebody could be listening there: not 0.0.0.0, port 0, multicast (224/4) or broadcast.
  constexpr bool is_listening() const { return ip != 0 && port != 0 && (ip >> 28) != 0xe && ip != 0xffff'ffff; }
  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

std::string to_string(Endpoint endpoint);
/// `1.2.3.4:5`, strictly: four decimal numbers without leading zeros, which some readers take for octal.
std::optional<Endpoint> parse_endpoint(std::string_view text);

enum class AddressError : std::uint8_t { empty, no_port, bad_port, bad_host, unclosed_bracket };
const char* to_string(AddressError error);

enum class HostKind : std::uint8_t { v4, v6, name };

/// What a person writes: `1.2.3.4:p`, `[v6]:p` or `host:p`. A name is not resolved here.
struct HostPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;
  HostKind kind = HostKind::name;

  /// Only of HostKind::v4.
  std::optional<Endpoint> endpoint() const;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

std::string to_string(const HostPort& address);
std::variant<HostPort, AddressError> parse_host_port(std::string_view text);

struct EndpointHash {
  std::size_t operator()(const Endpoint& endpoint) const {
    return mix((std::uint64_t{endpoint.ip} << 16) | endpoint.port);
  }
};

}  // namespace gossip::net
