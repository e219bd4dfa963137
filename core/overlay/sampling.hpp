#pragma once

#include <algorithm>
#include <span>

#include "core/context.hpp"

namespace gossip {

/// The seed's push-pull peer lists: a peer knows some addresses and is connected to some of them.
///
/// Rules
/// - A peer that starts dials its bootstrapper and sends PULL: "give me peers", with its own address.
/// - PULL is answered by RESPONSE, a random part of the list; who asked is put on the list. PUSH only puts the sender
///   on it. An unexpected frame of any kind costs a place on the list at most.
/// - While a peer has fewer than `degree` connections (dials in progress included) it dials random peers of its list.
///   Each one that it reaches gets PUSH or PULL, at random.
/// - A lost connection is refilled at once. An address that cannot be reached leaves the list.
/// - When the list has nobody left to dial, the peer asks again after a pause: a neighbour or the bootstrapper, at
/// random
///   (the bootstrapper too, so that an island of peers finds the others again). The pause doubles from `retry_min` to
///   `retry_max`, with up to half of it on top at random, so that peers that failed together do not return together.
/// - A peer keeps `max_connections`, whoever dialled; it accepts `transient_connections` more, answers them, and closes
/// them: it is full,
///   but it still introduces people. Beyond that it closes at once.
/// - The list is bounded; a new address replaces a random one when it is full. An attacker who floods a peer with
///   addresses can fill its list (the seed has no defence), but not its memory.
/// Differs from the seed: it sends one PULL ever; then a peer whose list has run out would stay alone.
class Sampling {
 public:
  struct State {
    Time retry_at;
    std::uint16_t links, up, listed;
    std::uint8_t pauses;
  };
  struct Link {
    PeerId peer;
    bool up;  // otherwise it is being dialled
  };

  static constexpr std::size_t bytes(const Config& config) {
    const std::size_t raw = capacity(config.sampling) * sizeof(Link) + config.sampling.peer_list * sizeof(PeerId);
    return (raw + 7) / 8 * 8;
  }

  Sampling(State& state, std::byte* memory, Context& context)
      : state_(state),
        links_(reinterpret_cast<Link*>(memory)),
        list_(reinterpret_cast<PeerId*>(links_ + capacity(context.env.config.sampling))),
        context_(context) {}

  void clear() { state_ = {never, 0, 0, 0, 0}; }
  Time deadline() const { return state_.retry_at; }

  void on_start() {
    if (has_bootstrapper()) dial(config().bootstrapper);
  }

  void on_up(PeerId peer, bool inbound) {
    Link* link = find(peer);
    if (link == nullptr) {
      if (state_.links == capacity(config())) {
        context_.out.emplace_back(Disconnect{peer});
        return;
      }
      link = &links_[state_.links++];
      *link = {peer, false};
    }
    if (!link->up) ++state_.up;
    link->up = true;
    if (inbound) return;  // it says first what it wants
    if (state_.up > config().max_connections) {
      remove(peer);
      context_.out.emplace_back(Disconnect{peer});
      return;
    }
    const bool ask = state_.listed < config().degree || context_.random.below(2) == 0;
    context_.send(peer, ask ? Frame::pull(context_.self) : Frame::push(context_.self));
    ask_later();  // also when no answer comes
  }

  void on_down(PeerId peer) {
    const Link* link = find(peer);
    if (link == nullptr) return;
    if (!link->up && peer != config().bootstrapper) unlist(peer);
    remove(peer);
    refill();
  }

  void on_frame(PeerId from, const Frame& frame) {
    switch (frame.kind) {
      case FrameKind::pull:
        learn(frame.subject());
        answer(from, frame.subject());
        close_if_full(from);
        break;
      case FrameKind::push:
        learn(frame.subject());
        close_if_full(from);
        break;
      case FrameKind::response:
        for (PeerId peer : context_.env.messages.peers(frame.message())) learn(peer);
        break;
      case FrameKind::announce:
        return;
    }
    refill();
  }

  void on_wake() {
    if (context_.now() < state_.retry_at) return;
    state_.retry_at = never;
    ask_again();
    refill();
  }

  template <class F>
  void for_each_neighbour(F&& f) const {
    for (const Link& link : links()) {
      if (link.up) f(link.peer);
    }
  }

  std::span<const Link> links() const { return {links_, state_.links}; }
  std::span<const PeerId> list() const { return {list_, state_.listed}; }

