#pragma once

#include <algorithm>
#include <utility>

#include "core/context.hpp"
#include "core/overlay/parts.hpp"

namespace gossip {

/// The addresses that a peer remembers: those that it reached once ("proven"), then those it only heard of.
///
/// Rules
/// - Bounded. What is new takes a free place, or that of a random address that was only heard of, or that of a proven one
///   that has failed `worn` times in a row; never that of an address with a link. Otherwise it is not remembered.
///   So what strangers say displaces what strangers said, and what no longer works.
/// - A failure puts an address off for a pause that doubles (Backoff); a connection that lasted ends the row of failures.
/// - What was only heard of goes after `worn` failures, unless the peer has no neighbours: then it may be this peer that
///   is cut off, and the addresses may be good.
/// - Whoever asks is told of a random part, proven first, without itself and without what could not be reached last.
/// Cost: 12 bytes an address; each question looks through the list, and at the links for each address that would do.
/// What an attacker gains: by telling of many addresses, the places of what was only heard of.
class AddressList {
 public:
  struct State {
    std::uint16_t listed, proven;  // the proven ones come first
  };
  struct Limits {
    std::uint32_t capacity;
    Backoff pause;
  };
  struct Address {
    std::uint32_t not_before;  // in Ticks
    std::uint8_t failures;     // in a row
    bool unreachable;          // the last time
    std::uint8_t unused[2];
  };
  using Links = std::span<const PeerId>;   // to whom there is a link, or a dial in progress
  static constexpr std::uint8_t worn = 6;  // failures in a row: about a minute by default; guess

  static constexpr std::size_t bytes(std::uint32_t capacity) { return capacity * (sizeof(PeerId) + sizeof(Address)); }

  AddressList(State& state, std::byte* memory, const Limits& limits, Context& context)
      : state_(state),
        peers_(reinterpret_cast<PeerId*>(memory)),
        address_(reinterpret_cast<Address*>(peers_ + limits.capacity)),
        limits_(limits),
        context_(context) {}

  std::uint32_t size() const { return state_.listed; }
  std::span<const PeerId> all() const { return {peers_, state_.listed}; }
  bool unreachable(PeerId peer) const {
    const std::uint32_t place = find(peer);
    return place != nowhere && address_[place].unreachable;
  }

  void learn(PeerId peer, Links links) {
    if (find(peer) != nowhere) return;
    if (state_.listed == limits_.capacity && !make_room(links)) return;
    peers_[state_.listed] = peer;
    address_[state_.listed++] = {Ticks::of(context_.now()), 0, false, {}};
  }

  /// It was reached.
  void prove(PeerId peer) {
    const std::uint32_t place = find(peer);
    if (place == nowhere || place < state_.proven) return;
    exchange(place, state_.proven++);
  }

  /// A connection has ended, or was never made. `cut_off`: this peer has no neighbour.
  void put_off(PeerId peer, bool failed, bool unreachable, bool cut_off) {
    const std::uint32_t place = find(peer);
    if (place == nowhere) return;
    Address& address = address_[place];
    address.unreachable = unreachable;
    address.failures = failed ? static_cast<std::uint8_t>(std::min(address.failures + 1, 255)) : std::uint8_t{0};
    const std::uint32_t doublings = address.failures > 0 ? address.failures - 1u : 0u;
    const Duration pause = limits_.pause.after(doublings, context_.random);
    address.not_before = Ticks::of(context_.now()) + Ticks::of(pause) + 1;
    if (address.failures >= worn && place >= state_.proven && !cut_off) remove(place);
  }

  /// One without a link whose pause is over, proven ones first; no_peer where there is none.
  PeerId pick(Links links) {
    const PeerId peer = pick(0, state_.proven, links);
    return peer != no_peer ? peer : pick(state_.proven, state_.listed, links);
  }
  /// The same, proven or not.
  PeerId pick_any(Links links) { return pick(0, state_.listed, links); }

  /// Appends up to `room` of them to a list that is for `asker`.
  void tell(ListRef list, std::uint32_t room, PeerId asker) {
    const auto add = [&](std::uint32_t first, std::uint32_t last) {
      for (std::uint32_t i = first; i < last && room > 0; ++i) {
        exchange(i, i + context_.random.below(last - i));
        if (peers_[i] == asker || address_[i].unreachable) continue;
        context_.env.lists.append(list, peers_[i]);
        --room;
      }
    };
    add(0, state_.proven);
    add(state_.proven, state_.listed);
  }

 private:
  std::uint32_t find(PeerId peer) const { return find_peer(all(), peer); }
  void exchange(std::uint32_t a, std::uint32_t b) {
    std::swap(peers_[a], peers_[b]);
    std::swap(address_[a], address_[b]);
  }
  /// More time left than any pause has: it was over long ago, and the ticks have wrapped since.
  bool due(const Address& address) const {
    return address.not_before - Ticks::of(context_.now()) - 1 >= Ticks::of(limits_.pause.longest()) + 1;
  }

  PeerId pick(std::uint32_t first, std::uint32_t last, Links links) {
    if (first == last) return no_peer;
    const std::uint32_t start = context_.random.below(last - first);
    for (std::uint32_t i = 0; i < last - first; ++i) {
      const std::uint32_t place = first + (start + i) % (last - first);
      if (due(address_[place]) && find_peer(links, peers_[place]) == nowhere) return peers_[place];
    }
    return no_peer;
  }

  /// Gives up a random address that was only heard of, or one that has worn out.
  bool make_room(Links links) {
    const auto free = [&](std::uint32_t place) { return find_peer(links, peers_[place]) == nowhere; };
    for (std::uint32_t tries = 0; tries < 8 && state_.proven < state_.listed; ++tries) {
      const std::uint32_t place = state_.proven + context_.random.below(state_.listed - state_.proven);
      if (free(place)) return remove(place), true;
    }
    for (std::uint32_t place = 0; place < state_.proven; ++place) {
      if (address_[place].failures >= worn && free(place)) return remove(place), true;
    }
    return false;
  }
  void remove(std::uint32_t place) {
    context_.out.emplace_back(ForgetPeer{peers_[place]});
    if (place < state_.proven) {
      exchange(place, --state_.proven);
      place = state_.proven;
    }
    exchange(place, --state_.listed);
  }

  State& state_;
  PeerId* peers_;
  Address* address_;
  Limits limits_;
  Context& context_;
};

}  // namespace gossip
