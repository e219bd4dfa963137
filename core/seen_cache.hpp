#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/assert.hpp"
#include "core/types.hpp"

namespace gossip {

/// Which messages a peer has seen lately. It is what keeps a flood from looping for ever.
///
/// Rules
/// - An id is known from `insert` for `ttl`; then the same data may be announced again.
/// - At most `capacity` ids; the oldest leaves first, and the caller is told, so that an attacker who announces much
///   shortens the memory but cannot grow it.
/// - `contains`: up to `scanned` ids in one scan of a cache line; beyond that a hash index, one probe on average.
/// Memory is the caller's: `bytes(capacity)`, all zero bytes but for what `clear` writes.
class SeenCache {
 public:
  struct Head {
    Time oldest_expiry;
    std::uint32_t first;  // position of the oldest
    std::uint32_t count;
  };

  static constexpr std::size_t bytes(std::uint32_t capacity) {
    return capacity * (sizeof(Time) + sizeof(MessageRef)) + table_size(capacity) * sizeof(std::uint32_t);
  }

  SeenCache(Head& head, std::byte* memory, std::uint32_t capacity)
      : head_(head),
        capacity_(capacity),
        expiries_(reinterpret_cast<Time*>(memory)),
        ids_(reinterpret_cast<MessageRef*>(expiries_ + capacity)),
        table_(reinterpret_cast<std::uint32_t*>(ids_ + capacity)) {}

  void clear() {
    head_ = {never, 0, 0};
    std::fill_n(ids_, capacity_, no_message);
    std::fill_n(table_, table_size(capacity_), 0u);
  }

  bool contains(MessageRef id) const {
    if (capacity_ > scanned) return table_[slot_of(id)] != 0;
    for (std::uint32_t i = 0; i < capacity_; ++i) {
      if (ids_[i] == id) return true;
    }
    return false;
  }

  /// Takes out everything that has expired by `now`, oldest first.
  template <class Forget>
  void expire(Time now, Forget&& forget) {
    while (head_.oldest_expiry <= now) forget(pop());
  }

  /// `id` must be new, `expiry` not before that of the last. Gives back what had to leave, or no_message.
  MessageRef insert(MessageRef id, Time expiry) {
    const MessageRef left = head_.count == capacity_ ? pop() : no_message;
    std::uint32_t position = head_.first + head_.count;
    if (position >= capacity_) position -= capacity_;
    ids_[position] = id;
    expiries_[position] = expiry;
    if (head_.count++ == 0) head_.oldest_expiry = expiry;
    if (capacity_ > scanned) {
      const std::uint32_t slot = slot_of(id);
      GOSSIP_ASSERT(table_[slot] == 0);
      table_[slot] = position + 1;
    }
    return left;
  }

  std::uint32_t size() const { return head_.count; }

 private:
  static constexpr std::uint32_t scanned = 8;

  static constexpr std::uint32_t table_size(std::uint32_t capacity) {
    return capacity > scanned ? std::bit_ceil(2 * capacity) : 0;
  }
  std::uint32_t mask() const { return table_size(capacity_) - 1; }
  std::uint32_t home(MessageRef id) const { return (index(id) * 0x9e3779b1u >> 7) & mask(); }

  /// The slot that holds `id`, or the empty one where it would go.
  std::uint32_t slot_of(MessageRef id) const {
    std::uint32_t slot = home(id);
    while (table_[slot] != 0 && ids_[table_[slot] - 1] != id) slot = (slot + 1) & mask();
    return slot;
  }

  MessageRef pop() {
    GOSSIP_ASSERT(head_.count > 0);
    const MessageRef id = ids_[head_.first];
    if (capacity_ > scanned) erase(slot_of(id));
    ids_[head_.first] = no_message;
    head_.first = head_.first + 1 == capacity_ ? 0 : head_.first + 1;
    head_.oldest_expiry = --head_.count == 0 ? never : expiries_[head_.first];
    return id;
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
  MessageRef* ids_;
  std::uint32_t* table_;
};

}  // namespace gossip
