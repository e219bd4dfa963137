#pragma once

#include <bit>
#include <deque>
#include <span>
#include <utility>
#include <vector>

#include "core/list_store.hpp"
#include "sim/engine/calendar.hpp"
#include "sim/engine/options.hpp"
#include "sim/machine/ranks.hpp"
#include "sim/machine/team.hpp"

namespace gossip::sim {

/// What a block of peers needs to go through time beside other blocks. What runs in it derives from this.
struct TimeBlock {
  /// What one block emits for another in one window.
  struct Outbox {
    std::vector<Event> events;
    std::vector<std::uint32_t> items;  // of the lists that frames carry, one list after the other, each behind its size
  };

  PeerRange peers;
  Calendar calendar;
  ListStore lists{0xffff'ffff};  // one for each frame under way, and those are bounded
  std::vector<Outbox> outboxes;  // one a block of the run
  std::uint64_t events = 0;
  Time last_event = 0;

  TimeBlock(PeerRange range, int bucket_shift) : peers(range), calendar(bucket_shift, PeerId{range.first}) {}
};

/// Of all blocks of all ranks, when a window has ended. The same at each rank.
struct Totals {
  Time earliest = never;  // before it nothing happens
  std::uint64_t events = 0, under_way = 0;
  bool stop = false;
};

/// Time, window after window, on as many threads and processes as are worth while.
///
/// Peers are split in blocks, and blocks dealt to ranks. The shortest latency is the lookahead: in a window no longer
/// than that no block can affect another, so blocks work on a window each by itself, on whatever thread is free, and
/// exchange what they emitted at its end. Inside a window a block writes nothing that another one reads.
/// Rules
/// - A window is at most the lookahead, and shorter where much happens: what blocks emit for each other in a window
///   should fit the caches. One block alone needs no lookahead.
/// - Where little happens within a lookahead a rank keeps one block: going from window to window would cost more than
///   what is in them. It splits again when more happens.
/// - Ranks agree on the next window in the exchange that brings what they emitted for each other.
///
/// `Block` derives from TimeBlock. A `Model` has make_block(blocks, peers, bucket_shift), which adds one;
/// run_block(block, until), which takes out of its calendar what is before `until`; go_on(until, totals) after each
/// window; and absorb(block), for one that is split or joined and goes.
template <class Block>
class Windows {
 public:
  /// `lookahead`: at least 1.
  Windows(std::uint32_t peers, Duration lookahead, const EngineOptions& options, Ranks& ranks)
      : peers_(peers), lookahead_(lookahead), options_(options), ranks_(ranks), team_(options.threads) {
    GOSSIP_ASSERT(lookahead > 0);
    if (options_.bucket_shift == 0) options_.bucket_shift = default_bucket_shift();
    if (options_.blocks == 0) options_.blocks = default_blocks();
    if (ranks_.size() == 1) return;
    // As many at every rank, and of equal size.
    const std::uint32_t share = ranks_.share(peers_);
    for (const std::uint32_t other : ranks_.all(options_.blocks)) options_.blocks = std::min(options_.blocks, other);
    options_.blocks = std::clamp(std::bit_floor(options_.blocks), 1u, std::max(1u, (share & (~share + 1)) / 2));
  }

  template <class Model>
  void start(Model& model) {
    split(options_.blocks, model);
  }
  /// Until `end`, or until nothing is left. False: somebody asked to stop.
  template <class Model>
  bool run(Time end, Model& model) {
    Totals totals = exchange();
    while (!totals.stop && totals.earliest < end) {
      const Duration length = window();
      const Time until = std::min(end, (totals.earliest / length + 1) * length);
      const std::uint64_t before = totals.events;
      each_block([&](Block& block) { model.run_block(block, until); });
      totals = exchange();
      window_events_ = (totals.events - before) / ranks_.size();
      model.go_on(until, totals);
      fit(length, model);
    }
    return !totals.stop;
  }

  std::deque<Block>& blocks() { return blocks_; }
  const std::deque<Block>& blocks() const { return blocks_; }
  /// The block, where it has all peers.
  Block* single() { return single_; }
  /// Of a peer of this rank.
  Block& block_of(PeerId peer) { return single_ != nullptr ? *single_ : blocks_[block_number(peer) - first_block_]; }
  Team& team() { return team_; }
  std::uint64_t events() const { return here().events; }  // of this rank
  Time last_event() const {
    Time last = gone_last_event_;
    for (const Block& block : blocks_) last = std::max(last, block.last_event);
    return last;
  }

  [[gnu::always_inline]] void post(Block& from, const Event& event) {
    if (from.peers.has(event.dst)) {
      from.calendar.push(event);
    } else {
      post_elsewhere(from, from.outboxes[block_number(event.dst)], event);
    }
  }

