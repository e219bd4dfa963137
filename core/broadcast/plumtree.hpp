#pragma once

#include <algorithm>
#include <array>

#include "core/history.hpp"
#include "core/intake.hpp"

namespace gossip {

struct PlumtreeConfig {
  std::uint32_t lazy_links = 64;
  std::uint32_t missing = 32;
  Duration graft_first = 400 * millisecond;
  Duration graft_again = 200 * millisecond;
  std::uint32_t optimize = 7;

  static constexpr auto fields() {
    using C = PlumtreeConfig;
    return std::array{
        field<&C::lazy_links>("lazy_links", whole(1, 65'535),
                              {"neighbours that may be lazy; more stay eager", "guess: any degree but a hub's"}),
        field<&C::missing>("missing", whole(1, 65'535),
                           {"announcements of messages that have not come, remembered",
                            "guess: four neighbours announce eight messages in `graft_first`"}),
        field<&C::graft_first>(
            "graft_first", whole(millisecond, 3'600 * second),
            {"how long after an announcement a message is asked for",
             "guess: the branch of a tree is this much slower than the fastest way, at 100 ms a link"}),
        field<&C::graft_again>(
            "graft_again", whole(millisecond, 3'600 * second),
            {"then, until the next neighbour is asked", "Plumtree §3.6: about a round trip; here of 100 ms a link"}),
        field<&C::optimize>("optimize", whole(1, 65'535),
                            {"links that an announcement must have travelled less than the message, for its link to "
                             "become the tree's",
                             "Plumtree §4, as iroh-gossip; 65535: never"}),
    };
  }
};

/// Plumtree (Leitão, Pereira, Rodrigues: Epidemic Broadcast Trees, SRDS 2007): a broadcast tree that grows out of a flood,
/// and the other links to mend it.
///
/// Rules, a message is what the paper calls GOSSIP, its hops the round
/// - A neighbour is eager until it is lazy. What is new goes to the eager ones, and to the lazy ones as IHAVE: its name
///   only (§3.4). Who sent it first becomes eager.
/// - A copy makes its sender lazy, and PRUNE makes this peer lazy there. So of several ways the fastest stays: after a
///   message without failures the eager links are a tree.
/// - IHAVE of what is not known starts a timer. When it ends, the first that announced the message gets GRAFT: send it, and
///   the link is eager again; then, `graft_again` later, the next one (§3.6). GRAFT says back the round and ttl of the
///   IHAVE, and the answer has them.
/// - When a message comes that another neighbour had announced with `optimize` links less, their links change places
///   (§3.8): UNPRUNE to the one, PRUNE to the other. (The paper's GRAFT without a message has a name of its own.)
/// - Neighbours that come are eager, of those that go nothing stays (§3.7).
/// Bounds: `lazy_links` and `missing`. A neighbour that finds no place among the lazy ones stays eager, at the cost of
/// copies. An announcement that finds no place is dropped and counted (`missing_full`): the message may still come by the
/// tree, by another announcement, or by a repair. What is no longer in the history, or not known any more, is not sent.
/// Cost, once the tree stands: n − 1 messages and Σdegree − 2(n − 1) IHAVE for each broadcast.
/// An attacker that is a neighbour gains one GRAFT for each IHAVE of what does not exist, and keeps up to `missing` of them
/// in front of honest ones for `graft_first`; it can stay eager and be silent, which costs its branch `graft_first` a
/// message. It can set the ttl of what it announces, as it can of what it sends.
class Plumtree {
 public:
  using Config = PlumtreeConfig;
  struct State {
    Time due;  // of the earliest timer
    std::uint16_t lazy, missing;
    std::uint8_t unused[4];
  };
  static constexpr const char* name = "plumtree";
  static constexpr const char* about = "A tree of eager links, repaired over lazy ones (SRDS 2007)";
  static constexpr std::array frames{FrameKind::ihave, FrameKind::graft, FrameKind::prune, FrameKind::unprune};
  static constexpr bool uses_history = true, uses_intake = true, uses_neighbours = true;

  static constexpr std::size_t bytes(const Config& config) {
    return config.missing * sizeof(Missing) + (config.lazy_links * sizeof(PeerId) + 7) / 8 * 8;
  }
  std::uint32_t most_actions() const {
    return static_cast<std::uint32_t>(context_.neighbours.size()) + config_.missing + 2;
  }

  Plumtree(State& state, std::byte* memory, const Config& config, Context& context, History& history, Intake& intake)
      : state_(state),
        missing_(reinterpret_cast<Missing*>(memory)),
        lazy_(reinterpret_cast<PeerId*>(missing_ + config.missing)),
        config_(config),
        context_(context),
        history_(history),
        intake_(intake) {}

  void clear() {
    state_ = {};
    state_.due = never;
  }
  Time deadline() const { return state_.due; }

  void spread(const Intake::Accepted& accepted) {
    const Frame& frame = accepted.frame;
    if (accepted.from != no_peer) optimize(accepted.from, frame);
    forget_missing([&](const Missing& entry) { return entry.message == frame.message(); });
    for (const PeerId peer : context_.neighbours) {
      if (peer == accepted.from) continue;
      const bool lazy = is_lazy(peer);
      context_.send(peer, lazy ? Frame::of(FrameKind::ihave, frame.message(), frame.ttl, frame.hops) : frame);
    }
  }

  void on_duplicate(PeerId from, const Frame&) {
    if (from == no_peer) return;
    context_.send(from, Frame::bare(FrameKind::prune));
    make_lazy(from);
  }

  void on_frame(PeerId from, const Frame& frame) {
    switch (frame.kind) {
      case FrameKind::ihave:
        return on_ihave(from, frame);
      case FrameKind::graft:
        make_eager(from);
        return answer(from, frame);
      case FrameKind::prune:
        return make_lazy(from);
      case FrameKind::unprune:
        return make_eager(from);
      default:
        return;
    }
  }

  void on_neighbour_down(PeerId peer) {
    make_eager(peer);
    forget_missing([&](const Missing& entry) { return entry.from == peer; });
  }

  void on_wake() {
    if (context_.now() < state_.due) return;
    for (std::uint32_t i = 0; i < state_.missing; ++i) {
      if (missing_[i].due > context_.now()) continue;
      const Missing due = missing_[i];
      missing_[i].due = never;
      missing_[i].asked = true;
      if (intake_.knows(due.message)) continue;  // waits for a verdict
      make_eager(due.from);
      context_.send(due.from, Frame::of(FrameKind::graft, due.message, due.ttl, due.round));
      if (Missing* next = first_of(due.message)) next->due = context_.now() + config_.graft_again;
    }
    forget_missing([](const Missing& entry) { return entry.asked; });
  }

  /// Of this peer's neighbours, those that it sends names only.
  std::span<const PeerId> lazy() const { return {lazy_, state_.lazy}; }

 private:
  /// An announcement of what has not come. Of those of one message the first that was not asked yet has the timer.
  struct Missing {
    Time due;
    MessageRef message;
    PeerId from;
    std::uint16_t round;
    std::uint8_t ttl;
    bool asked;
    std::uint8_t unused[4];
  };
  static_assert(sizeof(Missing) == 24);

  void on_ihave(PeerId from, const Frame& frame) {
    if (intake_.knows(frame.message())) return;
    const auto same = [&](const Missing& e) { return e.message == frame.message() && e.from == from; };
    if (std::any_of(missing_, missing_ + state_.missing, same)) return;
    if (state_.missing == config_.missing) return context_.drop(frame.message(), from, Reason::missing_full);
    const bool first = first_of(frame.message()) == nullptr;
    context_.env.messages.retain(frame.message());
    const Time due = first ? context_.now() + config_.graft_first : never;
    missing_[state_.missing++] = {due, frame.message(), from, frame.hops, frame.ttl, false, {}};
    state_.due = std::min(state_.due, due);
  }

  void answer(PeerId to, const Frame& graft) {
    const MessageRef message = graft.message();
    if (!history_.holds(message) || !intake_.knows(message)) return context_.drop(message, to, Reason::not_held);
    context_.send(to, Frame::announce(message, graft.ttl, graft.hops));
  }

  /// The message has come from `from`; `frame` is what goes on, one link further.
  void optimize(PeerId from, const Frame& frame) {
    make_eager(from);
    for (std::uint32_t i = 0; i < state_.missing; ++i) {
      const Missing& entry = missing_[i];
      if (entry.message != frame.message() || entry.from == from) continue;
      if (entry.round + config_.optimize >= frame.hops) continue;  // frame.hops − 1 links against entry.round
      context_.send(entry.from, Frame::bare(FrameKind::unprune));
      make_eager(entry.from);
      context_.send(from, Frame::bare(FrameKind::prune));
      return make_lazy(from);
    }
  }

  Missing* first_of(MessageRef message) {
    Missing* found = std::find_if(missing_, missing_ + state_.missing,
                                  [&](const Missing& entry) { return entry.message == message && !entry.asked; });
    return found == missing_ + state_.missing ? nullptr : found;
  }

  /// Those of the others whose timer went with it get one.
  template <class Which>
  void forget_missing(Which&& which) {
    if (state_.missing == 0) return;
    state_.missing = context_.forget(missing_, state_.missing, which);
    state_.due = never;
    for (std::uint32_t i = 0; i < state_.missing; ++i) {
      Missing& entry = missing_[i];
      if (entry.due == never && first_of(entry.message) == &entry) entry.due = context_.now() + config_.graft_again;
      state_.due = std::min(state_.due, entry.due);
    }
  }

  // ---- links

  bool is_lazy(PeerId peer) const { return std::find(lazy_, lazy_ + state_.lazy, peer) != lazy_ + state_.lazy; }
  void make_eager(PeerId peer) {
    PeerId* found = std::find(lazy_, lazy_ + state_.lazy, peer);
    if (found != lazy_ + state_.lazy) *found = lazy_[--state_.lazy];
  }
  void make_lazy(PeerId peer) {
    const auto& all = context_.neighbours;
    if (is_lazy(peer) || state_.lazy == config_.lazy_links || std::ranges::find(all, peer) == all.end()) return;
    lazy_[state_.lazy++] = peer;
  }

  State& state_;
  Missing* missing_;
  PeerId* lazy_;
  const Config& config_;
  Context& context_;
  History& history_;
  Intake& intake_;
};

}  // namespace gossip
