#include "sim/machine/team.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace gossip::sim {
namespace {

class OfThreads : public testing::TestWithParam<std::uint32_t> {
 protected:
  Team team{GetParam()};
};

TEST_P(OfThreads, EachPieceIsDoneOnceBeforeEachReturns) {
  constexpr std::uint32_t pieces = 100;
  std::vector<std::uint32_t> done(pieces);  // not atomic: a piece is one thread's, and `each` ends after all of them
  for (std::uint32_t round = 1; round <= 2'000; ++round) {
    const std::uint32_t count = round % (pieces + 1);
    team.each(count, [&](std::uint32_t i) { ++done[i]; });
    for (std::uint32_t i = 0; i < pieces; ++i) {
      ASSERT_EQ(done[i], i < count ? 1u : 0u) << "piece " << i << " of " << count;
      done[i] = 0;
    }
  }
}

TEST_P(OfThreads, PiecesThatWaitForEachOtherAreDoneAtOnce) {
  std::atomic<std::uint32_t> here{0};
  team.each(team.size(), [&](std::uint32_t) {
    ++here;
    while (here < team.size()) std::this_thread::yield();
  });
  EXPECT_EQ(here, GetParam());
}

TEST_P(OfThreads, WhatAPieceThrowsIsThrownAndTheOthersAreDone) {
  std::atomic<std::uint32_t> done{0};
  const auto fail_on_three = [&](std::uint32_t i) {
    if (i == 3) throw std::runtime_error("three");
    ++done;
  };
  EXPECT_THROW(team.each(10, fail_on_three), std::runtime_error);
  EXPECT_EQ(done, 9u);
  team.each(3, fail_on_three);  // and all is well again
  EXPECT_EQ(done, 12u);
}

#ifndef GOSSIP_SANITIZED  // which map more than any limit
TEST(Team, WhereThreadsAreShortThoseThatThereAreDoTheWork) {
  const auto with_little_memory = [] {
    const rlimit little{std::uint64_t{1} << 29, std::uint64_t{1} << 29};  // 64 stacks of 8 MiB
    setrlimit(RLIMIT_AS, &little);
    Team few(1'000);
    std::atomic<std::uint32_t> done{0};
    few.each(5'000, [&](std::uint32_t) { ++done; });
    std::fprintf(stderr, "%u pieces, %s", done.load(), few.size() < 1'000 ? "fewer threads" : "all threads");
    std::_Exit(0);
  };
  EXPECT_EXIT(with_little_memory(), testing::ExitedWithCode(0), "5000 pieces, fewer threads");
}
#endif

INSTANTIATE_TEST_SUITE_P(Team, OfThreads, testing::Values(1, 2, 3, 8));

}  // namespace
}  // namespace gossip::sim
