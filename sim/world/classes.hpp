#pragma once

#include <vector>

#include "sim/scenario/scenario.hpp"

namespace gossip::sim {

/// Which class each peer is of: a function of (scenario, seed) alone.
class Classes {
 public:
  explicit Classes(const Scenario& scenario);

  /// All peers are alike.
  bool empty() const { return number_.empty(); }
  /// By the scenario's list, counted from 1; 0: none of them.
  std::uint8_t number(PeerId peer) const { return empty() ? std::uint8_t{0} : number_[index(peer)]; }
  bool dialable(PeerId peer) const { return empty() || spec(peer).dialable; }
  bool silent(PeerId peer) const { return !empty() && spec(peer).silent; }
  /// Bits a second; 0: no limit.
  std::uint64_t upload(PeerId peer) const { return empty() ? common_.upload : spec(peer).upload; }
  bool any_upload() const;

 private:
  const ClassSpec& spec(PeerId peer) const {
    return number_[index(peer)] == 0 ? common_ : specs_[number_[index(peer)] - std::size_t{1}];
  }
  ClassSpec common_;
  std::vector<ClassSpec> specs_;
  std::vector<std::uint8_t> number_;  // empty: all are alike
};
/// Whatever is counted by class is counted in a byte a peer.
inline constexpr std::size_t most_classes = 255;

}  // namespace gossip::sim
