#include "node/p2p.hpp"

/// What status says of the peers.
namespace gossip::node {

std::size_t P2p::queued() const {
  std::size_t bytes = 0;
  for (const auto& connection : connections_) bytes += connection->queued();
  return bytes;
}

std::vector<P2p::LinkInfo> P2p::links() const {
  std::vector<LinkInfo> infos;
  for (std::uint32_t i = 0; i < links_.size(); ++i) {
    const auto& connection = links_[i].connection;
    if (!connection) continue;
    const auto address = table_.address(PeerId{i});
    infos.push_back({.address = address ? to_string(*address) : connection->name() + " (anonymous)",
                     .inbound = connection->inbound,
                     .queued = connection->queued(),
                     .dropped = links_[i].dropped});
  }
  return infos;
}

}  // namespace gossip::node
