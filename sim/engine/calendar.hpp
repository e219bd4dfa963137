#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "core/assert.hpp"
#include "sim/machine/big_array.hpp"
#include "sim/world/event.hpp"

namespace gossip::sim {

/// The events of one block of peers, in order of (time, destination, source, emission).
///
/// An event goes unsorted into the bucket of its time, in O(1) and without touching anything but the end of a list; a
/// bucket is sorted when its time has come, by a counting sort whose cells hold one or two events each. The few events
/// that are emitted into the bucket that is being worked on wait in a heap beside it. Buckets are grouped into pages:
/// this page and the next three have a list a bucket, pages beyond are one list each, so a quiet hour costs nothing. Measured
/// against sorting each window by destination: docs/design.md.
class Calendar {
 public:
  /// `shift`: a bucket is 2^shift ns wide. It decides speed only, never the order.
  /// `peer`: any of the block; what may be read beyond the last event concerns that one.
  Calendar(int shift, PeerId peer)
      : shift_(shift),
        page_buckets_(std::clamp(shortest_page >> shift, fewest_buckets, most_buckets)),
        ring_end_(ring_pages * page_buckets_),
        ring_(static_cast<std::size_t>(ring_end_)),
        filler_(Event::wake(0, peer)),
        sorted_(readable, filler_),
        late_run_(1 + readable, filler_) {
    GOSSIP_ASSERT(shift >= 0 && shift <= 32);
  }

  /// `count` times `frame`, to to[i] at at[i].
  void push_row(const Event& frame, const PeerId* to, const Time* at, std::uint32_t count) {
    Stored stored(frame, 0);
    std::uint32_t elsewhere = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::int64_t bucket = at[i] >> shift_;
      if (bucket <= current_ || bucket >= ring_end_) [[unlikely]] {
        Event event = frame;
        event.time = at[i];
        event.dst = to[i];
        push_elsewhere(event, bucket);
        ++elsewhere;
        continue;
      }
      List& list = ring(bucket);
      if (list.place == list.end) [[unlikely]]
        extend(list);
      stored.time = low_bits(at[i]);
      stored.dst = to[i];
      *list.place++ = stored;
    }
    size_ += count;
    in_ring_ += count - elsewhere;
  }

  /// Inlined by force, so that an event is written once, where it will lie: built elsewhere and copied, its narrow
  /// stores stall the wide loads of the copy.
  [[gnu::always_inline]] void push(const Event& event) {
    const std::int64_t bucket = event.time >> shift_;
    ++size_;
    if (bucket <= current_ || bucket >= ring_end_) [[unlikely]] {
      push_elsewhere(Event(event), bucket);  // a copy, made only here: an event whose address is taken lies in memory
      return;
    }
    ++in_ring_;
    List& list = ring(bucket);
    if (list.place == list.end) [[unlikely]]
      extend(list);
    *list.place++ = Stored(event, low_bits(event.time));
  }

  static constexpr std::size_t readable = 64;
  /// Whether what was pushed meanwhile may come before the next event.
  bool interrupted() const { return !late_.empty(); }

  std::uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// A time before which nothing happens; never when there is nothing. Cheap, not exact to the bucket.
  Time earliest() const {
    if (size_ == 0) return never;
    if (next_ != sorted_end_ || !late_.empty()) return head_time();
    const std::int64_t bucket = next_bucket();
    return bucket << shift_;
  }

  /// Takes out, in order, every event before `end`, also those that `process` pushes meanwhile.
  /// `process(event, last)` takes those from `event` on until it comes to `last`, or `interrupted`, and says how far it
  /// came: at least one. Up to `readable` places after `last` may be read; what lies there means nothing, but is of this
  /// block.
  /// `between()` is asked after each bucket whether to stop.
  template <class Process, class Between>
  void run(Time end, Process&& process, Between&& between) {
    while (size_ > 0) {
      run_bucket(end, process);
      if (next_ != sorted_end_ || !late_.empty()) return;  // the rest is at or after `end`
      if (size_ == 0 || between()) return;
      const std::int64_t bucket = next_bucket();
      if ((bucket << shift_) >= end) return;
      open(bucket);
    }
  }

  /// Calls f(event) for everything that has not happened; for what one source emitted for one destination and time, in
  /// that order.
  template <class F>
  void for_each(F&& f) const {
    for (const Event* event = next_; event != sorted_end_; ++event) f(*event);
    std::vector<Late> late(late_);
    std::ranges::sort(late, {}, &Late::emitted);
    for (const Late& one : late) f(one.event);
    for (std::int64_t bucket = current_ + 1; bucket < ring_end_; ++bucket) {
      each(ring(bucket), [&](const Stored& stored) { f(stored.event(bucket << shift_)); });
    }
    for (const auto& [page, events] : far_) std::ranges::for_each(events, f);
  }

