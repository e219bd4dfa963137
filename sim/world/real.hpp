#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <span>

/// Logarithm, exponential and inverse normal from + - * / and sqrt alone, which IEEE 754 fixes to the bit. <cmath>'s
/// differ between library versions and processors, and so would results. Relative error below 1e-13.
namespace gossip::sim::real {

inline constexpr double ln2_high = 0x1.62e42fee00000p-1;  // 32 bits, so that small multiples are exact
inline constexpr double ln2_low = 0x1.a39ef35793c76p-33;  // the rest

/// Of a positive, normal number.
constexpr double log(double x) {
  // x = 2^exponent · m with m in [sqrt ½, sqrt 2), then log m = 2 artanh((m - 1) / (m + 1)) by its series.
  const auto bits = std::bit_cast<std::uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000f'ffff'ffff'ffff) | 0x3ff0'0000'0000'0000);
  if (m > 0x1.6a09e667f3bcdp+0) {
    m /= 2;
    ++exponent;
  }
  const double s = (m - 1) / (m + 1);
  const double square = s * s;
  double series = 0;
  for (int odd = 23; odd >= 3; odd -= 2) series = (series + 1.0 / odd) * square;
  return exponent * ln2_high + (exponent * ln2_low + 2 * (s + s * series));
}

/// Of a number in [-700, 700].
constexpr double exp(double x) {
  // x = k ln 2 + r with |r| <= ln 2 / 2, then Taylor's series.
  const double quotient = x * 0x1.71547652b82fep+0;
  const int k = static_cast<int>(quotient + (quotient < 0 ? -0.5 : 0.5));
  const double r = (x - k * ln2_high) - k * ln2_low;
  double series = 1;
  for (int n = 14; n >= 1; --n) series = 1 + series * r / n;
  return series * std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

constexpr double ratio(std::span<const double, 8> over, std::span<const double, 8> under, double x) {
  double a = 0;
  double b = 0;
  for (int i = 7; i >= 0; --i) {
    a = a * x + over[static_cast<std::size_t>(i)];
    b = b * x + under[static_cast<std::size_t>(i)];
  }
  return a / b;
}

/// The number below which a standard normal variate falls with probability p, 0 < p < 1: Wichura, "Algorithm AS 241",
/// Applied Statistics 37 (1988), PPND16.
inline double inverse_normal(double p) {
  static constexpr double centre_over[8] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                            1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                            3.3430575583588128105e4, 2.5090809287301226727e3};
  static constexpr double centre_under[8] = {1.0,
                                             4.2313330701600911252e1,
                                             6.8718700749205790830e2,
                                             5.3941960214247511077e3,
                                             2.1213794301586595867e4,
                                             3.9307895800092710610e4,
                                             2.8729085735721942674e4,
                                             5.2264952788528545610e3};
  static constexpr double middle_over[8] = {
      1.42343711074968357734e0, 4.63033784615654529590e0,  5.76949722146069140550e0,  3.64784832476320460504e0,
      1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double middle_under[8] = {1.0,
                                             2.05319162663775882187e0,
                                             1.67638483018380384940e0,
                                             6.89767334985100004550e-1,
                                             1.48103976427480074590e-1,
                                             1.51986665636164571966e-2,
                                             5.47593808499534494600e-4,
                                             1.05075007164441684324e-9};
  static constexpr double tail_over[8] = {
      6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,  2.96560571828504891230e-1,
      2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double tail_under[8] = {1.0,
                                           5.99832206555887937690e-1,
                                           1.36929880922735805310e-1,
                                           1.48753612908506148525e-2,
                                           7.86869131745613259100e-4,
                                           1.84631831751005468180e-5,
                                           1.42151175831644588870e-7,
                                           2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (q > -0.425 && q < 0.425) return q * ratio(centre_over, centre_under, 0.180625 - q * q);
  const double r = std::sqrt(-log(q < 0 ? p : 1 - p));
  const double x = r <= 5 ? ratio(middle_over, middle_under, r - 1.6) : ratio(tail_over, tail_under, r - 5);
  return q < 0 ? -x : x;
}

}  // namespace gossip::sim::real
