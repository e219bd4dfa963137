#include "net/endpoint.hpp"

#include <algorithm>
#include <charconv>

namespace gossip::net {
namespace {

/// Digits only: from_chars alone would take a sign.
template <class T>
std::optional<T> decimal(std::string_view text, unsigned most) {
  unsigned value = 0;
  const char* end = text.data() + text.size();
  if (text.empty() || text.size() > 5 || text[0] < '0' || text[0] > '9') return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value > most) return std::nullopt;
  return static_cast<T>(value);
}

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  std::uint32_t ip = 0;
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (part == 3)) return std::nullopt;
    const auto byte = decimal<std::uint8_t>(text.substr(0, dot), 255);
    if (!byte) return std::nullopt;
    ip = ip << 8 | *byte;
    if (part < 3) text.remove_prefix(dot + 1);
  }
  return ip;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// One or more groups of 1–4 hex digits between colons; how many there are.
std::optional<int> count_groups(std::string_view text) {
  int groups = 0;
  while (true) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (group.empty() || group.size() > 4 || !std::ranges::all_of(group, is_hex)) return std::nullopt;
    ++groups;
    if (colon == std::string_view::npos) return groups;
    text.remove_prefix(colon + 1);
  }
}

/// RFC 4291 §2.2, forms 1 and 2; also form 3 (a dotted tail). A zone (`%eth0`) may follow.
bool is_ipv6(std::string_view text) {
  text = text.substr(0, text.find('%'));
  int wanted = 8;
  if (const std::size_t dot = text.find('.'); dot != std::string_view::npos) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || !parse_ipv4(text.substr(colon + 1))) return false;
    wanted = 6;
    const bool after_gap = colon > 0 && text[colon - 1] == ':';
    text = text.substr(0, after_gap ? colon + 1 : colon);
  }
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return count_groups(text) == wanted;
  const std::string_view before = text.substr(0, gap), after = text.substr(gap + 2);
  const auto left = before.empty() ? 0 : count_groups(before);
  const auto right = after.empty() ? 0 : count_groups(after);
  return left && right && *left + *right < wanted;
}

/// RFC 1123 §2.1 and the underscore that many zones use.
bool is_host_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  };
  if (text.empty() || text.size() > 253 || !std::ranges::all_of(text, fits)) return false;
  if (text.front() == '.' || text.front() == '-' || text.find("..") != std::string_view::npos) return false;
  // Digits and dots alone are a mistyped address, not a name.
  return !std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

}  // namespace

std::string to_string(Endpoint endpoint) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string(endpoint.ip >> shift & 0xff);
    text += shift == 0 ? ':' : '.';
  }
  return text + std::to_string(endpoint.port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto ip = parse_ipv4(text.substr(0, colon));
  const auto port = decimal<std::uint16_t>(text.substr(colon + 1), 65535);
  if (!ip || !port) return std::nullopt;
  return Endpoint{*ip, *port};
}

const char* to_string(AddressError error) {
  switch (error) {
    case AddressError::empty:
      return "an address is missing";
    case AddressError::no_port:
      return "the port is missing (write host:port)";
    case AddressError::bad_port:
      return "the port is not a number from 0 to 65535";
    case AddressError::bad_host:
      return "neither an IPv4 address, an IPv6 address in brackets, nor a host name";
    case AddressError::unclosed_bracket:
      return "the bracket of the IPv6 address is not closed";
  }
  return "unknown address error";
}

std::optional<Endpoint> HostPort::endpoint() const {
  const auto ip = kind == HostKind::v4 ? parse_ipv4(host) : std::nullopt;
  if (!ip) return std::nullopt;
  return Endpoint{*ip, port};
}

std::string to_string(const HostPort& address) {
  const std::string port = ':' + std::to_string(address.port);
  return address.kind == HostKind::v6 ? '[' + address.host + ']' + port : address.host + port;
}

std::variant<HostPort, AddressError> parse_host_port(std::string_view text) {
  if (text.empty()) return AddressError::empty;
  const bool bracketed = text.front() == '[';
  const std::size_t close = text.find(']');
  if (bracketed && close == std::string_view::npos) return AddressError::unclosed_bracket;
  const std::size_t colon = bracketed ? close + 1 : text.rfind(':');
  if (colon >= text.size()) return AddressError::no_port;
  if (text[colon] != ':') return AddressError::bad_host;

  const auto port = decimal<std::uint16_t>(text.substr(colon + 1), 65535);
  const std::string_view host = bracketed ? text.substr(1, close - 1) : text.substr(0, colon);
  HostKind kind = HostKind::name;
  if (bracketed) {
    kind = HostKind::v6;
    if (!is_ipv6(host)) return AddressError::bad_host;
  } else if (parse_ipv4(host)) {
    kind = HostKind::v4;
  } else if (!is_host_name(host)) {
    return AddressError::bad_host;
  }
  if (!port) return AddressError::bad_port;
  return HostPort{std::string(host), *port, kind};
}

}  // namespace gossip::net
