#pragma once

#include <cstddef>
#include <span>
#include <variant>
#include <vector>

#include "net/endpoint.hpp"
#include "node/commands.hpp"

/// What peers say to each other, whatever the bytes: the meaning of a frame, in both directions.
namespace gossip::node {

/// Asks for peers; tells where who asks listens.
struct Pull {
  net::Endpoint sender;
};
/// Asks to be put on the list.
struct Push {
  net::Endpoint sender;
};
/// The answer to a Pull.
struct Response {
  std::span<const net::Endpoint> peers;
};
/// Arbitrary content of a kind that we do not know; no offence.
struct UnknownContent {};
struct Malformed {
  const char* what;
};

using PeerFrame = std::variant<Malformed, UnknownContent, Message, Pull, Push, Response>;

/// The seed's dialect, net/classic.hpp: the only file beside the API's that knows it.
class ClassicDialect {
 public:
  /// Spans live as long as `frame` and until the next call.
  PeerFrame decode(std::span<const std::byte> frame);

  /// Bytes that `encode` appends.
  static std::size_t size(const Message& message);
  static std::size_t size(const Pull& message);
  static std::size_t size(const Push& message);
  static std::size_t size(const Response& message);
  static void encode(std::vector<std::byte>& out, const Message& message);
  static void encode(std::vector<std::byte>& out, const Pull& message);
  static void encode(std::vector<std::byte>& out, const Push& message);
  static void encode(std::vector<std::byte>& out, const Response& message);

 private:
  std::vector<net::Endpoint> peers_;  // of the last RESPONSE
};

}  // namespace gossip::node
