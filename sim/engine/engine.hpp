#pragma once

#include <deque>
#include <memory>
#include <string>

#include "core/config/units.hpp"
#include "core/operations.hpp"
#include "sim/engine/calendar.hpp"
#include "sim/engine/last_delivered.hpp"
#include "sim/engine/ledger.hpp"
#include "sim/engine/options.hpp"
#include "sim/engine/wire.hpp"
#include "sim/machine/team.hpp"
#include "sim/world/experiment.hpp"
#include "sim/world/transport.hpp"

namespace gossip::sim {

/// Peers that are alike. One class today; every peer's operations and configuration are asked for through `class_of`.
struct PeerClass {
  const Operations* operations;
  Config config;
};

/// Drives the peers of one experiment through simulated time.
///
/// Peers are split in blocks, each with its own queue, stores and ledger. The shortest latency L is the lookahead: in a
/// window of length L no block can affect another, so blocks work on a window each by itself, on whatever thread is
/// free, and exchange what they emitted at its end. Inside a window a block writes nothing that another one reads.
/// Result: a function of (scenario, seed) alone, whatever the blocks, threads, buckets or compiler.
class Engine {
 public:
  Engine(const Experiment& experiment, const EngineOptions& options);
  Engine(const Engine&) = delete;

  /// Throws RunError when more is under way than memory is for.
  void run();

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
  std::span<const PeerId> neighbours(PeerId peer, bool also_down = false);

 private:
  /// What one block emits for another in one window.
  struct Outbox {
    std::vector<Event> events;
    std::vector<std::uint32_t> items;  // of the lists that frames carry, one list after the other, each behind its size
  };
  struct alignas(64) Block {
    std::uint32_t first, last;  // peers: first … last − 1
    Calendar calendar;
    MessageStore messages;
    ListStore lists;
    Env env;
    Ledger ledger;
    Actions actions;
    std::vector<Outbox> outboxes;     // one a block
    std::optional<MessageRef> asked;  // the message on which the last step wants a verdict
    std::unique_ptr<WireScratch> wire;
    Time last_event = 0;
    /// Bit i: event `judged + i` is settled. Once that is so it stays so, where all are up for ever.
    std::uint64_t settled = 0;
    const Event* judged = nullptr;

    Block(std::uint32_t first_peer, std::uint32_t last_peer, int shift, std::span<const std::uint32_t> sizes)
        : first(first_peer),
          last(last_peer),
          calendar(shift, PeerId{first_peer}),
          messages(MessageStore::catalogue(sizes)),
          lists(0xffff'ffff),  // one for each frame under way, and those are bounded
          env{0, messages, lists} {}
  };
  /// Whether a peer is up, and how many sessions it has begun. Kept only where that changes.
  struct SessionState {
    std::uint32_t number;
    bool up;
  };

  // Set-up (setup.cpp).
  void make_blocks(std::uint32_t blocks);
  void start_peers(Block& block);
  void begin_sessions(Block& block, PeerId peer);

  // Time.
  Time end() const { return experiment_.scenario.duration > 0 ? experiment_.scenario.duration : longest_duration; }
  Duration window();
  Time earliest() const;
  std::uint64_t events() const;
  bool asked_to_stop() const { return options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed); }
  void run_window(Time until);
  void run_block(Block& block, Time until);
  void collect(Block& to);
  template <class Task>
  void each_block(Task&& task);
  void check_in_flight(Time at) const;
  void report_progress(Time at);
  void mark_unfinished();
  void mark_waiting(Block& block, PeerId peer, Status what);

  // What happens to a peer.
  const Event* process(Block& block, const Event* event, const Event* last);
  void look_ahead(Block& block, const Event* event);
  void on_frame(Block& block, const Event& event);
  void on_own(Block& block, const Event& event);
  void on_link(Block& block, const Event& event);
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
  std::uint64_t size_on_wire(const Block& block, const Frame& frame) const;
  void account(Block& block, PeerId from, const Frame& frame, std::uint64_t count, std::uint64_t bytes);
  void give_verdict(Block& block, PeerId peer, MessageRef message);
  void post(Block& from, const Event& event);
  static void post_elsewhere(Block& from, Outbox& outbox, const Event& event);

  // Small things.
  const PeerClass& class_of(PeerId) const { return class_; }
  std::byte* memory(PeerId peer) { return memory_.data() + stride_ * index(peer); }
  /// index(peer) / block_size_, without a division: exact for 32 bits (Lemire, Kaser, Kurz 2019, §3).
  std::size_t block_number(PeerId peer) const {
    __extension__ typedef unsigned __int128 Wide;
    return static_cast<std::size_t>((Wide{block_reciprocal_} * index(peer)) >> 64);
  }
  Block& block_of(PeerId peer) { return single_ != nullptr ? *single_ : blocks_[block_number(peer)]; }
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
  BigArray<Time> wake_at_;      // each peer's next wake in its calendar
  BigArray<LastDelivered> last_delivered_;
  BigArray<SessionState> sessions_;  // empty: all are up for ever
  BigArray<std::uint8_t> status_;    // one a message and peer
  BigArray<PeerCounts> counts_;      // empty: not asked for
  std::unique_ptr<Wire> wire_;
  Team team_;
  Duration window_ = 1;
  std::uint64_t window_events_ = 0;  // in the last window: whether more threads are worth while
  std::uint32_t block_size_ = 1;
  std::uint64_t block_reciprocal_ = 0;
  std::deque<Block> blocks_;
  Block* single_ = nullptr;  // the block, where there is one
  std::uint64_t most_in_flight_;
  std::uint64_t reported_events_ = 0;
  Time now_ = 0;
  bool stopped_ = false;
};

}  // namespace gossip::sim
