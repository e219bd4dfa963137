#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/peer.hpp"

/// One peer without a world: inputs go in, actions come out as lines of text, so that a test reads as a transcript.
namespace gossip {

inline std::string name(PeerId peer) { return peer == no_peer ? "nobody" : "peer " + std::to_string(index(peer)); }

inline std::string text(const Frame& frame) {
  const std::string body = std::to_string(frame.body);
  switch (frame.kind) {
    case FrameKind::announce:
      return "announce " + body + " ttl " + std::to_string(frame.ttl) + " hops " + std::to_string(frame.hops);
    case FrameKind::pull:
      return "pull for peer " + body;
    case FrameKind::response:
      return "response " + body;
    case FrameKind::push:
      return "push of peer " + body;
  }
  return "?";
}

inline std::string text(const Action& action) {
  struct Say {
    std::string operator()(const Send& a) const { return "send " + name(a.to) + ": " + text(a.frame); }
    std::string operator()(const Deliver& a) const {
      return "deliver " + std::to_string(index(a.message)) + " from " + name(a.from) + " hops " +
             std::to_string(a.hops);
    }
    std::string operator()(const Connect& a) const { return "connect " + name(a.peer); }
    std::string operator()(const Disconnect& a) const { return "disconnect " + name(a.peer); }
    std::string operator()(const Forget& a) const { return "forget " + std::to_string(index(a.message)); }
    std::string operator()(const ForgetPeer& a) const { return "forget " + name(a.peer); }
    std::string operator()(const Drop& a) const {
      const std::string what = a.message == no_message ? "something" : std::to_string(index(a.message));
      return "drop " + what + ": " + reason_names[static_cast<std::size_t>(a.reason)];
    }
  };
  return std::visit(Say{}, action);
}

using Lines = std::vector<std::string>;

template <class PeerType>
class OnePeer {
 public:
  explicit OnePeer(const Config& config, PeerId self = PeerId{0}, FixedLinks links = {}, std::uint64_t seed = 1,
                   MessageStore::Limits limits = {})
      : config_(config), store_(limits), links_(links), memory_(PeerType::bytes(config) / sizeof(Time)) {
    Env lent = env();
    PeerType::init(memory(), self, seed, lent);
  }
  OnePeer(const OnePeer&) = delete;

  /// One input at time `now`; what the peer does about it.
  Lines step(const Input& input) {
    act(input);
    Lines lines;
    for (const Action& action : actions) lines.push_back(text(action));
    return lines;
  }

  const Actions& act(const Input& input) {
    actions.clear();
    Env lent = env();
    deadline = PeerType::step(memory(), input, lent, actions);
    return actions;
  }

  template <class F>
  auto look(F&& f) {
    Env lent = env();
    return PeerType::look(memory(), lent, f);
  }

  std::vector<PeerId> neighbours() {
    std::vector<PeerId> all;
    look([&](auto& overlay, auto&) { overlay.for_each_neighbour([&](PeerId peer) { all.push_back(peer); }); });
    return all;
  }

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(memory_)); }
  MessageStore& store() { return store_; }

  Time now = 0;
  Time deadline = never;  // of the last step
  Actions actions;        // of the last step

 private:
  Env env() { return {now, store_, config_, links_}; }
  std::byte* memory() { return reinterpret_cast<std::byte*>(memory_.data()); }

  Config config_;
  MessageStore store_;
  FixedLinks links_;
  std::vector<Time> memory_;
};

}  // namespace gossip
