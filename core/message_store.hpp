#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/assert.hpp"
#include "core/types.hpp"

namespace gossip {

/// The bodies of messages and of peer lists, by dense handle, each with a count of references.
///
/// `add` gives the handle with one reference; the last `release` frees it, and the handle is used again. Bounded in
/// entries and in bytes: a peer that others can make remember things must say when it has had enough.
class MessageStore {
 public:
  struct Limits {
    std::uint32_t entries = 1u << 20;
    std::uint64_t bytes = std::uint64_t{1} << 30;
  };

  MessageStore() : MessageStore(Limits{}) {}
  explicit MessageStore(Limits limits) : limits_(limits) {}

  /// Nothing when a limit is reached.
  std::optional<MessageRef> add(std::uint16_t data_type, std::span<const std::byte> body) {
    const auto ref = take(body.size());
    if (!ref) return std::nullopt;
    Entry& entry = entries_[index(*ref)];
    entry.data_type = data_type;
    entry.body.assign(body.begin(), body.end());
    return ref;
  }

  std::optional<MessageRef> add_peers(std::span<const PeerId> peers) {
    const auto ref = take(peers.size_bytes());
    if (!ref) return std::nullopt;
    entries_[index(*ref)].peers.assign(peers.begin(), peers.end());
    return ref;
  }

  void retain(MessageRef ref) { ++at(ref).references; }

  void release(MessageRef ref) {
    Entry& entry = at(ref);
    if (--entry.references > 0) return;
    bytes_ -= entry.bytes();
    // A small buffer is kept for the next body; a large one would make one burst's memory last for ever.
    if (entry.body.capacity() > kept_capacity) entry.body = {};
    entry.body.clear();
    entry.peers.clear();
    free_.push_back(index(ref));
  }

  std::uint16_t data_type(MessageRef ref) const { return at(ref).data_type; }
  std::span<const std::byte> body(MessageRef ref) const { return at(ref).body; }
  std::span<const PeerId> peers(MessageRef ref) const { return at(ref).peers; }

  std::size_t size() const { return entries_.size() - free_.size(); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kept_capacity = 4096;

  struct Entry {
    std::uint32_t references = 0;
    std::uint16_t data_type = 0;
    std::vector<std::byte> body;
    std::vector<PeerId> peers;
    std::uint64_t bytes() const { return body.size() + peers.size() * sizeof(PeerId); }
  };

  Entry& at(MessageRef ref) {
    GOSSIP_ASSERT(index(ref) < entries_.size() && entries_[index(ref)].references > 0);
    return entries_[index(ref)];
  }
  const Entry& at(MessageRef ref) const { return const_cast<MessageStore*>(this)->at(ref); }

  std::optional<MessageRef> take(std::uint64_t bytes) {
    if (size() == limits_.entries || bytes > limits_.bytes - bytes_) return std::nullopt;
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(entries_.size()));
      entries_.emplace_back();
    }
    const MessageRef ref{free_.back()};
    free_.pop_back();
    entries_[index(ref)].references = 1;
    bytes_ += bytes;
    return ref;
  }

  Limits limits_;
  std::uint64_t bytes_ = 0;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
};

}  // namespace gossip
