#pragma once

#include <memory>
#include <string>

#include "core/config/units.hpp"
#include "core/operations.hpp"
#include "sim/engine/last_delivered.hpp"
#include "sim/engine/ledger.hpp"
#include "sim/engine/windows.hpp"
#include "sim/engine/wire.hpp"
#include "sim/world/experiment.hpp"
#include "sim/world/transport.hpp"

namespace gossip::sim {

/// Peers that are alike. One class today; every peer's operations and configuration are asked for through `class_of`.
struct PeerClass {
  const Operations* operations;
  Config config;
};

/// Drives the peers of one experiment through simulated time; with other ranks, the peers of this one.
/// Result: a function of (scenario, seed) alone, whatever the ranks, threads, blocks, buckets or compiler.
class Engine {
 public:
  Engine(const Experiment& experiment, const EngineOptions& options, Ranks& ranks = alone());
  Engine(const Engine&) = delete;

  /// Throws RunError when more is under way than memory is for.
  void run();
  /// All ranks call it after `run`. Rank 0 then knows of all peers what is asked below.
  void gather();

  bool interrupted() const { return stopped_; }
  Time now() const { return now_; }
  Ledger ledger() const;  // of all blocks
  std::span<const std::uint8_t> statuses(MessageRef message) const {
    return {status_.data() + std::size_t{index(message)} * peers_, peers_};
  }
  std::uint32_t peers() const { return peers_; }
  /// One a peer; empty unless EngineOptions::count_peers.
  std::span<const PeerCounts> counts() const { return {counts_.data(), counts_.size()}; }
  bool up(PeerId peer) const { return sessions_.empty() || sessions_[index(peer)].up; }
  /// Of a peer, as they are now. `also_down`: as they were when it went down.
  std::span<const PeerId> neighbours(PeerId peer, bool also_down = false);  // of this rank, or gathered

 private:
  struct alignas(64) Block : TimeBlock {
    MessageStore messages;
    Env env;
    Ledger ledger;
    Actions actions;
    std::optional<MessageRef> asked;  // the message on which the last step wants a verdict
    std::unique_ptr<WireScratch> wire;
    bool wakes = false;  // whether any peer has ever wanted one
    /// Bit i: event `judged + i` is settled. Once that is so it stays so, where all are up for ever.
    std::uint64_t settled = 0;
    const Event* judged = nullptr;

    Block(PeerRange range, int bucket_shift, std::span<const std::uint32_t> sizes)
        : TimeBlock(range, bucket_shift), messages(MessageStore::catalogue(sizes)), env{0, messages, lists} {}
  };
  friend Windows<Block>;
  /// Whether a peer is up, and how many sessions it has begun. Kept only where that changes.
  struct SessionState {
    std::uint32_t number;
    bool up;
  };

  // Set-up (setup.cpp).
  void make_block(std::deque<Block>& blocks, PeerRange peers, int bucket_shift);
  void start_peers(Block& block);
  void begin_sessions(Block& block, PeerId peer);
  void expect_partitions(Block& block, PeerId peer);

  /// Of `Ledger::class_latency`.
  std::size_t class_count() const { return experiment_.classes.empty() ? 0 : experiment_.scenario.classes.size() + 1; }

  // Time, for Windows.
  Time end() const { return experiment_.scenario.duration > 0 ? experiment_.scenario.duration : longest_duration; }
  bool asked_to_stop() const { return options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed); }
  void run_block(Block& block, Time until);
  void go_on(Time until, const Totals& totals);
  void check_rounds(Time at) const;
  void absorb(Block& block) { others_.add(block.ledger); }
  void report_progress(Time at, std::uint64_t events);
  void mark_unfinished();
  void mark_waiting(Block& block, PeerId peer, Status what);

  // Of other ranks (gather.cpp).
  void send_peers(Packet& packet);
  void take_peers(Packet& packet, std::uint32_t rank);

  // What happens to a peer.
  const Event* process(Block& block, const Event* event, const Event* last);
  void look_ahead(Block& block, const Event* event);
  void on_frame(Block& block, const Event& event);
  void on_own(Block& block, const Event& event);
  void on_link(Block& block, const Event& event);
  void on_partition(Block& block, const Event& event);
  void on_go_up(Block& block, PeerId peer, std::uint32_t session);
  void on_go_down(Block& block, const Event& event);
  void on_publish(Block& block, const Event& event);

  // What a peer does.
  void step(Block& block, PeerId peer, const Input& input);
  void wake_by(Block& block, PeerId peer, Time deadline);
  void act(Block& block, PeerId peer, const Send& command);
  void act(Block& block, PeerId peer, const SendAll& command);
  void act(Block& block, PeerId peer, const Deliver& command);
  void act(Block& block, PeerId peer, const Drop& command);
  void act(Block& block, PeerId peer, const Connect& command);
  void act(Block& block, PeerId peer, const Disconnect& command);
  // A run keeps its messages to the end, and a peer's number needs no keeping.
  void act(Block&, PeerId, const Forget&) {}
  void act(Block&, PeerId, const ForgetPeer&) {}
  std::uint32_t send_lanes(Block& block, PeerId from, std::span<const PeerId> row, PeerId except, const Frame& frame);
  void transmit(Block& block, PeerId from, PeerId to, const Frame& frame, std::uint64_t bytes);
  bool keeps(Block& block, PeerId peer, const Frame& frame);
  std::uint64_t size_on_wire(const Block& block, const Frame& frame) const;
  void account(Block& block, PeerId from, const Frame& frame, std::uint64_t count, std::uint64_t bytes);
  void give_verdict(Block& block, PeerId peer, MessageRef message);

  // Small things.
  const PeerClass& class_of(PeerId) const { return class_; }
  std::byte* memory(PeerId peer) { return memory_.data() + stride_ * index(peer); }
  std::uint32_t session(PeerId peer) const { return sessions_.empty() ? 1 : sessions_[index(peer)].number; }
  std::uint8_t& status(MessageRef message, PeerId peer) {
    return status_[std::size_t{index(message)} * peers_ + index(peer)];
  }
  bool settled(const Event& event) const {
    return last_delivered_[index(event.dst)].is_duplicate(event.frame(), event.time);
  }

  const Experiment& experiment_;
  EngineOptions options_;
  std::uint32_t peers_;
  PeerClass class_;
  BigArray<PeerId> rows_;  // of a fixed graph whose links come and go
  Transport transport_;
  bool plain_;  // all peers are up, all connections too, every frame arrives, and nobody counts a peer's
  std::size_t stride_;
  BigArray<std::byte> memory_;  // the peers, one after the other
  BigArray<Time> wake_at_;      // each peer's next wake in its calendar; ~time where the peer no longer wants it
  BigArray<LastDelivered> last_delivered_;
  BigArray<SessionState> sessions_;  // empty: all are up for ever
  BigArray<std::uint8_t> status_;    // one a message and peer
  BigArray<PeerCounts> counts_;      // empty: not asked for
  std::unique_ptr<Wire> wire_;
  Ranks& ranks_;
  PeerRange own_;
  Windows<Block> windows_;
  Ledger others_;                          // of blocks that are no more, and of other ranks
  std::vector<std::uint64_t> known_rows_;  // of peers of other ranks, where neighbours change: as `known_` has them
  std::vector<PeerId> known_;
  std::uint64_t most_in_flight_;
  std::uint64_t reported_events_ = 0;
  Time checked_ = 0;
  Time now_ = 0;
  bool started_ = false;  // and so peers may have wanted a wake
  bool stopped_ = false;
};

}  // namespace gossip::sim