 private:
  using Outbox = TimeBlock::Outbox;
  static constexpr Duration least_alone = millisecond;  // a window of one block alone
  static constexpr std::uint64_t events_a_window = 16'384;

  int default_bucket_shift() const {
    // About 30,000 events a bucket at the height of a flood: what fits a core's cache (docs/performance.md).
    const int doublings = static_cast<int>(std::bit_width(peers_)) - 17;
    return std::clamp(20 - doublings, 14, 20);
  }
  /// Enough for every thread to have some, each so large that its peers are worth a queue of their own.
  std::uint32_t default_blocks() const {
    constexpr std::uint32_t blocks_a_thread = 2, fewest_peers = 1'024;
    if (options_.threads == 1) return 1;
    return std::clamp(ranks_.share(peers_) / fewest_peers, 1u, blocks_a_thread * options_.threads);
  }

  /// Of all blocks of all ranks: index(peer) / block_size_, without a division; exact for 32 bits (Lemire, Kaser, Kurz
  /// 2019, §3).
  std::size_t block_number(PeerId peer) const {
    __extension__ typedef unsigned __int128 Wide;
    return static_cast<std::size_t>((Wide{block_reciprocal_} * index(peer)) >> 64);
  }

  template <class Model>
  void split(std::uint32_t blocks, Model& model) {
    block_size_ = std::max(2u, (ranks_.share(peers_) + blocks - 1) / blocks);  // the reciprocal of 1 has no room
    block_reciprocal_ = ~std::uint64_t{0} / block_size_ + 1;
    blocks_a_rank_ = blocks;
    first_block_ = ranks_.rank() * blocks;
    const PeerRange own = ranks_.own(peers_);
    for (std::uint64_t first = own.first; first < own.last; first += block_size_) {
      const std::uint64_t last = std::min<std::uint64_t>(first + block_size_, own.last);
      model.make_block(blocks_, {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)},
                       options_.bucket_shift);
      blocks_.back().outboxes.resize(std::size_t{blocks} * ranks_.size());
    }
    single_ = blocks_.size() == 1 && ranks_.size() == 1 ? &blocks_.front() : nullptr;
  }

  Duration window() {
    if (single_ != nullptr) return std::max(lookahead_, least_alone);
    if (window_events_ > 4 * events_a_window && window_ > 1) window_ /= 2;
    if (window_events_ < events_a_window) window_ = std::min(2 * window_, lookahead_);
    return window_;
  }

  /// On one thread where there is little to do: waking the others would take longer.
  template <class Task>
  void each_block(Task&& task) {
    if (window_events_ < options_.events_worth_threads) {
      for (Block& block : blocks_) task(block);
    } else {
      team_.each(static_cast<std::uint32_t>(blocks_.size()), [&](std::uint32_t i) { task(blocks_[i]); });
    }
  }

  /// More blocks or one, by what happened in the last windows.
  template <class Model>
  void fit(Duration length, Model& model) {
    constexpr std::uint64_t windows_to_join = 256, windows_to_split = 16;
    if (options_.blocks == 1 || options_.events_worth_threads == 0) return;
    const bool joined = blocks_a_rank_ == 1;
    // One block's windows may be longer than the lookahead, and a busy run's are shorter.
    events_a_lookahead_ += static_cast<double>(window_events_) * static_cast<double>(lookahead_) /
                           static_cast<double>(joined ? length : lookahead_);
    if (++windows_ < (joined ? windows_to_split : windows_to_join)) return;
    const double mean = std::exchange(events_a_lookahead_, 0) / static_cast<double>(std::exchange(windows_, 0));
    const auto worth = static_cast<double>(options_.events_worth_threads);
    if (joined ? mean < 4 * worth : mean >= worth) return;
    std::deque<Block> old = std::exchange(blocks_, {});
    split(joined ? options_.blocks : 1, model);
    for (Block& block : old) {
      block.calendar.for_each([&](const Event& event) { move(block, event); });
      gone_events_ += block.events;
      gone_last_event_ = std::max(gone_last_event_, block.last_event);
      model.absorb(block);
    }
  }

  void move(Block& from, Event event) {
    Block& to = block_of(event.dst);
    if (has_list(event)) {
      event.number = index(to.lists.add(from.lists.items(event.frame().list())).value());
    }
    to.calendar.push(event);
  }

  static bool has_list(const Event& event) { return event.is_frame() && carries_list(event.frame().kind); }

  [[gnu::always_inline]] static void post_elsewhere(Block& from, Outbox& outbox, const Event& event) {
    outbox.events.push_back(event);
    if (!has_list(event)) [[likely]]
      return;
    const FrameOwner owner(from.lists, event.frame());
    const auto items = from.lists.items(event.frame().list());
    outbox.items.push_back(static_cast<std::uint32_t>(items.size()));
    outbox.items.insert(outbox.items.end(), items.begin(), items.end());
  }

