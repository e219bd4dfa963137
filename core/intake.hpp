#pragma once

#include <array>
#include <optional>

#include "core/config/field.hpp"
#include "core/context.hpp"
#include "core/seen_cache.hpp"

namespace gossip {

enum class OnSilence : std::uint8_t { forward, drop };
enum class Relay : std::uint8_t { all, subscribed };
inline constexpr std::string_view on_silence_names[] = {"forward", "drop"};
inline constexpr std::string_view relay_names[] = {"all", "subscribed"};

struct IntakeConfig {
  std::uint32_t seen_capacity = 1 << 21;
  Duration seen_ttl = 120 * second;
  bool validation = false;  // every Deliver is answered by a Verdict: the driver's to say
  std::uint32_t cache_size = 50;
  Duration validation_deadline = 2 * second;
  OnSilence on_silence = OnSilence::forward;
  Relay relay = Relay::all;

  static constexpr auto fields() {
    using C = IntakeConfig;
    return std::array{
        field<&C::seen_capacity>("seen_capacity", whole(1, 1 << 22),
                                 {"message ids remembered; new ones are refused while all of them count",
                                  "120 s of 17,476 messages a second; what is not used takes no memory"}),
        field<&C::seen_ttl>("seen_ttl", whole(1, 24 * 3'600 * second),
                            {"how long the same data counts as the same message", "as libp2p gossipsub's seen cache"}),
        field<&C::cache_size>("cache_size", whole(1, 65'535),
                              {"data items that may wait for a verdict, oldest leave first", "the seed's sample"}),
        field<&C::validation_deadline>("validation_deadline", whole(1, 3'600 * second),
                                       {"how long data waits for a verdict", "guess"}),
        choice<&C::on_silence>("on_silence", on_silence_names,
                               {"without a verdict in time: forward or drop", "the seed's decision table"}),
        choice<&C::relay>(
            "relay", relay_names,
            {"data that nobody here subscribes to: all = relayed, subscribed = not", "the seed's decision table"}),
    };
  }
  static constexpr auto driver_fields() {
    return std::array{field<&IntakeConfig::validation>("validation", any_value, {"every Deliver gets a Verdict"})};
  }

  template <class F>
  constexpr void each_conflict(F&& f) const {
    if (!validation || validation_deadline <= seen_ttl) return;
    f(Conflict{"validation_deadline", "is above", "seen_ttl", "what waits must not be forgotten"});
  }
};

/// What happens to a message before any broadcast sees it: is it new, who is told, may it go on?
///
/// Rules
/// - A message is new once in `seen_ttl`; a copy of a known one is dropped. That ends every loop.
/// - ttl is the hops that a message may still travel; 0 = unlimited. The origin sends it unchanged. Who receives 1
///   delivers and does not forward; who receives 0 forwards 0, so that 1 − 1 never means "unlimited".
/// - What was announced here goes on at once: who announces it vouches for it.
/// - With validation every delivery is answered by a verdict. Accept goes on; reject ends the message here for good;
///   nobody (no subscriber) goes on or not by `relay`. The first verdict counts, if it comes before the deadline.
///   Without one until `validation_deadline`, `on_silence` decides.
/// - At most `cache_size` messages wait; one too many, and the oldest is treated as met by silence. So a subscriber
///   that never answers delays messages, but cannot make this peer hold more than that.
/// - One step settles at most `settled_a_step` waiting messages and forgets at most `forgotten_a_step`; a deadline of
///   now asks for the next step. Expired ids have no deadline: a peer that has nothing to do sleeps.
/// - An attacker gains one frame a link for each message that it invents, up to `seen_capacity` in `seen_ttl`; it
///   cannot make one travel twice.
class Intake {
 public:
  using Config = IntakeConfig;
  struct Waiting {
    Time deadline;
    MessageRef message;
    PeerId from;
    std::uint16_t hops;
    std::uint8_t ttl;
    std::uint8_t unused[5] = {};  // not padding, which would hold what was on the stack: two equal peers would differ
  };
  static_assert(std::has_unique_object_representations_v<Waiting>);
  struct State {
    SeenCache::Head seen;
    std::uint32_t waiting_first, waiting_count;
  };

  /// A message that may go on.
  struct Accepted {
    Frame frame;  // the announce as it is for the next link
    PeerId from;  // who need not be told; no_peer: published here
  };

  static constexpr std::uint32_t settled_a_step = 8;
  static constexpr std::uint32_t forgotten_a_step = 64;
  static constexpr std::uint32_t most_actions = settled_a_step + forgotten_a_step + 3;

  static constexpr std::size_t bytes(const Config& config) {
    return waiting_places(config) * sizeof(Waiting) + (SeenCache::bytes(config.seen_capacity) + 7) / 8 * 8;
  }

  Intake(State& state, std::byte* memory, const Config& config, Context& context)
      : state_(state),
        config_(config),
        context_(context),
        seen_(state.seen, memory + waiting_places(config) * sizeof(Waiting), config.seen_capacity),
        waiting_(reinterpret_cast<Waiting*>(memory)) {}

  void clear() {
    seen_.clear();
    state_.waiting_first = state_.waiting_count = 0;
  }

  /// Whether a copy of `message` would be a duplicate. What still waits for its verdict is known, however late it is.
  bool knows(MessageRef message) {
    const std::uint32_t position = seen_.find(message);
    return position != SeenCache::nowhere && (seen_.counts(position, context_.now()) || waits(message));
  }
  bool waits(MessageRef message) const { return find(message) < waiting(); }
  Duration memory() const { return config_.seen_ttl; }
  void drop_duplicate(MessageRef message, PeerId from) { context_.drop(message, from, Reason::duplicate); }

  /// A message that is not known: delivers it, and gives it back if it may go on at once. `from`: no_peer where it is
  /// announced here.
  std::optional<Accepted> admit(PeerId from, const Frame& frame) {
    const MessageRef message = frame.message();
    const auto forget = [this](MessageRef old) { forget_message(old); };
    forget_expired(2);
    if ((seen_.full() && oldest_waits()) ||
        !seen_.insert(message, context_.now() + config_.seen_ttl, context_.now(), forget)) {
      context_.drop(message, from, Reason::memory_full);
      return std::nullopt;
    }
    context_.env.messages.retain(message);
    context_.out.emplace_back(Deliver{message, from, frame.hops});
    const Waiting entry{context_.now() + config_.validation_deadline, message, from, frame.hops, frame.ttl};
    if (from == no_peer || !config_.validation) return pass(entry);
    context_.env.messages.keep_body(message);
    at(state_.waiting_count++) = entry;
    return std::nullopt;
  }

  std::optional<Accepted> verdict(MessageRef message, Opinion opinion) {
    const std::uint32_t position = find(message);
    if (position == waiting() || at(position).deadline <= context_.now()) {
      // Own announcements wait for nobody; everything else named here was settled before, or is too late.
      context_.drop(message, no_peer, Reason::late_verdict);
      return std::nullopt;
    }
    const Waiting entry = take(position);
    if (opinion == Opinion::reject) return stop(entry, Reason::rejected);
    if (opinion == Opinion::nobody && config_.relay == Relay::subscribed) return stop(entry, Reason::not_relayed);
    return pass(entry);
  }

  /// The number of a peer that has gone may be another's before what it sent is settled.
  void sender_gone(PeerId peer) {
    for (std::uint32_t i = 0; i < state_.waiting_count; ++i) {
      if (at(i).from == peer) at(i).from = gone_peer;
    }
  }

  /// Whether somebody has waited too long, or one too many waits; then `settle` says what becomes of the oldest.
  bool overdue() {
    return state_.waiting_count > 0 && (state_.waiting_count > config_.cache_size || at(0).deadline <= context_.now());
  }
  std::optional<Accepted> settle() {
    const Waiting entry = take(0);
    return config_.on_silence == OnSilence::forward ? pass(entry) : stop(entry, Reason::silence);
  }

  /// Forgets up to `most` ids that have expired. What waits stays known.
  void forget_expired(std::uint32_t most = forgotten_a_step - 2) {
    const auto forget = [this](MessageRef old) { forget_message(old); };
    while (most-- > 0 && !oldest_waits()) {
      if (!seen_.expire(context_.now(), forget)) return;
    }
  }

  /// After a step in which `overdue` was asked until it said no or `settled_a_step` were settled.
  Time deadline() {
    if (state_.waiting_count == 0) return never;
    return overdue() ? context_.now() : at(0).deadline;
  }

  std::uint32_t waiting() const { return state_.waiting_count; }
  /// The messages that wait for a verdict, oldest first, in two runs.
  std::array<std::span<const Waiting>, 2> waiting_runs() const {
    const std::uint32_t places = config_.cache_size + 1;
    const std::uint32_t first = std::min(state_.waiting_count, places - state_.waiting_first);
    return {std::span<const Waiting>{waiting_ + state_.waiting_first, first},
            std::span<const Waiting>{waiting_, state_.waiting_count - first}};
  }

 private:
  /// One more than may wait: the newest is let in before the oldest goes.
  static constexpr std::size_t waiting_places(const Config& config) {
    return config.validation ? config.cache_size + std::size_t{1} : 0;
  }

  /// Whether the oldest id is a message that waits: both are in order of arrival.
  bool oldest_waits() const { return state_.waiting_count > 0 && at(0).message == seen_.oldest(); }

  void forget_message(MessageRef old) {
    context_.out.emplace_back(Forget{old});
    context_.env.messages.release(old);
  }

  std::optional<Accepted> pass(const Waiting& entry) {
    if (entry.from == no_peer) return Accepted{Frame::announce(entry.message, entry.ttl, 1), no_peer};
    if (entry.ttl == 1) return stop(entry, Reason::ttl);
    const std::uint8_t ttl = entry.ttl == 0 ? 0 : entry.ttl - 1;
    const std::uint16_t hops = entry.hops == 0xffff ? 0xffff : entry.hops + 1;
    return Accepted{Frame::announce(entry.message, ttl, hops), entry.from};
  }
  std::optional<Accepted> stop(const Waiting& entry, Reason reason) {
    context_.drop(entry.message, entry.from == gone_peer ? no_peer : entry.from, reason);
    return std::nullopt;
  }

  // The messages that wait, a ring in order of their deadlines.
  Waiting& at(std::uint32_t position) const {
    const std::uint32_t places = config_.cache_size + 1;
    const std::uint32_t i = state_.waiting_first + position;
    return waiting_[i < places ? i : i - places];
  }

  std::uint32_t find(MessageRef message) const {
    std::uint32_t position = 0;
    while (position < state_.waiting_count && at(position).message != message) ++position;
    return position;
  }

  Waiting take(std::uint32_t position) {
    const Waiting entry = at(position);
    for (; position > 0; --position) at(position) = at(position - 1);
    state_.waiting_first = state_.waiting_first == config_.cache_size ? 0 : state_.waiting_first + 1;
    --state_.waiting_count;
    context_.env.messages.drop_body(entry.message);
    return entry;
  }

  State& state_;
  const Config& config_;
  Context& context_;
  SeenCache seen_;
  Waiting* waiting_;
};

}  // namespace gossip
