#pragma once

#include <cstdlib>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/operations.hpp"
#include "node/commands.hpp"
#include "node/counters.hpp"
#include "node/message_table.hpp"
#include "node/recording.hpp"

namespace gossip::node {

/// What became of an announce: it is new here, it was dropped (a copy, no room), or it would be new and may not.
enum class Arrival : std::uint8_t { fresh, dropped, refused };

/// Drives the core: turns facts into inputs, one at a time, and carries out the actions.
///
/// Rules
/// - Facts that arise while actions are carried out (the verdict that nobody subscribes) wait in a queue until those are
///   done.
/// - The data of an announce is in the store during its step; then the core keeps what waits for a verdict or may be sent
///   again, and nobody else keeps anything. An id is in the table while the core remembers it. A known one brings its
///   data again: it may have expired, and be new.
/// - What is announced here while there is no neighbour waits, at most `most_unsent` messages and `most_unsent_bytes`, and
///   goes to the first one that comes within `seen_ttl`: its id is remembered, so that announcing it again would not
///   help. This is the driver's and not the core's, as the back pressure of modules is: it makes good what a program was
///   told by our silence, and changes neither what the core decides nor a recording of it.
/// - Numbers of peers are lent to the core with each list and contact; of those that are not on its list afterwards,
///   Links hears `unlisted`.
/// Cost: one SHA-256 for every announce that arrives, copies included, since the classic wire carries no id; and a copy of
/// its data.
class Driver {
 public:
  /// `kind` must outlive it; `config` must be what its `driver_fields` are set in.
  Driver(const Operations& kind, const Config& config, std::uint64_t seed, Links& links, Modules& modules,
         Counters& counters);

  /// All inputs are recorded from here on. To be called before `start`. Throws std::runtime_error.
  void record(const std::string& path);
  void start(Time now);

  void peer_up(Time now, PeerId peer, bool inbound) {
    run(now, PeerUp{peer, inbound});
    send_unsent();
  }
  void peer_down(Time now, PeerId peer) { run(now, PeerDown{peer}); }
  Arrival receive_announce(Time now, PeerId from, const Message& message, bool may_be_new = true);
  /// PULL or PUSH.
  void receive_contact(Time now, PeerId from, const Frame& frame);
  void receive_response(Time now, PeerId from, std::span<const PeerId> peers);
  /// False: it goes nowhere, as what was announced before or what there is no room for.
  bool publish(Time now, const Message& message, ModuleId publisher);
  /// Of a module, on a message to which it holds a reference.
  void verdict(Time now, MessageRef message, bool valid);
  void wake(Time now) { run(now, Wake{}); }
  /// Housekeeping, now and then: what is remembered expires without a deadline.
  void tick(Time now);

  /// When `wake` is due, or never.
  Time deadline() const { return deadline_; }
  MessageStore& messages() { return messages_; }
  const Config& config() const { return config_; }
  /// For what can change while running; nothing that sizes memory. False: not while recording.
  bool reconfigure(const IntakeConfig& intake);

  View look() { return kind_->look(memory_.get(), config_, env_); }
  std::size_t messages_known() const { return table_.size(); }
  std::size_t messages_waiting();
  std::size_t messages_unsent() const { return unsent_.size(); }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  /// The announce of this step.
  struct Current {
    net::MessageId id{};
    MessageRef message = no_message;
    ModuleId publisher = no_module;
    bool admitted = false;
  };

  /// An announcement that nobody was there for.
  struct Unsent {
    MessageRef message;  // its body is kept
    std::uint8_t ttl;
    Time until;
  };
  static constexpr std::size_t most_unsent = 1024;             // 2 s of 500 messages a second; guess
  static constexpr std::uint64_t most_unsent_bytes = 8 << 20;  // as a peer's queue

  std::span<const PeerId> neighbours() { return kind_->neighbours(memory_.get(), config_, env_); }
  void keep_unsent(const Frame& frame);
  void send_unsent();
  void expire_unsent();
  void let_go_of_oldest_unsent();
  void run(Time now, const Input& input);
  void step(const Input& input);
  void on(const Send& action);
  void on(const SendAll& action);
  void on(const Deliver& action);
  void on(const Connect& action) { links_.connect(action.peer); }
  void on(const Disconnect& action) { links_.disconnect(action.peer); }
  void on(const Forget& action) { table_.erase(action.message); }
  void on(const ForgetPeer& action) { lent_.push_back(action.peer); }
  void on(const Drop& action);
  void send(PeerId to, const Frame& frame);
  Message outgoing(MessageRef message, std::uint8_t ttl) const;
  Arrival announce(Time now, PeerId from, const Message& message, ModuleId publisher, bool may_be_new);
  void take_back();

  const Operations* kind_;
  Config config_;
  std::uint64_t seed_;
  Links& links_;
  Modules& modules_;
  Counters& counters_;
  MessageStore messages_;
  ListStore lists_;
  Env env_;
  std::unique_ptr<std::byte, Free> memory_;  // zeros that are not touched until they are used
  net::MessageHasher hasher_;
  MessageTable table_;
  Actions actions_;
  std::deque<Input> facts_;  // bounded by the actions of one step
  bool running_ = false;
  Time deadline_ = never;
  Current current_;
  std::vector<PeerId> lent_, known_;  // numbers that may not be on the list; the list, in order
  std::deque<Unsent> unsent_;         // oldest first
  std::uint64_t unsent_bytes_ = 0;
  std::unique_ptr<Recording> recording_;
};

}  // namespace gossip::node
