#pragma once

#include <algorithm>
#include <array>

#include "core/config/field.hpp"
#include "core/context.hpp"
#include "core/timers.hpp"

namespace gossip {

struct SamplingConfig {
  PeerId bootstrapper = no_peer;  // no_peer or the peer itself: waits to be found; the driver's to say
  std::uint32_t degree = 30;
  std::uint32_t links = automatic;
  std::uint32_t transient_links = automatic;
  std::uint32_t peer_list = 256;
  std::uint32_t response_peers = 64;
  Duration retry_min = 500 * millisecond;
  Duration retry_max = 30 * second;

  static constexpr auto fields() {
    using C = SamplingConfig;
    return std::array{
        field<&C::degree>("degree", whole(1, 10'000), {"connections that a peer seeks", "the seed's default"}),
        field<&C::links>(
            "links", whole(1, 40'000),
            {"connections that it keeps, whoever dialled",
             "scenarios/seed-bootstrap.json: room enough for those who seek, at half the cost of twice the "
             "degree",
             "a tenth more than `degree`"}),
        field<&C::transient_links>("transient_links", whole(0, 20'000),
                                   {"connections above those: answered, then closed",
                                    "guess: a full peer still introduces people", "as many as `degree`"}),
        field<&C::peer_list>("peer_list", whole(1, 65'535),
                             {"addresses that it remembers", "guess; scenarios/seed-bootstrap.json"}),
        field<&C::response_peers>(
            "response_peers", whole(1, 10'921),
            {"addresses in one answer, given and taken; 10921 fill a frame", "guess; scenarios/seed-bootstrap.json"}),
        field<&C::retry_min>("retry_min", whole(1, 3'600 * second),
                             {"first pause before asking for peers again", "guess"}),
        field<&C::retry_max>("retry_max", whole(1, 24 * 3'600 * second), {"the pause doubles up to this", "guess"}),
    };
  }

  static constexpr auto driver_fields() {
    return std::array{field<&SamplingConfig::bootstrapper>("bootstrapper", any_value, {"who is asked first"})};
  }

  constexpr std::uint32_t most_links() const {
    return links != automatic ? links : degree + (degree < 10 ? 1 : degree / 10);
  }
  constexpr std::uint32_t most_transient() const { return transient_links != automatic ? transient_links : degree; }
  /// Connections that a peer may have at once.
  constexpr std::uint32_t places() const { return most_links() + most_transient(); }
};

/// The seed's push-pull peer lists: a peer knows some addresses and is connected to some of them.
///
/// Rules
/// - A peer that starts dials its bootstrapper and sends PULL: "give me peers", with its own address.
/// - PULL is answered by RESPONSE, a random part of the list; who asked is put on the list. PUSH only puts the sender on
///   it. An unexpected frame of any kind costs a place on the list at most. Of a RESPONSE no more than `response_peers`
///   are taken.
/// - While a peer has fewer than `degree` connections (dials in progress included) it dials random peers of its list.
///   Each one that it reaches gets PUSH or PULL, at random.
/// - A lost connection is refilled at once. An address that cannot be reached leaves the list.
/// - When the list has nobody left to dial, the peer asks again after a pause: a neighbour or the bootstrapper, at random
///   (the bootstrapper too, so that an island of peers finds the others again). The pause doubles from `retry_min` to
///   `retry_max`, with up to half of it on top at random, so that peers that failed together do not return together.
/// - A peer keeps `links` connections, whoever dialled; it accepts `transient_links` more, answers them, and closes them:
///   it is full, but it still introduces people. Beyond that it closes at once.
/// - The list is bounded; a new address replaces a random one when it is full. An attacker who floods a peer with
///   addresses can fill its list (the seed has no defence), but not its memory.
/// Differs from the seed: it sends one PULL ever; then a peer whose list has run out would stay alone.
class Sampling {
 public:
  using Config = SamplingConfig;
  enum class Timer : std::uint8_t { retry, count_ };
  struct State {
    Timers<Timer> timers;
    std::uint16_t links, up, listed;
    std::uint8_t pauses;
  };
  static constexpr const char* name = "sampling";
  static constexpr const char* about = "Push-pull peer lists from a bootstrapper";

  static constexpr std::size_t bytes(const Config& config) {
    return ((config.places() + config.peer_list) * sizeof(PeerId) + 7) / 8 * 8;
  }
  std::uint32_t most_actions() const { return config_.degree + config_.response_peers + 4; }

  Sampling(State& state, std::byte* memory, const Config& config, Context& context)
      : state_(state),
        links_(reinterpret_cast<PeerId*>(memory)),
        list_(links_ + config.places()),
        config_(config),
        context_(context) {}

  void clear() {
    state_ = {};
    state_.timers.clear();
  }
  Time deadline() const { return state_.timers.deadline(); }

  void on_start() {
    const bool room = state_.links < config_.places();  // always, when this is the first input
    if (has_bootstrapper() && room && find(config_.bootstrapper) == nowhere) dial(config_.bootstrapper);
  }

  void on_up(PeerId peer, bool inbound) {
    if (find(peer) == nowhere && state_.links == config_.places()) return close(peer);
    if (find(peer) >= state_.up) set_up(peer);
    if (inbound) return;  // it says first what it wants
    if (state_.up > config_.most_links()) {
      remove(peer);
      return close(peer);
    }
    const bool ask = state_.listed < config_.degree || context_.random.below(2) == 0;
    context_.send(peer, ask ? Frame::pull(context_.self) : Frame::push(context_.self));
    ask_later();  // also when no answer comes
  }

  void on_down(PeerId peer) {
    const std::uint32_t place = find(peer);
    if (place == nowhere) return;
    if (place >= state_.up) unlist(peer);
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
        for (const PeerId peer : taken(context_.env.lists.peers(frame.list()))) learn(peer);
        break;
      default:
        return;
    }
    refill();
  }

  void on_wake() {
    if (!state_.timers.due(Timer::retry, context_.now())) return;
    ask_again();
    refill();
  }

  /// Those that are up.
  std::span<const PeerId> neighbours() const { return {links_, state_.up}; }
  /// Up or being dialled; those that are up first.
  std::span<const PeerId> links() const { return {links_, state_.links}; }
  std::span<const PeerId> known() const { return {list_, state_.listed}; }

 private:
  static constexpr std::uint32_t nowhere = 0xffff'ffff;

  bool has_bootstrapper() const { return config_.bootstrapper != no_peer && config_.bootstrapper != context_.self; }
  std::span<const PeerId> taken(std::span<const PeerId> response) const {
    return response.first(std::min<std::size_t>(response.size(), config_.response_peers));
  }

  /// The place among the links; below `up` it is a neighbour.
  std::uint32_t find(PeerId peer) const {
    const PeerId* end = links_ + state_.links;
    const PeerId* link = std::find(links_, const_cast<PeerId*>(end), peer);
    return link == end ? nowhere : static_cast<std::uint32_t>(link - links_);
  }

  void set_up(PeerId peer) {
    std::uint32_t place = find(peer);
    if (place == nowhere) {
      place = state_.links++;
      links_[place] = peer;
    }
    std::swap(links_[place], links_[state_.up++]);
    context_.neighbour_up(peer);
  }

  void remove(PeerId peer) {
    std::uint32_t place = find(peer);
    if (place < state_.up) {
      links_[place] = links_[--state_.up];
      place = state_.up;
      context_.neighbour_down(peer);
    }
    links_[place] = links_[--state_.links];
  }

  void close(PeerId peer) { context_.out.emplace_back(Disconnect{peer}); }

  void dial(PeerId peer) {
    links_[state_.links++] = peer;
    context_.out.emplace_back(Connect{peer});
  }

  /// Dials until the degree is reached or the list is exhausted; then the next attempt is a matter of time.
  void refill() {
    while (state_.links < config_.degree) {
      const PeerId peer = pick();
      if (peer == no_peer) break;
      dial(peer);
    }
    if (state_.up >= config_.degree) {
      state_.timers.stop(Timer::retry);
      state_.pauses = 0;
    } else {
      ask_later();
    }
  }

  void ask_later() {
    if (state_.up < config_.degree && !state_.timers.running(Timer::retry)) {
      state_.timers.set(Timer::retry, context_.now() + pause());
    }
  }

  /// A random address of the list to which there is no link.
  PeerId pick() {
    if (state_.listed == 0) return no_peer;
    const std::uint32_t start = context_.random.below(state_.listed);
    for (std::uint32_t i = 0; i < state_.listed; ++i) {
      const PeerId peer = list_[(start + i) % state_.listed];
      if (find(peer) == nowhere) return peer;
    }
    return no_peer;
  }

  Duration pause() {
    Duration pause = config_.retry_min;
    for (int i = 0; i < state_.pauses && pause < config_.retry_max; ++i) pause *= 2;
    if (pause < config_.retry_max) ++state_.pauses;
    pause = std::min(pause, config_.retry_max);
    return pause + static_cast<Duration>(context_.random.uniform() * static_cast<double>(pause / 2));
  }

  void ask_again() {
    if (state_.up >= config_.degree) return;
    const bool bootstrapper =
        has_bootstrapper() && find(config_.bootstrapper) == nowhere && state_.links < config_.places();
    if (bootstrapper && (state_.up == 0 || context_.random.below(2) == 0)) {
      dial(config_.bootstrapper);
    } else if (state_.up > 0) {
      context_.send(links_[context_.random.below(state_.up)], Frame::pull(context_.self));
    }
  }

  void learn(PeerId peer) {
    if (peer == context_.self || peer == no_peer || peer == config_.bootstrapper) return;
    if (std::ranges::find(known(), peer) != known().end()) return;
    if (state_.listed < config_.peer_list) {
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
    const std::uint32_t count = std::min(listed, config_.response_peers);
    for (std::uint32_t i = 0; i < count; ++i) std::swap(list_[i], list_[i + context_.random.below(listed - i)]);
    const auto peers = context_.env.lists.add(std::span<const PeerId>(list_, count));
    if (peers) {
      context_.send(to, Frame::response(*peers));
    } else {
      context_.drop(no_message, to, Reason::lists_full);
    }
  }

  void close_if_full(PeerId from) {
    if (state_.up <= config_.most_links() || find(from) == nowhere) return;
    remove(from);
    close(from);
  }

  State& state_;
  PeerId* links_;
  PeerId* list_;
  const Config& config_;
  Context& context_;
};

}  // namespace gossip
