#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "node/commands.hpp"
#include "node/core_peer.hpp"
#include "node/counters.hpp"
#include "node/message_table.hpp"
#include "node/recorder.hpp"

namespace gossip::node {

/// Drives the core: turns facts into inputs, one at a time, and carries out the actions.
///
/// Rules
/// - Facts that arise while actions are carried out (a dial that fails at once, the verdict that nobody subscribes)
///   wait in a queue until those are done.
/// - The data of a message is where it was read for as long as that lasts; only what has to wait for a verdict is
///   copied. The last `cache_size` of those are kept: the core waits for at most as many, and gives up the oldest
///   first, so that what it still names is always there.
/// - A message's number lives from its first sight until the core forgets it.
/// Cost: one SHA-256 for every announce that arrives, copies included; the classic wire carries no id.
class Engine {
 public:
  Engine(Links& links, Modules& modules, Counters& counters, const Config& config, std::uint64_t seed);

  /// All inputs are recorded from here on. To be called before `start`.
  void record(std::unique_ptr<Recorder> recorder);
  void start(Time now);

  void peer_up(Time now, PeerId peer, bool inbound);
  void peer_down(Time now, PeerId peer);
  void receive_announce(Time now, PeerId from, const Message& message);
  void receive_pull(Time now, PeerId from, PeerId subject);
  void receive_push(Time now, PeerId from, PeerId subject);
  void receive_response(Time now, PeerId from, std::span<const PeerId> peers);
  void publish(Time now, const Message& message, ModuleId publisher);
  /// Of a module, on what it was told under `serial`.
  void verdict(Time now, std::uint64_t serial, bool valid);
  void wake(Time now);

  /// When `wake` is due, or never.
  Time deadline() const { return deadline_; }
  const Config& config() const { return config_; }
  /// For what can change while running; nothing that sizes memory.
  void reconfigure(const FloodConfig& flood);
  bool recording() const { return recorder_ != nullptr; }

  std::vector<PeerId> listed();
  std::size_t messages_known() const { return messages_.size(); }
  std::size_t messages_waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::uint64_t serial;
    MessageRef ref;
    std::uint32_t generation;
    std::uint16_t data_type;
    std::vector<std::byte> data;
  };
  struct Current {
    MessageRef ref = no_message;
    std::uint16_t data_type = 0;
    std::span<const std::byte> data;
    ModuleId publisher = no_module;
  };

  void run(Time now, const Input& input);
  void step(const Input& input);
  void carry_out(const Action& action);
  void on(const Send& action);
  void on(const Deliver& action);
  void on(const Connect& action) { links_.connect(action.peer); }
  void on(const Disconnect& action) { links_.disconnect(action.peer); }
  void on(const Forget& action) { messages_.release(action.message); }
  void on(const ForgetPeer& action) { unlisted_.push_back(action.peer); }
  void on(const Drop& action) { counters_.drop(action.reason); }
  void trim_waiting();
  void report_unlisted();
  void keep(const Deliver& action, std::uint64_t serial);
  bool stands(const Waiting& entry) const { return messages_.generation(entry.ref) == entry.generation; }
  Message outgoing(MessageRef ref, std::uint8_t ttl) const;
  void with_message(Time now, const Message& message, ModuleId publisher, PeerId from);

  Links& links_;
  Modules& modules_;
  Counters& counters_;
  Config config_;
  std::uint64_t seed_;
  MessageStore store_;  // lists of peers only, each for one step
  Env env_;
  std::vector<std::uint64_t> memory_;
  Actions actions_;
  std::deque<Input> facts_;  // bounded by the actions of one step
  bool running_ = false;
  Time deadline_ = never;
  MessageTable messages_;
  Current current_;
  std::deque<Waiting> waiting_;  // at most cache_size
  std::vector<std::vector<std::byte>> spare_;
  std::uint64_t next_serial_ = 1;
  std::vector<PeerId> unlisted_;
  std::unique_ptr<Recorder> recorder_;
};

}  // namespace gossip::node
