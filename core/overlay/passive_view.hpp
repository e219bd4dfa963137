#pragma once

#include <utility>

#include "core/context.hpp"
#include "core/overlay/parts.hpp"

namespace gossip {

/// The peers that HyParView knows besides its neighbours, to replace those that fail (its header has the protocol).
///
/// Rules
/// - At most `capacity`, none twice. What is new takes the place of what was given away for it, or of a random one.
/// - Those that were asked since `ask_again` are asked no more: they lie first.
class PassiveView {
 public:
  struct State {
    std::uint16_t size, asked;
  };

  PassiveView(State& state, PeerId* peers, std::uint32_t capacity, Context& context)
      : state_(state), peers_(peers), capacity_(capacity), context_(context) {}

  std::span<const PeerId> peers() const { return {peers_, state_.size}; }

  /// `given`: what was sent away in exchange and may go; what went is taken out of it.
  void learn(PeerId peer, std::span<const PeerId>& given) {
    if (find_peer(peers(), peer) != nowhere) return;
    if (state_.size == capacity_) make_room(given);
    peers_[state_.size++] = peer;
  }
  void forget(PeerId peer) {
    if (const std::uint32_t place = find_peer(peers(), peer); place != nowhere) erase(place);
  }

  void ask_again() { state_.asked = 0; }
  /// A random one that was not asked, and is not linked(peer); from now on it was. no_peer: there is none.
  template <class Linked>
  PeerId ask(const Linked& linked) {
    while (state_.asked < state_.size) {
      std::swap(peers_[state_.asked],
                peers_[state_.asked + context_.random.below(std::uint32_t{state_.size} - state_.asked)]);
      const PeerId peer = peers_[state_.asked++];
      if (!linked(peer)) return peer;
    }
    return no_peer;
  }

 private:
  void make_room(std::span<const PeerId>& given) {
    while (!given.empty()) {
      const std::uint32_t place = find_peer(peers(), given.front());
      given = given.subspan(1);
      if (place != nowhere) return erase(place);
    }
    erase(context_.random.below(state_.size));
  }
  void erase(std::uint32_t place) {
    context_.out.emplace_back(ForgetPeer{peers_[place]});
    if (place < state_.asked) {
      std::swap(peers_[place], peers_[--state_.asked]);
      place = state_.asked;
    }
    std::swap(peers_[place], peers_[--state_.size]);
  }

  State& state_;
  PeerId* peers_;
  std::uint32_t capacity_;
  Context& context_;
};

}  // namespace gossip
