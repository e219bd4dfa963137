#pragma once

#include <algorithm>
#include <utility>

#include "core/intake.hpp"

namespace gossip {

enum class RumorMode : std::uint8_t { push, pull, push_pull };
enum class RumorInterest : std::uint8_t { feedback, blind };
enum class RumorRemoval : std::uint8_t { counter, coin };
enum class RumorClock : std::uint8_t { synchronous, jittered, poisson };
inline constexpr std::string_view rumor_mode_names[] = {"push", "pull", "push_pull"};
inline constexpr std::string_view rumor_interest_names[] = {"feedback", "blind"};
inline constexpr std::string_view rumor_removal_names[] = {"counter", "coin"};
inline constexpr std::string_view rumor_clock_names[] = {"synchronous", "jittered", "poisson"};

struct RumorConfig {
  RumorMode mode = RumorMode::push;
  RumorInterest interest = RumorInterest::feedback;
  RumorRemoval removal = RumorRemoval::counter;
  std::uint32_t k = 4;
  Duration round = second;
  RumorClock clock = RumorClock::jittered;
  std::uint32_t connections = 0;
  std::uint32_t hunt = 0;
  std::uint32_t rumors = 64;

  /// Who asks never stops: for a driver that would wait for the end.
  constexpr bool never_rests() const { return mode != RumorMode::push; }

