#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/assert.hpp"
#include "core/types.hpp"

namespace gossip {

/// Which messages a peer has seen lately. It is what keeps a broadcast from looping for ever.
///
/// Rules
/// - An id is known from `insert` until its expiry; then the same data may be announced again.
/// - At most `capacity` ids. When all of them still count, a new one is refused: were the oldest forgotten instead, its
///   copies that are still under way would be new again, and circulate for ever. Who announces too much is not heard;
///   nobody else pays for it.
/// - What has expired leaves when `expire` is called or its place is needed; until then it takes memory, no more.
/// - `find`: up to `scanned` ids in one scan of a cache line; beyond that a hash index, one probe on average.
/// Memory is the caller's: `bytes(capacity)`, all zero bytes at first. Zero bytes mean empty, so that memory which is
/// never used is never touched.
class SeenCache {
 public:
  struct Head {
    Time oldest_expiry;
    std::uint32_t first;  // position of the oldest
    std::uint32_t count;
  };
  static constexpr std::uint32_t nowhere = 0xffff'ffff;

  static constexpr std::size_t bytes(std::uint32_t capacity) {
    return capacity * (sizeof(Time) + sizeof(std::uint32_t)) + table_size(capacity) * sizeof(std::uint32_t);
  }

  SeenCache(Head& head, std::byte* memory, std::uint32_t capacity)
      : head_(head),
        capacity_(capacity),
        expiries_(reinterpret_cast<Time*>(memory)),
        ids_(reinterpret_cast<std::uint32_t*>(expiries_ + capacity)),
        table_(ids_ + capacity) {}

  /// The memory must be zero.
  void clear() { head_ = {never, 0, 0}; }

  /// Where the id is, expired or not; `nowhere`.
  std::uint32_t find(MessageRef id) const {
    if (capacity_ > scanned) {
      const std::uint32_t entry = table_[slot_of(id)];
      return entry == 0 ? nowhere : entry - 1;
    }
    for (std::uint32_t i = 0; i < capacity_; ++i) {
      if (ids_[i] == stored(id)) return i;
    }
    return nowhere;
  }
  bool counts(std::uint32_t position, Time now) const { return expiries_[position] > now; }
  bool contains(MessageRef id, Time now) const {
    const std::uint32_t position = find(id);
    return position != nowhere && counts(position, now);
  }

  /// Takes out the oldest if it has expired by `now`; calls forget(id) for it.
  template <class Forget>
  bool expire(Time now, Forget&& forget) {
    if (head_.oldest_expiry > now) return false;
    pop(forget);
    return true;
  }
  /// The oldest id, expired or not; no_message when there is none or its place was given up.
  MessageRef oldest() const {
    return head_.count == 0 || ids_[head_.first] == 0 ? no_message : MessageRef{ids_[head_.first] - 1};
  }

  /// `id` must not count now, and `expiry` not be before that of the last. What has expired makes room and is given to
  /// forget(id): at most one other, and an earlier life of `id` itself. False: full of ids that count.
  template <class Forget>
  bool insert(MessageRef id, Time expiry, Time now, Forget&& forget) {
    if (const std::uint32_t old = find(id); old != nowhere) {
      give_up(old);
      forget(id);
    }
    if (full()) {
      if (head_.oldest_expiry > now) return false;
      pop(forget);
    }
    std::uint32_t position = head_.first + head_.count;
    if (position >= capacity_) position -= capacity_;
    ids_[position] = stored(id);
    expiries_[position] = expiry;
    if (head_.count++ == 0) head_.oldest_expiry = expiry;
    if (capacity_ > scanned) {
      const std::uint32_t slot = slot_of(id);
      GOSSIP_ASSERT(table_[slot] == 0);
      table_[slot] = position + 1;
    }
    return true;
  }

  /// Places in use, those of expired ids included.
  std::uint32_t size() const { return head_.count; }
  bool full() const { return head_.count == capacity_; }

 private:
  static constexpr std::uint32_t scanned = 8;

  static constexpr std::uint32_t table_size(std::uint32_t capacity) {
    return capacity > scanned ? std::bit_ceil(2 * capacity) : 0;
  }
  /// An id as it lies in memory: 0 is none.
  static std::uint32_t stored(MessageRef id) { return index(id) + 1; }
  std::uint32_t mask() const { return table_size(capacity_) - 1; }
  std::uint32_t home(std::uint32_t id) const { return ((id - 1) * 0x9e3779b1u >> 7) & mask(); }

  /// The slot that holds `id`, or the empty one where it would go.
  std::uint32_t slot_of(MessageRef id) const {
    std::uint32_t slot = home(stored(id));
    while (table_[slot] != 0 && ids_[table_[slot] - 1] != stored(id)) slot = (slot + 1) & mask();
    return slot;
  }

  /// The place stays in the ring, empty, until it is the oldest.
  void give_up(std::uint32_t position) {
    if (capacity_ > scanned) erase(slot_of(MessageRef{ids_[position] - 1}));
    ids_[position] = 0;
  }

  template <class Forget>
  void pop(Forget& forget) {
    GOSSIP_ASSERT(head_.count > 0);
    const std::uint32_t id = ids_[head_.first];
    if (id != 0) give_up(head_.first);
    head_.first = head_.first + 1 == capacity_ ? 0 : head_.first + 1;
    head_.oldest_expiry = --head_.count == 0 ? never : expiries_[head_.first];
    if (id != 0) forget(MessageRef{id - 1});
  }

  /// Linear probing without tombstones: what follows in the run moves up (Knuth, TAOCP 3, 6.4 R).
  void erase(std::uint32_t hole) {
    for (std::uint32_t slot = (hole + 1) & mask(); table_[slot] != 0; slot = (slot + 1) & mask()) {
      const std::uint32_t distance = (slot - home(ids_[table_[slot] - 1])) & mask();
      if (distance < ((slot - hole) & mask())) continue;
      table_[hole] = table_[slot];
      hole = slot;
    }
    table_[hole] = 0;
  }

  Head& head_;
  std::uint32_t capacity_;
  Time* expiries_;
  std::uint32_t* ids_;
  std::uint32_t* table_;
};

}  // namespace gossip
