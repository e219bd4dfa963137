#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/assert.hpp"
#include "core/types.hpp"

namespace gossip::sim {

/// Consecutive peers: first … last − 1.
struct PeerRange {
  std::uint32_t first, last;
  bool has(PeerId peer) const { return index(peer) - first < last - first; }
};

/// What one process sends to another that runs the same program: runs of plain values, read in the order in which they
/// were put. Each begins at a multiple of 8 bytes, so that it is read where it lies.
class Packet {
 public:
  void clear() {
    bytes_.clear();
    place_ = 0;
  }
  template <class T>
  void put(std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 8);
    const std::uint64_t count = values.size();
    const std::size_t size = values.size_bytes(), begin = bytes_.size();
    bytes_.resize(begin + sizeof count + (size + 7) / 8 * 8);
    std::memcpy(bytes_.data() + begin, &count, sizeof count);
    if (size > 0) std::memcpy(bytes_.data() + begin + sizeof count, values.data(), size);
  }
  template <class T>
  void put(const T& value) {
    put(std::span(&value, 1));
  }

  /// Lies in the packet, and lives no longer.
  template <class T>
  std::span<const T> take() {
    GOSSIP_ASSERT(place_ + 8 <= bytes_.size());
    std::uint64_t count = 0;
    std::memcpy(&count, bytes_.data() + place_, 8);
    place_ += 8;
    GOSSIP_ASSERT(count <= (bytes_.size() - place_) / sizeof(T));
    const T* values = reinterpret_cast<const T*>(bytes_.data() + place_);
    place_ += (count * sizeof(T) + 7) / 8 * 8;
    return {values, count};
  }
  template <class T>
  T take_one() {
    const auto values = take<T>();
    GOSSIP_ASSERT(values.size() == 1);
    return values.front();
  }

  /// For who carries packets.
  std::vector<std::byte>& bytes() { return bytes_; }
  void rewind() { place_ = 0; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t place_ = 0;
};

/// The processes ("ranks") that work on one run, each for its own peers.
class Ranks {
 public:
  virtual ~Ranks() = default;

  std::uint32_t rank() const { return rank_; }
  std::uint32_t size() const { return size_; }
  bool first() const { return rank_ == 0; }

  /// All ranks call it together. Sends out[r] to each other rank r; in[r] is then what r sent, to be read from its
  /// beginning. Both are as many as there are ranks; one's own are left alone.
  virtual void exchange(std::span<Packet> out, std::span<Packet> in) = 0;

  /// How many peers a rank has; the last ones may have fewer, or none. Where ranks have many, a power of two divides
  /// it, so that blocks of equal size make it up.
  std::uint32_t share(std::uint32_t peers) const {
    if (size_ == 1) return peers;
    const std::uint32_t least = std::max(2u, (peers + size_ - 1) / size_);
    const std::uint32_t unit = std::clamp(std::bit_floor(least / 64), 1u, 64u);
    return (least + unit - 1) / unit * unit;
  }
  PeerRange own(std::uint32_t peers) const {
    const std::uint64_t first = std::uint64_t{rank_} * share(peers);
    const auto bounded = [&](std::uint64_t peer) {
      return static_cast<std::uint32_t>(std::min<std::uint64_t>(peer, peers));
    };
    return {bounded(first), bounded(first + share(peers))};
  }

  /// What each rank says, told to all.
  template <class T>
  std::vector<T> all(const T& mine) {
    std::vector<Packet> out(size_), in(size_);
    for (Packet& packet : out) packet.put(mine);
    exchange(out, in);
    std::vector<T> values(size_, mine);
    for (std::uint32_t r = 0; r < size_; ++r) {
      if (r != rank_) values[r] = in[r].take_one<T>();
    }
    return values;
  }

 protected:
  Ranks(std::uint32_t rank, std::uint32_t size) : rank_(rank), size_(size) { GOSSIP_ASSERT(rank < size); }

 private:
  std::uint32_t rank_, size_;
};

/// One process does it all.
class Alone final : public Ranks {
 public:
  Alone() : Ranks(0, 1) {}
  void exchange(std::span<Packet>, std::span<Packet>) override {}
};
inline Ranks& alone() {
  static Alone ranks;
  return ranks;
}

}  // namespace gossip::sim
