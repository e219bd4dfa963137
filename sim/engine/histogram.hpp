#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace gossip::sim {

/// Counts of non-negative numbers in cells at most 0.1% wide (exact below 2,048), so that percentiles over any number
/// of deliveries take a fixed 440 KB and blocks can be added up in any order.
class Histogram {
 public:
  void add(std::uint64_t value, std::uint64_t times = 1) {
    const std::size_t cell = cell_of(value);
    if (cell >= cells_.size()) cells_.resize(cell + 1);
    cells_[cell] += times;
    count_ += times;
    if (value > max_) max_ = value;
  }

  void add(const Histogram& other) {
    if (other.cells_.size() > cells_.size()) cells_.resize(other.cells_.size());
    for (std::size_t i = 0; i < other.cells_.size(); ++i) cells_[i] += other.cells_[i];
    count_ += other.count_;
    if (other.max_ > max_) max_ = other.max_;
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }

  /// The least value (to a cell) that a share of `fraction` does not exceed; 0 when empty.
  std::uint64_t percentile(double fraction) const {
    const double wanted = fraction * static_cast<double>(count_);
    std::uint64_t below = 0;
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
      below += cells_[cell];
      if (cells_[cell] > 0 && static_cast<double>(below) >= wanted) return upper(cell) < max_ ? upper(cell) : max_;
    }
    return max_;
  }

  /// How many values are at most `value` (to a cell).
  std::uint64_t up_to(std::uint64_t value) const {
    std::uint64_t below = 0;
    for (std::size_t cell = 0; cell < cells_.size() && upper(cell) <= value; ++cell) below += cells_[cell];
    return value >= max_ ? count_ : below;
  }

  /// f(part) for all that it is made of, to send it elsewhere.
  template <class F>
  void each_part(F&& f) {
    f(cells_);
    f(count_);
    f(max_);
  }

 private:
  static constexpr int bits = 10;

  static std::size_t cell_of(std::uint64_t value) {
    const int width = std::bit_width(value);
    if (width <= bits + 1) return value;
    const int shift = width - bits - 1;
    return (static_cast<std::size_t>(shift) << bits) + (value >> shift);
  }
  static std::uint64_t upper(std::size_t cell) {
    if (cell < (std::size_t{2} << bits)) return cell;
    const std::size_t shift = (cell >> bits) - 1;
    return ((((cell & ((std::size_t{1} << bits) - 1)) | (std::size_t{1} << bits)) + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> cells_;
  std::uint64_t count_ = 0, max_ = 0;
};

}  // namespace gossip::sim
