#include "sim/engine/windows.hpp"

#include <gtest/gtest.h>

#include <array>

#include "core/random.hpp"
#include "tests/sim/ranks.hpp"

namespace gossip::sim {
namespace {

constexpr Duration lookahead = 1'000'000;
constexpr std::uint32_t peers = 400;

struct Block : TimeBlock {
  std::uint64_t trace = 0;
  using TimeBlock::TimeBlock;
};

/// Tokens that go from peer to peer, each a list that grows by one at each hop: few all the time, and now and then
/// thousands that end after some hops.
class Tokens {
 public:
  Tokens(const EngineOptions& options, Ranks& ranks) : windows_(peers, lookahead, options, ranks) {
    windows_.start(*this);
    for (Block& block : windows_.blocks()) {
      for (std::uint32_t i = block.peers.first; i < block.peers.last; ++i) {
        if (i % 100 == 0) send(block, PeerId{i}, 0, std::vector<std::uint32_t>{forever});
        for (Time burst = 1; burst <= 2; ++burst) {
          block.calendar.push(Event::wake(burst * 600 * lookahead, PeerId{i}));
        }
      }
    }
  }

  void run(Time end) {
    windows_.run(end, *this);
    for (Block& block : windows_.blocks()) absorb(block);
  }
  std::uint64_t trace() const { return trace_; }
  std::uint64_t events() const { return windows_.events(); }
  int made() const { return made_; }
  bool in_order() const { return in_order_; }

  void make_block(std::deque<Block>& blocks, PeerRange range, int shift) {
    ++made_;
    blocks.emplace_back(range, shift);
  }
  void run_block(Block& block, Time until) {
    block.calendar.run(
        until, [&](const Event* event, const Event*) { return on(block, *event), event + 1; }, [] { return false; });
  }
  void go_on(Time, const Totals&) {}
  void absorb(const Block& block) { trace_ += block.trace; }

 private:
  static constexpr std::uint32_t forever = 1'000'000, tokens_a_burst = 20, hops_of_burst = 30;

  void on(Block& block, const Event& event) {
    ++block.events;
    block.last_event = event.time;
    if (event.time < last_[index(event.dst)]) in_order_ = false;
    last_[index(event.dst)] = event.time;
    if (event.kind == EventKind::wake) {
      for (std::uint32_t i = 0; i < tokens_a_burst; ++i) send(block, event.dst, event.time, {hops_of_burst});
      return;
    }
    const FrameOwner owner(block.lists, event.frame());
    const auto items = block.lists.items(event.frame().list());
    std::uint64_t hash =
        mix(static_cast<std::uint64_t>(event.time), std::uint64_t{index(event.dst)} << 32 | index(event.src));
    for (const std::uint32_t item : items) hash = mix(hash, item);
    block.trace += hash;
    std::vector<std::uint32_t> list(items.begin(), items.end());
    if (--list[0] == 0) return;
    if (list.size() < 50) list.push_back(index(event.dst));
    send(block, event.dst, event.time, list);
  }

  void send(Block& block, PeerId from, Time now, const std::vector<std::uint32_t>& list) {
    const std::uint64_t lot = mix(static_cast<std::uint64_t>(now) + list.size(), index(from));
    const ListRef items = block.lists.add(std::span(list)).value();
    windows_.post(block, Event::of(now + lookahead + static_cast<Duration>(lot >> 32) % lookahead,
                                   PeerId{static_cast<std::uint32_t>(lot) % peers}, from,
                                   Frame{index(items), 0, FrameKind::response, 0}));
  }

  Windows<Block> windows_;
  std::uint64_t trace_ = 0;
  int made_ = 0;
  std::array<Time, peers> last_{};
  std::atomic<bool> in_order_ = true;
};

struct Outcome {
  std::uint64_t trace = 0, events = 0;
  int made = 0;
  bool in_order = true;
};

Outcome outcome(const EngineOptions& options, Ranks& ranks = alone()) {
  Tokens tokens(options, ranks);
  tokens.run(2'000 * lookahead);
  Outcome sum;
  for (const auto& one : ranks.all(Outcome{tokens.trace(), tokens.events(), tokens.made(), tokens.in_order()})) {
    sum.trace += one.trace;
    sum.events += one.events;
    sum.made += one.made;
    sum.in_order &= one.in_order;
  }
  return sum;
}

/// Blocks are joined while little happens, and split for the bursts, and nothing is lost or out of order with it.
TEST(Windows, JoinAndSplitBlocksAsIsWorthWhile) {
  const Outcome one = outcome({});
  EXPECT_GT(one.events, 2u * 400 * 20 * 29);
  EngineOptions options;
  options.threads = 2;
  options.blocks = 4;
  options.events_worth_threads = 50;
  const Outcome several = outcome(options);
  EXPECT_EQ(several.trace, one.trace);
  EXPECT_EQ(several.events, one.events);
  EXPECT_GE(several.made, 4 + 1 + 4 + 1 + 4 + 1) << "before the bursts, in each, and after";
  EXPECT_TRUE(several.in_order);

  for (const std::uint32_t count : {2u, 4u}) {
    test::RanksOfThreads(count).each([&](Ranks& ranks) {
      const Outcome of_ranks = outcome(options, ranks);
      EXPECT_EQ(of_ranks.trace, one.trace) << count << " ranks";
      EXPECT_EQ(of_ranks.events, one.events);
      EXPECT_TRUE(of_ranks.in_order);
    });
  }
}

/// A window never goes beyond the lookahead where blocks could affect each other, and one of threads is no other.
TEST(Windows, AreTheSameForAnyNumberOfBlocks) {
  const Outcome one = outcome({});
  for (const std::uint32_t blocks : {2u, 3u, 7u, 40u}) {
    EngineOptions options;
    options.threads = 2;
    options.blocks = blocks;
    options.events_worth_threads = 0;
    const Outcome several = outcome(options);
    EXPECT_EQ(several.trace, one.trace) << blocks << " blocks";
    EXPECT_EQ(several.made, static_cast<int>(blocks)) << "kept, since every window counts as worth it";
  }
}

}  // namespace
}  // namespace gossip::sim
