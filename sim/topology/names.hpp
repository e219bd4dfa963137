#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.hpp"

namespace gossip::sim {

/// What a graph file calls its nodes, by peer. Empty where peers are called by their number: a generated graph, or a
/// file whose names are just these. Flat: 16 bytes a peer and the text.
class NodeNames {
 public:
  NodeNames() = default;
  /// No name stands twice.
  explicit NodeNames(const std::vector<std::string>& names) {
    bool numbers = true;
    for (std::size_t i = 0; i < names.size() && numbers; ++i) numbers = names[i] == std::to_string(i);
    if (numbers) return;
    ends_.reserve(names.size() + 1);
    ends_.push_back(0);
    for (const std::string& name : names) {
      text_ += name;
      ends_.push_back(text_.size());
    }
    sorted_.resize(names.size());
    std::iota(sorted_.begin(), sorted_.end(), 0u);
    std::ranges::sort(sorted_, {}, [&](std::uint32_t peer) { return at(peer); });
  }

  bool empty() const { return sorted_.empty(); }
  /// The peer of that name, of `peers` where they have numbers.
  std::optional<std::uint32_t> find(std::string_view name, std::uint32_t peers) const {
    if (empty()) {
      std::uint64_t number = 0;
      for (const char c : name) {
        if (c < '0' || c > '9' || number >= peers) return std::nullopt;
        number = 10 * number + static_cast<std::uint64_t>(c - '0');
      }
      const bool plain = !name.empty() && (name[0] != '0' || name.size() == 1);
      return plain && number < peers ? std::optional(static_cast<std::uint32_t>(number)) : std::nullopt;
    }
    const auto place = std::ranges::lower_bound(sorted_, name, {}, [&](std::uint32_t peer) { return at(peer); });
    return place != sorted_.end() && at(*place) == name ? std::optional(*place) : std::nullopt;
  }
  std::string operator[](PeerId peer) const {
    return empty() ? std::to_string(index(peer)) : std::string(at(index(peer)));
  }
  /// The first few, for messages.
  std::string some(std::uint32_t peers) const {
    std::string list;
    const std::uint32_t shown = std::min(peers, 5u);
    for (std::uint32_t i = 0; i < shown; ++i) list += (i == 0 ? "" : ", ") + (*this)[PeerId{i}];
    return list + (shown < peers ? ", …" : "");
  }

 private:
  std::string_view at(std::uint32_t peer) const {
    return std::string_view(text_).substr(ends_[peer], ends_[peer + std::size_t{1}] - ends_[peer]);
  }

  std::string text_;
  std::vector<std::uint64_t> ends_;    // peers + 1
  std::vector<std::uint32_t> sorted_;  // peers by name
};

}  // namespace gossip::sim
