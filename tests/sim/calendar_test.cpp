#include "sim/engine/calendar.hpp"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "core/random.hpp"

namespace gossip::sim {
namespace {

/// What a calendar must do, said plainly: an ordered set of (time, destination, source, emission).
class NaiveCalendar {
 public:
  void push(const Event& event) { events_.emplace(event.time, event.dst, event.src, emitted_++, event.number); }
  bool empty() const { return events_.empty(); }
  Time earliest() const { return std::get<0>(*events_.begin()); }
  std::uint32_t pop() {
    const std::uint32_t body = std::get<4>(*events_.begin());
    events_.erase(events_.begin());
    return body;
  }

 private:
  std::set<std::tuple<Time, PeerId, PeerId, std::uint64_t, std::uint32_t>> events_;
  std::uint64_t emitted_ = 0;
};

Event event_at(Time time, std::uint32_t dst, std::uint32_t src, std::uint32_t body) {
  return {time, PeerId{dst}, PeerId{src}, body, 0, EventKind::wake, 0};
}

struct Play {
  int shift;
  Duration reach;  // how far ahead events are pushed
  std::uint64_t seed;
};

void PrintTo(const Play& play, std::ostream* out) {
  *out << "buckets of 2^" << play.shift << " ns, " << play.reach << " ns ahead";
}

class CalendarFuzz : public testing::TestWithParam<Play> {};

/// Events are pushed before and while others are processed, in windows of random length.
TEST_P(CalendarFuzz, TakesOutWhatTheNaiveOneDoes) {
  const int shift = GetParam().shift;
  const Duration reach = GetParam().reach;
  Random random(GetParam().seed);
  Calendar calendar(shift, PeerId{0});
  NaiveCalendar naive;
  std::uint32_t pushed = 0;
  const auto push = [&](Time now) {
    // Few different times, destinations and sources, so that every kind of tie occurs.
    const Time time = now + static_cast<Time>(random.below(64)) * (reach / 64);
    const Event event = event_at(time, random.below(4), random.below(3), pushed++);
    calendar.push(event);
    naive.push(event);
  };
  for (int i = 0; i < 500; ++i) push(0);
  Time now = 0;
  std::uint64_t processed = 0;
  while (!naive.empty()) {
    ASSERT_EQ(calendar.empty(), naive.empty());
    ASSERT_LE(calendar.earliest(), naive.earliest());
    const Time end =
        std::max(now, naive.earliest()) + 1 + static_cast<Time>(random.uniform() * static_cast<double>(reach) / 8);
    calendar.run(
        end,
        [&](const Event* event, const Event* last) {
          do {
            EXPECT_LT(event->time, end);
            EXPECT_GE(event->time, now);
            now = event->time;
            EXPECT_EQ(event->number, naive.pop());
            ++processed;
            if (pushed < 20'000 && random.below(100) < 98) push(now);
          } while (++event != last && !calendar.interrupted() && !HasFailure());
          return event;
        },
        [] { return false; });
    if (HasFailure()) return;
    if (!naive.empty()) {
      ASSERT_GE(naive.earliest(), end);
    }
    now = end;
    if (pushed < 20'000) push(now);
  }
  EXPECT_TRUE(calendar.empty());
  EXPECT_EQ(processed, pushed);
}

INSTANTIATE_TEST_SUITE_P(Shapes, CalendarFuzz,
                         testing::Values(Play{20, 64 * 1000, 1},           // all in one bucket
                                         Play{20, 64 * millisecond, 2},    // over some buckets
                                         Play{14, 10 * second, 3},         // over pages
                                         Play{20, 64 * 3600 * second, 4},  // mostly quiet
                                         Play{1, 64, 5}, Play{10, 64'000, 6}));

TEST(Calendar, ShowsWhatHasNotHappened) {
  Calendar calendar(20, PeerId{0});
  for (std::uint32_t i = 0; i < 1000; ++i) calendar.push(event_at(Time{i} * second, 0, 0, i));
  calendar.run(
      500 * second, [](const Event*, const Event* last) { return last; }, [] { return false; });
  std::set<std::uint32_t> left;
  calendar.for_each([&](const Event& event) { left.insert(event.number); });
  EXPECT_EQ(left.size(), 500u);
  EXPECT_EQ(*left.begin(), 500u);
}

}  // namespace
}  // namespace gossip::sim
