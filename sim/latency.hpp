#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "core/types.hpp"
#include "sim/scenario.hpp"

namespace gossip::sim {

/// One-way latency between any two peers: a pure function of (seed, the pair), so that nothing is stored a link and any
/// block may ask. Symmetric. Never below the floor.
class LatencyModel {
 public:
  /// Reads the matrix or the regions. Throws InputError naming `where` or the data file's line.
  LatencyModel(const LinkSpec& spec, std::uint64_t seed, const std::string& where);

  Duration between(PeerId a, PeerId b) const {
    if (kind_ == Kind::constant) return low_;
    if (index(b) < index(a)) std::swap(a, b);
    const std::uint64_t pair = mix(seed_ ^ (std::uint64_t{index(a)} << 32 | index(b)));
    if (kind_ == Kind::uniform) return low_ + static_cast<Duration>(scale(pair, width_));
    return drawn(a, b, pair);
  }

  /// No latency is below this.
  Duration floor() const { return floor_; }
  /// No latency is above this (before jitter), where the model has a bound; otherwise never.

 private:
  enum class Kind : std::uint8_t { constant, uniform, normal, log_normal, matrix, regions };
  static std::uint64_t scale(std::uint64_t x, std::uint64_t width);  // x / 2^64 * width
  Duration drawn(PeerId a, PeerId b, std::uint64_t pair) const;

  Kind kind_;
  std::uint64_t seed_;
  Duration floor_, low_;
  std::uint64_t width_ = 0;
};

}  // namespace gossip::sim
