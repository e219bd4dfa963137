#pragma once

#include <span>
#include <variant>
#include <vector>

#include "net/endpoint.hpp"
#include "node/commands.hpp"
#include "node/connection.hpp"

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

  /// Puts it into the queue; false: no room.
  static bool send(Connection& to, const Message& message);
  /// The same bytes to many.
  static void encode(net::Bytes& out, const Message& message);
  static bool send(Connection& to, const Pull& message);
  static bool send(Connection& to, const Push& message);
  static bool send(Connection& to, const Response& message);

 private:
  std::vector<net::Endpoint> peers_;  // of the last RESPONSE
};

}  // namespace gossip::node
