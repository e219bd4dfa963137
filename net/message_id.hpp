#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "core/random.hpp"

namespace gossip::net {

/// What a message is, whoever sends it: the first 16 bytes of SHA-256(data type, big-endian; data).
///
/// The classic wire carries no id, so that peers must compute one; ttl is left out since every hop changes it. 128
/// bits: finding two messages with one id costs an attacker 2⁶⁴ hashes, and gains that one of the two is not spread.
using MessageId = std::array<std::byte, 16>;

/// Keeps OpenSSL's context, whose creation costs more than the hash of a small message.
class MessageHasher {
 public:
  MessageHasher();
  MessageId operator()(std::uint16_t data_type, std::span<const std::byte> data);

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

/// Salted, so that nobody outside can choose messages that share a bucket.
struct MessageIdHash {
  std::uint64_t salt = 0;
  std::size_t operator()(const MessageId& id) const {
    std::uint64_t first;
    std::memcpy(&first, id.data(), sizeof first);
    return mix(first ^ salt);
  }
};

}  // namespace gossip::net
