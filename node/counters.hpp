#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/step.hpp"

namespace gossip::node {

/// What happened since the start. Everything that is dropped or refused is counted, here or under the core's Reason.
enum class Counter : std::uint8_t {
  announced,
  received,
  sent,
  delivered,
  notifications,
  bytes_in,
  bytes_out,
  accepted,
  dialled,
  dial_failed,
  modules,
  drop_pull,
  drop_link_rate,
  drop_peer_queue,
  drop_module_queue,
  drop_too_large,
  store_full,
  malformed_p2p,
  malformed_api,
  unknown_content,
  unknown_message_id,
  ignored_address,
  refused_connections,
  closed_malformed,
  closed_stalled,
  closed_silent,
  closed_half_frame,
  closed_flooding,
  cross_dials,
  record_error,
  accept_failed,
  unsent,
  drop_unsent,
  link_pauses,
  count_
};
inline constexpr std::size_t counter_count = static_cast<std::size_t>(Counter::count_);
inline constexpr std::array<Named, counter_count> known_counters = {{
    {"announced", "messages", Kind::counter, "by local modules"},
    {"received", "frames", Kind::counter, "announces from peers, copies included"},
    {"sent", "frames", Kind::counter, "announces to peers"},
    {"delivered", "messages", Kind::counter, "new, and told to at least one module"},
    {"notifications", "frames", Kind::counter, "told to modules, each module counted"},
    {"bytes_in", "bytes", Kind::counter, "read from peers and modules"},
    {"bytes_out", "bytes", Kind::counter, "written to them"},
    {"accepted", "connections", Kind::counter, "from peers"},
    {"dialled", "connections", Kind::counter, "to peers"},
    {"dial_failed", "dials", Kind::counter, "nobody was reached"},
    {"modules", "connections", Kind::counter, "from modules"},
    {"drop_pull", "frames", Kind::counter, "a PULL within `answer_interval` of the last answer: answered later, once"},
    {"drop_link_rate", "frames", Kind::counter, "new, but more than `link_rate` for over a second"},
    {"drop_peer_queue", "frames", Kind::counter, "announces that a peer's full queue lost"},
    {"drop_module_queue", "frames", Kind::counter, "notifications that a module's full queue lost"},
    {"drop_too_large", "messages", Kind::counter, "announced, but too large for the classic dialect"},
    {"store_full", "frames", Kind::counter, "announces for whose data there was no room"},
    {"malformed_p2p", "frames", Kind::counter, "from peers, that do not decode or that no peer sends"},
    {"malformed_api", "frames", Kind::counter, "likewise from modules"},
    {"unknown_content", "frames", Kind::counter, "a SEND_CONTENT of a kind that is not known"},
    {"unknown_message_id", "verdicts", Kind::counter, "on what was never asked"},
    {"ignored_address", "addresses", Kind::counter,
     "in a PULL, PUSH or RESPONSE: our own, one where nobody can listen, or more than its source may tell"},
    {"refused_connections", "connections", Kind::counter, "above a limit"},
    {"closed_malformed", "connections", Kind::counter, "too many malformed frames"},
    {"closed_stalled", "connections", Kind::counter, "a peer or module that does not read"},
    {"closed_silent", "connections", Kind::counter, "no RESPONSE in time"},
    {"closed_half_frame", "connections", Kind::counter, "a frame was begun and not completed in time"},
    {"closed_flooding", "connections", Kind::counter, "PULL upon PULL"},
    {"cross_dials", "connections", Kind::counter, "a second one with the same peer"},
    {"record_error", "errors", Kind::counter, "the recording could not be written, and has ended"},
    {"accept_failed", "attempts", Kind::counter, "a connection could not be accepted, as without file descriptors"},
    {"unsent", "messages", Kind::counter, "announced by modules while there was no peer; the first one gets them"},
    {"drop_unsent", "messages", Kind::counter, "of those: none came in time, or there were too many"},
    {"link_pauses", "pauses", Kind::counter, "a peer that brought more than `link_rate` was not read from for 10 ms"},
}};

struct Counters {
  std::array<std::uint64_t, counter_count> values{};
  std::array<std::uint64_t, reason_count> drops{};  // the core's, by Reason

  void add(Counter counter, std::uint64_t n = 1) { values[static_cast<std::size_t>(counter)] += n; }
  void drop(Reason reason) { ++drops[static_cast<std::size_t>(reason)]; }
  std::uint64_t operator[](Counter counter) const { return values[static_cast<std::size_t>(counter)]; }
  std::uint64_t operator[](Reason reason) const { return drops[static_cast<std::size_t>(reason)]; }
};

}  // namespace gossip::node
