#include "bench/truth/truth.hpp"

#include <gtest/gtest.h>

namespace gossip::bench::truth {

void PrintTo(const Block& block, std::ostream* out) { *out << block.number << ": " << block.title; }

namespace {

class Published : public testing::TestWithParam<Block> {};

TEST_P(Published, IsWhatTheShippedCoreDoes) {
  const Block& block = GetParam();
  const auto rows = block.run(block.test_runs);
  EXPECT_FALSE(rows.empty());
  for (const Row& row : rows) EXPECT_TRUE(row.holds()) << text_row(row);
}

INSTANTIATE_TEST_SUITE_P(Truth, Published, testing::ValuesIn(blocks().begin(), blocks().end()),
                         [](const auto& tested) { return std::string(tested.param.name); });

Mean mean_of(std::initializer_list<double> values) {
  Mean mean;
  for (const double value : values) mean.add(value);
  return mean;
}

TEST(TruthRow, HalfOfTheLastDigitIsWhatWasWritten) {
  EXPECT_DOUBLE_EQ(Given{"38"}.half_digit(), 0.5);
  EXPECT_DOUBLE_EQ(Given{".037"}.half_digit(), 0.0005);
  EXPECT_DOUBLE_EQ(Given{"3.1e-2"}.half_digit(), 0.0005);
  EXPECT_DOUBLE_EQ(Given{"3.1e-2"}.value(), 0.031);
}

TEST(TruthRow, FourStandardErrorsAndTheSlackAreWhatMayBeMissing) {
  const Mean mean = mean_of({1, 2, 3, 4});
  EXPECT_DOUBLE_EQ(mean.mean(), 2.5);
  EXPECT_DOUBLE_EQ(mean.error(), std::sqrt(5.0 / 3 / 4));
  EXPECT_DOUBLE_EQ((Row{"", Kind::hard, {"2.5"}, {}, mean}.tolerance()), 4 * std::sqrt(5.0 / 12) + 0.05);
  const Mean exact = mean_of({2.5, 2.5});
  EXPECT_TRUE((Row{"", Kind::hard, {"2.5"}, {}, exact, 0}.holds()));
  EXPECT_TRUE((Row{"", Kind::hard, {"2.6"}, {}, exact, 0.1}.holds()));
  EXPECT_FALSE((Row{"", Kind::band, {"2.7"}, {}, exact, 0.1}.holds()));
  EXPECT_TRUE((Row{"", Kind::shown, {"9"}, {}, exact, 0}.holds()));
}

TEST(TruthRow, TheCheckCountsWhereThereIsOneAndThePaperIsSaidToDiffer) {
  const Mean exact = mean_of({2.5, 2.5});
  const Row row{"", Kind::hard, {"2.7"}, {"2.51"}, exact};
  EXPECT_TRUE(row.holds()) << "to half of the paper's last digit";
  EXPECT_STREQ(row.verdict(), "holds; paper differs");
  EXPECT_STREQ((Row{"", Kind::hard, {"2.5"}, {"2.7"}, exact}.verdict()), "MISSES");
}

}  // namespace
}  // namespace gossip::bench::truth
