#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace gossip::sim {

/// A mean and how far off it may be: with a probability of 95%, `mean` ± `half_width` holds the true one, where the
/// values are independent and about normal. Of one value there is no telling: half_width is not a number.
struct Estimate {
  double mean, half_width;
};
/// Student's interval. At least one value.
Estimate estimate(std::span<const double> values);

/// The 97.5% point of Student's t, to 0.0005: a table up to 30 degrees of freedom, above it the expansion of Fisher and
/// Cornish (Abramowitz and Stegun 26.7.5). At least one degree.
double student_t(std::size_t degrees);

/// Of points for which less is better in both: those to which no other is at least equal in both and better in one, in
/// the order of `x`. Positions in `points`.
struct Point {
  double x, y;
};
std::vector<std::size_t> pareto_front(std::span<const Point> points);

}  // namespace gossip::sim
