#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <vector>

#include "node/connection.hpp"
#include "node/engine.hpp"
#include "node/settings.hpp"

namespace gossip::node {

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

  PeerConnection(Loop& loop, tcp::socket socket, std::uint64_t limit, P2p& p2p, bool inbound);

  P2p& p2p;
  const bool inbound;
  const Time since;
  Role role = Role::unidentified;
  PeerId peer = no_peer;
  int malformed = 0;

 protected:
  bool on_frame(std::span<const std::byte> frame) override;
  void on_bad_size() override;
  void on_end() override;
};

/// Listening, dialling, and who is who: dense numbers for addresses, at most one connection to each.
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
///   sent one: the classic dialect has no ping.
/// Everything is bounded: numbers by the core's list, links and dials; connections by the limits of the settings.
class P2p {
 public:
  P2p(Loop& loop, const Settings& settings);

  /// Throws boost::system::system_error when the address cannot be listened on.
  void listen();
  void attach(Engine& engine) { engine_ = &engine; }
  void stop_accepting();
  void close_all();
  void tick(Time now);
  const tcp::endpoint& local() const { return local_; }
  /// Where others reach us, or an address that is not listening.
  net::Endpoint own_address() const { return own_; }

  // The engine's commands.
  void send_announce(PeerId to, const Outgoing& message);
  void send_pull(PeerId to);
  void send_push(PeerId to);
  void send_response(PeerId to, std::span<const PeerId> peers);
  void connect(PeerId peer);
  void disconnect(PeerId peer);
  void unlisted(PeerId peer);

  // The connections' facts.
  bool on_frame(PeerConnection& connection, std::span<const std::byte> frame);
  void on_malformed(PeerConnection& connection, const char* what);
  void on_end(PeerConnection& connection);

  /// For the state file, and back. What cannot be dialled is left out.
  std::vector<net::Endpoint> addresses(std::span<const PeerId> peers) const;
  void learn(std::span<const net::Endpoint> peers);

  struct LinkInfo {
    std::string address;
    bool inbound;
    std::size_t queued;
  };
  std::vector<LinkInfo> links() const;
  std::size_t connections() const { return connections_.size(); }
  std::size_t queued() const;  // bytes, to all of them

 private:
  struct Entry {
    std::optional<net::Endpoint> address;  // none: anonymous, or a name or IPv6 address that is not resolved yet
    std::shared_ptr<PeerConnection> link;
    Time pull_sent = never;
    bool used = false, listed = false, pinned = false, anonymous = false;
    bool dialling = false, dial_unwanted = false;
  };

  asio::awaitable<void> accept();
  asio::awaitable<void> dial(PeerId peer);
  asio::awaitable<std::vector<tcp::endpoint>> resolve(PeerId peer);
  void bind_to_own(tcp::socket& socket, const tcp::endpoint& target) const;
  void accepted(tcp::socket socket);
  void dialled(PeerId peer, std::optional<tcp::socket> socket);
  void adopt(const std::shared_ptr<PeerConnection>& connection);

  void identify(PeerConnection& connection, net::Endpoint claimed);
  void make_link(PeerConnection& connection, PeerId peer);
  void make_anonymous(PeerConnection& connection);
  bool stays(const PeerConnection& old, const PeerConnection& fresh, net::Endpoint address);
  void retire(PeerConnection& connection);
  void lose(PeerConnection& connection);
  void tick(PeerConnection& connection, Time now);

  void on(PeerConnection& connection, const net::SendContent& message);
  void on(PeerConnection& connection, const net::Pull& message);
  void on(PeerConnection& connection, const net::Push& message);
  void on(PeerConnection& connection, const net::Response& message);
  bool heard(PeerConnection& connection, net::Endpoint claimed);

  Entry& entry(PeerId peer) { return entries_[index(peer)]; }
  PeerId new_number();
  void release_if_unused(PeerId peer);
  /// The number of an address that will be put before the core as an entry for its list; no_peer: ignored.
  PeerId listed_number(net::Endpoint address);
  PeerId number_of(net::Endpoint address);
  /// What a peer at the other end of this connection is told.
  net::Endpoint own_address_on(const PeerConnection& connection);
  bool is_own(net::Endpoint address) const;
  void unlink(PeerId peer);
  std::optional<net::Endpoint> remote_of(const PeerConnection& connection) const;
  std::string peer_name(PeerId peer) const;
  template <class M>
  bool send(PeerId to, std::size_t size, const M& message);

  Loop& loop_;
  const Settings& settings_;
  Engine* engine_ = nullptr;
  tcp::acceptor acceptor_;
  tcp::endpoint local_;
  net::Endpoint own_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
  boost::unordered_flat_map<net::Endpoint, PeerId, net::EndpointHash> numbers_;
  std::vector<std::shared_ptr<PeerConnection>> connections_;
  boost::unordered_flat_map<std::string, std::uint32_t> inbound_by_address_;
  std::uint32_t inbound_ = 0, anonymous_ = 0;
  bool stopping_ = false, bootstrap_warned_ = false;
  std::vector<PeerId> response_;       // reused
  std::vector<net::Endpoint> answer_;  // reused
};

}  // namespace gossip::node
