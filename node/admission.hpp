#pragma once

#include <cstdint>

#include "core/types.hpp"
#include "node/networks.hpp"

namespace gossip::node {

/// How many inbound connections there are, in total, from each address and from each network, and how many came lately:
/// who is turned away and comes again at once costs no more than that. Bounded by the limit on the total, and by the
/// different addresses from which one second brings connections.
class Admission {
 public:
  struct Limits {
    std::uint32_t total, address, network;
    std::uint32_t rate;  // of one address, a second
  };

  /// False: there is no room.
  bool enter(const Address& from, const Limits& most, Time now) {
    if (now - second_ >= second) second_ = now, lately_.clear();
    if (lately_[from] >= most.rate) return false;
    ++lately_[from];
    if (total_ >= most.total || census_.of_address(from) >= most.address || census_.of_network(from) >= most.network)
      return false;
    ++total_;
    census_.add(from);
    return true;
  }
  void leave(const Address& from) {
    --total_;
    census_.remove(from);
  }

 private:
  std::uint32_t total_ = 0;
  Census census_;
  boost::unordered_flat_map<Address, std::uint32_t, std::hash<Address>> lately_;
  Time second_ = 0;
};

}  // namespace gossip::node
