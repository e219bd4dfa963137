#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <vector>

#include "core/assert.hpp"
#include "core/types.hpp"
#include "net/message_id.hpp"

namespace gossip::node {

/// The core's dense numbers for 16-byte message ids, with a count of references each.
///
/// `acquire` gives a message's number with one reference more; at the last `release` it may be given to another
/// message. Bounded by whoever holds references: the core's seen-cache, and the message in hand.
class MessageTable {
 public:
  explicit MessageTable(std::uint64_t salt) : numbers_(0, net::MessageIdHash{salt}) {}

  MessageRef acquire(std::uint16_t data_type, std::span<const std::byte> data) {
    const net::MessageId id = hasher_(data_type, data);
    const auto [found, is_new] = numbers_.try_emplace(id, 0);
    if (is_new) found->second = take(id);
    ++slots_[found->second].references;
    return MessageRef{found->second};
  }

  void retain(MessageRef ref) { ++at(ref).references; }

  void release(MessageRef ref) {
    Slot& slot = at(ref);
    if (--slot.references > 0) return;
    numbers_.erase(slot.id);
    ++slot.generation;
    free_.push_back(index(ref));
  }

  /// Tells one message from the next that has the same number.
  std::uint32_t generation(MessageRef ref) const { return slots_[index(ref)].generation; }

  std::size_t size() const { return numbers_.size(); }

 private:
  struct Slot {
    net::MessageId id;
    std::uint32_t references = 0;
    std::uint32_t generation = 0;
  };

  Slot& at(MessageRef ref) {
    GOSSIP_ASSERT(index(ref) < slots_.size() && slots_[index(ref)].references > 0);
    return slots_[index(ref)];
  }

  std::uint32_t take(const net::MessageId& id) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const std::uint32_t number = free_.back();
    free_.pop_back();
    slots_[number].id = id;
    return number;
  }

  net::MessageHasher hasher_;
  boost::unordered_flat_map<net::MessageId, std::uint32_t, net::MessageIdHash> numbers_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace gossip::node
