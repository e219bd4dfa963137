#include "bench/phold.hpp"

#include <algorithm>
#include <cstdio>

#include "core/config/units.hpp"
#include "core/random.hpp"
#include "sim/engine/windows.hpp"
#include "sim/machine/mpi.hpp"
#include "sim/machine/process.hpp"
#include "sim/world/real.hpp"

namespace gossip::bench {
namespace {

constexpr Duration mean = 100 * millisecond, lookahead = mean / 10;

struct Block : sim::TimeBlock {
  std::uint64_t trace = 0;
  using TimeBlock::TimeBlock;
};

class Phold {
 public:
  Phold(const PholdOptions& options, const sim::EngineOptions& engine, sim::Ranks& ranks)
      : options_(options),
        own_(ranks.own(options.processes)),
        random_(own_.last - own_.first),
        windows_(options.processes, lookahead, engine, ranks) {
    windows_.start(*this);
    windows_.team().each(static_cast<std::uint32_t>(windows_.blocks().size()),
                         [&](std::uint32_t i) { populate(windows_.blocks()[i]); });
  }

  void run() {
    windows_.run(static_cast<Time>(static_cast<double>(mean) * options_.mean_increments), *this);
    for (const Block& block : windows_.blocks()) trace_ += block.trace;
  }
  std::uint64_t events() const { return windows_.events(); }
  std::uint64_t trace() const { return trace_; }

  // For Windows.
  void make_block(std::deque<Block>& blocks, sim::PeerRange range, int bucket_shift) {
    blocks.emplace_back(range, bucket_shift);
  }
  void run_block(Block& block, Time until) {
    block.calendar.run(
        until,
        [&](const sim::Event* event, const sim::Event* last) {
          const sim::Event* const first = event;
          do {
            __builtin_prefetch(&random_[here(event[16].dst)], 1);
            block.trace += mix(static_cast<std::uint64_t>(event->time),
                               std::uint64_t{index(event->dst)} << 32 | index(event->src));
            emit(block, event->dst, event->time);
          } while (++event != last && !block.calendar.interrupted());
          block.events += static_cast<std::uint64_t>(event - first);
          block.last_event = event[-1].time;
          return event;
        },
        [] { return false; });
  }
  void go_on(Time, const sim::Totals&) {}
  void absorb(const Block& block) { trace_ += block.trace; }

 private:
  std::size_t here(PeerId process) const { return index(process) - own_.first; }

  void populate(Block& block) {
    for (std::uint32_t i = block.peers.first; i < block.peers.last; ++i) {
      random_[i - own_.first] = Random(1, i);
      for (std::uint32_t event = 0; event < options_.events; ++event) emit(block, PeerId{i}, 0);
    }
  }

  void emit(Block& block, PeerId from, Time now) {
    Random& random = random_[here(from)];
    const PeerId to{random.below(options_.processes)};
    const double rest = -sim::real::log(1 - random.uniform()) * static_cast<double>(mean - lookahead);
    windows_.post(block, sim::Event::of(now + lookahead + static_cast<Duration>(rest), to, from,
                                        Frame{0, 0, FrameKind::announce, 0}));
  }

  const PholdOptions& options_;
  sim::PeerRange own_;
  sim::BigArray<Random> random_;  // of own processes
  sim::Windows<Block> windows_;
  std::uint64_t trace_ = 0;
};

std::uint64_t sum(sim::Ranks& ranks, std::uint64_t mine) {
  std::uint64_t all = 0;
  for (const std::uint64_t of_rank : ranks.all(mine)) all += of_rank;
  return all;
}

}  // namespace

bool run_phold(const PholdOptions& options) {
  sim::Job job;
  sim::Ranks& ranks = job.ranks();
  if (ranks.first()) {
    std::printf("PHOLD: %u processes, %u events each, lookahead a tenth of the mean increment\n\n", options.processes,
                options.events);
    std::printf("%6s %8s %12s %10s %10s %17s\n", "ranks", "threads", "events", "M/s", "seconds", "trace");
  }
  std::vector<std::uint64_t> traces;
  for (const std::uint32_t threads : options.threads) {
    sim::EngineOptions engine;
    engine.threads = threads;
    Phold phold(options, engine, ranks);
    const sim::Stopwatch watch;
    phold.run();
    const std::uint64_t events = sum(ranks, phold.events());
    traces.push_back(sum(ranks, phold.trace()));
    const double seconds = watch.seconds();
    if (!ranks.first()) continue;
    std::printf("%6u %8u %12llu %10.2f %10.2f %17llx\n", ranks.size(), threads, static_cast<unsigned long long>(events),
                static_cast<double>(events) / seconds / 1e6, seconds, static_cast<unsigned long long>(traces.back()));
    std::fflush(stdout);
  }
  return std::ranges::all_of(traces, [&](std::uint64_t trace) { return trace == traces.front(); });
}

}  // namespace gossip::bench
