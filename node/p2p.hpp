#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "node/admission.hpp"
#include "node/allowance.hpp"
#include "node/commands.hpp"
#include "node/connection.hpp"
#include "node/dialect.hpp"
#include "node/dialer.hpp"
#include "node/listener.hpp"
#include "node/peer_table.hpp"
#include "node/settings.hpp"

namespace gossip::node {

class Driver;
class P2p;

class PeerConnection : public Connection {
 public:
  /// What it is to the core.
  enum class Role : std::uint8_t {
    unidentified,  // inbound, and has said nothing yet
    link,          // the core's connection to `peer`
    spare,         // a cross-dial that lost: what it still brings is taken, nothing is sent
    gone,          // the core does not know it any more
  };

  PeerConnection(Loop& loop, const Settings& settings, P2p& owner, tcp::socket socket, bool is_inbound)
      : Connection(loop, std::make_unique<Stream>(std::move(socket)), Kind::peer, settings.limits.peer_queue),
        p2p(owner),
        inbound(is_inbound),
        since(loop.now) {}

  /// It sends what it has queued, and is read until its end.
  void retire() {
    role = Role::spare;
    end_output();
  }
  void dismiss() {
    role = Role::gone;
    close_after_flush();
  }

  P2p& p2p;
  const bool inbound;
  const Time since;
  Role role = Role::unidentified;
  PeerId peer = no_peer;
  int malformed = 0;
  bool understood = false;  // it has said something that a peer says

 protected:
  bool on_frame(std::span<const std::byte> frame) override;
  void on_bad_size() override;
  void on_end() override;
};

/// The connections to peers: which of them is the core's link to whom, and when one is given up.
///
/// Rules
/// - An inbound connection is told to the core when its first frame says whose it is: PULL and PUSH carry a listening
///   address. Any other first frame, or silence for `identify_timeout`, and it is an anonymous number that is never put
///   on a peer list. An address that is not the connection's own is believed as an entry for the list, not as a name:
///   else anybody could pass for a peer and have its connections closed.
/// - Two peers that dial each other keep the connection that the lower (ip, port) dialled. The other one sends what it
///   has queued and is read until its end, so that nothing is lost; the core is told of one connection only.
/// - Of two connections by the same dialler the newer one stays: who dials again has lost the older one.
/// - A frame that does not decode is discarded and counted; the third on one connection closes it.
/// - A PULL unanswered for `response_timeout` closes the connection. A connection that is silent for `idle_timeout` is
///   sent one: the classic dialect has no ping. The core did not ask, and is not told the answer.
/// - A PULL is answered at most once in `answer_interval` on one link; those that come meanwhile are one, answered then.
///   So who asks and does not read costs a RESPONSE a second; who asks `most_pulls` times meanwhile is closed.
/// - A link brings at most `link_rate` new messages a second: see Allowance.
/// - At most `links_per_address` links with one address and `links_per_network` in one network, whoever dialled, but for
///   what is trusted. One more is closed at once, unread; one that the core wants to dial counts as not reached. What addresses
///   may be listed is PeerTable's rule.
/// - Nothing is sent that has waited for twice `peer_stall`: who takes nothing for `peer_stall`, or not all that was
///   queued when it began, is cut off. And what a process finds in its sockets when it was stopped for longer than that
///   is not read. So no copy is older than that, which is half of seen_ttl by default: loop protection outlives what
///   is under way.
/// - Only the core says who is dialled, at most `dials` a second; here is no other dial and no retry.
/// - A bootstrapper that cannot be reached, or says nothing that a peer says, is named in the log, once until it does.
/// - Who has said nothing that a peer says, but something malformed, and ends: a module at the wrong port. It gets a
///   reset, not a FIN that it could take for success.
/// Everything is bounded: numbers by the core's list, links and dials; connections by the limits of the settings.
class P2p final : public Links {
 public:
  P2p(Loop& loop, const Settings& settings);

  /// Throws boost::system::system_error when the address cannot be listened on.
  void listen();
  void attach(Driver& driver) { driver_ = &driver; }
  void stop_accepting();
  void close_all();
  void tick(Time now);
  const tcp::endpoint& local() const { return listener_.local(); }
  /// Where others reach us, or an address that is not listening.
  net::Endpoint own_address() const { return table_.own(); }

  void announce(PeerId to, const Message& message) override;
  void announce_all(PeerId except, std::span<const PeerId> neighbours, const Message& message) override;
  void pull(PeerId to) override;
  void push(PeerId to) override;
  void response(PeerId to, std::span<const PeerId> peers) override;
  void connect(PeerId peer) override;
  void disconnect(PeerId peer) override;
  void unlisted(PeerId peer) override;
  void dropped(PeerId from) override {
    if (Link& its = link(from); its.connection) ++its.dropped;
  }

