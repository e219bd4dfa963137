#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/operations.hpp"

namespace gossip::sim::naive {

/// A frame by value: a list is in it, and a message goes by the number that all the world gives it.
struct Letter {
  Frame frame;
  std::vector<std::uint32_t> list;
};

/// One peer as a program would hold it: with stores of its own, and numbers of its own for messages. So what the core
/// keeps and forgets is counted, as in a node.
class Program {
 public:
  /// `sizes`: of the world's messages. All of these must outlive it.
  Program(const Operations& kind, const Config& config, PeerId self, std::uint64_t seed,
          const std::vector<std::uint32_t>& sizes, Time now);

  /// What it wants done, each message by the world's number; `deadline` is when it wants a wake.
  struct Wish {
    Action action;
    std::vector<std::uint32_t> list;  // of a Send
  };
  std::vector<Wish> receive(Time now, PeerId from, const Letter& letter);
  std::vector<Wish> publish(Time now, std::uint32_t message, std::uint8_t ttl);
  std::vector<Wish> verdict(Time now, std::uint32_t message, Opinion opinion);
  std::vector<Wish> step(Time now, const Input& input);
  Time deadline() const { return deadline_; }

  View look() { return kind_.look(memory_.data(), config_, env_); }
  std::vector<PeerId> neighbours();
  std::vector<std::uint32_t> waiting();  // for a verdict

  /// Lets so much time pass that it forgets everything. What it still holds then, in words; empty: nothing.
  std::string leaks();

 private:
  MessageRef number(std::uint32_t message);
  /// For the length of a step the driver keeps the body.
  std::vector<Wish> step_with(Time now, std::uint32_t message, const Input& input);
  Frame outgoing(Frame frame) const;

  const Operations& kind_;
  const Config& config_;
  const std::vector<std::uint32_t>& sizes_;
  MessageStore messages_;
  ListStore lists_;
  Env env_;
  std::vector<std::byte> memory_;
  Time deadline_ = never;
  std::map<std::uint32_t, MessageRef> number_;  // by the world's; each with a reference for as long as this lives
  std::vector<std::uint32_t> world_;            // by number
};

}  // namespace gossip::sim::naive
