#include "core/timers.hpp"

#include <gtest/gtest.h>

namespace gossip {
namespace {

enum class Timer { shuffle, retry, count_ };

class TimersTest : public testing::Test {
 protected:
  TimersTest() { timers.clear(); }
  Timers<Timer> timers;
};

TEST_F(TimersTest, NoneRunsAtFirst) {
  EXPECT_EQ(timers.deadline(), never);
  EXPECT_FALSE(timers.running(Timer::shuffle));
  EXPECT_FALSE(timers.due(Timer::shuffle, never - 1));
}

TEST_F(TimersTest, FiresOnceAtItsTime) {
  timers.set(Timer::retry, 10);
  EXPECT_FALSE(timers.due(Timer::retry, 9));
  EXPECT_TRUE(timers.running(Timer::retry));
  EXPECT_TRUE(timers.due(Timer::retry, 10));
  EXPECT_FALSE(timers.due(Timer::retry, 10));
  EXPECT_FALSE(timers.running(Timer::retry));
}

TEST_F(TimersTest, TheEarliestIsTheDeadline) {
  timers.set(Timer::retry, 10);
  timers.set(Timer::shuffle, 5);
  EXPECT_EQ(timers.deadline(), 5);
  EXPECT_FALSE(timers.due(Timer::retry, 5));
  EXPECT_TRUE(timers.due(Timer::shuffle, 5));
  EXPECT_EQ(timers.deadline(), 10);
}

TEST_F(TimersTest, StopsAndStartsAgain) {
  timers.set(Timer::retry, 10);
  timers.stop(Timer::retry);
  EXPECT_EQ(timers.deadline(), never);
  timers.set(Timer::retry, 20);
  timers.set(Timer::retry, 30);
  EXPECT_FALSE(timers.due(Timer::retry, 20));
  EXPECT_TRUE(timers.due(Timer::retry, 31));
}

}  // namespace
}  // namespace gossip
