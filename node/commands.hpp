#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/types.hpp"

/// What the core's actions are carried out by. None of these may call the driver back at once.
namespace gossip::node {

/// Data with its type, as it comes and goes; the data is lent for the call.
struct Message {
  std::uint8_t ttl = 0;  // hops that it may travel from here; 0: unlimited
  std::uint16_t data_type = 0;
  std::span<const std::byte> data;
};

/// A module while it is connected; never given twice.
enum class ModuleId : std::uint64_t {};
inline constexpr ModuleId no_module{0};

/// The numbers of peers that are given from the start.
inline constexpr PeerId self_id{0};
inline constexpr PeerId bootstrapper_id{1};
inline constexpr std::uint32_t fixed_ids = 2;

/// The peers.
class Links {
 public:
  virtual ~Links() = default;
  virtual void announce(PeerId to, const Message& message) = 0;
  /// To all of `neighbours` but `except`.
  virtual void announce_all(PeerId except, std::span<const PeerId> neighbours, const Message& message) = 0;
  virtual void pull(PeerId to) = 0;
  virtual void push(PeerId to) = 0;
  virtual void response(PeerId to, std::span<const PeerId> peers) = 0;
  virtual void connect(PeerId peer) = 0;
  virtual void disconnect(PeerId peer) = 0;
  /// The core's list does not hold this peer, which it was told of or knew before.
  virtual void unlisted(PeerId peer) = 0;
  /// Something that `from` sent went no further.
  virtual void dropped(PeerId from) = 0;
};

/// The programs on this machine.
class Modules {
 public:
  virtual ~Modules() = default;
  /// Tells the subscribers except `publisher`; how many there are. Their verdicts are to name `waiting`; no_message: none
  /// is needed.
  virtual std::size_t deliver(const Message& message, MessageRef waiting, ModuleId publisher) = 0;
};

}  // namespace gossip::node
