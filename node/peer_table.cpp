#include "node/peer_table.hpp"

#include <algorithm>
#include <utility>

namespace gossip::node {
namespace {

Address to_address(net::Endpoint endpoint) { return boost::asio::ip::address_v4(endpoint.ip); }

}  // namespace

PeerTable::PeerTable() : entries_(fixed_ids, Entry{.kind = Kind::pinned}) {}

PeerId PeerTable::take(Entry entry) {
  if (free_.empty()) {
    free_.push_back(PeerId{static_cast<std::uint32_t>(entries_.size())});
    entries_.emplace_back();
  }
  const PeerId peer = free_.back();
  free_.pop_back();
  at(peer) = entry;
  return peer;
}

PeerId PeerTable::number_of(net::Endpoint address) {
  if (const auto found = numbers_.find(address); found != numbers_.end()) return found->second;
  const PeerId peer = take({.address = address, .kind = Kind::known});
  numbers_[address] = peer;
  return peer;
}

PeerId PeerTable::add_anonymous() {
  ++anonymous_;
  return take({.kind = Kind::anonymous});
}

void PeerTable::set_address(PeerId peer, net::Endpoint address) {
  if (const auto old = std::exchange(at(peer).address, address); old && *old != address) {
    if (const auto found = numbers_.find(*old); found->second == peer) numbers_.erase(found);
  }
  numbers_.try_emplace(address, peer);
}

void PeerTable::set_own(net::Endpoint address) {
  own_ = address;
  if (own_.is_listening()) numbers_.try_emplace(own_, self_id);
}

net::Endpoint PeerTable::own_as_seen(std::optional<net::Endpoint> here) {
  if (own_.ip != 0 || own_.port == 0) return own_;
  if (!here) return {};
  const net::Endpoint own{.ip = here->ip, .port = own_.port};
  numbers_.try_emplace(own, self_id);
  return own;
}

std::vector<net::Endpoint> PeerTable::addresses(std::span<const PeerId> peers) const {
  std::vector<net::Endpoint> found;
  for (PeerId peer : peers) {
    if (const auto one = address(peer)) found.push_back(*one);
  }
  return found;
}

bool PeerTable::is_own(net::Endpoint address) const {
  const auto found = numbers_.find(address);
  return found != numbers_.end() && found->second == self_id;
}

PeerId PeerTable::list(net::Endpoint address, const std::optional<Address>& source) {
  if (!address.is_listening() || is_own(address)) return no_peer;
  const auto found = numbers_.find(address);
  if (found != numbers_.end() && at(found->second).kind != Kind::known) return found->second;
  if (source && !has_room(address, *source)) return no_peer;
  const PeerId peer = number_of(address);
  Entry& entry = at(peer);
  entry.kind = Kind::listed;
  entry.source = source;
  if (source) sources_.add(*source);
  places_.add(to_address(address));
  ++listed_;
  return peer;
}

bool PeerTable::has_room(net::Endpoint address, const Address& source) const {
  return sources_.of_address(source) < std::max(few, listed_ / 4) &&
         sources_.of_network(source) < std::max(several, listed_ / 2) &&
         places_.of_network(to_address(address)) < std::max(several, listed_ / 2);
}

void PeerTable::unlist(PeerId peer) {
  Entry& entry = at(peer);
  if (entry.kind != Kind::listed) return;
  entry.kind = Kind::known;
  if (entry.source) sources_.remove(*entry.source);
  entry.source.reset();
  places_.remove(to_address(*entry.address));
  --listed_;
}

bool PeerTable::begin_dial(PeerId peer) { return std::exchange(at(peer).dial, Dial::wanted) == Dial::none; }

void PeerTable::abandon_dial(PeerId peer) {
  if (at(peer).dial == Dial::wanted) at(peer).dial = Dial::abandoned;
}

bool PeerTable::end_dial(PeerId peer) { return std::exchange(at(peer).dial, Dial::none) == Dial::wanted; }

void PeerTable::release_if_unused(PeerId peer) {
  Entry& entry = at(peer);
  const bool may_go = entry.kind == Kind::known || entry.kind == Kind::anonymous;
  if (!may_go || entry.linked || entry.dial != Dial::none) return;
  if (entry.kind == Kind::anonymous) --anonymous_;
  if (entry.address) numbers_.erase(*entry.address);
  entry = {};
  free_.push_back(peer);
}

}  // namespace gossip::node
