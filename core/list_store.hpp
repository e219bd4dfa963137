#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/assert.hpp"
#include "core/types.hpp"

namespace gossip {

/// The lists that frames carry (peers of a RESPONSE, …). Each has one owner: whoever has the frame that names it.
/// Bounded in lists: `add` gives nothing beyond.
class ListStore {
 public:
  explicit ListStore(std::uint32_t most = 1u << 20) : most_(most) {}

  std::optional<ListRef> add(std::span<const std::uint32_t> items) {
    if (size() == most_) return std::nullopt;
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(lists_.size()));
      lists_.emplace_back();
    }
    const std::uint32_t handle = free_.back();
    free_.pop_back();
    lists_[handle].items.assign(items.begin(), items.end());
    lists_[handle].used = true;
    return ListRef{handle};
  }
  std::optional<ListRef> add(std::span<const PeerId> peers) {
    return add(std::span(reinterpret_cast<const std::uint32_t*>(peers.data()), peers.size()));
  }

  void append(ListRef list, PeerId peer) { const_cast<List&>(at(list)).items.push_back(index(peer)); }

  std::span<const std::uint32_t> items(ListRef list) const { return at(list).items; }
  std::span<const PeerId> peers(ListRef list) const {
    const auto& items = at(list).items;
    return {reinterpret_cast<const PeerId*>(items.data()), items.size()};
  }

  void release(ListRef list) {
    List& gone = const_cast<List&>(at(list));
    // A small buffer is kept for the next list; a large one would make one burst's memory last for ever.
    if (gone.items.capacity() > kept_capacity) gone.items = {};
    gone.used = false;
    free_.push_back(index(list));
  }

  std::size_t size() const { return lists_.size() - free_.size(); }

 private:
  static constexpr std::size_t kept_capacity = 1024;
  struct List {
    std::vector<std::uint32_t> items;
    bool used = false;
  };

  const List& at(ListRef list) const {
    GOSSIP_ASSERT(index(list) < lists_.size() && lists_[index(list)].used);
    return lists_[index(list)];
  }

  std::uint32_t most_;
  std::vector<List> lists_;
  std::vector<std::uint32_t> free_;
};

/// Owns the list of a frame, where it carries one, for as long as this lives.
class FrameOwner {
 public:
  FrameOwner(ListStore& lists, const Frame& frame) : lists_(lists), frame_(frame) {}
  FrameOwner(const FrameOwner&) = delete;
  ~FrameOwner() {
    if (carries_list(frame_.kind)) lists_.release(frame_.list());
  }

 private:
  ListStore& lists_;
  Frame frame_;
};

}  // namespace gossip