  static constexpr auto fields() {
    using C = RumorConfig;
    return std::array{
        choice<&C::mode>("rumor_mode", rumor_mode_names,
                         {"who has a rumor sends it, who wants one asks, or both",
                          "Demers §1.4: a push falls silent when there is nothing new"}),
        choice<&C::interest>("rumor_interest", rumor_interest_names,
                             {"a rumor is less interesting after a contact that knew it, or after any", "Demers §1.4"}),
        choice<&C::removal>("rumor_removal", rumor_removal_names,
                            {"interest is lost after k such contacts, or after each with probability 1/k",
                             "Demers §1.4: counters beat coins"}),
        field<&C::k>("rumor_k", whole(1, 65'535),
                     {"how slowly interest is lost", "Demers Table 1: 0.4% of 1,000 peers are missed"}),
        field<&C::round>("rumor_round", whole(millisecond, 24 * 3'600 * second),
                         {"of a peer's clock; three latencies at least where all act at once",
                          "guess: as libp2p gossipsub's heartbeat"}),
        choice<&C::clock>("rumor_clock", rumor_clock_names,
                          {"all act at whole multiples of the round; each after 0.5 to 1.5 of it; or a Poisson process",
                           "guess: independent clocks spread the load"}),
        field<&C::connections>("rumor_connections", whole(0, 65'535),
                               {"contacts that a peer accepts in a round; 0: all", "Demers §1.4's first model"}),
        field<&C::hunt>("rumor_hunt", whole(0, 64),
                        {"other partners tried in a round, when one refuses", "Demers §1.4's first model"}),
        field<&C::rumors>("rumors", whole(1, 4'096),
                          {"messages that are hot at once; one more, and the oldest is hot no longer",
                           "guess: 6 a second at `rumor_k` = 4"}),
    };
  }
};

/// Rumor mongering: as long as a message is hot here, it is told to one random neighbour each round.
///
/// Rules (Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987 §1.4)
/// - What is new is hot, from the peer's next round on. Each round a peer draws one partner from its neighbours.
///   push: it sends the partner all that is hot. pull: it calls the partner, which sends all that is hot there.
///   push_pull: both.
/// - Losing interest. A contact is useful if the other side did not know the message. feedback: after a contact that
///   was not useful, blind: after any. counter: the k-th such contact ends it, and a useful one begins the count anew;
///   coin: each ends it with probability 1 / k. The paper leaves open whether a useful contact resets the counter; its
///   Table 1 comes out if it does.
/// - A round is judged as a whole: where a peer served several callers in it, one that did not know is enough to make
///   the round useful, and all that did know count once (§1.4's rule for pull). A round without a contact changes nothing.
/// - Who knew says so (`rumor_knew`); who did not is silent, so that what is lost counts as useful and is told again.
/// - Synchronous clocks are the paper's cycles: everybody acts at whole multiples of the round, and what counts is what
///   was known when the cycle began. So two pushes to one peer in the same cycle are both useful, and what came in a
///   cycle is served from the next one on. This holds when three latencies fit into a round (call, data, answer).
/// - Independent clocks: 0.5 to 1.5 rounds between two of a peer's, or a Poisson process of that mean. What counts is
///   what is known when a frame arrives.
/// - With `connections` a peer accepts so many calls in each whole round of time and refuses the others; whom one
///   refuses hunts: it calls up to `hunt` others in the same round. A push is a call first then, and data only goes to who
///   accepts. The calls that a peer makes itself do not count against it.
/// - At most `rumors` are hot. One more, and the oldest is hot no longer (counted as `rumors_full`): it has been told
///   most often. So a round sends at most `rumors` messages and one call, a call is answered with at most as many.
/// - What the intake has forgotten is not hot: a copy that came back would be new.
/// Residue: s = e^(−m) for every push, where m is the messages sent a peer; with one connection it is less, since
/// fewer are wasted. Cost: a push is silent when nothing is hot; a pull is one call a round and peer for ever.
/// An attacker can say that it knew what it is told: this wastes its own contact, and at most one step of the counter a
/// round. A call of a few bytes is answered with all that is hot: without `connections` as often as somebody calls. It can
/// make old rumors leave with more than `rumors` new ones a round, which cost it as many sends.
class Rumor {
 public:
  using Config = RumorConfig;
  struct State {
    Time due;        // of the next round
    PeerId partner;  // who is called and has not answered, or no_peer
    std::uint16_t hot;
    std::uint16_t accepted;  // calls, in `window`
    std::uint32_t window;    // whole rounds since the origin of time
    std::uint32_t hunted;    // refusals, since the last round
  };
  static constexpr const char* name = "rumor";
  static constexpr const char* about = "Tell what is hot to a random neighbour each round (Demers 1987)";
  static constexpr std::array frames{FrameKind::rumor_call, FrameKind::rumor_answer, FrameKind::rumor_knew};
  static constexpr bool uses_neighbours = true, uses_intake = true;
  static constexpr std::size_t bytes(const Config& config) { return config.rumors * sizeof(Hot); }
  std::uint32_t most_actions() const { return config_.rumors + 2; }

  Rumor(State& state, std::byte* memory, const Config& config, Context& context, Intake& intake)
      : state_(state), hot_(reinterpret_cast<Hot*>(memory)), config_(config), context_(context), intake_(intake) {}

  void clear() {
    state_ = {};
    state_.partner = no_peer;
    state_.due = pulls() ? next_round() : never;
  }
  Time deadline() const { return state_.due; }

  void spread(const Intake::Accepted& accepted) {
    const MessageRef message = accepted.frame.message();
    if (find(message) != nullptr) return;  // forgotten, and told anew
    if (state_.hot == config_.rumors) {
      context_.drop(hot_[0].message, no_peer, Reason::rumors_full);
      remove(0);
    }
    context_.env.messages.keep_body(message);
    hot_[state_.hot++] = {message, accepted.frame.hops, 0, 0, 0, accepted.frame.ttl, true, {}};
    if (state_.due == never) state_.due = next_round();
  }

  void on_duplicate(PeerId from, const Frame& frame) {
    if (from == no_peer || config_.interest == RumorInterest::blind) return;
    const Hot* rumor = find(frame.message());
    if (rumor != nullptr && !at_work(*rumor)) return;  // not known when the cycle began
    context_.send(from, Frame::of(FrameKind::rumor_knew, frame.message(), 0, 0));
  }

  void on_frame(PeerId from, const Frame& frame) {
    switch (frame.kind) {
      case FrameKind::rumor_call:
        return on_call(from, frame.ttl != 0);
      case FrameKind::rumor_answer:
        return on_answer(from, frame.ttl != 0);
      case FrameKind::rumor_knew:
        if (Hot* rumor = find(frame.message())) rumor->knew = std::min<std::uint16_t>(rumor->knew + 1, rumor->served);
        return;
      default:
        return;
    }
  }

  void on_neighbour_down(PeerId peer) {
    if (state_.partner == peer) state_.partner = no_peer;
  }

  void on_wake() {
    if (context_.now() < state_.due) return;
    judge_round();
    state_.hunted = 0;
    state_.partner = no_peer;
    state_.due = state_.hot > 0 || pulls() ? next_round() : never;
    contact();
  }

  std::uint32_t hot() const { return state_.hot; }

 private:
  struct Hot {
    MessageRef message;
    std::uint16_t hops;
    std::uint16_t counter;
    std::uint16_t served;  // contacts since the last round that were sent it,
    std::uint16_t knew;    // and of them those that said they knew
    std::uint8_t ttl;
    bool fresh;  // came since the last round
    std::uint8_t unused[2];
  };
  static_assert(sizeof(Hot) == 16);

  bool pushes() const { return config_.mode != RumorMode::pull; }
  bool pulls() const { return config_.mode != RumorMode::push; }
  bool at_work(const Hot& rumor) const { return config_.clock != RumorClock::synchronous || !rumor.fresh; }

  Hot* find(MessageRef message) {
    Hot* const end = hot_ + state_.hot;
    Hot* const found = std::find_if(hot_, end, [&](const Hot& rumor) { return rumor.message == message; });
    return found == end ? nullptr : found;
  }
  void remove(std::uint32_t place) {
    context_.env.messages.drop_body(hot_[place].message);
    std::copy(hot_ + place + 1, hot_ + state_.hot, hot_ + place);
    --state_.hot;
  }

  // A round.

  void judge_round() {
    for (std::uint32_t i = 0; i < state_.hot;) {
      if (lost_interest(hot_[i]) || !intake_.knows(hot_[i].message)) {
        remove(i);
        continue;
      }
      hot_[i].fresh = false;
      hot_[i].served = hot_[i].knew = 0;
      ++i;
    }
  }
  bool lost_interest(Hot& rumor) {
    if (rumor.served == 0) return false;
    if (config_.interest == RumorInterest::feedback && rumor.knew < rumor.served) {
      rumor.counter = 0;
      return false;
    }
    if (config_.removal == RumorRemoval::coin) return context_.random.below(config_.k) == 0;
    return ++rumor.counter >= config_.k;
  }

  void contact() {
    if (context_.neighbours.empty() || (state_.hot == 0 && !pulls())) return;
    const auto neighbours = static_cast<std::uint32_t>(context_.neighbours.size());
    const PeerId partner = context_.neighbours[context_.random.below(neighbours)];
    const bool asks = config_.connections > 0;
    if (pushes() && !asks) tell(partner);
    if (!pulls() && !asks) return;
    if (asks) state_.partner = partner;
    context_.send(partner, Frame::bare(FrameKind::rumor_call, asks));
  }

  void tell(PeerId peer) {
    for (std::uint32_t i = 0; i < state_.hot; ++i) {
      Hot& rumor = hot_[i];
      if (!at_work(rumor) || !intake_.knows(rumor.message)) continue;
      context_.send(peer, Frame::announce(rumor.message, rumor.ttl, rumor.hops));
      rumor.served += rumor.served < 0xffff;
    }
  }

  /// `asks`: whether the caller waits for an answer.
  void on_call(PeerId from, bool asks) {
    const auto window = static_cast<std::uint32_t>(context_.now() / config_.round);
    if (std::exchange(state_.window, window) != window) state_.accepted = 0;
    const bool accepted = config_.connections == 0 || state_.accepted < config_.connections;
    state_.accepted += accepted && state_.accepted < 0xffff;
    if (asks) context_.send(from, Frame::bare(FrameKind::rumor_answer, accepted));
    if (accepted && pulls()) tell(from);
  }

  void on_answer(PeerId from, bool accepted) {
    if (state_.partner != from) return context_.drop(no_message, from, Reason::unasked);
    state_.partner = no_peer;
    if (accepted) {
      if (pushes()) tell(from);
    } else if (state_.hunted < config_.hunt) {
      ++state_.hunted;
      contact();
    }
  }

  // Time.

  Time next_round() {
    const Duration round = config_.round;
    switch (config_.clock) {
      case RumorClock::synchronous:
        return (context_.now() / round + 1) * round;
      case RumorClock::jittered:
        return context_.now() + std::max<Duration>(1, round / 2 + part(round, context_.random()));
      case RumorClock::poisson:
        break;
    }
    return context_.now() + std::max<Duration>(1, exponential(round));
  }

  /// Of a duration, as a random number is of 2^64.
  static Duration part(Duration whole, std::uint64_t random) {
    __extension__ typedef unsigned __int128 Wide;
    return static_cast<Duration>(Wide{static_cast<std::uint64_t>(whole)} * random >> 64);
  }

  /// Exact, from comparisons of random numbers alone (von Neumann, "Various techniques used in connection with random
  /// digits", 1951): no logarithm, whose last bit depends on the library.
  Duration exponential(Duration mean) {
    constexpr Duration most = 64;  // e^-64 of them would be longer
    Duration whole = 0;
    while (true) {
      const std::uint64_t first = context_.random();
      std::uint64_t last = first;
      bool odd = true;
      for (std::uint64_t next; (next = context_.random()) < last; last = next) odd = !odd;
      if (odd || whole == most) return whole * mean + part(mean, first);
      ++whole;
    }
  }

  State& state_;
  Hot* hot_;
  const Config& config_;
  Context& context_;
  Intake& intake_;
};
static_assert(sizeof(Rumor::State) == 24);

}  // namespace gossip
