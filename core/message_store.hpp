#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/assert.hpp"
#include "core/types.hpp"

namespace gossip {

/// The messages that are known, by dense number, and the bodies of those that may still be sent.
///
/// Rules
/// - A number is one message's while anybody has a reference to it (`retain`, `release`); then it may be another's.
/// - A body is there while anybody keeps it (`keep_body`, `drop_body`), which counts as a reference to the number too.
///   So a peer remembers many messages, and holds the bytes of the recent ones only.
/// - What the core has dropped in a step is there until `collect`, which the driver calls when it has carried out the
///   actions: a message may be sent for the last time.
/// - `add` gives a number with its body kept once, or nothing when a limit is reached: a peer that others can make
///   remember things must say when it has had enough.
/// - A catalogue is a store whose messages are known beforehand, by size and without bytes: every number is good for
///   ever, nothing is counted, and stores over the same sizes share nothing that is written.
class MessageStore {
 public:
  struct Limits {
    std::uint32_t entries = 1u << 23;
    std::uint64_t bytes = std::uint64_t{1} << 30;
  };

  MessageStore() : MessageStore(Limits{}) {}
  explicit MessageStore(Limits limits) : limits_(limits) {}
  /// `sizes` must outlive the store.
  static MessageStore catalogue(std::span<const std::uint32_t> sizes) {
    MessageStore store;
    store.catalogue_ = true;
    store.sizes_ = sizes;
    return store;
  }

  std::optional<MessageRef> add(std::uint16_t data_type, std::span<const std::byte> body) {
    GOSSIP_ASSERT(!catalogue_);
    if (size() == limits_.entries || body.size() > limits_.bytes - bytes_) return std::nullopt;
    const std::uint32_t number = take(free_entries_, entries_);
    const std::uint32_t place = take(free_bodies_, bodies_);
    entries_[number] = {1, 1, place, data_type};
    bodies_[place].assign(body.begin(), body.end());
    bytes_ += body.size();
    return MessageRef{number};
  }

  /// For a message whose number has lived on without its body: here it is again, kept once (more). False: no room.
  bool give_body(MessageRef message, std::span<const std::byte> body) {
    if (catalogue_) return true;
    Entry& entry = at(message);
    if (entry.place == nowhere) {
      if (body.size() > limits_.bytes - bytes_) return false;
      entry.place = take(free_bodies_, bodies_);
      bodies_[entry.place].assign(body.begin(), body.end());
      bytes_ += body.size();
    }
    keep_body(message);
    return true;
  }

  void retain(MessageRef message) {
    if (!catalogue_) ++at(message).references;
  }
  void release(MessageRef message) {
    if (catalogue_) return;
    Entry& entry = at(message);
    if (--entry.references > 0) return;
    GOSSIP_ASSERT(entry.keepers == 0);
    free_entries_.push_back(index(message));
  }

  /// Likewise at the next `collect`: until then a frame may name it.
  void release_later(MessageRef message) {
    if (!catalogue_) dropped_.push_back(message);
  }

  void keep_body(MessageRef message) {
    if (catalogue_) return;
    Entry& entry = at(message);
    GOSSIP_ASSERT(entry.place != nowhere);
    ++entry.keepers;
    ++entry.references;
  }
  void drop_body(MessageRef message) {
    if (catalogue_) return;
    Entry& entry = at(message);
    GOSSIP_ASSERT(entry.keepers > 0);
    if (--entry.keepers > 0) return release(message);
    dropped_.push_back(message);  // with its reference, and still readable
  }

  /// Frees the bodies that nobody keeps any more.
  void collect() {
    for (const MessageRef message : dropped_) {
      Entry& entry = at(message);
      if (entry.keepers == 0 && entry.place != nowhere) free_body(entry);
      release(message);
    }
    dropped_.clear();
  }
  std::uint16_t data_type(MessageRef message) const { return at(message).data_type; }
  std::span<const std::byte> body(MessageRef message) const {
    GOSSIP_ASSERT(at(message).place != nowhere);
    return bodies_[at(message).place];
  }
  /// Bytes of a body that is there.
  std::uint32_t body_size(MessageRef message) const {
    return catalogue_ ? sizes_[index(message)] : static_cast<std::uint32_t>(body(message).size());
  }

  std::size_t size() const { return entries_.size() - free_entries_.size(); }  // messages
  std::size_t bodies() const { return bodies_.size() - free_bodies_.size(); }
  std::uint64_t bytes() const { return bytes_; }  // of all bodies

 private:
  static constexpr std::size_t kept_capacity = 4096;
  static constexpr std::uint32_t nowhere = 0xffff'ffff;

  struct Entry {
    std::uint32_t references = 0;
    std::uint32_t keepers = 0;
    std::uint32_t place = nowhere;  // of the body
    std::uint16_t data_type = 0;
  };

  Entry& at(MessageRef message) {
    GOSSIP_ASSERT(index(message) < entries_.size() && entries_[index(message)].references > 0);
    return entries_[index(message)];
  }
  const Entry& at(MessageRef message) const { return const_cast<MessageStore*>(this)->at(message); }

  void free_body(Entry& entry) {
    std::vector<std::byte>& body = bodies_[entry.place];
    bytes_ -= body.size();
    // A small buffer is kept for the next body; a large one would make one burst's memory last for ever.
    if (body.capacity() > kept_capacity) body = {};
    free_bodies_.push_back(std::exchange(entry.place, nowhere));
  }

  template <class T>
  static std::uint32_t take(std::vector<std::uint32_t>& free, std::vector<T>& places) {
    if (free.empty()) {
      free.push_back(static_cast<std::uint32_t>(places.size()));
      places.emplace_back();
    }
    const std::uint32_t place = free.back();
    free.pop_back();
    return place;
  }

  Limits limits_;
  bool catalogue_ = false;
  std::span<const std::uint32_t> sizes_;
  std::uint64_t bytes_ = 0;
  std::vector<Entry> entries_;
  std::vector<std::vector<std::byte>> bodies_;
  std::vector<std::uint32_t> free_entries_, free_bodies_;
  std::vector<MessageRef> dropped_;  // since the last `collect`
};

}  // namespace gossip
