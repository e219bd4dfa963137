#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "net/endpoint.hpp"

/// What a person does with a node from a shell. Each returns an exit code: 0 fine, 1 it did not work, 2 bad usage or
/// input.
namespace gossip::node {

struct AnnounceOptions {
  net::HostPort api;
  std::uint16_t type = 0;
  std::uint8_t ttl = 0;
  std::string data;
  std::string socket;  // the node's status_socket; says whether the data goes anywhere
  bool json = false;
};
int announce(const AnnounceOptions& options, std::ostream& out, std::ostream& err);

enum class VerdictMode : std::uint8_t { accept, reject, ask, none };
struct SubscribeOptions {
  net::HostPort api;
  std::vector<std::uint16_t> types;
  VerdictMode verdict = VerdictMode::accept;
  std::uint64_t count = 0;  // 0: until the connection ends
  bool json = false;
  bool hex = false;
};
/// `in` answers the questions of VerdictMode::ask.
int subscribe(const SubscribeOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

enum class PeerAction : std::uint8_t { none, push, pull, send_announce };
struct PeerOptions {
  net::HostPort listen;
  std::vector<net::Endpoint> peers;  // that it pretends to know
  PeerAction action = PeerAction::none;
  net::HostPort destination;
  std::uint64_t seconds = 0;  // 0: until interrupted
};
/// The seed's test peer: answers every PULL with its list, and prints what it sends and receives.
int peer(const PeerOptions& options, std::ostream& out, std::ostream& err);

struct StatusOptions {
  std::string socket;
  bool json = false;
  bool watch = false;
};
int status(const StatusOptions& options, std::ostream& out, std::ostream& err);

}  // namespace gossip::node
