#pragma once

#include <cstdint>
#include <span>
#include <utility>

/// Random numbers that are the same to the bit everywhere. <random>'s distributions differ between standard libraries.
namespace gossip {

/// A bijection of 64-bit numbers that looks random: SplitMix64's finalizer (Steele, Lea, Flood, OOPSLA 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// A number for each (a, b), where `a` is usually a seed and `b` the use that is made of it.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) { return mix(mix(a + 0x9e3779b97f4a7c15ULL) ^ b); }

/// SplitMix64: eight bytes of state, so that every peer can have its own. Also a UniformRandomBitGenerator.
class Random {
 public:
  using result_type = std::uint64_t;

  constexpr Random() = default;
  constexpr explicit Random(std::uint64_t seed) : state_(seed) {}
  /// The generator of one peer (or any other stream) of a run.
  constexpr Random(std::uint64_t seed, std::uint64_t stream) : state_(mix(seed, stream)) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  constexpr result_type operator()() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }

  /// Uniform in [0, bound), without bias (Lemire, "Fast Random Integer Generation in an Interval", 2019, §4).
  constexpr std::uint32_t below(std::uint32_t bound) {
    std::uint64_t product = ((*this)() >> 32) * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
      const std::uint32_t threshold = (0u - bound) % bound;
      while (static_cast<std::uint32_t>(product) < threshold) product = ((*this)() >> 32) * bound;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  /// Uniform in [0, 1), 53 bits.
  constexpr double uniform() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

  /// Fisher–Yates.
  template <class T>
  constexpr void shuffle(std::span<T> items) {
    for (std::size_t left = items.size(); left > 1; --left) {
      std::swap(items[left - 1], items[below(static_cast<std::uint32_t>(left))]);
    }
  }

  /// Writes up to `most` of `from`, each equally likely and in their order (Knuth, TAOCP 2, 3.4.2 S); gives how many.
  template <class T>
  constexpr std::uint32_t sample(std::span<const T> from, std::uint32_t most, T* to) {
    auto left = static_cast<std::uint32_t>(from.size());
    const std::uint32_t wanted = most < left ? most : left;
    for (std::uint32_t taken = 0; taken < wanted; --left) {
      if (below(left) < wanted - taken) to[taken++] = from[from.size() - left];
    }
    return wanted;
  }

 private:
  std::uint64_t state_ = 0;
};
static_assert(sizeof(Random) == 8);

}  // namespace gossip
