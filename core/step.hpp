#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/config.hpp"
#include "core/message_store.hpp"
#include "core/types.hpp"

/// The contract between the core and whoever drives it.
///
/// Inputs are facts, actions are commands, both are values. A driver calls `step` with one input, carries out the
/// actions in order, and only then calls `step` again; never while it carries them out.
namespace gossip {

/// What the programs beside this peer say of a message that was delivered to them.
enum class Opinion : std::uint8_t {
  accept,
  reject,  // must not be propagated
  nobody,  // no local program subscribes to its type: Config::relay decides
};

/// Why something went no further.
enum class Reason : std::uint8_t {
  duplicate,        // seen before
  ttl,              // its last hop was used up: delivered, not forwarded
  rejected,         // a local subscriber's verdict
  not_relayed,      // nobody subscribes here, and the peer relays only what it subscribes to
  silence,          // no verdict until the deadline, and the configuration says drop
  unknown_verdict,  // a verdict on nothing that waits
  store_full,       // no room for a list of peers
};
inline constexpr std::size_t reason_count = 7;
inline constexpr const char* reason_names[reason_count] = {
    "duplicate", "ttl", "rejected", "not_relayed", "silence", "unknown_verdict", "store_full"};

// Inputs.
struct Start {};  // the peer comes up, after init
struct PeerUp {
  PeerId peer;
  bool inbound;  // the other side dialled
};
struct PeerDown {
  PeerId peer;  // a connection was lost, refused or could not be made
};
struct Receive {
  PeerId from;
  Frame frame;  // the body is the driver's, lent for this call
};
struct Publish {
  MessageRef message;  // a local program announces
  std::uint8_t ttl;
};
struct Verdict {
  MessageRef message;
  Opinion opinion;
};
struct Wake {};  // a deadline may have passed; an early wake is a no-op

// Actions.
struct Send {
  PeerId to;
  Frame frame;  // the body of a response passes its one reference to the driver; that of an announce is lent
};
struct Deliver {
  MessageRef message;  // new here: tell the local subscribers, except the one that announced it; with validation, a
                       // message from another peer is held until the driver answers with a Verdict
  PeerId from;         // no_peer: published here
  std::uint16_t hops;
};
struct Connect {
  PeerId peer;  // answered by PeerUp or PeerDown
};
struct Disconnect {
  PeerId peer;  // after what was sent to it; no PeerDown follows
};
struct Forget {
  MessageRef message;  // no longer remembered; a later copy is new, also within the same step
};
struct ForgetPeer {
  PeerId peer;  // no longer in the peer list; it may still be connected
};
struct Drop {
  MessageRef message;  // no_message where it concerns none
  Reason reason;
};

using Input = std::variant<Start, PeerUp, PeerDown, Receive, Publish, Verdict, Wake>;
using Action = std::variant<Send, Deliver, Connect, Disconnect, Forget, ForgetPeer, Drop>;
static_assert(sizeof(Input) <= 16 && std::is_trivially_copyable_v<Input>);
static_assert(sizeof(Action) <= 16 && std::is_trivially_copyable_v<Action>);

/// Reused between calls; a driver clears it. One step sends at most one frame to each neighbour and one answer.
using Actions = std::vector<Action>;

/// The neighbours that a `fixed` overlay is given, one row a peer.
struct FixedLinks {
  std::span<const std::uint64_t> offsets;  // peers + 1
  std::span<const PeerId> targets;         // row i: offsets[i] … offsets[i + 1]
  std::span<std::uint8_t> up;              // one a target, kept by the core; empty: all are up for ever
};

/// Lent to the core for one call.
struct Env {
  Time now;
  MessageStore& messages;
  const Config& config;
  FixedLinks links;
};

}  // namespace gossip
