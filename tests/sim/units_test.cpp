#include "core/config/units.hpp"

#include "tests/sim/input_files.hpp"

namespace gossip::sim {
namespace {

TEST(Units, DurationsAreExact) {
  EXPECT_EQ(parse_duration("80ms", ""), 80 * millisecond);
  EXPECT_EQ(parse_duration("1.5s", ""), 1'500 * millisecond);
  EXPECT_EQ(parse_duration("10us", ""), 10 * microsecond);
  EXPECT_EQ(parse_duration("250ns", ""), 250);
  EXPECT_EQ(parse_duration("2min", ""), 120 * second);
  EXPECT_EQ(parse_duration("1h", ""), 3'600 * second);
  EXPECT_EQ(parse_duration("0s", ""), 0);
  EXPECT_EQ(parse_duration("0.1s", ""), 100 * millisecond);
  EXPECT_EQ(parse_duration("0.000000001s", ""), 1);
  EXPECT_EQ(parse_duration("123.456789ms", ""), 123'456'789);
  EXPECT_EQ(parse_duration("1.10s", ""), 1'100 * millisecond);
  EXPECT_EQ(parse_duration("0.05min", ""), 3 * second);
  EXPECT_EQ(parse_duration("876600h", ""), longest_duration);
}

TEST(Units, SizesAreBytes) {
  EXPECT_EQ(parse_size("12B", ""), 12u);
  EXPECT_EQ(parse_size("64KiB", ""), 65'536u);
  EXPECT_EQ(parse_size("1MB", ""), 1'000'000u);
  EXPECT_EQ(parse_size("1.5kB", ""), 1'500u);
  EXPECT_EQ(parse_size("0.5KiB", ""), 512u);
  EXPECT_EQ(parse_size("2GiB", ""), std::uint64_t{2} << 30);
}

TEST(Units, RatesBecomeIntervals) {
  EXPECT_EQ(parse_rate("10/s", ""), 100 * millisecond);
  EXPECT_EQ(parse_rate("2.5/min", ""), 24 * second);
  EXPECT_EQ(parse_rate("1/h", ""), 3'600 * second);
  EXPECT_EQ(parse_rate("3/s", ""), 333'333'333);
  EXPECT_EQ(parse_rate("0.3/s", ""), 3'333'333'333);
  EXPECT_EQ(parse_rate("7/us", ""), 143);
}

TEST(Units, WhatIsNotADurationIsAnError) {
  for (const std::string text : {"80", "ms", "80sec", "-1s", "1e3s", ".5s", "5.s", "1.2.3s", "1 s", " 1s", "1s ", "",
                                 ".", "1S", "0x1s", "1234567890123456789s", "nan", "inf s"}) {
    const std::string error = error_of([&] { parse_duration(text, "here"); });
    EXPECT_TRUE(error.starts_with("here: \"" + text + "\" is not a duration; write")) << error;
  }
  EXPECT_EQ(error_of([] { parse_duration("0.5ns", "here"); }), "here: \"0.5ns\" is finer than a nanosecond");
  EXPECT_EQ(error_of([] { parse_duration("1.0000000001s", "here"); }),
            "here: \"1.0000000001s\" is finer than a nanosecond");
  EXPECT_EQ(error_of([] { parse_duration("876601h", "here"); }), "here: \"876601h\" is too long or too large");
  EXPECT_EQ(error_of([] { parse_duration("999999999999999999h", "here"); }),
            "here: \"999999999999999999h\" is too long or too large");
}

TEST(Units, WhatIsNotASizeOrRateIsAnError) {
  for (const std::string text : {"64", "KiB", "64 KiB", "64kib", "64Kb", "-1B"}) {
    const std::string error = error_of([&] { parse_size(text, "here"); });
    EXPECT_TRUE(error.starts_with("here: \"" + text + "\" is not a size; write")) << error;
  }
  EXPECT_EQ(error_of([] { parse_size("0.5B", "here"); }), "here: \"0.5B\" is finer than a byte");
  EXPECT_EQ(error_of([] { parse_size("99999999GB", "here"); }), "here: \"99999999GB\" is too long or too large");
  for (const std::string text : {"10", "10s", "/s", "10/", "10/day", "s/10", "-1/s"}) {
    const std::string error = error_of([&] { parse_rate(text, "here"); });
    EXPECT_TRUE(error.starts_with("here: \"" + text + "\" is not a rate; write")) << error;
  }
  EXPECT_EQ(error_of([] { parse_rate("0/s", "here"); }), "here: \"0/s\" never happens; leave the entry out instead");
  EXPECT_EQ(error_of([] { parse_rate("3/ns", "here"); }), "here: \"3/ns\" is more than one a nanosecond");
  EXPECT_EQ(error_of([] { parse_rate("0.0000001/h", "here"); }), "here: \"0.0000001/h\" is less than one a century");
}

TEST(Units, TextIsReadBackAsTheSameDuration) {
  EXPECT_EQ(duration_text(0), "0ns");
  EXPECT_EQ(duration_text(80 * millisecond), "80ms");
  EXPECT_EQ(duration_text(1'500 * millisecond), "1.5s");
  EXPECT_EQ(duration_text(90 * second), "90s");
  EXPECT_EQ(duration_text(1'000'000'001), "1.000000001s");
  EXPECT_EQ(duration_text(-5 * microsecond), "-5us");
  for (Duration duration = 1; duration < longest_duration / 7; duration = duration * 7 + 3) {
    EXPECT_EQ(parse_duration(duration_text(duration), ""), duration);
  }
}

}  // namespace
}  // namespace gossip::sim
