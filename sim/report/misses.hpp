#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/engine/ledger.hpp"
#include "sim/world/timeline.hpp"

namespace gossip::sim {

/// Why a peer did not get a message. Each miss is counted under exactly one.
enum class Miss : std::uint8_t {
  not_published,
  down,
  lost,
  time_ran_out,
  memory_full,
  ttl,
  validation,
  not_relayed,
  silence,
  not_connected,
  not_chosen,
  count_
};
inline constexpr std::size_t miss_count = static_cast<std::size_t>(Miss::count_);
inline constexpr std::array<Named, miss_count> miss_names = {{
    {"not_published", "peers", Kind::counter, "nobody announced it: its origin was down"},
    {"down", "peers", Kind::counter,
     "the peer was not up all the time from the announcement to the last frame that carried the message; or the one "
     "that "
     "had it for this peer went down while it waited for a verdict"},
    {"lost", "peers", Kind::counter, "a copy for it was lost on its link, or in a partition"},
    {"time_ran_out", "peers", Kind::counter, "the run ended while a copy for it was under way"},
    {"memory_full", "peers", Kind::counter, "it refused a copy: all that it remembers still counts (`seen_capacity`)"},
    {"ttl", "peers", Kind::counter,
     "nobody sent it a copy: going back along the links, the nearest peer where the message stopped had no hops left"},
    {"validation", "peers", Kind::counter, "likewise, it was told that the message is not valid"},
    {"not_relayed", "peers", Kind::counter, "likewise, it relays only what it subscribes to"},
    {"silence", "peers", Kind::counter, "likewise, it heard no verdict"},
    {"not_connected", "peers", Kind::counter,
     "there is no way to it from any peer that has the message, or there is and no peer chose it"},
    {"not_chosen", "peers", Kind::counter,
     "where everybody is everybody's neighbour: no peer that has the message chose it"},
}};

using MissCounts = std::array<std::uint64_t, miss_count>;
struct Misses {
  MissCounts counts{};
  std::uint64_t were_down = 0;  // of those `down`, the peers that were so themselves

  std::uint64_t& of(Miss why) { return counts[static_cast<std::size_t>(why)]; }
};

/// Why each peer that did not get one message did not.
///
/// - A peer that was not up all the time from the announcement to the last frame that carried the message: `down`.
/// - Otherwise a copy for it was lost, refused, or still under way: that is the reason.
/// - Otherwise nobody sent it one. The reason is that of the nearest peer, over the neighbours as they were at the end,
///   where the message stopped: it had no hops left there, was rejected, or lost, … At equal distance the order of Miss.
/// - Where no such peer is: `not_connected`.
/// A peer that is down at the end has no neighbours, but for what waited in it when it went.
/// `neighbours(peer, also_down)` gives a peer's. One sweep over the links for a message that was missed.
class MissFinder {
 public:
  explicit MissFinder(std::uint32_t peers) : reason_(peers), before_(peers) {}

  template <class Neighbours>
  Misses find(std::span<const std::uint8_t> statuses, const Timeline& timeline, Time from, Time to,
              Neighbours&& neighbours) {
    std::ranges::fill(reason_, Miss::not_connected);
    std::ranges::fill(before_, no_peer);
    Misses misses;
    const auto peers = static_cast<std::uint32_t>(statuses.size());
    for (auto& queue : ends_) queue.clear();
    for (std::uint32_t peer = 0; peer < peers; ++peer) {
      if (statuses[peer] & delivered) {
        if (const auto end = ended(statuses[peer])) ends_[static_cast<std::size_t>(*end)].push_back(peer);
      } else if (!timeline.throughout(PeerId{peer}, from, to)) {
        reason_[peer] = Miss::down;
        ++misses.were_down;
      } else if (const auto own = missed(statuses[peer])) {
        reason_[peer] = *own;
        ends_[static_cast<std::size_t>(*own)].push_back(peer);
      }
    }
    spread(statuses, neighbours);
    for (std::uint32_t peer = 0; peer < peers; ++peer) {
      if (!(statuses[peer] & delivered)) ++misses.counts[static_cast<std::size_t>(reason_[peer])];
    }
    return misses;
  }

  // Of a peer that has it not, after `find`:
  Miss reason(PeerId peer) const { return reason_[index(peer)]; }
  /// From where it stopped to the peer.
  std::vector<PeerId> way_to(PeerId peer) const {
    std::vector<PeerId> way{peer};
    while (before_[index(way.back())] != no_peer) way.push_back(before_[index(way.back())]);
    std::ranges::reverse(way);
    return way;
  }

 private:
  /// Of a peer that has it: why it did not go on.
  static std::optional<Miss> ended(std::uint8_t status) {
    if (status & ended_ttl) return Miss::ttl;
    if (status & ended_rejected) return Miss::validation;
    if (status & ended_not_relayed) return Miss::not_relayed;
    if (status & ended_silence) return Miss::silence;
    if (status & ended_down) return Miss::down;
    if (status & in_flight) return Miss::time_ran_out;
    return std::nullopt;
  }
  /// Of a peer that has it not, although a copy was sent to it.
  static std::optional<Miss> missed(std::uint8_t status) {
    if (status & copy_lost) return Miss::lost;
    if (status & refused) return Miss::memory_full;
    if (status & in_flight) return Miss::time_ran_out;
    return std::nullopt;
  }

  /// Breadth first from all ends at once.
  template <class Neighbours>
  void spread(std::span<const std::uint8_t> statuses, Neighbours&& neighbours) {
    std::vector<std::uint32_t> queue;
    for (std::size_t reason = 0; reason < miss_count; ++reason) {
      for (const std::uint32_t peer : ends_[reason]) {
        if (!(statuses[peer] & delivered)) reason_[peer] = static_cast<Miss>(reason);
        queue.push_back(peer);
      }
    }
    for (std::size_t next = 0; next < queue.size(); ++next) {
      const std::uint32_t peer = queue[next];
      const Miss reason = statuses[peer] & delivered ? *ended(statuses[peer]) : reason_[peer];
      for (const PeerId neighbour : neighbours(PeerId{peer}, (statuses[peer] & ended_down) != 0)) {
        const std::uint32_t i = index(neighbour);
        if ((statuses[i] & delivered) || reason_[i] != Miss::not_connected) continue;
        reason_[i] = reason;
        before_[i] = PeerId{peer};
        queue.push_back(i);
      }
    }
  }

  std::vector<Miss> reason_;
  std::vector<PeerId> before_;  // on the way from where the message stopped
  std::array<std::vector<std::uint32_t>, miss_count> ends_;
};

}  // namespace gossip::sim
