#include "sim/world/timeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/sim/input_files.hpp"
#include "tests/sim/world.hpp"

/// Who is up when, against arithmetic; without an engine.
namespace gossip::sim::test {
namespace {

Scenario churning(std::uint32_t peers, Duration session, Duration downtime, Time duration) {
  Scenario scenario = fixed(peers, Ring{});
  scenario.duration = duration;
  scenario.churn = Churn{};
  scenario.churn->session = session;
  scenario.churn->downtime = downtime;
  return scenario;
}

std::uint32_t up_at(const Timeline& timeline, std::uint32_t peers, Time time) {
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < peers; ++i) count += timeline.up(PeerId{i}, time);
  return count;
}

// ---- kills

TEST(TimelineKill, AShareIsRoundedToTheNearest) {
  const auto killed = [](std::uint32_t peers, double share) {
    Scenario scenario = fixed(peers, Ring{});
    scenario.faults = {Kill{second, share, {}, {}}};
    return peers - up_at(Timeline(scenario), peers, 2 * second);
  };
  EXPECT_EQ(killed(5, 0.5), 3u);
  EXPECT_EQ(killed(7, 0.25), 2u);
  EXPECT_EQ(killed(10, 0.14), 1u);
  EXPECT_EQ(killed(10, 0.16), 2u);
  EXPECT_EQ(killed(10, 1), 10u);
}

TEST(TimelineKill, NeverTakesTheSpared) {
  Scenario scenario = sampling(50, 4, 60 * second);
  scenario.protocol.of<Sampling>().bootstrapper = PeerId{7};
  scenario.churn = Churn{};
  scenario.churn->session = 1'000'000 * second;
  scenario.churn->downtime = second;
  scenario.churn->stationary = false;
  scenario.churn->spared = {3, 4};
  scenario.faults = {Kill{10 * second, 1, {}, {}}};
  const Timeline timeline(scenario);
  for (std::uint32_t i = 0; i < 50; ++i) {
    EXPECT_EQ(timeline.up(PeerId{i}, 11 * second), i == 3 || i == 4 || i == 7) << i;
  }
}

TEST(TimelineKill, WhoIsKilledStaysDownWhateverTheChurn) {
  Scenario scenario = churning(300, 5 * second, second, 120 * second);
  scenario.faults = {Kill{10 * second, 1, {}, {}}, Kill{11 * second, 0, {0, 1, 2}, {}}};
  const Timeline timeline(scenario);
  std::uint32_t killed = 0;
  for (std::uint32_t i = 3; i < 300; ++i) {
    if (!timeline.up(PeerId{i}, 10 * second)) continue;  // down just then: its churn goes on
    ++killed;
    EXPECT_EQ(timeline.sessions(PeerId{i}).back().down, 10 * second);
    EXPECT_FALSE(timeline.sessions(PeerId{i}).back().clean) << "a kill is a crash";
  }
  EXPECT_GT(killed, 200u);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_LE(timeline.sessions(PeerId{i}).back().up, 11 * second);
}

TEST(TimelineKill, ComesBackWhenItSaysAndThenItsChurnGoesOn) {
  Scenario scenario = churning(300, 5 * second, second, 600 * second);
  scenario.faults = {Kill{100 * second, 1, {}, 50 * second}};
  const Timeline timeline(scenario);
  for (std::uint32_t i = 0; i < 300; ++i) {
    if (!timeline.up(PeerId{i}, 100 * second)) continue;
    const auto sessions = timeline.sessions(PeerId{i});
    const auto back = std::ranges::find(sessions, 150 * second, &Session::up);
    ASSERT_NE(back, sessions.end());
    EXPECT_EQ((back - 1)->down, 100 * second);
    EXPECT_GT(sessions.end() - back, 20);
  }
}

// ---- churn

TEST(TimelineChurn, WhoIsDownAtTheStartReturnsNotBeforeChurnBegins) {
  Scenario scenario = churning(4'000, 30 * second, 10 * second, 300 * second);
  scenario.churn->start = 60 * second;
  const Timeline timeline(scenario);
  std::uint32_t down = 0;
  double waited = 0;
  for (std::uint32_t i = 0; i < 4'000; ++i) {
    const Session first = timeline.sessions(PeerId{i}).front();
    if (first.up == before_start) {
      EXPECT_GE(first.down, 60 * second) << "no departures either";
      continue;
    }
    ++down;
    EXPECT_GE(first.up, 60 * second);
    waited += static_cast<double>(first.up - 60 * second) / second;
  }
  EXPECT_NEAR(down, 1'000, 4 * std::sqrt(4'000 * 0.25 * 0.75));
  EXPECT_NEAR(waited / down, 10, 4 * 10 / std::sqrt(1'000)) << "mean of an exponential";
}

TEST(TimelineChurn, SessionsAndPausesAreExponential) {
  const Timeline timeline(churning(1'000, 30 * second, 10 * second, 3'000 * second));
  std::vector<double> up, down;
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    const auto sessions = timeline.sessions(PeerId{i});
    for (std::size_t k = 1; k + 1 < std::min<std::size_t>(sessions.size(), 30); ++k) {
      up.push_back(static_cast<double>(sessions[k].down - sessions[k].up) / (30.0 * second));
      down.push_back(static_cast<double>(sessions[k + 1].up - sessions[k].down) / (10.0 * second));
    }
  }
  for (std::vector<double>* lengths : {&up, &down}) {
    std::ranges::sort(*lengths);
    const auto n = static_cast<double>(lengths->size());
    EXPECT_GT(n, 20'000);
    double distance = 0;  // Kolmogorov and Smirnov
    for (std::size_t i = 0; i < lengths->size(); ++i) {
      distance = std::max(distance, std::abs(1 - std::exp(-(*lengths)[i]) - static_cast<double>(i) / n));
    }
    EXPECT_LT(distance, 1.95 / std::sqrt(n)) << "one in a thousand";
  }
}

TEST(TimelineChurn, TheShareOfCleanLeavesIsKept) {
  Scenario scenario = churning(1'000, 20 * second, 5 * second, 500 * second);
  scenario.churn->clean = 0.3;
  const Timeline timeline(scenario);
  double clean = 0, all = 0;
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    for (const Session& session : timeline.sessions(PeerId{i})) {
      if (session.down == never) continue;
      ++all;
      clean += session.clean;
    }
  }
  EXPECT_NEAR(clean / all, 0.3, 4 * std::sqrt(0.21 / all));
}

// ---- presence

class Presence : public testing::Test {
 protected:
  static Scenario traced(const std::string& trace) {
    Scenario scenario = fixed(3, Ring{});
    scenario.duration = 10 * second;
    scenario.churn = Churn{};
    scenario.churn->trace = trace;
    return scenario;
  }
  TestFile file{"peer,up_seconds,down_seconds\n1,2,4\n1,6,8\n2,0,5\n", ".csv"};
  Timeline timeline{traced(file.name())};
};

TEST_F(Presence, CountsItsFirstAndItsLastInstant) {
  const PeerId peer{1};
  EXPECT_FALSE(timeline.up(peer, 2 * second)) << "announcements come before who comes up";
  EXPECT_TRUE(timeline.up(peer, 2 * second + 1));
  EXPECT_TRUE(timeline.up(peer, 4 * second)) << "and before who goes";
  EXPECT_FALSE(timeline.up(peer, 4 * second + 1));
  EXPECT_TRUE(timeline.throughout(peer, 2 * second, 4 * second - 1));
  EXPECT_FALSE(timeline.throughout(peer, 2 * second - 1, 3 * second));
  EXPECT_FALSE(timeline.throughout(peer, 3 * second, 4 * second)) << "what arrives then finds it gone";
  EXPECT_FALSE(timeline.throughout(peer, 3 * second, 7 * second));
  EXPECT_TRUE(timeline.throughout(PeerId{0}, 0, never - 1));
}

TEST_F(Presence, SharesAndDeparturesAreSums) {
  EXPECT_DOUBLE_EQ(timeline.availability(PeerId{0}, 10 * second), 1);
  EXPECT_DOUBLE_EQ(timeline.availability(PeerId{1}, 10 * second), 0.4);
  EXPECT_DOUBLE_EQ(timeline.availability(PeerId{1}, 7 * second), 3.0 / 7);
  EXPECT_DOUBLE_EQ(timeline.availability(PeerId{2}, 10 * second), 0.5);
  EXPECT_EQ(timeline.departures(4 * second - 1), 0u);
  EXPECT_EQ(timeline.departures(4 * second), 1u);
  EXPECT_EQ(timeline.departures(10 * second), 3u);
}

TEST_F(Presence, ARandomPeerIsOneThatIsUp) {
  std::array<int, 3> drawn{};
  for (std::uint64_t use = 0; use < 3'000; ++use) ++drawn[index(timeline.random_up(use, 5 * second - 1))];
  EXPECT_EQ(drawn[1], 0);
  EXPECT_NEAR(drawn[0], 1'500, 4 * std::sqrt(750));
}

}  // namespace
}  // namespace gossip::sim::test
