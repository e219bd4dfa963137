#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "core/intake.hpp"

namespace gossip {

struct MeshConfig {
  std::uint32_t d = 6;
  std::uint32_t d_low = 4;
  std::uint32_t d_high = 12;
  std::uint32_t d_lazy = 6;
  double factor = 0.25;
  Duration heartbeat = second;
  std::uint32_t windows = 5;
  std::uint32_t gossip_windows = 3;
  Duration backoff = 60 * second;
  Duration follow_up = 3 * second;
  bool flood_publish = true;
  std::uint64_t above = 1'024;
  std::uint32_t links = 40;
  std::uint32_t cache = 128;
  std::uint32_t wanted = 32;
  std::uint32_t answers = 128;
  std::uint32_t unwanted = 64;

  /// Who was refused tries again for ever.
  constexpr bool never_rests() const { return true; }

  static constexpr auto fields() {
    using C = MeshConfig;
    return std::array{
        field<&C::d>("mesh_d", whole(1, 1'024), {"links of the mesh that a peer aims at", "gossipsub 1.0: D"}),
        field<&C::d_low>("mesh_d_low", whole(1, 1'024), {"with fewer it grafts", "gossipsub 1.0: D_low"}),
        field<&C::d_high>("mesh_d_high", whole(1, 1'024), {"with more it prunes", "gossipsub 1.0: D_high"}),
        field<&C::d_lazy>("mesh_d_lazy", whole(0, 1'024),
                          {"other neighbours that are told names, at least", "gossipsub 1.0: D_lazy"}),
        field<&C::factor>("mesh_gossip_factor", {0.0, 1.0},
                          {"and at least this share of them", "gossipsub 1.1: gossip factor"}, Unit::share),
        field<&C::heartbeat>("mesh_heartbeat", whole(millisecond, 24 * 3'600 * second),
                             {"between two looks at the mesh", "gossipsub 1.0: heartbeat_interval"}),
        field<&C::windows>("mcache_len", whole(1, 255),
                           {"heartbeats for which a message is kept for those who want it", "gossipsub 1.0"}),
        field<&C::gossip_windows>("mcache_gossip", whole(1, 255),
                                  {"heartbeats for which its name is told", "gossipsub 1.0"}),
        field<&C::backoff>("mesh_backoff", whole(0, 24 * 3'600 * second),
                           {"how long a pruned link is not grafted again", "gossipsub 1.1: PruneBackoff"}),
        field<&C::follow_up>(
            "iwant_follow_up", whole(millisecond, 3'600 * second),
            {"how long an answer is waited for, before another is asked", "gossipsub 1.1: IWantFollowupTime"}),
        field<&C::flood_publish>("flood_publish", any_value,
                                 {"what is announced here goes to all neighbours", "gossipsub 1.1: flood publishing"}),
        field<&C::above>("idontwant_above", whole(0, std::int64_t{1} << 32),
                         {"bytes of a message above which a peer says that it has it", "go-libp2p-pubsub: 1 KiB"},
                         Unit::size),
        field<&C::links>(
            "mesh_links", whole(1, 1'024),
            {"neighbours of which anything is remembered; others are only told names", "guess: `sampling` has 34"}),
        field<&C::cache>("mcache_entries", whole(1, 65'535),
                         {"messages kept; the oldest leave first", "guess: 25 a second"}),
        field<&C::wanted>("iwant_pending", whole(1, 65'535),
                          {"names of messages that have not come, remembered", "guess: as `missing` of plumtree"}),
        field<&C::answers>("iwant_answers", whole(1, 65'535),
                           {"messages that a neighbour is sent in a heartbeat because it wants them",
                            "guess: all that is kept, once"}),
        field<&C::unwanted>("idontwants", whole(1, 65'535),
                            {"copies that neighbours said they need not; the oldest leave first",
                             "guess: ten messages at once, from six neighbours"}),
    };
  }

  template <class F>
  constexpr void each_conflict(F&& f) const {
    if (d_low > d) f(Conflict{"mesh_d_low", "is above", "mesh_d"});
    if (d > d_high) f(Conflict{"mesh_d", "is above", "mesh_d_high"});
    if (d_high > links) f(Conflict{"mesh_d_high", "is above", "mesh_links"});
    if (gossip_windows > windows) f(Conflict{"mcache_gossip", "is above", "mcache_len"});
  }
};

/// A mesh of a bounded degree over the overlay's links, whole messages on it and names beside it, in the manner of
/// gossipsub 1.2 (libp2p specifications, pubsub/gossipsub: v1.0, v1.1, v1.2), for one topic.
///
/// Rules
/// - What is new goes to the neighbours of the mesh; what is announced here to all neighbours, with `flood_publish` (v1.1).
/// - Each `mesh_heartbeat` (v1.0, mesh maintenance): with fewer than `mesh_d_low` links a peer takes random neighbours up
///   to `mesh_d`, and says GRAFT to each; with more than `mesh_d_high` it lets random ones go down to `mesh_d`, with PRUNE.
///   The first heartbeat is at once (v1.0, JOIN); the others are `mesh_heartbeat` apart, each peer's at its own time.
/// - Both sides of a pruned link leave it alone for `mesh_backoff`, the one that grafts for a heartbeat more, since the
///   other's time may have begun later (v1.1). GRAFT before that is answered with PRUNE, and the time begins again.
/// - Then, at the heartbeat (v1.0, gossip emission): the names of what came in the last `mcache_gossip` heartbeats go as
///   IHAVE to `mesh_d_lazy` random neighbours that are not in the mesh, or to `mesh_gossip_factor` of them if that is more.
/// - IHAVE of what is not known is answered with IWANT, to one neighbour at a time: when the message is not there after
///   `iwant_follow_up`, the next that had named it is asked. (v1.1 counts the broken promise in a score.)
/// - IWANT is answered from the last `mcache_len` heartbeats, at most `iwant_answers` a neighbour and heartbeat. (v1.1 bounds
///   how often a message is sent to one; this bounds the bytes as well, without a memory of pairs.)
/// - Who receives a message of more than `idontwant_above` bytes says IDONTWANT to the others of its mesh at once, also
///   where a verdict is awaited (v1.2). Who hears it before it has sent the message does not send it. It is remembered for
///   three heartbeats.
/// Otherwise than there: scores, opportunistic grafting and the outbound quota are not here; neither is peer exchange, which
/// is the overlay's. A frame names one message. What is remembered of a neighbour goes with it: its number may be
/// another's. GRAFT has the frame of Plumtree's UNPRUNE. A heartbeat that has nothing to do is left out.
/// Bounds: `mesh_links`, `mcache_entries`, `iwant_pending`, `idontwants`. A neighbour without a place is never in the mesh and its
/// IWANT is not answered; a name without a place is dropped and counted (`missing_full`); a lost IDONTWANT costs a copy.
/// Cost: D/2 − 1 to D − 2 duplicates a peer on a mesh of degree D; D/2 − 1 at most where IDONTWANT comes in time; and
/// `mesh_d_lazy` IHAVE for each peer, message and heartbeat of `mcache_gossip`.
/// An attacker that is a neighbour can graft itself until the next heartbeat, which may prune others instead; gains
/// `iwant_answers` messages a heartbeat; and keeps up to `iwant_pending` names in front of honest ones for `iwant_follow_up`.
/// Links that were grafted are as good as the overlay that brought them.
class Mesh {
 public:
  using Config = MeshConfig;
  struct State {
    Time beat;       // the next heartbeat, or never
    Time follow_up;  // of the earliest that is waited for
    Time phase;      // of the heartbeats
    std::uint16_t links, cached, wanted, unwanted;
  };
  static constexpr const char* name = "mesh";
  static constexpr const char* about = "A mesh of bounded degree, and names beside it (gossipsub 1.2)";
  static constexpr std::array frames{FrameKind::ihave, FrameKind::iwant, FrameKind::idontwant, FrameKind::prune,
                                     FrameKind::unprune};
  static constexpr bool uses_intake = true, uses_neighbours = true;
  static constexpr std::uint8_t unwanted_beats = 3;  // go-libp2p-pubsub: IDontWantMessageTTL

  static constexpr std::size_t bytes(const Config& config) {
    return config.links * sizeof(Link) + config.wanted * sizeof(Wanted) + config.cache * sizeof(Cached) +
           (config.unwanted * sizeof(Unwanted) + 7) / 8 * 8;
  }
  std::size_t most_actions() const {
    const std::size_t neighbours = context_.neighbours.size();
    return neighbours * (config_.cache + 2) + 2 * config_.links + 2 * config_.wanted + 2;
  }

  Mesh(State& state, std::byte* memory, const Config& config, Context& context, Intake& intake)
      : state_(state),
        links_(reinterpret_cast<Link*>(memory)),
        wanted_(reinterpret_cast<Wanted*>(links_ + config.links)),
        cache_(reinterpret_cast<Cached*>(wanted_ + config.wanted)),
        unwanted_(reinterpret_cast<Unwanted*>(cache_ + config.cache)),
        config_(config),
        context_(context),
        intake_(intake) {}

  void clear() {
    state_ = {};
    state_.phase =
        context_.now() + 1 + static_cast<Time>(context_.random() % static_cast<std::uint64_t>(config_.heartbeat));
    state_.beat = context_.now();
    state_.follow_up = never;
  }
  Time deadline() const { return std::min(state_.beat, state_.follow_up); }

  /// It is new, whether or not it may go on.
  void on_arrival(PeerId from, const Frame& frame) {
    const MessageRef message = frame.message();
    forget_wanted([&](const Wanted& entry) { return entry.message == message; });
    if (from == no_peer || context_.env.messages.body_size(message) <= config_.above) return;
    for (std::uint32_t i = 0; i < state_.links; ++i) {
      if (!links_[i].mesh || links_[i].peer == from) continue;
      context_.send(links_[i].peer, Frame::of(FrameKind::idontwant, message, 0, 0));
    }
  }

  void spread(const Intake::Accepted& accepted) {
    const Frame& frame = accepted.frame;
    const MessageRef message = frame.message();
    if (accepted.from == no_peer && config_.flood_publish) {
      for (const PeerId peer : context_.neighbours) pass(peer, frame);
    } else {
      for (std::uint32_t i = 0; i < state_.links; ++i) {
        if (links_[i].mesh && links_[i].peer != accepted.from) pass(links_[i].peer, frame);
      }
    }
    forget_unwanted([&](const Unwanted& entry) { return entry.message == message; });
    keep(frame);
    plan_beat();
  }

  void on_frame(PeerId from, const Frame& frame) {
    if (std::ranges::find(context_.neighbours, from) == context_.neighbours.end()) {
      return context_.drop(names_message(frame.kind) ? frame.message() : no_message, from, Reason::unasked);
    }
    switch (frame.kind) {
      case FrameKind::ihave:
        return on_ihave(from, frame);
      case FrameKind::iwant:
        return on_iwant(from, frame.message());
      case FrameKind::idontwant:
        return on_idontwant(from, frame.message());
      case FrameKind::unprune:
        return on_graft(from);
      case FrameKind::prune:
        return on_prune(from);
      default:
        return;
    }
  }

  void on_neighbour_up(PeerId) {
    if (mesh_size() < config_.d_low) plan_beat();
  }
  void on_neighbour_down(PeerId peer) {
    if (Link* link = find(peer)) *link = links_[--state_.links];
    forget_unwanted([&](const Unwanted& entry) { return entry.peer == peer; });
    forget_wanted([&](const Wanted& entry) { return entry.from == peer; });
    if (mesh_size() < config_.d_low) plan_beat();
  }

  void on_wake() {
    if (state_.beat <= context_.now()) on_heartbeat();
    if (state_.follow_up <= context_.now()) ask_others();
  }

  std::uint32_t mesh_size() const {
    return static_cast<std::uint32_t>(
        std::count_if(links_, links_ + state_.links, [](const Link& l) { return l.mesh; }));
  }

 private:
  /// What is remembered of a neighbour.
  struct Link {
    Time backoff;  // until then the link is not grafted
    Time beat;     // the heartbeat in which it was sent `answers`
    PeerId peer;
    std::uint16_t answers;
    bool mesh;
    std::uint8_t unused;
  };
  /// A name of what has not come. Of those of one message, the one that was asked has a time.
  struct Wanted {
    Time due;
    MessageRef message;
    PeerId from;
  };
  /// A message that was sent on, and how many heartbeats ago.
  struct Cached {
    MessageRef message;
    std::uint16_t hops;
    std::uint8_t ttl, age;
  };
  struct Unwanted {
    MessageRef message;
    PeerId peer;
    std::uint32_t age;
  };
  static_assert(sizeof(Link) == 24 && sizeof(Wanted) == 16 && sizeof(Cached) == 8 && sizeof(Unwanted) == 12);

  // ---- messages

  void pass(PeerId peer, const Frame& frame) {
    const auto same = [&](const Unwanted& entry) { return entry.message == frame.message() && entry.peer == peer; };
    if (std::none_of(unwanted_, unwanted_ + state_.unwanted, same)) context_.send(peer, frame);
  }

  void keep(const Frame& frame) {
    if (cached(frame.message()) != nullptr) return;  // forgotten by the intake, and new again
    if (state_.cached == config_.cache) drop_oldest(1);
    context_.env.messages.keep_body(frame.message());
    cache_[state_.cached++] = {frame.message(), frame.hops, frame.ttl, 0};
  }
  const Cached* cached(MessageRef message) const {
    const Cached* found =
        std::find_if(cache_, cache_ + state_.cached, [&](const Cached& c) { return c.message == message; });
    return found == cache_ + state_.cached ? nullptr : found;
  }
  void drop_oldest(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) context_.env.messages.drop_body(cache_[i].message);
    std::copy(cache_ + count, cache_ + state_.cached, cache_);
    state_.cached = static_cast<std::uint16_t>(state_.cached - count);
  }

  void on_ihave(PeerId from, const Frame& frame) {
    const MessageRef message = frame.message();
    if (intake_.knows(message)) return;
    bool asked = false;
    for (std::uint32_t i = 0; i < state_.wanted; ++i) {
      if (wanted_[i].message != message) continue;
      if (wanted_[i].from == from) return;
      asked = true;
    }
    if (state_.wanted == config_.wanted) return context_.drop(message, from, Reason::missing_full);
    context_.env.messages.retain(message);
    wanted_[state_.wanted++] = {never, message, from};
    if (!asked) ask(wanted_[state_.wanted - 1]);
  }
  void ask(Wanted& entry) {
    entry.due = context_.now() + config_.follow_up;
    state_.follow_up = std::min(state_.follow_up, entry.due);
    context_.send(entry.from, Frame::of(FrameKind::iwant, entry.message, 0, 0));
  }
  /// Those that have not answered are forgotten.
  void ask_others() {
    forget_wanted([&](const Wanted& entry) { return entry.due <= context_.now(); });
  }

  void on_iwant(PeerId from, MessageRef message) {
    const Cached* kept = cached(message);
    Link* link = place(from);
    if (link != nullptr && std::exchange(link->beat, this_beat()) != this_beat()) link->answers = 0;
    if (kept == nullptr || !intake_.knows(message) || link == nullptr || link->answers == config_.answers) {
      return context_.drop(message, from, Reason::not_held);
    }
    ++link->answers;
    context_.send(from, Frame::announce(message, kept->ttl, kept->hops));
  }

  void on_idontwant(PeerId from, MessageRef message) {
    const auto same = [&](const Unwanted& entry) { return entry.message == message && entry.peer == from; };
    if (cached(message) != nullptr || std::any_of(unwanted_, unwanted_ + state_.unwanted, same)) return;
    if (state_.unwanted == config_.unwanted) forget_unwanted([&](const Unwanted& e) { return &e == unwanted_; });
    context_.env.messages.retain(message);
    unwanted_[state_.unwanted++] = {message, from, 0};
    plan_beat();
  }

  template <class Which>
  void forget_unwanted(Which&& which) {
    state_.unwanted = context_.forget(unwanted_, state_.unwanted, which);
  }

  /// Where who was asked is among them, the next one is.
  template <class Which>
  void forget_wanted(Which&& which) {
    if (state_.wanted == 0) return;
    state_.wanted = context_.forget(wanted_, state_.wanted, which);
    state_.follow_up = never;
    for (std::uint32_t i = 0; i < state_.wanted; ++i) {
      const auto asked = [&](const Wanted& e) { return e.message == wanted_[i].message && e.due != never; };
      if (std::none_of(wanted_, wanted_ + state_.wanted, asked)) ask(wanted_[i]);
      state_.follow_up = std::min(state_.follow_up, wanted_[i].due);
    }
  }

  // ---- the mesh

  void on_graft(PeerId from) {
    Link* link = place(from);
    if (link != nullptr && link->mesh) return;
    if (link == nullptr || link->backoff > context_.now()) {
      if (link != nullptr) link->backoff = context_.now() + config_.backoff;
      return context_.send(from, Frame::bare(FrameKind::prune));
    }
    link->mesh = true;
    if (mesh_size() > config_.d_high) plan_beat();
  }
  void on_prune(PeerId from) {
    if (Link* link = place(from)) let_go(*link);
    if (mesh_size() < config_.d_low) plan_beat();
  }
  void let_go(Link& link) {
    link.mesh = false;
    link.backoff = context_.now() + config_.backoff;
  }

  void on_heartbeat() {
    const std::uint32_t size = mesh_size();
    if (size < config_.d_low) graft(config_.d - size);
    if (size > config_.d_high) prune(size, size - config_.d);
    emit_gossip();
    shift((context_.now() - state_.beat) / config_.heartbeat + 1);
    state_.beat = never;
    if (state_.cached > 0 || state_.unwanted > 0) return plan_beat();
    if (mesh_size() < config_.d_low) wait_for_backoff();
  }

  /// Up to `most` random neighbours.
  void graft(std::uint32_t most) {
    each_of_some(
        most, [&](PeerId peer) { return may_graft(peer); },
        [&](PeerId peer) {
          Link* link = place(peer);
          if (link == nullptr) return;
          link->mesh = true;
          context_.send(peer, Frame::bare(FrameKind::unprune));
        });
  }
  void prune(std::uint32_t left, std::uint32_t wanted) {
    for (std::uint32_t i = 0; i < state_.links; ++i) {
      if (!links_[i].mesh || context_.random.below(left--) >= wanted) continue;
      --wanted;
      let_go(links_[i]);
      context_.send(links_[i].peer, Frame::bare(FrameKind::prune));
    }
  }
  bool may_graft(PeerId peer) const {
    const Link* link = find(peer);
    return link == nullptr || (!link->mesh && free_at(*link) <= context_.now());
  }
  Time free_at(const Link& link) const { return link.backoff == 0 ? 0 : link.backoff + config_.heartbeat; }

  void emit_gossip() {
    if (state_.cached == 0) return;
    const auto outside = [&](PeerId peer) {
      const Link* link = find(peer);
      return link == nullptr || !link->mesh;
    };
    const auto all = static_cast<std::uint32_t>(std::ranges::count_if(context_.neighbours, outside));
    const std::uint32_t share = static_cast<std::uint32_t>(config_.factor * all);
    each_of_some(std::max(config_.d_lazy, share), outside, [&](PeerId peer) {
      for (std::uint32_t i = 0; i < state_.cached; ++i) {
        const Cached& kept = cache_[i];
        if (kept.age >= config_.gossip_windows || !intake_.knows(kept.message)) continue;
        context_.send(peer, Frame::of(FrameKind::ihave, kept.message, kept.ttl, kept.hops));
      }
    });
  }

  /// So many heartbeats are over: more than one where the driver woke this peer late.
  void shift(Time beats) {
    const auto older = static_cast<std::uint32_t>(std::min<Time>(beats, 255));
    std::uint32_t gone = 0;
    for (std::uint32_t i = 0; i < state_.cached; ++i) {
      const std::uint32_t age = cache_[i].age + older;
      cache_[i].age = static_cast<std::uint8_t>(std::min(age, 255u));
      gone += age >= config_.windows;
    }
    if (gone > 0) drop_oldest(gone);
    forget_unwanted([&](Unwanted& entry) { return (entry.age += older) >= unwanted_beats; });
  }

  /// Calls `f` with up to `most` random ones of those neighbours (Knuth, TAOCP 2, 3.4.2 S).
  template <class Which, class F>
  void each_of_some(std::uint32_t most, Which&& which, F&& f) {
    auto left = static_cast<std::uint32_t>(std::ranges::count_if(context_.neighbours, which));
    for (const PeerId peer : context_.neighbours) {
      if (most == 0 || left == 0) return;
      if (!which(peer)) continue;
      const bool taken = most >= left || context_.random.below(left) < most;
      --left;
      if (!taken) continue;
      --most;
      f(peer);
    }
  }

  // ---- places and time

  const Link* find(PeerId peer) const {
    const Link* found =
        std::find_if(links_, links_ + state_.links, [&](const Link& link) { return link.peer == peer; });
    return found == links_ + state_.links ? nullptr : found;
  }
  Link* find(PeerId peer) { return const_cast<Link*>(std::as_const(*this).find(peer)); }
  /// Its place, a new one, or that of one of whom there is nothing to remember; none: all count.
  Link* place(PeerId peer) {
    if (Link* link = find(peer)) return link;
    Link* link = links_ + state_.links;
    if (state_.links == config_.links) {
      const auto idle = [&](const Link& l) { return !l.mesh && l.beat != this_beat() && free_at(l) <= context_.now(); };
      link = std::find_if(links_, links_ + state_.links, idle);
      if (link == links_ + state_.links) return nullptr;
    } else {
      ++state_.links;
    }
    *link = {0, -1, peer, 0, false, 0};
    return link;
  }

  /// The first heartbeat of this peer after a time.
  Time beat_after(Time time) const {
    if (time < state_.phase) return state_.phase;
    return state_.phase + ((time - state_.phase) / config_.heartbeat + 1) * config_.heartbeat;
  }
  /// The number of the heartbeat before which this is.
  Time this_beat() const { return (beat_after(context_.now()) - state_.phase) / config_.heartbeat; }
  void plan_beat() { state_.beat = std::min(state_.beat, beat_after(context_.now())); }
  void wait_for_backoff() {
    for (std::uint32_t i = 0; i < state_.links; ++i) {
      const Link& link = links_[i];
      if (!link.mesh && free_at(link) > context_.now())
        state_.beat = std::min(state_.beat, beat_after(free_at(link) - 1));
    }
  }

  State& state_;
  Link* links_;
  Wanted* wanted_;
  Cached* cache_;
  Unwanted* unwanted_;
  const Config& config_;
  Context& context_;
  Intake& intake_;
};

}  // namespace gossip
