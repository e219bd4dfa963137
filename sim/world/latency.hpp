#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/random.hpp"
#include "core/types.hpp"
#include "sim/scenario/scenario.hpp"

namespace gossip::sim {

/// One-way latency between any two peers: a pure function of (seed, the pair), so that nothing is stored a link and any
/// block may ask. Symmetric, whole nanoseconds, the same on every platform. Never below the floor.
///
/// Models
/// - constant; uniform, both bounds included.
/// - normal, log-normal: drawn by inversion; below the floor they are raised to it, above an hour cut to it.
/// - matrix: every peer is one of the file's hosts, chosen by the seed. Where the two directions differ, their mean is
///   taken. A round trip is halved. Where both are missing, one of the entries that are there is drawn. Zero entries,
///   and two peers on the same host, take the floor.
/// - regions: every peer is in one of the model's regions, chosen by weight and seed. The mean of both directions.
class LatencyModel {
 public:
  /// Reads the matrix or the regions. Throws InputError naming `where` or the data file's line or JSON path.
  LatencyModel(const LinkSpec& spec, std::uint64_t seed, const std::string& where);

  Duration between(PeerId a, PeerId b) const {
    if (kind_ == Kind::constant) return low_;
    if (index(b) < index(a)) std::swap(a, b);
    const std::uint64_t pair = mix(seed_ ^ (std::uint64_t{index(a)} << 32 | index(b)));
    if (kind_ == Kind::uniform) return std::max(floor_, low_ + static_cast<Duration>(scale(pair, width_)));
    return drawn(a, b, pair);
  }

  /// at[i] = now + between(from, to[i]), for all `count`; several at a time where the model allows.
  void arrivals(PeerId from, const PeerId* to, std::uint32_t count, Time now, Time* at) const;

  /// No latency is below this: min_latency, or more where the model has no shorter ones.
  Duration floor() const { return floor_; }
  /// Pairs of hosts that a matrix has no measurement of.
  std::uint64_t missing() const { return missing_; }
  /// No latency is above this (before jitter).
  Duration ceiling() const { return ceiling_; }

 private:
  enum class Kind : std::uint8_t { constant, uniform, normal, log_normal, table };

  /// x / 2^64 · width
  static std::uint64_t scale(std::uint64_t x, std::uint64_t width) {
    __extension__ typedef unsigned __int128 Wide;
    return static_cast<std::uint64_t>((Wide{x} * width) >> 64);
  }
  void set(const Constant& spec);
  void set(const Uniform& spec);
  void set(const Normal& spec);
  void set(const LogNormal& spec);
  void set(const Matrix& spec);
  void set(const Regions& spec);
  void draw_missing(std::vector<double>& table, std::size_t hosts);
  void set_table(std::vector<double> ms, const std::vector<double>& weights);
  std::uint32_t place(PeerId peer) const;
  Duration drawn(PeerId a, PeerId b, std::uint64_t pair) const;

  Kind kind_ = Kind::constant;
  std::uint64_t seed_;
  Duration floor_, ceiling_ = 0, low_ = 0;
  std::uint64_t width_ = 0;
  double centre_ = 0, spread_ = 0;     // nanoseconds; of the logarithm, spread is sigma
  std::vector<std::uint64_t> shares_;  // of the places, summed up, of 2^64; empty where all are equal
  std::vector<Duration> table_;        // places × places
  std::uint32_t places_ = 0;
  std::uint64_t missing_ = 0;
};

}  // namespace gossip::sim
