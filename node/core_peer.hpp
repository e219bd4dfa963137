#pragma once

#include "core/peer.hpp"

/// The core as this program runs it, and the numbers that are given from the start.
namespace gossip::node {

using CorePeer = gossip::Peer<gossip::Sampling, gossip::Flood>;

inline constexpr PeerId self_id{0};
inline constexpr PeerId bootstrapper_id{1};
inline constexpr std::uint32_t fixed_ids = 2;

}  // namespace gossip::node