  // The connections' facts.
  bool on_frame(PeerConnection& connection, std::span<const std::byte> frame);
  void on_bad_size(PeerConnection& connection);
  void on_end(PeerConnection& connection);

  /// The core's list, those that were reached first, and a list for it.
  std::vector<net::Endpoint> known() const;
  void learn(std::span<const net::Endpoint> peers);

  struct LinkInfo {
    std::string address;
    bool inbound;
    std::size_t queued;     // bytes
    std::uint64_t dropped;  // of what it sent
  };
  std::vector<LinkInfo> links() const;
  std::size_t connections() const { return connections_.size(); }
  std::size_t queued() const;  // bytes, to all of them

 private:
  struct Link {
    std::shared_ptr<PeerConnection> connection;
    Time pull_sent = never;  // that was not answered yet
    bool probed = false;     // by a PULL whose answer is nothing to the core
    int asked = 0;           // PULLs since the last answer; one is due
    Time answered = never;   // the last PULL
    std::uint64_t mark = 0;  // of the bytes to it: these were queued by `marked`
    Time marked = 0;
    Allowance allowance;        // of new messages
    std::uint64_t dropped = 0;  // of what it sent, by the core or for its allowance
  };

  void accepted(tcp::socket socket);
  void dialled(PeerId peer, std::optional<tcp::socket> socket);
  void on_reached(PeerId peer, tcp::socket socket);
  void on_unreachable(PeerId peer);
  void adopt(const std::shared_ptr<PeerConnection>& connection);

  void identify(PeerConnection& connection, net::Endpoint claimed);
  void make_link(PeerConnection& connection, PeerId peer);
  void make_anonymous(PeerConnection& connection);
  bool is_crowded(const Address& address) const;
  bool has_slept(Time now) const;
  bool is_behind(Link& its, Time now) const;
  bool may_answer(const Link& its, Time now) const;
  void complain_of_bootstrapper(const PeerConnection& connection);
  bool stays(const PeerConnection& old, const PeerConnection& fresh, PeerId peer);
  void lose(PeerConnection& connection);
  void unlink(PeerId peer);
  void tick(PeerConnection& connection, Time now);
  void tick_link(PeerConnection& connection, Time now);

  void on(PeerConnection& connection, const Malformed& frame);
  void on(PeerConnection&, const UnknownContent&) { loop_.counters.add(Counter::unknown_content); }
  void on(PeerConnection& connection, const Message& message);
  void on(PeerConnection& connection, const Pull& message);
  void on(PeerConnection& connection, const Push& message);
  void on(PeerConnection& connection, const Response& message);
  bool heard(PeerConnection& connection, net::Endpoint claimed);

  /// The number of an address that will be put before the core as an entry for its list; no_peer: ignored, counted.
  PeerId listed_number(net::Endpoint address, const std::optional<Address>& source);
  std::span<const PeerId> listed_numbers(std::span<const net::Endpoint> addresses,
                                         const std::optional<Address>& source);
  /// By whom an address is told; nothing: somebody whose word is not limited.
  std::optional<Address> source(const PeerConnection& connection) const;
  /// What a peer at the other end of this connection is told.
  net::Endpoint own_address_on(const PeerConnection& c) { return table_.own_as_seen(to_endpoint(c.local())); }
  Dialer::Target target(PeerId peer) const;
  bool is_named(PeerId peer) const;
  bool is_self(const tcp::socket& reached);
  std::string peer_name(PeerId peer);
  Link& link(PeerId peer);
  template <class M>
  bool send(PeerId to, const M& message);

  Loop& loop_;
  const Settings& settings_;
  Driver* driver_ = nullptr;
  ClassicDialect dialect_;
  PeerTable table_;
  Listener listener_;
  Dialer dialer_;
  Admission admission_;      // of inbound connections
  std::vector<Link> links_;  // by PeerId
  std::vector<std::shared_ptr<PeerConnection>> connections_;
  bool stopping_ = false;
  enum class Trouble : std::uint8_t { none, unreachable, not_a_peer } bootstrap_trouble_ = Trouble::none;
  Time ticked_ = never;
  std::vector<PeerId> numbers_;  // reused
  net::Bytes encoded_;           // reused
};

inline bool PeerConnection::on_frame(std::span<const std::byte> frame) { return p2p.on_frame(*this, frame); }
inline void PeerConnection::on_bad_size() { p2p.on_bad_size(*this); }
inline void PeerConnection::on_end() { p2p.on_end(*this); }

}  // namespace gossip::node