 private:
  static constexpr std::uint32_t capacity(const SamplingConfig& config) {
    return config.max_connections + config.transient_connections;
  }
  const SamplingConfig& config() const { return context_.env.config.sampling; }
  bool has_bootstrapper() const { return config().bootstrapper != no_peer && config().bootstrapper != context_.self; }

  Link* find(PeerId peer) const {
    Link* end = links_ + state_.links;
    Link* link = std::find_if(links_, end, [&](const Link& l) { return l.peer == peer; });
    return link == end ? nullptr : link;
  }

  void remove(PeerId peer) {
    Link* link = find(peer);
    state_.up -= link->up;
    *link = links_[--state_.links];
  }

  void dial(PeerId peer) {
    links_[state_.links++] = {peer, false};
    context_.out.emplace_back(Connect{peer});
  }

  /// Dials until the degree is reached or the list is exhausted; then the next attempt is a matter of time.
  void refill() {
    while (state_.links < config().degree) {
      const PeerId peer = pick();
      if (peer == no_peer) break;
      dial(peer);
    }
    if (state_.up >= config().degree) {
      state_.retry_at = never;
      state_.pauses = 0;
    } else {
      ask_later();
    }
  }

  void ask_later() {
    if (state_.up < config().degree && state_.retry_at == never) state_.retry_at = context_.now() + pause();
  }

  /// A random address of the list to which there is no link.
  PeerId pick() {
    if (state_.listed == 0) return no_peer;
    const std::uint32_t start = context_.random.below(state_.listed);
    for (std::uint32_t i = 0; i < state_.listed; ++i) {
      const PeerId peer = list_[(start + i) % state_.listed];
      if (find(peer) == nullptr) return peer;
    }
    return no_peer;
  }

  Duration pause() {
    Duration pause = config().retry_min;
    for (int i = 0; i < state_.pauses && pause < config().retry_max; ++i) pause *= 2;
    if (pause < config().retry_max) ++state_.pauses;
    pause = std::min(pause, config().retry_max);
    return pause + static_cast<Duration>(context_.random.uniform() * static_cast<double>(pause / 2));
  }

  void ask_again() {
    if (state_.up >= config().degree) return;
    const bool bootstrapper =
        has_bootstrapper() && find(config().bootstrapper) == nullptr && state_.links < capacity(config());
    if (bootstrapper && (state_.up == 0 || context_.random.below(2) == 0)) {
      dial(config().bootstrapper);
      return;
    }
    if (state_.up == 0) return;
    std::uint32_t chosen = context_.random.below(state_.up);
    for_each_neighbour([&](PeerId peer) {
      if (chosen-- == 0) context_.send(peer, Frame::pull(context_.self));
    });
  }

  void learn(PeerId peer) {
    if (peer == context_.self || peer == no_peer || peer == config().bootstrapper || config().peer_list == 0) return;
    if (std::ranges::find(list(), peer) != list().end()) return;
    if (state_.listed < config().peer_list) {
      list_[state_.listed++] = peer;
      return;
    }
    PeerId& place = list_[context_.random.below(state_.listed)];
    context_.out.emplace_back(ForgetPeer{place});
    place = peer;
  }

  void unlist(PeerId peer) {
    PeerId* place = std::find(list_, list_ + state_.listed, peer);
    if (place == list_ + state_.listed) return;
    *place = list_[--state_.listed];
    context_.out.emplace_back(ForgetPeer{peer});
  }

  /// A random part of the list without the one who asks: a partial Fisher–Yates in place.
  void answer(PeerId to, PeerId asker) {
    std::uint32_t listed = state_.listed;
    PeerId* place = std::find(list_, list_ + listed, asker);
    if (place != list_ + listed) std::swap(*place, list_[--listed]);
    const std::uint32_t count = std::min(listed, config().response_peers);
    for (std::uint32_t i = 0; i < count; ++i) std::swap(list_[i], list_[i + context_.random.below(listed - i)]);
    const auto peers = context_.env.messages.add_peers({list_, count});
    if (peers) {
      context_.send(to, Frame::response(*peers));
    } else {
      context_.drop(no_message, Reason::store_full);
    }
  }

  void close_if_full(PeerId from) {
    if (state_.up <= config().max_connections || find(from) == nullptr) return;
    remove(from);
    context_.out.emplace_back(Disconnect{from});
  }

  State& state_;
  Link* links_;
  PeerId* list_;
  Context& context_;
};

}  // namespace gossip