 private:
  static constexpr std::int64_t ring_pages = 4;
  static constexpr std::int64_t fewest_buckets = 512, most_buckets = 4'096;
  // With buckets of 8 us or more the ring is 100 ms ahead at least: most links are faster, and what goes to a page
  // beyond is written twice.
  static constexpr Duration shortest_page = Duration{1} << 25;

  /// An event in its bucket, which knows the rest of its time. At the height of a flood nearly all of its events wait
  /// here, and what they cost is the memory that they lie in.
  struct Stored {
    std::uint32_t time;  // since the beginning of the bucket
    PeerId dst, src;
    std::uint32_t number;
    std::uint16_t extra;
    EventKind kind;
    std::uint8_t detail;

    Stored(const Event& event, std::uint32_t low)
        : time(low),
          dst(event.dst),
          src(event.src),
          number(event.number),
          extra(event.extra),
          kind(event.kind),
          detail(event.detail) {}
    Event event(Time bucket_start) const { return {bucket_start + time, dst, src, number, extra, kind, detail}; }
  };
  static_assert(sizeof(Stored) == 20);

  struct Chunk {
    static constexpr std::uint32_t capacity = 204;  // a page of memory
    Chunk* next;
    alignas(Stored) std::byte memory[capacity * sizeof(Stored)];

    Stored* events() { return reinterpret_cast<Stored*>(memory); }
    const Stored* events() const { return reinterpret_cast<const Stored*>(memory); }
  };
  static_assert(sizeof(Chunk) <= 4096);

  struct List {
    Chunk* first = nullptr;
    Chunk* last = nullptr;
    Stored* place = nullptr;  // in the last chunk; kept here so that an append touches one line of memory only
    Stored* end = nullptr;
  };

  struct Late {
    Event event;
    std::uint64_t emitted;
  };
  struct After {
    bool operator()(const Late& a, const Late& b) const {
      if (a.event < b.event) return false;
      if (b.event < a.event) return true;
      return a.emitted > b.emitted;
    }
  };

