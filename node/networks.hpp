#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <string_view>

namespace gossip::node {

/// Where the limits for one address and one network do not hold.
enum class Trust : std::uint8_t { none, loopback, private_networks };
inline constexpr std::string_view trust_names[] = {"none", "loopback", "private"};

using Address = boost::asio::ip::address;

/// IPv4 where it stands in an IPv6 address (RFC 4291 §2.5.5.2).
inline Address unmapped(const Address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

/// What one owner has, most likely: a /24, a /48 of IPv6.
inline Address network_of(const Address& address) {
  if (address.is_v4()) return boost::asio::ip::address_v4(address.to_v4().to_uint() & 0xffff'ff00u);
  auto bytes = address.to_v6().to_bytes();
  for (std::size_t i = 6; i < bytes.size(); ++i) bytes[i] = 0;
  return boost::asio::ip::address_v6(bytes);
}

/// RFC 1918 and link-local; fc00::/7 and link-local.
inline bool is_private(const Address& address) {
  if (address.is_v6()) return address.to_v6().is_link_local() || (address.to_v6().to_bytes()[0] & 0xfe) == 0xfc;
  const std::uint32_t ip = address.to_v4().to_uint();
  return ip >> 24 == 10 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8 || ip >> 16 == 0xa9fe;
}

inline bool is_trusted(Trust trust, const Address& address) {
  if (trust == Trust::none) return false;
  return address.is_loopback() || (trust == Trust::private_networks && is_private(address));
}

/// How many of something there are, by address and by network. As large as what is counted.
class Census {
 public:
  void add(const Address& address) {
    ++by_address_[address];
    ++by_network_[network_of(address)];
  }
  void remove(const Address& address) {
    remove(by_address_, address);
    remove(by_network_, network_of(address));
  }
  std::uint32_t of_address(const Address& address) const { return of(by_address_, address); }
  std::uint32_t of_network(const Address& address) const { return of(by_network_, network_of(address)); }

 private:
  using Counts = boost::unordered_flat_map<Address, std::uint32_t, std::hash<Address>>;
  static std::uint32_t of(const Counts& counts, const Address& key) {
    const auto there = counts.find(key);
    return there == counts.end() ? 0 : there->second;
  }
  static void remove(Counts& counts, const Address& key) {
    const auto there = counts.find(key);
    if (--there->second == 0) counts.erase(there);
  }

  Counts by_address_, by_network_;
};

}  // namespace gossip::node
