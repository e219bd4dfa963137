#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/step.hpp"
#include "sim/engine/histogram.hpp"

namespace gossip::sim {

/// What is known of one message at one peer, as bits that can be set in any order.
enum Status : std::uint8_t {
  delivered = 1,
  copy_lost = 2,  // a copy for this peer was lost on its link, or in a partition
  in_flight = 4,  // a copy for this peer was under way, or a verdict was awaited, when time ran out
  ended_ttl = 8,  // delivered here, and not forwarded: its ttl was used up
  refused = 8,    // of a peer that has not got it: its memory was full
  ended_rejected = 16,
  ended_not_relayed = 32,
  ended_silence = 64,
  ended_down = 128,  // the peer went down while the message waited for a verdict
};

/// Why frames went nowhere: the core's reasons and the transport's.
enum class TransportDrop : std::uint8_t { lost, cut, down, not_connected, count_ };
inline constexpr std::size_t transport_drop_count = static_cast<std::size_t>(TransportDrop::count_);
inline constexpr std::array<Named, transport_drop_count> transport_drops = {{
    {"lost", "frames", Kind::counter, "lost on the link"},
    {"cut", "frames", Kind::counter, "sent into a partition that outlasted their connection, or as a datagram"},
    {"down", "frames", Kind::counter, "came to a peer that was down"},
    {"not_connected", "frames", Kind::counter, "no connection, or one that had ended"},
}};

struct MessageTally {
  std::uint64_t first_receipts = 0, duplicates = 0, frames = 0;
  Time last_delivery = 0;
  Time last_activity = 0;  // of any frame that carries it
};

/// What came to one peer and went from it.
struct PeerCounts {
  std::uint32_t received = 0, duplicates = 0;  // frames
  std::uint64_t sent = 0, sent_bytes = 0;
};

struct Delivery {
  Time time;
  MessageRef message;
  PeerId peer, from;  // from: no_peer at the origin
  std::uint16_t hops;
};

/// What was measured at the peers of one block. All of it can be added up in any order.
struct Ledger {
  std::uint64_t events = 0;
  std::uint64_t trace = 0;  // sum of the hashes of all that happened
  std::uint64_t control_messages = 0, control_bytes = 0;
  std::array<std::uint64_t, frame_kind_count> sent{}, sent_bytes{};  // frames, by kind
  std::array<std::uint64_t, reason_count> drops{};
  std::array<std::uint64_t, transport_drop_count> transport_drops{};
  std::uint64_t connections = 0;
  std::uint64_t redelivered = 0;  // to a peer that had forgotten it: in a new session, or its memory was too short
  Histogram latency, hops;
  std::vector<Histogram> class_latency;  // likewise, by class; empty where all peers are alike
  std::vector<MessageTally> messages;
  std::vector<Delivery> deliveries;  // only when they are asked for

  void drop(TransportDrop why) { ++transport_drops[static_cast<std::size_t>(why)]; }
  void drop(Reason why) { ++drops[static_cast<std::size_t>(why)]; }

  /// f(part) for all that it is made of, to send it elsewhere.
  template <class F>
  void each_part(F&& f) {
    for (std::uint64_t* number : {&events, &trace, &control_messages, &control_bytes, &connections, &redelivered}) {
      f(*number);
    }
    f(sent);
    f(sent_bytes);
    f(drops);
    f(transport_drops);
    latency.each_part(f);
    hops.each_part(f);
    for (Histogram& of_class : class_latency) of_class.each_part(f);
    f(messages);
    f(deliveries);
  }

  void add(const Ledger& other) {
    events += other.events;
    trace += other.trace;
    control_messages += other.control_messages;
    control_bytes += other.control_bytes;
    connections += other.connections;
    redelivered += other.redelivered;
    for (std::size_t i = 0; i < frame_kind_count; ++i) {
      sent[i] += other.sent[i];
      sent_bytes[i] += other.sent_bytes[i];
    }
    for (std::size_t i = 0; i < reason_count; ++i) drops[i] += other.drops[i];
    for (std::size_t i = 0; i < transport_drop_count; ++i) transport_drops[i] += other.transport_drops[i];
    latency.add(other.latency);
    hops.add(other.hops);
    class_latency.resize(std::max(class_latency.size(), other.class_latency.size()));
    for (std::size_t i = 0; i < other.class_latency.size(); ++i) class_latency[i].add(other.class_latency[i]);
    messages.resize(std::max(messages.size(), other.messages.size()));
    for (std::size_t i = 0; i < other.messages.size(); ++i) {
      MessageTally& sum = messages[i];
      const MessageTally& tally = other.messages[i];
      sum.first_receipts += tally.first_receipts;
      sum.duplicates += tally.duplicates;
      sum.frames += tally.frames;
      sum.last_delivery = std::max(sum.last_delivery, tally.last_delivery);
      sum.last_activity = std::max(sum.last_activity, tally.last_activity);
    }
    deliveries.insert(deliveries.end(), other.deliveries.begin(), other.deliveries.end());
  }
};

}  // namespace gossip::sim
