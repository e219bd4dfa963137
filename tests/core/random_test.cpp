#include "core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <vector>

namespace gossip {
namespace {

TEST(Mix, Golden) {
  EXPECT_EQ(mix(0), 0u);
  EXPECT_EQ(mix(1), 0x5692161d100b05e5u);
  EXPECT_EQ(mix(2), 0xdbd238973a2b148au);
  EXPECT_EQ(mix(~std::uint64_t{0}), 0xb4d055fcf2cbbd7bu);
  EXPECT_EQ(mix(0, 0), 0x48218226ff3cd4bfu);
  EXPECT_EQ(mix(1, 0), 0xdce423fc82c0d5b8u);
  EXPECT_EQ(mix(0, 1), 0x9e0160293a33aaf7u);
  EXPECT_EQ(mix(42, 7), 0xaebdb1a5611cee63u);
}

// The published test vector of SplitMix64.
TEST(Random, Golden) {
  Random random(1234567);
  EXPECT_EQ(random(), 6457827717110365317u);
  EXPECT_EQ(random(), 3203168211198807973u);
  EXPECT_EQ(random(), 9817491932198370423u);
  EXPECT_EQ(random(), 4593380528125082431u);
  EXPECT_EQ(random(), 16408922859458223821u);
}

TEST(Random, StreamsOfOneSeedDiffer) {
  std::vector<std::uint64_t> firsts;
  for (std::uint64_t stream = 0; stream < 10'000; ++stream) firsts.push_back(Random(1, stream)());
  std::ranges::sort(firsts);
  EXPECT_EQ(std::ranges::adjacent_find(firsts), firsts.end());
}

double chi_square(const std::vector<std::uint32_t>& counts) {
  const double expected = std::accumulate(counts.begin(), counts.end(), 0.0) / static_cast<double>(counts.size());
  double sum = 0;
  for (const std::uint32_t count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

/// `draws` of below(bound), counted in `cells` equal parts of the range.
std::vector<std::uint32_t> drawn(std::uint32_t bound, std::uint32_t cells, std::uint32_t draws) {
  std::vector<std::uint32_t> counts(cells);
  Random random(7);
  for (std::uint32_t i = 0; i < draws; ++i) ++counts.at(random.below(bound) / (bound / cells));
  return counts;
}

/// Each of the C(5, 2) subsets as often as the others, in order; never more than there are.
TEST(Random, SampleIsUniform) {
  constexpr std::array<int, 5> from{0, 1, 2, 3, 4};
  Random random(7);
  std::vector<std::uint32_t> counts(25);
  for (int i = 0; i < 100'000; ++i) {
    std::array<int, 2> to{};
    ASSERT_EQ(random.sample(std::span<const int>(from), 2, to.data()), 2u);
    ASSERT_LT(to[0], to[1]);
    ++counts[static_cast<std::size_t>(5 * to[0] + to[1])];
  }
  std::erase(counts, 0u);
  ASSERT_EQ(counts.size(), 10u);
  EXPECT_LT(chi_square(counts), 27.88);
  std::array<int, 5> all{};
  EXPECT_EQ(random.sample(std::span<const int>(from), 9, all.data()), 5u);
  EXPECT_EQ(all, from);
}

// Thresholds: the 99.9 % points of chi-square with cells − 1 degrees of freedom. The seed is fixed.
TEST(Random, BelowIsUniform) {
  EXPECT_LT(chi_square(drawn(2, 2, 100'000)), 10.83);
  EXPECT_LT(chi_square(drawn(3, 3, 100'000)), 13.82);
  EXPECT_LT(chi_square(drawn(10, 10, 100'000)), 27.88);
  EXPECT_LT(chi_square(drawn(100, 100, 100'000)), 148.2);
}

// Without rejection, each third of a range of 3 · 2^30 would be hit by one or by two of four 32-bit numbers.
TEST(Random, BelowOfALargeBoundIsUnbiased) {
  EXPECT_LT(chi_square(drawn(3u << 30, 3, 300'000)), 13.82);
  EXPECT_LT(chi_square(drawn(3u << 30, 12, 300'000)), 31.26);
}

TEST(Random, BelowOfOneIsZero) {
  Random random(3);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, UniformCoversTheUnitIntervalEvenly) {
  Random random(11);
  std::vector<std::uint32_t> counts(100);
  for (int i = 0; i < 100'000; ++i) {
    const double x = random.uniform();
    ASSERT_GE(x, 0);
    ASSERT_LT(x, 1);
    ++counts[static_cast<std::size_t>(x * 100)];
  }
  EXPECT_LT(chi_square(counts), 148.2);
}

TEST(Random, ShuffleIsAPermutation) {
  Random random(5);
  for (std::size_t size : {0, 1, 2, 3, 10, 1000}) {
    std::vector<int> items(size);
    std::iota(items.begin(), items.end(), 0);
    auto shuffled = items;
    random.shuffle(std::span(shuffled));
    EXPECT_TRUE(std::ranges::is_permutation(items, shuffled)) << size;
  }
}

TEST(Random, EveryOrderIsEquallyLikely) {
  Random random(9);
  std::vector<std::uint32_t> counts(24);
  for (int i = 0; i < 48'000; ++i) {
    std::array items{0, 1, 2, 3};
    random.shuffle(std::span<int>(items));
    std::array sorted{0, 1, 2, 3};
    std::uint32_t rank = 0;
    while (sorted != items) {
      std::ranges::next_permutation(sorted);
      ++rank;
    }
    ++counts[rank];
  }
  EXPECT_LT(chi_square(counts), 49.73);  // 23 degrees of freedom
}

}  // namespace
}  // namespace gossip
