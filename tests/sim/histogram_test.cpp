#include "sim/engine/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.hpp"

namespace gossip::sim {
namespace {

TEST(Histogram, PercentilesAreWithinOneInAThousandOfTheSortedValues) {
  Random random(7);
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(random() >> random.below(60));
    histogram.add(values.back());
  }
  std::ranges::sort(values);
  for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(values.size()))) - 1;
    const auto exact = static_cast<double>(values[rank]);
    EXPECT_NEAR(static_cast<double>(histogram.percentile(fraction)), exact, exact / 1000) << fraction;
  }
  EXPECT_EQ(histogram.max(), values.back());
  EXPECT_EQ(histogram.percentile(1), values.back());
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 2048; ++value) histogram.add(value);
  for (const std::uint64_t value : {0u, 1u, 77u, 1023u, 1024u, 2047u}) EXPECT_EQ(histogram.up_to(value), value + 1);
  EXPECT_EQ(histogram.percentile(0.5), 1023u);
}

TEST(Histogram, AddingUpInAnyOrderIsTheSame) {
  Histogram a, b, both;
  for (std::uint64_t value = 1; value < 1'000'000'000; value *= 3) (value % 2 == 0 ? a : b).add(value), both.add(value);
  Histogram ab = a, ba = b;
  ab.add(b);
  ba.add(a);
  for (const double fraction : {0.1, 0.5, 0.9}) {
    EXPECT_EQ(ab.percentile(fraction), both.percentile(fraction));
    EXPECT_EQ(ba.percentile(fraction), both.percentile(fraction));
  }
  EXPECT_EQ(ab.count(), both.count());
}

TEST(Histogram, EmptyIsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.percentile(0.5), 0u);
}

}  // namespace
}  // namespace gossip::sim
