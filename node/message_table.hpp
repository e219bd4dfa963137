#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <vector>

#include "core/types.hpp"
#include "net/message_id.hpp"

namespace gossip::node {

/// The numbers of the messages that the core remembers, by their 16-byte ids, and nothing else: whose a number is, and
/// for how long, is the MessageStore's business.
class MessageTable {
 public:
  explicit MessageTable(std::uint64_t salt) : numbers_(0, net::MessageIdHash{salt}) {}

  std::optional<MessageRef> find(const net::MessageId& id) const {
    const auto found = numbers_.find(id);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }
  void add(const net::MessageId& id, MessageRef message) {
    if (index(message) >= ids_.size()) ids_.resize(index(message) + std::size_t{1});
    ids_[index(message)] = id;
    numbers_[id] = message;
  }
  /// It must be there.
  void erase(MessageRef message) { numbers_.erase(ids_[index(message)]); }

  std::size_t size() const { return numbers_.size(); }

 private:
  boost::unordered_flat_map<net::MessageId, MessageRef, net::MessageIdHash> numbers_;
  std::vector<net::MessageId> ids_;  // by number
};

}  // namespace gossip::node
