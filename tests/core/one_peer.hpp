#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/operations.hpp"
#include "core/transcript.hpp"

/// One peer without a world: inputs go in, actions come out as lines of text, so that a test reads as a transcript.
namespace gossip {

/// For the names of tests: without it they hold the addresses of functions.
inline void PrintTo(const Operations& kind, std::ostream* out) {
  *out << kind.overlay << ' ' << kind.broadcast << ' ' << kind.repair;
}

using Lines = std::vector<std::string>;

template <class... Configs>
Config config_with(const Configs&... parts) {
  Config config;
  const auto set = [&]<class C>(const C& part) {
    if constexpr (std::is_same_v<C, Intake::Config>) config.of<Intake>() = part;
    if constexpr (std::is_same_v<C, History::Config>) config.of<History>() = part;
    if constexpr (std::is_same_v<C, Fixed::Config>) config.of<Fixed>() = part;
    if constexpr (std::is_same_v<C, Sampling::Config>) config.of<Sampling>() = part;
    if constexpr (std::is_same_v<C, HyParView::Config>) config.of<HyParView>() = part;
    if constexpr (std::is_same_v<C, Plumtree::Config>) config.of<Plumtree>() = part;
    if constexpr (std::is_same_v<C, Mesh::Config>) config.of<Mesh>() = part;
    if constexpr (std::is_same_v<C, Fanout::Config>) config.of<Fanout>() = part;
    if constexpr (std::is_same_v<C, Rumor::Config>) config.of<Rumor>() = part;
    if constexpr (std::is_same_v<C, AntiEntropy::Config>) config.of<AntiEntropy>() = part;
  };
  (set(parts), ...);
  return config;
}

/// Every number is a message, of ten bytes.
inline MessageStore any_message() {
  static const std::vector<std::uint32_t> sizes(100'000, 10);
  return MessageStore::catalogue(sizes);
}

class OnePeer {
 public:
  struct Setup {
    PeerId self{0};
    std::uint64_t seed = 1;
    MessageStore messages = any_message();
    ListStore lists = ListStore(1'000);
  };

  OnePeer(const Operations& kind, const Config& config) : OnePeer(kind, config, Setup{}) {}
  OnePeer(const Operations& kind, const Config& config, Setup setup)
      : messages(std::move(setup.messages)),
        lists(std::move(setup.lists)),
        kind_(kind),
        config_(config),
        memory_(kind.bytes(config) / sizeof(Time)) {
    EXPECT_EQ(kind.bytes(config) % sizeof(Time), 0u);
    Env lent = env();
    kind_.init(memory(), setup.self, setup.seed, config_, lent);
  }
  OnePeer(const OnePeer&) = delete;

  /// One input at time `now`; what the peer does about it, carried out.
  Lines step(const Input& input) {
    act(input);
    Lines lines;
    for (const Action& action : actions) lines.push_back(to_text(action, &lists));
    carry_out();
    return lines;
  }
  /// The driver's two halves of a step.
  const Actions& act(const Input& input) {
    actions.clear();
    Env lent = env();
    deadline = kind_.step(memory(), config_, input, lent, actions);
    if (const auto* up = std::get_if<PeerUp>(&input)) links.insert(up->peer);
    if (const auto* down = std::get_if<PeerDown>(&input)) links.erase(down->peer);
    for (const Action& action : actions) {
      if (const auto* dial = std::get_if<Connect>(&action)) links.insert(dial->peer);
      if (const auto* close = std::get_if<Disconnect>(&action)) links.erase(close->peer);
    }
    return actions;
  }
  void carry_out() {
    lists_sent.clear();
    for (const Action& action : actions) {
      const auto* send = std::get_if<Send>(&action);
      if (send == nullptr || !carries_list(send->frame.kind)) continue;
      const auto items = lists.items(send->frame.list());
      lists_sent.emplace_back(items.begin(), items.end());
      lists.release(send->frame.list());
    }
    messages.collect();
  }
  Lines receive_list(PeerId from, const std::vector<std::uint32_t>& items) {
    return receive_list(from, FrameKind::response, 0, items);
  }
  Lines receive_list(PeerId from, FrameKind kind, std::uint8_t ttl, const std::vector<std::uint32_t>& items) {
    const Frame frame = Frame::of(kind, lists.add(std::span(items)).value(), ttl);
    const FrameOwner owner(lists, frame);
    return step(Receive{from, frame});
  }

  View look() {
    Env lent = env();
    return kind_.look(memory(), config_, lent);
  }
  std::vector<PeerId> neighbours() {
    Env lent = env();
    const auto all = kind_.neighbours(memory(), config_, lent);
    return {all.begin(), all.end()};
  }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(memory_)); }
  const Config& config() const { return config_; }
  Env env() { return {now, messages, lists}; }

  MessageStore messages;
  ListStore lists;
  Time now = 0;
  Time deadline = never;                               // of the last step
  Actions actions;                                     // of the last step
  std::set<PeerId> links;                              // up or being dialled, as a driver knows them
  std::vector<std::vector<std::uint32_t>> lists_sent;  // in the last step

 private:
  std::byte* memory() { return reinterpret_cast<std::byte*>(memory_.data()); }

  const Operations kind_;
  const Config config_;
  std::vector<Time> memory_;
};

}  // namespace gossip
