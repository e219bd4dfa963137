#include "sim/world/trace.hpp"

#include "tests/sim/input_files.hpp"

namespace gossip::sim {

bool operator==(const Interval& a, const Interval& b) { return a.up == b.up && a.down == b.down; }

namespace {

using Intervals = std::vector<Interval>;

TEST(Trace, RowsInAnyOrderBecomeIntervalsInTime) {
  const TestFile file(
      "peer,up_seconds,down_seconds\n"
      "# a comment, then an empty line\n\n"
      "2, 10, 20.5\r\n"
      "0,0.25,1\n"
      "2,0,10\n"
      "2,30,\n");
  const Trace trace = read_trace(file.name(), 4);
  ASSERT_EQ(trace.size(), 4u);
  EXPECT_EQ(trace[0], (Intervals{{250 * millisecond, second}}));
  EXPECT_EQ(trace[1], Intervals());
  EXPECT_EQ(trace[2], (Intervals{{0, 10 * second}, {10 * second, 20'500 * millisecond}, {30 * second, never}}));
  EXPECT_EQ(trace[3], Intervals());
}

TEST(Trace, TheHeaderMayBeMissingAndTheLastLineUnended) {
  const TestFile file("1,5,6");
  EXPECT_EQ(read_trace(file.name(), 2)[1], (Intervals{{5 * second, 6 * second}}));
}

TEST(Trace, NanosecondsAreRounded) {
  const TestFile file("0,0.0000000014,0.0000000016\n");
  EXPECT_EQ(read_trace(file.name(), 1)[0], (Intervals{{1, 2}}));
}

}  // namespace
}  // namespace gossip::sim
