#pragma once

#include <array>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/config/named.hpp"
#include "core/list_store.hpp"
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
  nobody,  // no local program subscribes to its type: IntakeConfig::relay decides
  count_
};
inline constexpr std::array<const char*, static_cast<std::size_t>(Opinion::count_)> opinion_names = {"accept", "reject",
                                                                                                     "nobody"};

/// Why something went no further.
enum class Reason : std::uint8_t {
  duplicate,
  ttl,
  rejected,
  not_relayed,
  silence,
  late_verdict,
  memory_full,
  lists_full,
  unasked,
  missing_full,
  not_held,
  rumors_full,
  repair_spent,
  count_
};
inline constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::count_);
inline constexpr std::array<Named, reason_count> reasons = {{
    {"duplicate", "frames", Kind::counter, "a copy of what was seen before"},
    {"ttl", "messages", Kind::counter, "its last hop was used up: delivered, not forwarded"},
    {"rejected", "messages", Kind::counter, "a local program's verdict"},
    {"not_relayed", "messages", Kind::counter,
     "nobody subscribes here, and the peer relays only what it subscribes to"},
    {"silence", "messages", Kind::counter, "no verdict until the deadline, and `on_silence` is `drop`"},
    {"late_verdict", "verdicts", Kind::counter, "a verdict on what does not wait for one"},
    {"memory_full", "frames", Kind::counter,
     "new, but every place of the memory of seen messages holds one that counts"},
    {"lists_full", "frames", Kind::counter, "no room for the list of peers that an answer would carry"},
    {"unasked", "frames", Kind::counter, "what was not asked for, or what only a neighbour may say"},
    {"missing_full", "frames", Kind::counter, "an announcement of what has not come, and no room to remember it"},
    {"not_held", "frames", Kind::counter, "a question for a message that is not kept, or no longer"},
    {"rumors_full", "messages", Kind::counter, "as many are hot as may be: the oldest is told no more"},
    {"repair_spent", "frames", Kind::counter, "a neighbour asked for more than the answers of a period may cost"},
}};

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
  Frame frame;  // its list is lent for this call; the driver keeps the body of an announce, and the numbers of what
                // is only named, in a list too, during the call
};
struct Publish {
  MessageRef message;  // a local program announces; the driver keeps the body during the call
  std::uint8_t ttl;
};
struct Verdict {
  MessageRef message;
  Opinion opinion;
};
struct Wake {};  // a deadline may have passed; an early wake changes nothing that others see

// Actions.
struct Send {
  PeerId to;
  Frame frame;  // passes the ownership of its list to the driver; the body of an announce is kept by somebody
};
struct SendAll {
  PeerId except;  // to every neighbour but this one
  Frame frame;    // carries no list
};
struct Deliver {
  MessageRef message;  // new here, and remembered until Forget: tell the local subscribers, except the one that
                       // announced it; with validation, a message from another peer is held until a Verdict
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
  MessageRef message;  // no longer remembered; a later copy is new
};
struct ForgetPeer {
  PeerId peer;  // no longer in the peer list; it may still be connected
};
struct Drop {
  MessageRef message;  // no_message where it concerns none
  PeerId from;         // who caused it; no_peer where that is nobody else
  Reason reason;
};

using Input = std::variant<Start, PeerUp, PeerDown, Receive, Publish, Verdict, Wake>;
using Action = std::variant<Send, SendAll, Deliver, Connect, Disconnect, Forget, ForgetPeer, Drop>;
static_assert(sizeof(Input) <= 16 && std::is_trivially_copyable_v<Input>);
static_assert(sizeof(Action) <= 16 && std::is_trivially_copyable_v<Action>);

/// Reused between calls; a driver clears it. What one step appends is bounded; Peer asserts it.
using Actions = std::vector<Action>;

/// Lent to the core for one call.
struct Env {
  Time now;
  MessageStore& messages;
  ListStore& lists;
};

}  // namespace gossip
