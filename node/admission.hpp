#pragma once

#include <cstdint>

#include "node/networks.hpp"

namespace gossip::node {

/// How many inbound connections there are, in total, from each address and from each network. Bounded by the limit on the
/// total.
class Admission {
 public:
  struct Limits {
    std::uint32_t total, address, network;
  };

  /// False: there is no room.
  bool enter(const Address& from, const Limits& most) {
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
};

}  // namespace gossip::node