  std::uint32_t low_bits(Time time) const {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(time) & ((std::uint64_t{1} << shift_) - 1));
  }
  std::int64_t page_of(std::int64_t bucket) const { return bucket / page_buckets_; }
  List& ring(std::int64_t bucket) { return ring_[static_cast<std::uint64_t>(bucket) & (ring_.size() - 1)]; }
  const List& ring(std::int64_t bucket) const { return const_cast<Calendar*>(this)->ring(bucket); }

  [[gnu::noinline]] void push_elsewhere(const Event& event, std::int64_t bucket) {
    GOSSIP_ASSERT(bucket >= current_);
    if (bucket == current_) {
      late_.push_back({event, late_emitted_++});
      std::push_heap(late_.begin(), late_.end(), After{});
    } else {
      far_[page_of(bucket)].push_back(event);
    }
  }

  void append(List& list, const Event& event) {
    if (list.place == list.end) extend(list);
    *list.place++ = Stored(event, low_bits(event.time));
  }

  [[gnu::noinline]] void extend(List& list) {
    Chunk* chunk = take();
    (list.last == nullptr ? list.first : list.last->next) = chunk;
    list = {list.first, chunk, chunk->events(), chunk->events() + Chunk::capacity};
  }

  Chunk* take() {
    if (free_ == nullptr) {
      // Twice as large each time, so that a small run stays small.
      const std::size_t chunks = std::min(largest_slab, std::size_t{32} << std::min<std::size_t>(slabs_.size(), 16));
      slabs_.emplace_back(chunks, false);
      for (std::size_t i = chunks; i-- > 0;) give(&slabs_.back()[i]);
    }
    Chunk* chunk = free_;
    free_ = chunk->next;
    chunk->next = nullptr;
    return chunk;
  }

  void give(Chunk* chunk) {
    chunk->next = free_;
    free_ = chunk;
  }

  template <class F>
  static void each(const List& list, F&& f) {
    for (const Chunk* chunk = list.first; chunk != nullptr; chunk = chunk->next) {
      const Stored* end = chunk == list.last ? list.place : chunk->events() + Chunk::capacity;
      for (const Stored* event = chunk->events(); event != end; ++event) f(*event);
    }
  }

  void clear(List& list) {
    while (list.first != nullptr) {
      Chunk* next = list.first->next;
      give(list.first);
      list.first = next;
    }
    list = {};
  }

  Time head_time() const {
    const Time sorted = next_ != sorted_end_ ? next_->time : never;
    return late_.empty() ? sorted : std::min(sorted, late_.front().event.time);
  }

  /// The first bucket after the current one that has events. There must be one.
  std::int64_t next_bucket() const {
    if (in_ring_ > 0) {
      std::int64_t bucket = current_ + 1;
      while (ring(bucket).first == nullptr) ++bucket;
      return bucket;
    }
    GOSSIP_ASSERT(!far_.empty());
    std::int64_t first = never;
    for (const Event& event : far_.begin()->second) first = std::min(first, event.time >> shift_);
    return first;
  }

  void open(std::int64_t bucket) {
    current_ = bucket;
    while (page_ < page_of(bucket)) {
      page_ = in_ring_ > 0 ? page_ + 1 : page_of(bucket);
      ring_end_ = (page_ + ring_pages) * page_buckets_;
      for (std::int64_t page = page_; page < page_ + ring_pages; ++page) deal(page);
    }
    sort(ring(bucket));
  }

  void deal(std::int64_t page) {
    const auto far = far_.find(page);
    if (far == far_.end()) return;
    for (const Event& event : far->second) append(ring(event.time >> shift_), event);
    in_ring_ += far->second.size();
    far_.erase(far);
  }

  /// Into sorted_: by cells of equal time spans, which come to hold one or two events each, then by insertion. Stable.
  void sort(List& list) {
    std::size_t count = 0;
    each(list, [&](const Stored&) { ++count; });
    const int bits = std::min(shift_, static_cast<int>(std::bit_width(count / 2)));
    const int cell_shift = shift_ - bits;
    const Time start = current_ << shift_;
    const auto cell = [&](const Stored& event) { return event.time >> cell_shift; };

    cells_.assign((std::size_t{1} << bits) + 1, 0);
    each(list, [&](const Stored& event) { ++cells_[cell(event) + 1]; });
    std::uint32_t fullest = 0;
    for (std::size_t i = 1; i < cells_.size(); ++i) {
      fullest = std::max(fullest, cells_[i]);
      cells_[i] += cells_[i - 1];
    }
    if (sorted_.size() < count + readable) sorted_.resize(count + readable, filler_);
    each(list, [&](const Stored& event) { sorted_[cells_[cell(event)]++] = event.event(start); });
    next_ = sorted_.data();
    sorted_end_ = next_ + count;
    if (fullest <= few) {
      insert(0, count);
    } else {
      // Each cell now ends where the next one's begin was.
      for (std::size_t i = 0, begin = 0; i + 1 < cells_.size(); begin = cells_[i++]) sort_cell(begin, cells_[i]);
    }
    in_ring_ -= count;
    clear(list);
  }

  /// By insertion; where very many events fall together, as with equal latencies, by merging.
  void sort_cell(std::size_t begin, std::size_t end) {
    if (end - begin <= few) return insert(begin, end);
    std::stable_sort(sorted_.begin() + static_cast<std::ptrdiff_t>(begin),
                     sorted_.begin() + static_cast<std::ptrdiff_t>(end));
  }

  void insert(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin + 1; i < end; ++i) {
      if (!(sorted_[i] < sorted_[i - 1])) [[likely]]
        continue;
      const Event event = sorted_[i];
      std::size_t place = i;
      for (; place > begin && event < sorted_[place - 1]; --place) sorted_[place] = sorted_[place - 1];
      sorted_[place] = event;
    }
  }

  template <class Process>
  void run_bucket(Time end, Process& process) {
    const Event* last = next_ == sorted_end_ || sorted_end_[-1].time < end
                            ? sorted_end_
                            : std::partition_point(next_, sorted_end_, [&](const Event& e) { return e.time < end; });
    while (true) {
      if (late_.empty()) [[likely]] {
        if (next_ == last) return;
        take(process(next_, last));
      } else if (next_ == sorted_end_ || late_.front().event < *next_) {
        if (late_.front().event.time >= end) return;
        late_run_[0] = late_.front().event;
        std::pop_heap(late_.begin(), late_.end(), After{});
        late_.pop_back();
        --size_;
        process(late_run_.data(), late_run_.data() + 1);
      } else {
        if (next_ == last) return;
        take(process(next_, next_ + 1));
      }
    }
  }
  void take(const Event* next) {
    size_ -= static_cast<std::uint64_t>(next - next_);
    next_ = next;
  }

  int shift_;
  std::int64_t page_buckets_;  // a power of two
  std::int64_t ring_end_;
  std::int64_t current_ = -1;  // the bucket that sorted_ holds; everything else is later
  std::int64_t page_ = 0;      // the page of current_; it and those after it are in the ring
  std::uint64_t size_ = 0, in_ring_ = 0;
  std::vector<List> ring_;
  std::map<std::int64_t, std::deque<Event>> far_;
  static constexpr std::uint32_t few = 32;
  Event filler_;
  std::vector<Event> sorted_;    // those of the bucket, then what may be read beyond
  const Event* next_ = nullptr;  // in sorted_
  const Event* sorted_end_ = nullptr;
  std::vector<Late> late_;
  std::vector<Event> late_run_;
  std::uint64_t late_emitted_ = 0;
  std::vector<std::uint32_t> cells_;
  std::vector<BigArray<Chunk>> slabs_;
  Chunk* free_ = nullptr;
  static constexpr std::size_t largest_slab = 4096;  // 16 MiB
};

}  // namespace gossip::sim
