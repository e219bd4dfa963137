#pragma once

#include <span>
#include <string>
#include <vector>

#include "net/endpoint.hpp"

/// The peer list between two runs: a line of version, one `ip:port` a line, and a last line with the count, so that a
/// file that was cut off is known as such.
namespace gossip::node {

struct PeerFile {
  std::vector<net::Endpoint> peers;
  std::string problem;  // empty: none. A file that is not there is no problem.
};

/// A damaged file is renamed to `<path>.damaged`.
PeerFile load_peers(const std::string& path, std::size_t most);
/// Written beside and renamed, so that a crash leaves the old file or the new one. What went wrong, or nothing.
std::string save_peers(const std::string& path, std::span<const net::Endpoint> peers);

}  // namespace gossip::node
