#pragma once

#include <algorithm>
#include <array>

#include "core/history.hpp"
#include "core/intake.hpp"

namespace gossip {

enum class RepairMode : std::uint8_t { push, pull, push_pull };
inline constexpr std::string_view repair_mode_names[] = {"push", "pull", "push_pull"};

struct AntiEntropyConfig {
  RepairMode repair_mode = RepairMode::push_pull;
  Duration repair_period = 10 * second;
  Duration patience = 2 * second;
  std::uint32_t digest = 256;
  std::uint32_t repair_batch = 32;
  std::uint64_t repair_bytes = 1 << 20;

  static constexpr auto fields() {
    using C = AntiEntropyConfig;
    return std::array{
        choice<&C::repair_mode>("repair_mode", repair_mode_names,
                                {"push = say what one has, pull = ask what the other has, push_pull = both",
                                 "Demers et al. 1987 §1.3"}),
        field<&C::repair_period>("repair_period", whole(millisecond, 24 * 3'600 * second),
                                 {"between two comparisons with a random neighbour, from half of it to half more",
                                  "guess: half of what is missed is brought before it is a period old"}),
        field<&C::patience>("patience", whole(0, 3'600 * second),
                            {"age from which a message is told of: what is younger may still be on its way",
                             "guess: a broadcast's slowest branch"}),
        field<&C::digest>("digest", whole(1, 3'640),
                          {"messages that one comparison names", "guess; at most what fits a frame at 18 B each"}),
        field<&C::repair_batch>("repair_batch", whole(1, 1'024),
                                {"messages that may be asked for and have not come; also the most in one answer",
                                 "guess"}),
        field<&C::repair_bytes>("repair_bytes", whole(0, std::int64_t{1} << 40),
                                {"bytes of all answers in one period of the peer's own; one answer may exceed it",
                                 "guess: 0.8 Mbit/s"},
                                Unit::size),
    };
  }
  constexpr bool never_rests() const { return true; }
};

/// Anti-entropy (Demers et al.: Epidemic Algorithms for Replicated Database Maintenance, PODC 1987, §1.3): what the
/// broadcast did not bring, because of loss, cut links or a late start, a random neighbour brings.
///
/// Rules
/// - Every `repair_period`, half of it more or less, a peer compares what it has with one random neighbour: REPAIR_DIGEST
///   names up to `digest` messages of the history and their ages. Push sends it; pull sends an empty one that asks for the
///   other's; push_pull sends its own and asks for the other's. Where there are more, they begin at a random one.
/// - Who is told of what it does not know asks: REPAIR_WANT, up to `repair_batch` messages at once, each of one neighbour
///   until a period has passed. The answer is the messages as the broadcast would have sent them, with their ttl: so
///   nothing goes where its ttl forbids, and no copy is sent that nobody asked for.
/// - A message that came so is delivered as any other, once, and put into the history; it is not offered to the broadcast.
///   Its neighbours mostly have it, and to a tree its copies would look like better branches; those that lack it ask. A
///   half of a network that was cut off gets it like a rumor, in about log2 n periods.
/// - Only what is `patience` old is named: the broadcast has its chance, and is not cut short by what is brought.
/// - An age goes with a message from peer to peer, in seconds rounded up, and one more for each way. Nothing is named or
///   sent whose age is above half of `seen_ttl`: somebody may have forgotten it, to whom it would be new again, and so on
///   for ever. (The paper keeps death certificates for the same reason, §2.)
/// - An answer costs its bytes, a digest that was asked for too; together at most `repair_bytes` until the peer's own next
///   comparison, but the first is always given.
/// Cost: 8 B and 18 B a message named, every period and peer, when nothing is missed.
/// An attacker gains `repair_bytes` of answers a period from each neighbour. It can name what does not exist, and hold the
/// places of `repair_batch` questions for a period; it can make what it sends look old, and then only delays it here.
class AntiEntropy {
 public:
  using Config = AntiEntropyConfig;
  struct State {
    Time due;             // the next comparison
    std::uint64_t spent;  // bytes of answers since the last
    std::uint32_t asked;
    std::uint8_t unused[4];
  };
  static constexpr const char* name = "anti_entropy";
  static constexpr const char* about = "Compares with a random neighbour and asks for what it lacks (PODC 1987)";
  static constexpr std::array frames{FrameKind::repair_digest, FrameKind::repair_want};
  static constexpr bool uses_history = true, uses_intake = true, uses_neighbours = true;
  static constexpr std::uint32_t bytes_named = 18, bytes_framed = 16;

  static constexpr std::size_t bytes(const Config& config) { return config.repair_batch * sizeof(Asked); }
  std::uint32_t most_actions() const { return config_.repair_batch + 3; }

  AntiEntropy(State& state, std::byte* memory, const Config& config, Context& context, History& history, Intake& intake)
      : state_(state),
        asked_(reinterpret_cast<Asked*>(memory)),
        config_(config),
        context_(context),
        history_(history),
        intake_(intake) {}

  void clear() {
    state_ = {};
    state_.due = context_.now() + static_cast<Duration>(context_.random.uniform() * static_cast<double>(period()));
  }
  Time deadline() const { return state_.due; }

  void on_wake() {
    if (context_.now() < state_.due) return;
    state_.due = context_.now() + period() / 2 +
                 static_cast<Duration>(context_.random.uniform() * static_cast<double>(period()));
    state_.spent = 0;
    forget_unanswered();
    const auto& all = context_.neighbours;
    if (all.empty()) return;
    const PeerId other = all[context_.random.below(static_cast<std::uint32_t>(all.size()))];
    const bool asks = config_.repair_mode != RepairMode::push;
    tell(other, config_.repair_mode != RepairMode::pull, asks ? tell_yours : 0);
  }

  void on_frame(PeerId from, const Frame& frame) {
    if (frame.kind == FrameKind::repair_want) return answer(from, frame.list());
    ask(from, frame.list());
    if (frame.ttl != tell_yours) return;
    if (!spend(from, no_message, bytes_named * std::min(history_.size(), config_.digest))) return;
    tell(from, true, 0);
  }

  /// Of what may go on: its age, if it is here because this layer had asked. Then it is no news for the broadcast.
  std::optional<Duration> age_of_asked(const Intake::Accepted& accepted) {
    Asked* found = find(accepted.frame.message());
    if (found == asked_ + state_.asked) return std::nullopt;
    const Asked entry = *found;
    forget(found);
    if (accepted.from != entry.from && accepted.from != gone_peer) return std::nullopt;
    return context_.now() - entry.born;
  }

 private:
  static constexpr std::uint8_t tell_yours = 1;  // ttl of a digest

  /// What was asked for and is not settled yet; keeps its number.
  struct Asked {
    Time due;   // from here on somebody else may be asked
    Time born;  // when it was announced, or somewhat before
    MessageRef message;
    PeerId from;
  };
  static_assert(sizeof(Asked) == 24);

  Duration period() const { return config_.repair_period; }
  Duration oldest() const { return intake_.memory() / 2; }

  void tell(PeerId other, bool mine, std::uint8_t ttl) {
    std::array<std::uint32_t, 2> item{};
    const auto list = context_.env.lists.add(std::span<const std::uint32_t>());
    if (!list) return context_.drop(no_message, other, Reason::lists_full);
    const std::uint32_t held = mine ? history_.size() : 0;
    std::uint32_t at = held > config_.digest ? context_.random.below(held) : 0;
    for (std::uint32_t i = 0; i < std::min(held, config_.digest); ++i, at = at + 1 == held ? 0 : at + 1) {
      const Duration age = context_.now() - history_.born(at);
      if (age < config_.patience || age > oldest()) continue;
      item = {index(history_[at]), static_cast<std::uint32_t>(whole_seconds(age) + 1)};
      for (const std::uint32_t number : item) context_.env.lists.append(*list, PeerId{number});
    }
    const bool nothing = context_.env.lists.items(*list).empty() && ttl != tell_yours;
    if (nothing) return context_.env.lists.release(*list);
    context_.send(other, Frame::of(FrameKind::repair_digest, *list, ttl));
  }

  void ask(PeerId from, ListRef digest) {
    const std::uint32_t before = state_.asked;
    const auto items = context_.env.lists.items(digest);
    const std::size_t named = std::min<std::size_t>(items.size() / 2, config_.digest);
    for (std::size_t i = 0; i < named && state_.asked < config_.repair_batch; ++i) {
      const MessageRef message{items[2 * i]};
      const Duration age = static_cast<Duration>(items[2 * i + 1]) * second;
      if (age > oldest() || intake_.knows(message) || find(message) != asked_ + state_.asked) continue;
      context_.env.messages.retain(message);
      asked_[state_.asked++] = {context_.now() + period(), context_.now() - age, message, from};
    }
    if (state_.asked == before) return;
    const auto list = context_.env.lists.add(std::span<const std::uint32_t>());
    if (!list) {
      while (state_.asked > before) forget(asked_ + before);
      return context_.drop(no_message, from, Reason::lists_full);
    }
    for (std::uint32_t i = before; i < state_.asked; ++i) {
      context_.env.lists.append(*list, PeerId{index(asked_[i].message)});
    }
    context_.send(from, Frame::of(FrameKind::repair_want, *list));
  }

  void answer(PeerId to, ListRef wanted) {
    const auto items = context_.env.lists.items(wanted);
    for (std::size_t i = 0; i < std::min<std::size_t>(items.size(), config_.repair_batch); ++i) {
      const MessageRef message{items[i]};
      const auto kept = history_.find(message);
      if (!kept || !intake_.knows(message) || context_.now() - kept->born > oldest()) {
        context_.drop(message, to, Reason::not_held);
      } else if (spend(to, message, bytes_framed + std::uint64_t{context_.env.messages.body_size(message)})) {
        context_.send(to, kept->frame);
      }
    }
  }

  bool spend(PeerId to, MessageRef message, std::uint64_t cost) {
    if (state_.spent > 0 && state_.spent + cost > config_.repair_bytes) {
      context_.drop(message, to, Reason::repair_spent);
      return false;
    }
    state_.spent += cost;
    return true;
  }

  Asked* find(MessageRef message) const {
    return std::find_if(asked_, asked_ + state_.asked, [&](const Asked& entry) { return entry.message == message; });
  }
  void forget(Asked* entry) {
    context_.env.messages.release_later(entry->message);
    *entry = asked_[--state_.asked];
  }
  /// What waits for its verdict has come.
  void forget_unanswered() {
    for (std::uint32_t i = state_.asked; i-- > 0;) {
      if (asked_[i].due <= context_.now() && !intake_.waits(asked_[i].message)) forget(asked_ + i);
    }
  }

  State& state_;
  Asked* asked_;
  const Config& config_;
  Context& context_;
  History& history_;
  Intake& intake_;
};

}  // namespace gossip
