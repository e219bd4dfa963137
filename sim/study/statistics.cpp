#include "sim/study/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "core/assert.hpp"

namespace gossip::sim {

double student_t(std::size_t degrees) {
  static constexpr double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                     2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                     2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  GOSSIP_ASSERT(degrees > 0);
  if (degrees <= std::size(table)) return table[degrees - 1];
  constexpr double z = 1.959964;
  const auto n = static_cast<double>(degrees);
  const double first = (z * z * z + z) / 4, second = (5 * std::pow(z, 5) + 16 * z * z * z + 3 * z) / 96;
  return z + first / n + second / (n * n);
}

Estimate estimate(std::span<const double> values) {
  GOSSIP_ASSERT(!values.empty());
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() == 1) return {mean, std::numeric_limits<double>::quiet_NaN()};
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, student_t(values.size() - 1) * std::sqrt(squares / (n - 1) / n)};
}

std::vector<std::size_t> pareto_front(std::span<const Point> points) {
  std::vector<std::size_t> order(points.size()), front;
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return std::tuple(points[a].x, points[a].y, a) < std::tuple(points[b].x, points[b].y, b);
  });
  for (const std::size_t i : order) {
    const bool equal = !front.empty() && points[front.back()].x == points[i].x && points[front.back()].y == points[i].y;
    if (front.empty() || equal || points[i].y < points[front.back()].y) front.push_back(i);
  }
  return front;
}

}  // namespace gossip::sim