  /// Everything that was emitted goes to where it belongs.
  Totals exchange() {
    if (ranks_.size() > 1) return exchange_with_ranks();
    if (blocks_.size() > 1) {
      each_block([&](Block& block) { collect(block, {}); });
    }
    return here();
  }

  Totals exchange_with_ranks() {
    Totals sum = here();
    for (const Block& block : blocks_) {
      for (const Outbox& outbox : block.outboxes) {
        sum.under_way += outbox.events.size();
        for (const Event& event : outbox.events) sum.earliest = std::min(sum.earliest, event.time);
      }
    }
    out_.resize(ranks_.size());
    in_.resize(ranks_.size());
    for (std::uint32_t r = 0; r < ranks_.size(); ++r) {
      if (r != ranks_.rank()) pack(sum, r);
    }
    ranks_.exchange(out_, in_);
    std::vector<std::vector<Incoming>> incoming(blocks_.size());
    for (std::uint32_t r = 0; r < ranks_.size(); ++r) {
      if (r != ranks_.rank()) add(sum, unpack(in_[r], incoming));
    }
    each_block([&](Block& block) { collect(block, incoming[number_here(block)]); });
    return sum;
  }

  struct Incoming {
    std::span<const Event> events;
    std::span<const std::uint32_t> items;
  };

  static void add(Totals& sum, const Totals& other) {
    sum.earliest = std::min(sum.earliest, other.earliest);
    sum.events += other.events;
    sum.under_way += other.under_way;
    sum.stop |= other.stop;
  }

  Totals here() const {
    Totals totals;
    totals.events = gone_events_;
    totals.stop = options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed);
    for (const Block& block : blocks_) {
      totals.earliest = std::min(totals.earliest, block.calendar.earliest());
      totals.events += block.events;
      totals.under_way += block.calendar.size();
    }
    return totals;
  }

  /// For each of the other's blocks, what each of ours has for it.
  void pack(const Totals& totals, std::uint32_t rank) {
    Packet& packet = out_[rank];
    packet.clear();
    packet.put(totals);
    packet.put(static_cast<std::uint64_t>(blocks_.size()));
    for (std::uint32_t i = 0; i < blocks_a_rank_; ++i) {
      for (Block& block : blocks_) {
        Outbox& outbox = block.outboxes[std::size_t{rank} * blocks_a_rank_ + i];
        packet.put(std::span<const Event>(outbox.events));
        packet.put(std::span<const std::uint32_t>(outbox.items));
        outbox.events.clear();
        outbox.items.clear();
      }
    }
  }

  Totals unpack(Packet& packet, std::vector<std::vector<Incoming>>& incoming) const {
    const auto totals = packet.take_one<Totals>();
    const auto theirs = packet.take_one<std::uint64_t>();
    for (std::uint32_t i = 0; i < blocks_a_rank_; ++i) {
      for (std::uint64_t from = 0; from < theirs; ++from) {
        const Incoming part{packet.take<Event>(), packet.take<std::uint32_t>()};
        if (i < incoming.size()) incoming[i].push_back(part);
      }
    }
    return totals;
  }

  std::size_t number_here(const Block& block) const {
    return (block.peers.first - blocks_.front().peers.first) / block_size_;
  }

  /// What others emitted for this block.
  void collect(Block& to, std::span<const Incoming> incoming) {
    const std::size_t number = first_block_ + number_here(to);
    for (Block& from : blocks_) {
      Outbox& outbox = from.outboxes[number];
      receive(to, {outbox.events, outbox.items});
      outbox.events.clear();
      outbox.items.clear();
    }
    for (const Incoming& part : incoming) receive(to, part);
  }

  static void receive(Block& to, const Incoming& part) {
    const std::uint32_t* item = part.items.data();
    for (const Event& event : part.events) {
      if (has_list(event)) [[unlikely]] {
        Event with_list = event;
        with_list.number = index(to.lists.add(std::span(item + 1, *item)).value());
        item += 1 + *item;
        to.calendar.push(with_list);
      } else {
        to.calendar.push(event);
      }
    }
  }

  std::uint32_t peers_;
  Duration lookahead_;
  EngineOptions options_;
  Ranks& ranks_;
  Team team_;
  std::deque<Block> blocks_;
  Block* single_ = nullptr;
  std::uint32_t block_size_ = 2, blocks_a_rank_ = 1, first_block_ = 0;
  std::uint64_t block_reciprocal_ = 0;
  Duration window_ = 1;
  std::uint64_t window_events_ = 0;  // in the last window, the mean of all ranks, and so the same at each
  std::uint64_t windows_ = 0;        // since `fit` judged last, and what they held
  double events_a_lookahead_ = 0;
  std::uint64_t gone_events_ = 0;  // of blocks that are no more
  Time gone_last_event_ = 0;
  std::vector<Packet> out_, in_;
};

}  // namespace gossip::sim
