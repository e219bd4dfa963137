#include "core/config/units.hpp"

#include <gtest/gtest.h>

namespace gossip {
namespace {

TEST(Units, DurationsAreExact) {
  EXPECT_EQ(parse_duration("80ms").value, 80 * millisecond);
  EXPECT_EQ(parse_duration("80 ms").value, 80 * millisecond);
  EXPECT_EQ(parse_duration("1.5s").value, 1'500 * millisecond);
  EXPECT_EQ(parse_duration("10us").value, 10 * microsecond);
  EXPECT_EQ(parse_duration("250ns").value, 250);
  EXPECT_EQ(parse_duration("2min").value, 120 * second);
  EXPECT_EQ(parse_duration("1h").value, 3'600 * second);
  EXPECT_EQ(parse_duration("0s").value, 0);
  EXPECT_EQ(parse_duration("0.1s").value, 100 * millisecond);
  EXPECT_EQ(parse_duration("0.000000001s").value, 1);
  EXPECT_EQ(parse_duration("123.456789ms").value, 123'456'789);
  EXPECT_EQ(parse_duration("1.10s").value, 1'100 * millisecond);
  EXPECT_EQ(parse_duration("0.05min").value, 3 * second);
  EXPECT_EQ(parse_duration("876600h").value, longest_duration);
}

TEST(Units, SizesAreBytes) {
  EXPECT_EQ(parse_size("12B").value, 12u);
  EXPECT_EQ(parse_size("64KiB").value, 65'536u);
  EXPECT_EQ(parse_size("1MB").value, 1'000'000u);
  EXPECT_EQ(parse_size("1.5kB").value, 1'500u);
  EXPECT_EQ(parse_size("0.5KiB").value, 512u);
  EXPECT_EQ(parse_size("2GiB").value, std::uint64_t{2} << 30);
}

TEST(Units, RatesBecomeIntervals) {
  EXPECT_EQ(parse_rate("10/s").value, 100 * millisecond);
  EXPECT_EQ(parse_rate("2.5/min").value, 24 * second);
  EXPECT_EQ(parse_rate("1/h").value, 3'600 * second);
  EXPECT_EQ(parse_rate("3/s").value, 333'333'333);
  EXPECT_EQ(parse_rate("0.3/s").value, 3'333'333'333);
  EXPECT_EQ(parse_rate("7/us").value, 143);
}

TEST(Units, WhatIsNotADurationIsAnError) {
  for (const std::string text : {"80", "ms", "80sec", "-1s", "1e3s", ".5s", "5.s", "1.2.3s", "1  s", " 1s", "1s ", "",
                                 ".", "1S", "0x1s", "1234567890123456789s", "nan", "inf s"}) {
    const auto parsed = parse_duration(text);
    EXPECT_FALSE(parsed.value) << text;
    EXPECT_TRUE(parsed.problem.starts_with("is not a duration; write")) << text << ' ' << parsed.problem;
  }
  EXPECT_EQ(parse_duration("0.5ns").problem, "is finer than a nanosecond");
  EXPECT_EQ(parse_duration("1.0000000001s").problem, "is finer than a nanosecond");
  EXPECT_EQ(parse_duration("876601h").problem, "is too long or too large");
  EXPECT_EQ(parse_duration("999999999999999999h").problem, "is too long or too large");
}

TEST(Units, WhatIsNotASizeOrRateIsAnError) {
  for (const std::string text : {"64", "KiB", "64  KiB", "64kib", "64Kb", "-1B"}) {
    const auto parsed = parse_size(text);
    EXPECT_FALSE(parsed.value) << text;
    EXPECT_TRUE(parsed.problem.starts_with("is not a size; write")) << text << ' ' << parsed.problem;
  }
  EXPECT_EQ(parse_size("0.5B").problem, "is finer than a byte");
  EXPECT_EQ(parse_size("99999999GB").problem, "is too long or too large");
  for (const std::string text : {"10", "10s", "/s", "10/", "10/day", "s/10", "-1/s"}) {
    const auto parsed = parse_rate(text);
    EXPECT_FALSE(parsed.value) << text;
    EXPECT_TRUE(parsed.problem.starts_with("is not a rate; write")) << text << ' ' << parsed.problem;
  }
  EXPECT_EQ(parse_rate("0/s").problem, "never happens; leave the entry out instead");
  EXPECT_EQ(parse_rate("3/ns").problem, "is more than one a nanosecond");
  EXPECT_EQ(parse_rate("0.0000001/h").problem, "is less than one a century");
}

TEST(Units, TextIsReadBackAsTheSameDuration) {
  EXPECT_EQ(duration_text(0), "0s");
  EXPECT_EQ(duration_text(80 * millisecond), "80ms");
  EXPECT_EQ(duration_text(1'500 * millisecond), "1.5s");
  EXPECT_EQ(duration_text(90 * second), "90s");
  EXPECT_EQ(duration_text(1'000'000'001), "1.000000001s");
  EXPECT_EQ(duration_text(-5 * microsecond), "-5us");
  for (Duration duration = 1; duration < longest_duration / 7; duration = duration * 7 + 3) {
    EXPECT_EQ(parse_duration(duration_text(duration)).value, duration);
  }
}

}  // namespace
}  // namespace gossip
