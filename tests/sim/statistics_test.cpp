#include "sim/study/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/random.hpp"

namespace gossip::sim {
namespace {

/// As printed in tables of Student's t, two-sided 5%.
TEST(Statistics, StudentIsThatOfTheTables) {
  const std::pair<std::size_t, double> published[] = {{1, 12.706}, {4, 2.776},   {30, 2.042},       {31, 2.040},
                                                      {40, 2.021}, {60, 2.000},  {120, 1.980},      {1000, 1.962},
                                                      {10, 2.228}, {100, 1.984}, {1'000'000, 1.960}};
  for (const auto& [degrees, t] : published) EXPECT_NEAR(student_t(degrees), t, 0.0006) << degrees;
}

TEST(Statistics, AnEstimateOfKnownNumbers) {
  const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};  // squares of what they are off: 32
  const Estimate found = estimate(values);
  EXPECT_DOUBLE_EQ(found.mean, 5);
  EXPECT_NEAR(found.half_width, 2.365 * std::sqrt(32.0 / 7 / 8), 1e-12);
  EXPECT_TRUE(std::isnan(estimate(std::span(values, 1)).half_width));
}

/// 95% of the intervals hold the true mean: here 0.5, of five uniform numbers each.
TEST(Statistics, IntervalsHoldTheTruthAsOftenAsTheySay) {
  Random random(1, 'S');
  int held = 0;
  constexpr int trials = 4000;
  for (int i = 0; i < trials; ++i) {
    double values[5];
    for (double& value : values) value = random.uniform();
    const Estimate found = estimate(values);
    held += std::abs(found.mean - 0.5) <= found.half_width;
  }
  EXPECT_NEAR(held / static_cast<double>(trials), 0.95, 0.02);
}

/// Against the definition, over random points with many ties.
TEST(Statistics, TheFrontIsWhatNobodyBeats) {
  Random random(2, 'S');
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<Point> points(static_cast<std::size_t>(random.below(30)));
    for (Point& point : points) point = {static_cast<double>(random.below(8)), static_cast<double>(random.below(8))};
    std::vector<bool> on_front(points.size());
    for (const std::size_t i : pareto_front(points)) on_front[i] = true;
    for (std::size_t i = 0; i < points.size(); ++i) {
      bool beaten = false;
      for (const Point& other : points) {
        const Point& own = points[i];
        beaten |= other.x <= own.x && other.y <= own.y && (other.x < own.x || other.y < own.y);
      }
      EXPECT_EQ(on_front[i], !beaten) << trial << ' ' << i;
    }
  }
}

}  // namespace
}  // namespace gossip::sim
