#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/step.hpp"

namespace gossip::node {

/// What happened since the start. Everything that is dropped or refused is counted here under its reason.
enum class Counter : std::uint8_t {
  announced,      // by local modules
  received,       // announces from peers, copies included
  sent,           // announces to peers
  delivered,      // new messages told to at least one module
  notifications,  // told to modules, each module counted
  bytes_in,
  bytes_out,
  accepted,  // connections from peers
  dialled,
  dial_failed,
  modules,            // connections from modules
  drop_peer_queue,    // announces that a peer's full queue lost
  drop_module_queue,  // notifications that a module's full queue lost
  drop_too_large,     // announced, but too large for the classic dialect
  malformed_p2p,
  malformed_api,
  unknown_content,      // a SEND_CONTENT of a kind that we do not know
  unknown_message_id,   // a verdict on what was never asked
  late_verdict,         // a verdict on what was settled before
  ignored_address,      // in a PULL, PUSH or RESPONSE: our own, not one where somebody can listen, or too many
  refused_connections,  // above a limit
  closed_malformed,
  closed_stalled,  // a peer or module that does not read
  closed_silent,   // no RESPONSE in time
  cross_dials,
  count_
};
inline constexpr std::size_t counter_count = static_cast<std::size_t>(Counter::count_);
inline constexpr std::array<const char*, counter_count> counter_names = {
    "announced",         "received",        "sent",
    "delivered",         "notifications",   "bytes_in",
    "bytes_out",         "accepted",        "dialled",
    "dial_failed",       "modules",         "drop_peer_queue",
    "drop_module_queue", "drop_too_large",  "malformed_p2p",
    "malformed_api",     "unknown_content", "unknown_message_id",
    "late_verdict",      "ignored_address", "refused_connections",
    "closed_malformed",  "closed_stalled",  "closed_silent",
    "cross_dials"};

struct Counters {
  std::array<std::uint64_t, counter_count> values{};
  std::array<std::uint64_t, reason_count> drops{};  // the core's, by Reason

  void add(Counter counter, std::uint64_t n = 1) { values[static_cast<std::size_t>(counter)] += n; }
  void drop(Reason reason) { ++drops[static_cast<std::size_t>(reason)]; }
  std::uint64_t operator[](Counter counter) const { return values[static_cast<std::size_t>(counter)]; }
};

}  // namespace gossip::node
