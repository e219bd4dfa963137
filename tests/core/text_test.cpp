#include "core/config/text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace gossip {
namespace {

enum class Colour : std::uint8_t { red, green };
constexpr std::string_view colours[] = {"red", "green"};

struct Sample {
  std::uint32_t count = 3, places = automatic;
  std::uint64_t size = 1'024;
  Duration pause = 1'500 * millisecond;
  bool on = false;
  Colour colour = Colour::red;
  double share = 0.25, factor = 2;
  PeerId peer = PeerId{7};
};

constexpr Field count_field = field<&Sample::count>("count", whole(1, 10), {"help"});
constexpr Field places_field = field<&Sample::places>("places", whole(1, 10), {"help", "source", "twice `count`"});
constexpr Field size_field = field<&Sample::size>("size", whole(0, 1 << 20), {"help"}, Unit::size);
constexpr Field pause_field = field<&Sample::pause>("pause", whole(1, 60 * second), {"help"});
constexpr Field on_field = field<&Sample::on>("on", any_value, {"help"});
constexpr Field colour_field = choice<&Sample::colour>("colour", colours, {"help"});
constexpr Field share_field = field<&Sample::share>("share", {0.0, 1.0}, {"help"}, Unit::share);
constexpr Field factor_field = field<&Sample::factor>("factor", {1.0, 10.0, true, true}, {"help"});
constexpr Field peer_field = field<&Sample::peer>("peer", any_value, {"help"});
constexpr std::array all{count_field,  places_field, size_field,   pause_field, on_field,
                         colour_field, share_field,  factor_field, peer_field};

Value whole_value(std::int64_t value) { return value; }
Value real_value(double value) { return value; }
std::string problem(const Field& field, std::string_view text) {
  const auto parsed = parse(field, text);
  EXPECT_FALSE(parsed.value) << text;
  return parsed.problem;
}

TEST(Text, TheUnitFollowsFromTheMember) {
  const Unit units[] = {Unit::count,  Unit::count, Unit::size,   Unit::duration, Unit::flag,
                        Unit::choice, Unit::share, Unit::number, Unit::peer};
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].unit, units[i]) << all[i].name;
}

TEST(Text, OfAValueParsesToIt) {
  const Sample sample;
  for (const Field& field : all) {
    const Value value = field.get(&sample);
    EXPECT_EQ(parse(field, text_of(field, value)).value, value) << field.name;
  }
  EXPECT_EQ(text_of(pause_field, pause_field.get(&sample)), "1.5s");
  EXPECT_EQ(text_of(size_field, size_field.get(&sample)), "1KiB");
  EXPECT_EQ(text_of(places_field, places_field.get(&sample)), "");
  EXPECT_EQ(text_of(colour_field, colour_field.get(&sample)), "red");
  EXPECT_EQ(text_of(share_field, share_field.get(&sample)), "0.25");
  EXPECT_EQ(text_of(on_field, on_field.get(&sample)), "false");
}

TEST(Text, ParsesWhatAPersonWrites) {
  EXPECT_EQ(parse(count_field, "10").value, whole_value(10));
  EXPECT_EQ(parse(places_field, "").value, whole_value(automatic));
  EXPECT_EQ(parse(size_field, "64 kB").value, whole_value(64'000));
  EXPECT_EQ(parse(pause_field, "2min").problem, "is above 1min, the most allowed");
  EXPECT_EQ(parse(pause_field, "1min").value, whole_value(60 * second));
  EXPECT_EQ(parse(on_field, "true").value, whole_value(1));
  EXPECT_EQ(parse(colour_field, "green").value, whole_value(1));
  EXPECT_EQ(parse(share_field, "1").value, real_value(1));
  EXPECT_EQ(parse(factor_field, "9.99").value, real_value(9.99));
}

TEST(Text, SaysWhatIsWrong) {
  EXPECT_EQ(problem(count_field, "0"), "is below 1, the least allowed");
  EXPECT_EQ(problem(count_field, "11"), "is above 10, the most allowed");
  EXPECT_EQ(problem(count_field, ""), "is not a whole number");
  EXPECT_EQ(problem(count_field, "3x"), "is not a whole number");
  EXPECT_EQ(problem(count_field, "99999999999999999999"), "is too large");
  EXPECT_EQ(problem(places_field, "4294967295"), "is above 10, the most allowed");
  EXPECT_EQ(problem(on_field, "yes"), "is neither true nor false");
  EXPECT_EQ(problem(colour_field, "gren"), "is not a choice; did you mean \"green\"?");
  EXPECT_EQ(problem(colour_field, "blue"), "is not a choice; known here: red, green");
  EXPECT_EQ(problem(share_field, "-0.1"), "is below 0, the least allowed");
  EXPECT_EQ(problem(share_field, "nan"), "is not a number");
  EXPECT_EQ(problem(share_field, "inf"), "is above 1, the most allowed");
  EXPECT_EQ(problem(factor_field, "1"), "is not above 1");
  EXPECT_EQ(problem(factor_field, "10"), "is not below 10");
}

TEST(Text, OfRanges) {
  EXPECT_EQ(range_text(count_field), "1 to 10");
  EXPECT_EQ(range_text(pause_field), "1ns to 1min");
  EXPECT_EQ(range_text(on_field), "true or false");
  EXPECT_EQ(range_text(colour_field), "red or green");
  EXPECT_EQ(range_text(factor_field), "above 1 to below 10");
  EXPECT_EQ(range_text(peer_field), "any");
}

TEST(Text, SuggestsTheNearestNameOrAll) {
  EXPECT_EQ(nearest("degre", {"links", "degree", "retry_min"}), "degree");
  EXPECT_EQ(suggest("degre", {"links", "degree"}), "did you mean \"degree\"?");
  EXPECT_EQ(suggest("colour", {"links", "degree"}), "known here: links, degree");
  EXPECT_EQ(suggest("x", {}), "known here:");
}

}  // namespace
}  // namespace gossip
