#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>

namespace gossip::node {

/// How many inbound connections there are, in total and from each address. Bounded by the limit on the total.
class Admission {
 public:
  using Address = boost::asio::ip::address;

  /// False: there is no room.
  bool enter(const Address& from, std::uint32_t most, std::uint32_t most_per_address) {
    const auto there = by_address_.find(from);
    if (total_ >= most || (there == by_address_.end() ? 0 : there->second) >= most_per_address) return false;
    ++total_;
    ++by_address_[from];
    return true;
  }

  void leave(const Address& from) {
    --total_;
    const auto there = by_address_.find(from);
    if (--there->second == 0) by_address_.erase(there);
  }

 private:
  std::uint32_t total_ = 0;
  boost::unordered_flat_map<Address, std::uint32_t, std::hash<Address>> by_address_;
};

}  // namespace gossip::node
