// Part of every program of tests.

#include <gtest/gtest.h>

#include <string_view>

namespace gossip::test {
namespace {

/// A name of a test is the same in every run, so that a report can be compared and one test be asked for: a parameter
/// without PrintTo is printed as the bytes that it has, with those between its members, or as where it lies.
TEST(TestNames, CarryNoBytesAndNoPointers) {
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *all.GetTestSuite(i);
    for (int k = 0; k < suite.total_test_count(); ++k) {
      const testing::TestInfo& test = *suite.GetTestInfo(k);
      if (test.value_param() == nullptr) continue;
      const std::string_view parameter = test.value_param();
      for (const char* sign : {"-byte object <", "0x", "(nil)"}) {
        EXPECT_EQ(parameter.find(sign), std::string_view::npos)
            << suite.name() << '.' << test.name() << ": " << parameter;
      }
    }
  }
}

}  // namespace
}  // namespace gossip::test
