#include "sim/world/latency.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/world/real.hpp"
#include "tests/sim/input_files.hpp"

namespace gossip::sim {
namespace {

LinkSpec with(const LatencySpec& latency, Duration min_latency = 100 * microsecond) {
  LinkSpec links;
  links.latency = latency;
  links.min_latency = min_latency;
  return links;
}

LatencyModel model(const LatencySpec& latency, Duration min_latency = 100 * microsecond, std::uint64_t seed = 1) {
  return LatencyModel(with(latency, min_latency), seed, "here");
}

std::vector<Duration> sample(const LatencyModel& latency, std::uint32_t peers = 400) {
  std::vector<Duration> values;
  for (std::uint32_t a = 0; a < peers; ++a) {
    for (std::uint32_t b = 0; b < a; ++b) values.push_back(latency.between(PeerId{a}, PeerId{b}));
  }
  std::ranges::sort(values);
  return values;
}

std::vector<LatencySpec> every_model() {
  return {Constant{5 * millisecond},
          Uniform{10 * millisecond, 100 * millisecond},
          Normal{50 * millisecond, 20 * millisecond},
          LogNormal{50 * millisecond, 0.5},
          Matrix{source_file("scenarios/data/planetlab-rtt-ms.txt"), true},
          Regions{source_file("scenarios/data/regions.json"), "ethereum_8"}};
}

TEST(Real, AgreesWithTheStandardLibrary) {
  Random random(5);
  for (int i = 0; i < 20'000; ++i) {
    const double x = std::ldexp(0.5 + random.uniform(), static_cast<int>(random.below(600)) - 300);
    EXPECT_NEAR(real::log(x), std::log(x), 1e-12 * std::abs(std::log(x)));
    const double near_one = 1 + (random.uniform() - 0.5) * 1e-3;
    EXPECT_NEAR(real::log(near_one), std::log(near_one), 1e-12 * std::abs(std::log(near_one)));
    const double y = (random.uniform() - 0.5) * 1'400;
    EXPECT_NEAR(real::exp(y), std::exp(y), 1e-12 * std::exp(y));
  }
  EXPECT_EQ(real::log(1.0), 0.0);
  EXPECT_EQ(real::exp(0.0), 1.0);
}

/// The inverse of the normal distribution function, which <cmath> has as erfc.
TEST(Real, InverseNormalInvertsTheNormal) {
  Random random(6);
  for (int i = 0; i < 20'000; ++i) {
    const double p = i % 2 == 0 ? random.uniform() / 2 : std::exp(-36 * random.uniform()) / 2;
    if (p <= 0) continue;
    const double x = real::inverse_normal(p);
    EXPECT_NEAR(std::erfc(-x / std::sqrt(2.0)) / 2, p, 1e-12 * p * (1 + x * x));
    EXPECT_NEAR(real::inverse_normal(1 - p), -real::inverse_normal(1 - (1 - p)), 1e-9);
  }
  EXPECT_EQ(real::inverse_normal(0.5), 0.0);
  EXPECT_NEAR(real::inverse_normal(0.975), 1.959963984540054, 1e-14);
}

TEST(Latency, EveryModelIsSymmetricAndKeepsItsBounds) {
  for (const LatencySpec& spec : every_model()) {
    for (const Duration min_latency : {Duration{1}, 100 * microsecond, 30 * millisecond, second}) {
      const LatencyModel latency = model(spec, min_latency);
      EXPECT_GE(latency.floor(), min_latency);
      for (std::uint32_t a = 0; a < 60; ++a) {
        for (std::uint32_t b = 0; b < a; ++b) {
          const Duration there = latency.between(PeerId{a}, PeerId{b});
          ASSERT_EQ(there, latency.between(PeerId{b}, PeerId{a}));
          ASSERT_GE(there, latency.floor()) << "model " << spec.index();
          ASSERT_LE(there, latency.ceiling()) << "model " << spec.index();
        }
      }
    }
  }
}

/// The same on every platform, in every build type; another seed gives other latencies.
/// A whole row at once, as one by one; also where the floor raises what is drawn, and where the width needs 64 bits.
TEST(Latency, ArrivalsAreNowAndWhatLiesBetween) {
  std::vector<LatencyModel> models;
  for (const LatencySpec& spec : every_model()) models.push_back(model(spec));
  models.push_back(model(Uniform{10 * millisecond, 100 * millisecond}, 60 * millisecond));
  models.push_back(model(Uniform{millisecond, 1'800 * second}));
  std::vector<PeerId> others;
  for (std::uint32_t i = 0; i < 500; i += 1 + i % 3) others.push_back(PeerId{i});
  const auto count = static_cast<std::uint32_t>(others.size());
  for (std::size_t m = 0; m < models.size(); ++m) {
    std::vector<Time> at(count);
    models[m].arrivals(PeerId{250}, others.data(), count, 77 * second, at.data());
    for (std::uint32_t i = 0; i < count; ++i) {
      ASSERT_EQ(at[i], 77 * second + models[m].between(PeerId{250}, others[i])) << "model " << m << ", to " << i;
    }
  }
}

TEST(Latency, TheSeedDecides) {
  std::vector<Duration> found;
  for (const LatencySpec& spec : every_model()) {
    found.push_back(model(spec).between(PeerId{3}, PeerId{1'000'000}));
    if (!std::holds_alternative<Constant>(spec)) {
      EXPECT_NE(sample(model(spec, 1, 1), 50), sample(model(spec, 1, 2), 50));
    }
  }
  EXPECT_EQ(found, (std::vector<Duration>{5'000'000, 71'170'435, 59'335'608, 63'143'708, 81'995'000, 70'000'000}));
}

TEST(Latency, ConstantAndUniform) {
  EXPECT_EQ(model(Constant{7}, 1).floor(), 7);
  EXPECT_EQ(model(Constant{7}, 9).between(PeerId{1}, PeerId{2}), 9);
  const LatencyModel three = model(Uniform{10, 12}, 1);
  std::map<Duration, int> counts;
  for (const Duration value : sample(three)) ++counts[value];
  ASSERT_EQ(counts.size(), 3u);
  for (const auto& [value, count] : counts) EXPECT_NEAR(count, 26'600, 4 * std::sqrt(79'800 * 2.0 / 9)) << value;
  EXPECT_EQ(three.floor(), 10);
  EXPECT_EQ(three.ceiling(), 12);
  EXPECT_EQ(model(Uniform{11, 11}, 1).between(PeerId{1}, PeerId{2}), 11);
  EXPECT_EQ(sample(model(Uniform{10, 12}, 12)).front(), 12);
}

/// Quantiles of 79,800 links within four standard errors.
void expect_quantiles(const LatencyModel& latency, const std::map<double, double>& expected_ms, double tolerance) {
  const std::vector<Duration> values = sample(latency);
  for (const auto& [share, ms] : expected_ms) {
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
    EXPECT_NEAR(static_cast<double>(values[at]) / 1e6, ms, tolerance * ms) << "quantile " << share;
  }
}

TEST(Latency, NormalAndLogNormalQuantiles) {
  expect_quantiles(model(Normal{50 * millisecond, 10 * millisecond}),
                   {{0.1, 50 - 12.8155}, {0.5, 50}, {0.9, 50 + 12.8155}, {0.99, 50 + 23.2635}}, 0.015);
  expect_quantiles(model(LogNormal{50 * millisecond, 0.5}),
                   {{0.1, 50 * std::exp(-0.640776)}, {0.5, 50}, {0.9, 50 * std::exp(0.640776)}}, 0.015);
  EXPECT_EQ(model(Normal{7, 0}, 1).between(PeerId{1}, PeerId{2}), 7);
  EXPECT_EQ(model(LogNormal{7, 0}, 1).between(PeerId{1}, PeerId{2}), 7);
}

TEST(Latency, ExtremesNeitherOverflowNorGoBelowTheFloor) {
  const Duration hour = 3'600 * second;
  for (const LatencySpec& spec : {LatencySpec(Normal{hour, hour}), LatencySpec(LogNormal{hour, 10}),
                                  LatencySpec(LogNormal{1, 10}), LatencySpec(Uniform{0, hour})}) {
    const std::vector<Duration> values = sample(model(spec, 1));
    EXPECT_GE(values.front(), 1);
    EXPECT_LE(values.back(), hour);
    EXPECT_LT(values.front(), values.back());
  }
}

TEST(Latency, MatrixIsHalvedWhenItHoldsRoundTrips) {
  const TestFile file("0 10 nan\n10 0 3.000001\n- 3.000001 0\n");
  const LatencyModel one_way = model(Matrix{file.name(), false});
  const LatencyModel round_trip = model(Matrix{file.name(), true});
  std::map<Duration, Duration> halves;
  for (std::uint32_t a = 0; a < 30; ++a) {
    for (std::uint32_t b = 0; b < a; ++b) {
      halves[one_way.between(PeerId{a}, PeerId{b})] = round_trip.between(PeerId{a}, PeerId{b});
    }
  }
  // The same host twice and the missing entry take the floor.
  const std::map<Duration, Duration> expected{{100'000, 100'000}, {3'000'001, 1'500'001}, {10'000'000, 5'000'000}};
  EXPECT_EQ(halves, expected);
}

TEST(Latency, TheMeanOfTwoDirections) {
  const TestFile file("0\t10\n30\t0\n");
  const std::vector<Duration> values = sample(model(Matrix{file.name(), false}, 1), 20);
  EXPECT_EQ(values.front(), 1);
  EXPECT_EQ(values.back(), 20 * millisecond);
}

TEST(Latency, PlanetLabKeepsItsQuantiles) {
  // Of the file: median 135 ms and 90% 291 ms round trip; two peers in 490 share a host.
  const LatencyModel latency = model(Matrix{source_file("scenarios/data/planetlab-rtt-ms.txt"), true}, 1);
  const std::vector<Duration> values = sample(latency, 1'500);
  const auto quantile_ms = [&](double share) {
    return static_cast<double>(values[static_cast<std::size_t>(share * static_cast<double>(values.size()))]) / 1e6;
  };
  EXPECT_NEAR(quantile_ms(0.5), 135 / 2.0, 5);
  EXPECT_NEAR(quantile_ms(0.9), 291 / 2.0, 10);
  const double same_host = static_cast<double>(std::ranges::count(values, latency.floor()));
  EXPECT_NEAR(same_host / static_cast<double>(values.size()), 1 / 490.0, 0.0003);
}

TEST(Latency, RegionsAreChosenByWeight) {
  const TestFile file(R"({"two": {"weights": {"near": 1, "far": 3},
      "one_way_ms": {"near": {"near": 1, "far": 20}, "far": {"near": 40, "far": 7}}}})");
  std::map<Duration, double> counts;
  const std::vector<Duration> values = sample(model(Regions{file.name(), "two"}), 1'500);
  for (const Duration value : values) counts[value] += 1 / static_cast<double>(values.size());
  ASSERT_EQ(counts.size(), 3u);
  EXPECT_NEAR(counts[1 * millisecond], 1 / 16.0, 0.02);
  EXPECT_NEAR(counts[30 * millisecond], 6 / 16.0, 0.04);
  EXPECT_NEAR(counts[7 * millisecond], 9 / 16.0, 0.05);
}

TEST(Latency, OneRegionIsEnough) {
  const TestFile file(R"({"one": {"weights": {"here": 0.5}, "one_way_ms": {"here": {"here": 3}}}})");
  EXPECT_EQ(model(Regions{file.name(), "one"}).between(PeerId{1}, PeerId{2}), 3 * millisecond);
}

/// What was not measured is drawn from what was: never the shortest by default, never anything else.
TEST(Latency, MissingEntriesAreDrawnFromTheOthers) {
  constexpr std::uint32_t hosts = 40;
  std::string text;
  for (std::uint32_t a = 0; a < hosts; ++a) {
    for (std::uint32_t b = 0; b < hosts; ++b) {
      const bool missing = (a + b) % 3 == 0;
      text += a == b ? "0 " : missing ? "-7 " : (a + b) % 3 == 1 ? "100 " : "200 ";
    }
    text += '\n';
  }
  const TestFile file(text);
  LinkSpec spec;
  spec.latency = Matrix{file.name(), false, "-7"};
  const LatencyModel model(spec, 5, "here");
  EXPECT_EQ(model.missing(), 260u);
  std::uint32_t fast = 0, slow = 0, same = 0;
  for (std::uint32_t i = 0; i < 4'000; ++i) {
    const Duration latency = model.between(PeerId{2 * i}, PeerId{2 * i + 1});
    fast += latency == 100 * millisecond;
    slow += latency == 200 * millisecond;
    same += latency == spec.min_latency;
  }
  EXPECT_EQ(fast + slow + same, 4'000u);
  EXPECT_NEAR(same, 100, 50);  // two peers at one host: 1 of 40
  EXPECT_NEAR(fast, slow, 400);
}

}  // namespace
}  // namespace gossip::sim
