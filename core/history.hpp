#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "core/config/field.hpp"
#include "core/context.hpp"

namespace gossip {

struct HistoryConfig {
  std::uint32_t history_entries = 1'024;
  std::uint64_t history_bytes = 64u << 20;
  Duration history_age = 60 * second;

  static constexpr auto fields() {
    using C = HistoryConfig;
    return std::array{
        field<&C::history_entries>("history_entries", whole(1, 1 << 20),
                                   {"recent messages whose data is kept for those who ask", "guess"}),
        field<&C::history_bytes>("history_bytes", whole(0, std::int64_t{1} << 40),
                                 {"bytes of their data; the oldest leave first", "guess"}, Unit::size),
        field<&C::history_age>("history_age", whole(1, 24 * 3'600 * second),
                               {"how long it is kept", "guess: outlasts a reconnection"}),
    };
  }
};

/// Rounded up.
constexpr Duration whole_seconds(Duration time) { return (time + second - 1) / second; }

/// The recent messages of a peer, with their data: what it can still send to who missed them. Only in peers whose
/// broadcast or repair asks for it (`uses_history`).
///
/// Rules
/// - What goes on is put here; what was rejected never is.
/// - Kept with it is how old it was already when it came from a repair, and as what its next link would have it.
/// - Bounded in entries, bytes and age; the oldest leave first. A message larger than all of `history_bytes` is not kept.
class History {
 public:
  using Config = HistoryConfig;
  struct Entry {
    Time at;
    MessageRef message;
    std::uint16_t older;     // seconds that it was old at `at`
    std::uint8_t ttl, hops;  // as for the next link; hops saturating
  };
  static_assert(sizeof(Entry) == 16);
  struct Kept {
    Frame frame;  // for the next link
    Time born;    // when it was announced, as far as is known
  };
  struct State {
    std::uint64_t bytes;
    std::uint32_t first, count;
  };
  static constexpr std::uint32_t dropped_a_step = 64;

  /// Of so many messages, the entries that there can be at once: what is forgotten after `seen_ttl` may come anew.
  static constexpr std::uint32_t most_entries(const Config& config, std::uint32_t messages, Duration seen_ttl) {
    const std::int64_t times = 1 + config.history_age / std::max<Duration>(seen_ttl, 1);
    if (times >= config.history_entries) return config.history_entries;
    return static_cast<std::uint32_t>(std::min<std::int64_t>(config.history_entries, times * messages));
  }
  static constexpr std::size_t bytes(const Config& config) { return config.history_entries * sizeof(Entry); }

  History(State& state, std::byte* memory, const Config& config, Context& context)
      : state_(state), entries_(reinterpret_cast<Entry*>(memory)), config_(config), context_(context) {}

  void clear() { state_ = {}; }

  /// `frame` is the announce for the next link; `age`, rounded up, what it had when it came.
  void add(const Frame& frame, Duration age = 0) {
    const MessageRef message = frame.message();
    const std::uint32_t size = context_.env.messages.body_size(message);
    if (size > config_.history_bytes) return;
    while (state_.count == config_.history_entries || state_.bytes + size > config_.history_bytes) drop_oldest();
    context_.env.messages.keep_body(message);
    const auto older = static_cast<std::uint16_t>(std::min<Duration>(whole_seconds(age), 0xffff));
    const auto hops = static_cast<std::uint8_t>(std::min<std::uint16_t>(frame.hops, 0xff));
    at(state_.count++) = {context_.now(), message, older, frame.ttl, hops};
    state_.bytes += size;
  }

  /// Up to `dropped_a_step` that are too old.
  void expire() {
    for (std::uint32_t i = 0; i < dropped_a_step && deadline() <= context_.now(); ++i) drop_oldest();
  }
  Time deadline() const { return state_.count == 0 ? never : at(0).at + config_.history_age; }

  bool holds(MessageRef message) const { return find(message).has_value(); }
  std::optional<Kept> find(MessageRef message) const {
    for (std::uint32_t i = state_.count; i-- > 0;) {
      if (at(i).message == message) return Kept{Frame::announce(message, at(i).ttl, at(i).hops), born(i)};
    }
    return std::nullopt;
  }
  std::uint32_t size() const { return state_.count; }
  /// 0 is the oldest.
  MessageRef operator[](std::uint32_t i) const { return at(i).message; }
  Time born(std::uint32_t i) const { return at(i).at - at(i).older * second; }

 private:
  Entry& at(std::uint32_t i) const {
    const std::uint32_t place = state_.first + i;
    return entries_[place < config_.history_entries ? place : place - config_.history_entries];
  }
  void drop_oldest() {
    const Entry& oldest = at(0);
    // Less than that only where a damaged recording gives a message another size.
    state_.bytes -= std::min<std::uint64_t>(state_.bytes, context_.env.messages.body_size(oldest.message));
    context_.env.messages.drop_body(oldest.message);
    state_.first = state_.first + 1 == config_.history_entries ? 0 : state_.first + 1;
    if (--state_.count == 0) state_.bytes = 0;
  }

  State& state_;
  Entry* entries_;
  const Config& config_;
  Context& context_;
};

}  // namespace gossip
