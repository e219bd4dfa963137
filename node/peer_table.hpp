#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/types.hpp"
#include "net/endpoint.hpp"
#include "node/commands.hpp"
#include "node/networks.hpp"

namespace gossip::node {

/// Who is who: the dense numbers by which the core knows peers, and their addresses.
///
/// Rules
/// - A number is used while the core may still name it: while it is pinned, on the core's list, linked or being dialled.
///   Who ends one of these uses tells the core first and then calls `release_if_unused`: the number may at once be
///   another's.
/// - An address has one number. Ours all have `self_id`, and we may learn of more.
/// - An anonymous peer has a number and no address, and so is never listed.
/// - Who tells of addresses is their source while they are listed, also of its own. One source address has at most a
///   quarter of the list, one source network half of it; and half of it lies in one network. A few are always let in: else
///   nobody could begin. So who has one address or one network cannot fill a list, whatever it says and how often it
///   connects; what it wins is a third of what the others have told. No source: our own file, the bootstrapper, and who is
///   trusted; these count only as the rest of the list.
/// Bounded by the core's list and by the connections and dials of the caller. Cost: one probe of a hash table.
class PeerTable {
 public:
  PeerTable();

  /// The number of an address, a new one where it had none.
  PeerId number_of(net::Endpoint address);
  /// The same, and on the core's list until `unlist`. no_peer: nobody else can be listening there.
  PeerId list(net::Endpoint address) { return list(address, std::nullopt); }
  /// no_peer also where its source has told of enough.
  PeerId list(net::Endpoint address, const std::optional<Address>& source);
  PeerId add_anonymous();
  /// Also for a pinned peer whose name has been looked up, in place of the one that was found before. An address that
  /// has a number keeps it.
  void set_address(PeerId peer, net::Endpoint address);

  /// Where others reach us. Its ip may be 0.0.0.0, and it need not be listening.
  void set_own(net::Endpoint address);
  /// What somebody is told to whom we are `here`. Listening everywhere, we have as many addresses as interfaces, and
  /// must know them all when a peer names them.
  net::Endpoint own_as_seen(std::optional<net::Endpoint> here);
  net::Endpoint own() const { return own_; }
  bool is_own(net::Endpoint address) const;

  std::optional<net::Endpoint> address(PeerId peer) const { return at(peer).address; }
  /// Of those that have one.
  std::vector<net::Endpoint> addresses(std::span<const PeerId> peers) const;
  bool is_used(PeerId peer) const { return index(peer) < entries_.size() && at(peer).kind != Kind::free; }

  void unlist(PeerId peer);
  void set_linked(PeerId peer, bool linked) { at(peer).linked = linked; }

  /// False: one is under way already, and wanted again.
  bool begin_dial(PeerId peer);
  /// What comes of the dial under way, if there is one, is not wanted.
  void abandon_dial(PeerId peer);
  /// Whether it is still wanted.
  bool end_dial(PeerId peer);

  void release_if_unused(PeerId peer);

  /// One more than the highest number ever used.
  std::size_t size() const { return entries_.size(); }
  std::uint32_t anonymous() const { return anonymous_; }

 private:
  enum class Kind : std::uint8_t {
    free,       // nobody has this number
    pinned,     // ourselves and the bootstrapper
    known,      // has an address that is not on the core's list
    listed,     // has an address that is
    anonymous,  // has no address
  };
  enum class Dial : std::uint8_t { none, wanted, abandoned };
  struct Entry {
    std::optional<net::Endpoint> address{};  // a pinned one may have none: a name or an IPv6 address
    Kind kind = Kind::free;
    Dial dial = Dial::none;
    bool linked = false;
    std::optional<Address> source{};  // of a listed one
  };

  /// Of one source address and one source network, and in one network, whatever the length of the list.
  static constexpr std::uint32_t few = 3, several = 16;  // guess: two in a household find each other, and a third

  Entry& at(PeerId peer) { return entries_[index(peer)]; }
  const Entry& at(PeerId peer) const { return entries_[index(peer)]; }
  PeerId take(Entry entry);
  bool has_room(net::Endpoint address, const Address& source) const;

  std::vector<Entry> entries_;
  std::vector<PeerId> free_;
  boost::unordered_flat_map<net::Endpoint, PeerId, net::EndpointHash> numbers_;
  net::Endpoint own_;
  Census sources_, places_;  // of what is listed: who told of it, and where it is
  std::uint32_t anonymous_ = 0, listed_ = 0;
};

}  // namespace gossip::node
