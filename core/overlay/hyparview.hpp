#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "core/config/field.hpp"
#include "core/context.hpp"
#include "core/overlay/passive_view.hpp"
#include "core/timers.hpp"

namespace gossip {

struct HyParViewConfig {
  PeerId bootstrapper = no_peer;  // the contact; no_peer or the peer itself: waits to be found; the driver's to say
  std::uint32_t active_view = 5;
  std::uint32_t passive_view = 30;
  std::uint32_t active_walk = 6;
  std::uint32_t passive_walk = 3;
  std::uint32_t shuffle_active = 3;
  std::uint32_t shuffle_passive = 4;
  std::uint32_t guests = 32;
  Duration shuffle_interval = 10 * second;
  Duration repair_min = 500 * millisecond;
  Duration repair_max = 30 * second;

  static constexpr auto fields() {
    using C = HyParViewConfig;
    return std::array{
        field<&C::active_view>("active_view", whole(1, 1'000), {"neighbours that a peer has", "HyParView §5.1"}),
        field<&C::passive_view>("passive_view", whole(1, 10'000),
                                {"others that it knows, to replace those that fail", "HyParView §5.1"}),
        field<&C::active_walk>(
            "active_walk", whole(1, 255),
            {"links from the contact of a new peer to its next neighbours (ARWL)", "HyParView §5.1"}),
        field<&C::passive_walk>(
            "passive_walk", whole(0, 255),
            {"links before the end of that way, a peer remembers who is new (PRWL)", "HyParView §5.1"}),
        field<&C::shuffle_active>("shuffle_active", whole(0, 255),
                                  {"neighbours that a shuffle tells of (ka)", "HyParView §5.1"}),
        field<&C::shuffle_passive>("shuffle_passive", whole(0, 255),
                                   {"of the others, those that it tells of (kp)", "HyParView §5.1"}),
        field<&C::guests>("guests", whole(2, 10'000),
                          {"connections above the neighbours: questions, answers, strangers",
                           "guess: at a round trip of 100 ms a contact takes 300 new peers a second"}),
        field<&C::shuffle_interval>("shuffle_interval", whole(millisecond, 24 * 3'600 * second),
                                    {"between two shuffles of a peer, with up to half of it on top",
                                     "guess: the 50 rounds of HyParView §5.1 pass in ten minutes"}),
        field<&C::repair_min>("repair_min", whole(millisecond, 3'600 * second),
                              {"first pause when nobody is left to ask", "guess"}),
        field<&C::repair_max>("repair_max", whole(millisecond, 24 * 3'600 * second),
                              {"the pause doubles up to this", "guess"}),
    };
  }
  static constexpr auto driver_fields() {
    return std::array{field<&HyParViewConfig::bootstrapper>("bootstrapper", any_value, {"who is asked first"})};
  }

  /// Connections that a peer may have at once.
  constexpr std::uint32_t places() const { return active_view + guests; }

  template <class F>
  constexpr void each_conflict(F&& f) const {
    if (passive_walk > active_walk) f(Conflict{"passive_walk", "is above", "active_walk"});
    if (repair_min > repair_max) f(Conflict{"repair_min", "is above", "repair_max"});
  }
};

/// HyParView (Leitão, Pereira, Rodrigues: HyParView, DSN 2007): few neighbours, whose links are symmetric and kept, and
/// a larger passive view of others that takes their place when they fail.
///
/// The active view is the neighbours. Each is a connection, so that a failure is noticed at once (§4.1).
/// - A peer that starts dials its contact and sends JOIN. The contact always takes it in, and sends FORWARD_JOIN to its
///   other neighbours: a random walk of `active_walk` links, at the end of which (or where a walk cannot go on) a peer
///   dials the new one. `passive_walk` links before its end, a peer on the way remembers who is new (§4.2).
/// - Who is full and takes somebody in lets a random neighbour go: DISCONNECT. Each then remembers the other.
/// - Who has too few asks random peers of its passive view: NEIGHBOR. With priority, if it has none, and then it is always
///   taken in; otherwise where there is room (§4.3). Who cannot be reached is forgotten, who declines is not.
/// The passive view is what shuffles bring (§4.4)
/// - Each `shuffle_interval` a peer sends SHUFFLE on a walk of `active_walk` links (the paper leaves the length open):
///   itself, `shuffle_active` neighbours and `shuffle_passive` others. The peer at its end answers the origin with as many
///   of its own passive view. What was sent away makes room for what is new, then random ones do.
/// Connections to who is no neighbour last for one question. The one who asks dials, and says what it wants; it closes
/// when it has its answer, and a SHUFFLE_REPLY is closed by who gets it. A stranger that says nothing, and an answer that
/// does not come, are closed after `quiet`. At most `guests` of these; beyond that a peer closes at once.
///
/// Where this differs from the paper
/// - JOIN and a NEIGHBOR with priority are answered as well. The one who asks believes in a link only when the other side
///   does: so links are symmetric at rest although frames are lost.
/// - As many passive peers are asked at once as neighbours are missing, at most one of them with priority. The paper asks
///   one after the other, in a simulation where that takes no time.
/// - When the whole passive view was asked in vain the peer pauses, from `repair_min` doubling to `repair_max`; without
///   neighbours, or with nobody left to ask, it then joins again through its contact. The paper has no way back.
/// - A peer has one answer to a shuffle under way; of what comes meanwhile it learns, and does not answer.
/// Cost: no frames for a link that stands; a shuffle is about `active_walk` + 4 frames of 8 addresses or less.
/// An attacker gains a place in the active view of whom it dials, with JOIN or a priority that it does not need: the
/// paper's trust. A connection can do so once. It can put as many addresses in a passive view as a shuffle carries, and have
/// a peer dial one address a SHUFFLE. Two halves that were cut apart until each had forgotten the other do not meet again.
/// Known weakness: 200 joins a second through one contact left 100,000 peers with paths of hundreds of links at 10 to
/// 100 ms a link (nine at 1 to 5 ms), perhaps since walks then end among peers that are still joining.
class HyParView {
 public:
  using Config = HyParViewConfig;
  enum class Timer : std::uint8_t { shuffle, retry, quiet, count_ };
  struct State {
    Timers<Timer> timers;
    PeerId reply_to;              // whose shuffle is being answered, or no_peer
    std::uint16_t links, active;  // those that are active first
    PassiveView::State passive;
    std::uint16_t sent, reply;  // in the last own shuffle; in the answer under way
    std::uint8_t pauses;
    bool awaiting;  // an answer to the last own shuffle
    std::uint8_t unused[2];
  };
  static constexpr const char* name = "hyparview";
  static constexpr const char* about = "A small active view of symmetric links, a passive view to repair it (DSN 2007)";
  static constexpr std::array frames{FrameKind::join,           FrameKind::forward_join, FrameKind::neighbor,
                                     FrameKind::neighbor_reply, FrameKind::disconnect,   FrameKind::shuffle,
                                     FrameKind::shuffle_reply};
  static constexpr Duration quiet = 2 * second;  // guess: what a stranger has to say, it says at once

  static constexpr std::size_t bytes(const Config& config) {
    const std::size_t raw = config.places() * (sizeof(PeerId) + sizeof(Link)) +
                            (config.passive_view + 2 * exchanged(config)) * sizeof(PeerId);
    return (raw + 7) / 8 * 8;
  }
  std::uint32_t most_actions() const { return config_.places() + config_.active_view + 2 * exchanged(config_) + 8; }

  HyParView(State& state, std::byte* memory, const Config& config, Context& context)
      : state_(state),
        links_(reinterpret_cast<PeerId*>(memory)),
        link_(reinterpret_cast<Link*>(links_ + config.places())),
        passive_(state.passive, reinterpret_cast<PeerId*>(link_ + config.places()), config.passive_view, context),
        sent_(reinterpret_cast<PeerId*>(link_ + config.places()) + config.passive_view),
        reply_(sent_ + exchanged(config)),
        config_(config),
        context_(context) {}

  void clear() {
    state_ = {};
    state_.reply_to = no_peer;
    state_.timers.clear();
  }
  Time deadline() const { return state_.timers.deadline(); }

  void on_start() {
    join();
    const auto spread =
        static_cast<Duration>(context_.random.uniform() * static_cast<double>(config_.shuffle_interval));
    state_.timers.set(Timer::shuffle, context_.now() + spread);
    refill();
  }

  void on_up(PeerId peer, bool) {
    const std::uint32_t place = find(peer);
    if (place == nowhere) return welcome(peer);
    if (is_dialled(place)) say(place);
  }

  void on_down(PeerId peer) {
    const std::uint32_t place = find(peer);
    if (place == nowhere) return;
    if (is_dialled(place)) passive_.forget(peer);
    remove(peer);
    refill();
  }

  void on_frame(PeerId from, const Frame& frame) {
    const std::uint32_t place = find(from);
    if (place == nowhere || is_dialled(place)) return unasked(from);
    take(from, place, frame);
    refill();
  }

  void on_wake() {
    const Time now = context_.now();
    if (now < deadline()) return;  // early, or not for this layer
    if (state_.timers.due(Timer::quiet, now)) end_quiet();
    if (state_.timers.due(Timer::shuffle, now)) shuffle();
    if (state_.timers.due(Timer::retry, now)) {
      passive_.ask_again();
      if (state_.active == 0 || known().empty()) join();
    }
    refill();
  }

  std::span<const PeerId> neighbours() const { return {links_, state_.active}; }  // the active view
  std::span<const PeerId> known() const { return passive_.peers(); }              // the passive view

 private:
  static constexpr std::uint8_t low = 0, high = 1, declined = 0, accepted = 1;

  enum class Role : std::uint8_t {
    // Being dialled, to
    joining,    // send JOIN
    seeking,    // send NEIGHBOR
    inviting,   // send NEIGHBOR, since a walk of the peer's JOIN ended here
    answering,  // send SHUFFLE_REPLY
    // Up:
    asked,    // JOIN or NEIGHBOR was sent, and not yet answered
    invited,  // likewise after `inviting`
    guest,
    active,
  };
  struct Link {
    std::uint32_t since;
    Role role;
    bool urgent;  // was asked with priority
    std::uint8_t unused[2];
  };

  /// Peers that a shuffle tells of, besides its origin; and so what an answer holds at most.
  static constexpr std::uint32_t exchanged(const Config& config) {
    return config.shuffle_active + config.shuffle_passive + 1;
  }
  bool is_dialled(std::uint32_t place) const { return link_[place].role <= Role::answering; }
  bool is_nobody(PeerId peer) const { return peer == context_.self || peer == no_peer || peer == gone_peer; }
  std::uint32_t ticks() const { return Ticks::of(context_.now()); }
  void unasked(PeerId from) { context_.drop(no_message, from, Reason::unasked); }

  // ---- what others say

  void take(PeerId from, std::uint32_t place, const Frame& frame) {
    const Role role = link_[place].role;
    switch (frame.kind) {
      case FrameKind::neighbor_reply:
        if (role == Role::active) return;  // both asked, and the question came first
        if (role == Role::guest) return unasked(from);
        return on_reply(from, place, frame.ttl == accepted);
      case FrameKind::shuffle_reply:
        return on_shuffle_reply(from, frame);
      case FrameKind::neighbor:
        return on_neighbor(from, frame.ttl == high);
      case FrameKind::join:
        if (role == Role::active) return unasked(from);
        return on_join(from, frame.subject());
      default:
        break;
    }
    if (role != Role::active) return unasked(from);
    if (frame.kind == FrameKind::disconnect) return on_disconnect(from);
    if (frame.kind == FrameKind::forward_join) return on_forward_join(from, frame);
    if (frame.kind == FrameKind::shuffle) return on_shuffle(from, frame);
  }

  void on_join(PeerId from, PeerId newcomer) {
    take_in(from);
    context_.send(from, Frame::bare(FrameKind::neighbor_reply, accepted));
    const auto walk = Frame::of(FrameKind::forward_join, newcomer, static_cast<std::uint8_t>(config_.active_walk));
    for (const PeerId peer : neighbours()) {
      if (peer != from) context_.send(peer, walk);
    }
  }

  void on_forward_join(PeerId from, const Frame& frame) {
    const PeerId newcomer = frame.subject();
    const std::uint32_t ttl = std::min<std::uint32_t>(frame.ttl, config_.active_walk);
    if (is_nobody(newcomer)) return;
    if (ttl == 0 || state_.active == 1) return invite(newcomer);
    if (ttl == config_.passive_walk) learn(newcomer);
    context_.send(another(from), Frame::of(FrameKind::forward_join, newcomer, static_cast<std::uint8_t>(ttl - 1)));
  }

  void on_neighbor(PeerId from, bool urgent) {
    const bool active = find(from) < state_.active;
    const bool yes = active || urgent || state_.active < config_.active_view;
    if (yes && !active) take_in(from);
    context_.send(from, Frame::bare(FrameKind::neighbor_reply, yes ? accepted : declined));
  }

  void on_reply(PeerId from, std::uint32_t place, bool yes) {
    const bool room = state_.active < config_.active_view || link_[place].role == Role::invited;
    if (yes && room) return take_in(from);
    if (yes) context_.send(from, Frame::bare(FrameKind::disconnect));  // somebody else was faster
    let_go(from);
    if (yes) learn(from);
  }

  /// The other side closes the connection as well.
  void on_disconnect(PeerId from) {
    retire(from);
    learn(from);
  }

  // ---- the active view

  void take_in(PeerId peer) {
    if (state_.active == config_.active_view) {
      const PeerId old = links_[context_.random.below(state_.active)];
      context_.send(old, Frame::bare(FrameKind::disconnect));
      let_go(old);
      learn(old);
    }
    passive_.forget(peer);
    swap_links(find(peer), state_.active);
    link_[state_.active++].role = Role::active;
    context_.neighbour_up(peer);
  }

  /// No longer a neighbour, still connected.
  void retire(PeerId peer) {
    swap_links(find(peer), --state_.active);
    link_[state_.active] = {ticks(), Role::guest, false, {}};
    context_.neighbour_down(peer);
    listen();
  }

  /// One that is not `except`; there are two at least.
  PeerId another(PeerId except) {
    const std::uint32_t place = context_.random.below(state_.active - 1);
    return links_[place < find(except) ? place : place + 1];
  }

  void invite(PeerId newcomer) {
    if (find(newcomer) != nowhere) return;
    if (state_.links == config_.places()) return learn(newcomer);
    dial(newcomer, Role::inviting);
  }

  void join() {
    const PeerId contact = config_.bootstrapper;
    if (is_nobody(contact) || find(contact) != nowhere || state_.links == config_.places()) return;
    dial(contact, Role::joining);
  }

  /// As many questions as neighbours are missing; when there is nobody left to ask, a pause.
  void refill() {
    std::uint32_t have = state_.active + asking();
    for (; have < config_.active_view && state_.links < config_.places(); ++have) {
      const PeerId peer = passive_.ask([this](PeerId known) { return find(known) != nowhere; });
      if (peer == no_peer) break;
      dial(peer, Role::seeking);
    }
    if (state_.active == config_.active_view) {
      state_.timers.stop(Timer::retry);
      state_.pauses = 0;
    } else if (have < config_.active_view && !state_.timers.running(Timer::retry)) {
      const Duration pause = Backoff{config_.repair_min, config_.repair_max}.after(state_.pauses, context_.random);
      state_.timers.set(Timer::retry, context_.now() + pause);
      if (state_.pauses < 63) ++state_.pauses;
    }
  }

  /// Links to who is no neighbour.
  std::span<const Link> others() const { return {link_ + state_.active, link_ + state_.links}; }
  /// Questions of this peer's own under way.
  std::uint32_t asking() const {
    return static_cast<std::uint32_t>(std::ranges::count_if(others(), [](const Link& link) {
      return link.role == Role::joining || link.role == Role::seeking || link.role == Role::asked;
    }));
  }
  bool asks_urgently() const {
    return std::ranges::any_of(others(), [](const Link& link) { return link.role == Role::asked && link.urgent; });
  }

  // ---- connections

  std::uint32_t find(PeerId peer) const { return find_peer({links_, state_.links}, peer); }
  void swap_links(std::uint32_t a, std::uint32_t b) {
    std::swap(links_[a], links_[b]);
    std::swap(link_[a], link_[b]);
  }
  void remove(PeerId peer) {
    std::uint32_t place = find(peer);
    if (peer == state_.reply_to) state_.reply_to = no_peer;
    if (place < state_.active) {
      swap_links(place, --state_.active);
      place = state_.active;
      context_.neighbour_down(peer);
    }
    swap_links(place, --state_.links);
  }
  void let_go(PeerId peer) {
    remove(peer);
    context_.out.emplace_back(Disconnect{peer});
  }

  void dial(PeerId peer, Role why) {
    links_[state_.links] = peer;
    link_[state_.links++] = {ticks(), why, false, {}};
    context_.out.emplace_back(Connect{peer});
  }
  void welcome(PeerId stranger) {
    if (state_.links == config_.places()) return context_.out.emplace_back(Disconnect{stranger}), void();
    links_[state_.links] = stranger;
    link_[state_.links++] = {ticks(), Role::guest, false, {}};
    listen();
  }

  /// What the connection was made for.
  void say(std::uint32_t place) {
    const PeerId peer = links_[place];
    const Role why = std::exchange(link_[place].role, Role::asked);
    link_[place].since = ticks();
    listen();
    switch (why) {
      case Role::joining:
        link_[place].urgent = true;
        return context_.send(peer, Frame::of(FrameKind::join, context_.self));
      case Role::answering:
        link_[place].role = Role::guest;
        return send_reply(peer);
      case Role::inviting:
        link_[place].role = Role::invited;
        return context_.send(peer, Frame::of(FrameKind::neighbor, context_.self, high));
      default:
        link_[place].urgent = state_.active == 0 && !asks_urgently();
        return context_.send(peer, Frame::of(FrameKind::neighbor, context_.self, link_[place].urgent));
    }
  }

  void listen() {
    if (!state_.timers.running(Timer::quiet)) state_.timers.set(Timer::quiet, context_.now() + quiet);
  }
  void end_quiet() {
    bool left = false;
    for (std::uint32_t place = state_.links; place-- > state_.active;) {
      if (is_dialled(place)) continue;
      const bool over = Ticks::between(link_[place].since, context_.now()) >= quiet / 2;
      if (over) let_go(links_[place]);
      left |= !over;
    }
    if (left) listen();
  }

  // ---- shuffles

  void shuffle() {
    state_.timers.set(Timer::shuffle, context_.now() + Backoff::with_jitter(config_.shuffle_interval, context_.random));
    if (state_.active == 0) return;
    state_.sent = draw(neighbours(), config_.shuffle_active, sent_);
    state_.sent += draw(known(), config_.shuffle_passive, sent_ + state_.sent);
    const auto list = context_.env.lists.add(std::span<const PeerId>(&context_.self, 1));
    const PeerId to = links_[context_.random.below(state_.active)];
    if (!list) return context_.drop(no_message, to, Reason::lists_full);
    for (std::uint32_t i = 0; i < state_.sent; ++i) context_.env.lists.append(*list, sent_[i]);
    context_.send(to, Frame::of(FrameKind::shuffle, *list, static_cast<std::uint8_t>(config_.active_walk)));
    state_.awaiting = true;
  }

  void on_shuffle(PeerId from, const Frame& frame) {
    const auto all = context_.env.lists.peers(frame.list());
    const auto peers = all.first(std::min<std::size_t>(all.size(), exchanged(config_)));
    const std::uint32_t ttl = std::min<std::uint32_t>(frame.ttl, config_.active_walk);
    if (peers.empty() || is_nobody(peers.front())) return;
    if (ttl <= 1 || state_.active == 1) return answer(peers);
    const auto list = context_.env.lists.add(peers);  // another list: what the store holds stays where it is
    const PeerId to = another(from);
    if (!list) return context_.drop(no_message, to, Reason::lists_full);
    context_.send(to, Frame::of(FrameKind::shuffle, *list, static_cast<std::uint8_t>(ttl - 1)));
  }

  /// `peers`: the origin, and what it tells of.
  void answer(std::span<const PeerId> peers) {
    const PeerId origin = peers.front();
    const std::uint32_t place = find(origin);
    const bool linked = place != nowhere && !is_dialled(place);
    const bool dials = place == nowhere && state_.links < config_.places();
    if (state_.reply_to != no_peer || !(linked || dials)) return learn_all(peers, {});
    state_.reply = draw(known(), static_cast<std::uint32_t>(peers.size()), reply_);
    state_.reply_to = origin;
    learn_all(peers, {reply_, state_.reply});
    linked ? send_reply(origin) : dial(origin, Role::answering);
  }
  void send_reply(PeerId origin) {
    state_.reply_to = no_peer;
    const auto list = context_.env.lists.add(std::span<const PeerId>(reply_, state_.reply));
    if (!list) return context_.drop(no_message, origin, Reason::lists_full);
    context_.send(origin, Frame::of(FrameKind::shuffle_reply, *list));
  }

  void on_shuffle_reply(PeerId from, const Frame& frame) {
    if (!std::exchange(state_.awaiting, false)) return unasked(from);
    const auto all = context_.env.lists.peers(frame.list());
    learn_all(all.first(std::min<std::size_t>(all.size(), exchanged(config_))), {sent_, state_.sent});
    if (link_[find(from)].role == Role::guest) let_go(from);
  }

  std::uint16_t draw(std::span<const PeerId> from, std::uint32_t most, PeerId* to) {
    return static_cast<std::uint16_t>(context_.random.sample(from, most, to));
  }
  void learn(PeerId peer) { learn_all({&peer, 1}, {}); }
  /// `given`: what was sent away for it, and goes first.
  void learn_all(std::span<const PeerId> peers, std::span<const PeerId> given) {
    for (const PeerId peer : peers) {
      if (!is_nobody(peer) && find(peer) >= state_.active) passive_.learn(peer, given);
    }
  }

  State& state_;
  PeerId* links_;
  Link* link_;
  PassiveView passive_;
  PeerId* sent_;
  PeerId* reply_;
  const Config& config_;
  Context& context_;
};

}  // namespace gossip
