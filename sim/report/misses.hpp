#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/world/timeline.hpp"
#include "sim/engine/ledger.hpp"

namespace gossip::sim {

using MissCounts = std::array<std::uint64_t, miss_count>;

/// Was the peer up from `from` to `to`, without a break?
class Presence {
 public:
  Presence(const Lives& lives, std::uint32_t peers) : lives_(lives), first_(peers + 1) {
    if (lives.empty()) return;
    changes_ = lives.changes();
    std::ranges::stable_sort(
        changes_, [](const auto& a, const auto& b) { return a.peer != b.peer ? a.peer < b.peer : a.at < b.at; });
    for (const Lives::Change& change : changes_) ++first_[index(change.peer) + 1];
    for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
  }

  bool throughout(PeerId peer, Time from, Time to) const {
    if (lives_.empty()) return true;
    bool up = false;
    for (const Lives::Change& change : of(peer)) {
      if (change.at > from && !up) return false;
      if (change.at > to) return true;
      up = change.up;
    }
    return up;
  }

  /// Of the time from 0 to `end`, the share that the peer was up.
  double availability(PeerId peer, Time end) const {
    if (lives_.empty() || end == 0) return 1;
    Time up_for = 0, since = -1;
    for (const Lives::Change& change : of(peer)) {
      if (since >= 0) up_for += change.at - since;
      since = change.up ? change.at : -1;
    }
    if (since >= 0) up_for += end - since;
    return static_cast<double>(up_for) / static_cast<double>(end);
  }

 private:
  std::span<const Lives::Change> of(PeerId peer) const {
    return std::span(changes_).subspan(first_[index(peer)], first_[index(peer) + 1] - first_[index(peer)]);
  }

  const Lives& lives_;
  std::vector<std::size_t> first_;
  std::vector<Lives::Change> changes_;
};

/// Why each peer that did not get one message did not.
///
/// - A peer that was not up all the time from the announcement to the last frame that carried the message: `down`.
/// - Otherwise a copy for it was lost, or still under way: that is the reason.
/// - Otherwise nobody sent it one. The reason is that of the nearest peer, over the neighbours as they were at the end,
///   where the message stopped: it had no hops left there, was refused, or lost, … At equal distance the order of Miss.
/// - Where no such peer is: `not_connected`.
/// `neighbours(peer, f)` calls f for each neighbour. One sweep over the links for a message that was missed.
class MissFinder {
 public:
  explicit MissFinder(std::uint32_t peers) : reason_(peers) {}

  template <class Neighbours>
  MissCounts find(std::span<const std::uint8_t> fates, const Presence& presence, Time from, Time to,
                  Neighbours&& neighbours) {
    std::ranges::fill(reason_, Miss::not_connected);
    const auto peers = static_cast<std::uint32_t>(fates.size());
    for (auto& queue : ends_) queue.clear();
    for (std::uint32_t peer = 0; peer < peers; ++peer) {
      if (fates[peer] & Fate::delivered) {
        if (const auto end = ended(fates[peer])) ends_[static_cast<std::size_t>(*end)].push_back(peer);
      } else if (!presence.throughout(PeerId{peer}, from, to)) {
        reason_[peer] = Miss::down;
      } else if (fates[peer] & (Fate::lost | Fate::in_flight)) {
        reason_[peer] = fates[peer] & Fate::lost ? Miss::lost : Miss::time_ran_out;
        ends_[static_cast<std::size_t>(reason_[peer])].push_back(peer);
      }
    }
    spread(fates, neighbours);
    MissCounts counts{};
    for (std::uint32_t peer = 0; peer < peers; ++peer) {
      if (!(fates[peer] & Fate::delivered)) ++counts[static_cast<std::size_t>(reason_[peer])];
    }
    return counts;
  }

 private:
  static std::optional<Miss> ended(std::uint8_t fate) {
    if (fate & Fate::ended_ttl) return Miss::ttl;
    if (fate & Fate::ended_verdict) return Miss::validation;
    if (fate & Fate::ended_relay) return Miss::not_relayed;
    if (fate & Fate::ended_silence) return Miss::silence;
    if (fate & Fate::in_flight) return Miss::time_ran_out;
    return std::nullopt;
  }

  /// Breadth first from all ends at once.
  template <class Neighbours>
  void spread(std::span<const std::uint8_t> fates, Neighbours&& neighbours) {
    struct Step {
      std::uint32_t peer;
      Miss reason;
    };
    std::vector<Step> queue;
    for (std::size_t reason = 0; reason < miss_count; ++reason) {
      for (const std::uint32_t peer : ends_[reason]) queue.push_back({peer, static_cast<Miss>(reason)});
    }
    for (std::size_t next = 0; next < queue.size(); ++next) {
      const Step step = queue[next];
      neighbours(PeerId{step.peer}, [&](PeerId neighbour) {
        const std::uint32_t i = index(neighbour);
        if ((fates[i] & Fate::delivered) || reason_[i] != Miss::not_connected) return;
        reason_[i] = step.reason;
        queue.push_back({i, step.reason});
      });
    }
  }

  std::vector<Miss> reason_;
  std::array<std::vector<std::uint32_t>, miss_count> ends_;
};

}  // namespace gossip::sim
