#include "node/p2p.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "node/driver.hpp"

namespace gossip::node {
namespace {

using Role = PeerConnection::Role;
constexpr int most_malformed = 3;  // the seed's decision table
constexpr int most_pulls = 100;    // guess: no peer asks more than a few times a second

}  // namespace

P2p::P2p(Loop& loop, const Settings& settings)
    : loop_(loop),
      settings_(settings),
      listener_(loop),
      dialer_(loop, settings.limits.connect_timeout, [this](const tcp::socket& reached) { return is_self(reached); }) {}

void P2p::listen() {
  listener_.listen(
      settings_.p2p_address, [this](tcp::socket socket) { accepted(std::move(socket)); }, "the P2P port");
  ticked_ = loop_.now;
  dialer_.dial_from(local().address());
  table_.set_own(settings_.advertise.value_or(to_endpoint(local()).value_or(net::Endpoint{})));
  const auto bootstrapper = settings_.bootstrapper ? settings_.bootstrapper->endpoint() : std::nullopt;
  if (bootstrapper) table_.set_address(bootstrapper_id, *bootstrapper);
  if (local().address().is_v6() && !settings_.advertise) {
    spdlog::warn(
        "the classic dialect carries IPv4 addresses only: nobody is told of {}, so that only whoever has it as "
        "bootstrapper dials this node; set advertise where it has an IPv4 address too",
        to_string(local()));
  }
}

void P2p::accepted(tcp::socket socket) {
  const auto connection = std::make_shared<PeerConnection>(loop_, settings_, *this, std::move(socket), true);
  const asio::ip::address from = connection->remote().address();
  const Limits& limits = settings_.limits;
  const bool trusted = is_trusted(settings_.own.trust, unmapped(from));
  const Admission::Limits most{.total = limits.p2p_connections,
                               .address = limits.p2p_per_address,
                               .network = trusted ? limits.p2p_connections : limits.p2p_per_network,
                               .rate = trusted ? ~0u : limits.p2p_rate};
  if (!admission_.enter(from, most, loop_.now)) {
    loop_.counters.add(Counter::refused_connections);
    return;
  }
  loop_.counters.add(Counter::accepted);
  adopt(connection);
}

void P2p::adopt(const std::shared_ptr<PeerConnection>& connection) {
  connections_.push_back(connection);
  asio::co_spawn(loop_.io, connection->read(), asio::detached);
}

// Dialling.

void P2p::connect(PeerId peer) {
  if (!table_.begin_dial(peer)) return;
  if (const auto address = table_.address(peer);
      address && peer != bootstrapper_id && is_crowded(asio::ip::address_v4(address->ip))) {
    return asio::post(loop_.io, [this, peer] { dialled(peer, std::nullopt); });
  }
  dialer_.dial(target(peer), [this, peer](std::optional<tcp::socket> socket) { dialled(peer, std::move(socket)); });
}

/// Where there is none, a dial to 0.0.0.0:0 fails.
Dialer::Target P2p::target(PeerId peer) const {
  if (is_named(peer)) return *settings_.bootstrapper;
  return table_.address(peer).value_or(net::Endpoint{});
}

/// A name may stand for other addresses the next time.
bool P2p::is_named(PeerId peer) const {
  return peer == bootstrapper_id && settings_.bootstrapper && !settings_.bootstrapper->endpoint();
}

bool P2p::is_self(const tcp::socket& reached) {
  boost::system::error_code error;
  const auto remote = to_endpoint(reached.remote_endpoint(error));
  return !error && remote && *remote == table_.own_as_seen(to_endpoint(reached.local_endpoint(error)));
}

void P2p::dialled(PeerId peer, std::optional<tcp::socket> socket) {
  const bool wanted = table_.end_dial(peer) && !stopping_;
  if (wanted && socket) on_reached(peer, std::move(*socket));
  if (wanted && !socket) on_unreachable(peer);
  table_.release_if_unused(peer);
}

void P2p::on_unreachable(PeerId peer) {
  loop_.counters.add(Counter::dial_failed);
  const bool warn = peer == bootstrapper_id && bootstrap_trouble_ != Trouble::unreachable;
  spdlog::log(warn ? spdlog::level::warn : spdlog::level::debug, "cannot reach {}", peer_name(peer));
  if (warn) bootstrap_trouble_ = Trouble::unreachable;
  if (!link(peer).connection) driver_->peer_down(loop_.now, peer);
}

void P2p::on_reached(PeerId peer, tcp::socket socket) {
  loop_.counters.add(Counter::dialled);
  const auto connection = std::make_shared<PeerConnection>(loop_, settings_, *this, std::move(socket), false);
  const auto remote = to_endpoint(connection->remote());
  if (remote && *remote == own_address_on(*connection)) return driver_->peer_down(loop_.now, peer);
  if (remote && is_named(peer)) table_.set_address(peer, *remote);
  adopt(connection);
  make_link(*connection, peer);
}

// Who is who.

/// Whether `old` is kept and `fresh` closed.
bool P2p::stays(const PeerConnection& old, const PeerConnection& fresh, PeerId peer) {
  if (old.inbound == fresh.inbound) return false;
  const bool ours_stays = own_address_on(old) < table_.address(peer).value_or(net::Endpoint{});
  return old.inbound != ours_stays;
}

void P2p::make_link(PeerConnection& connection, PeerId peer) {
  connection.peer = peer;
  const auto self = std::static_pointer_cast<PeerConnection>(connection.shared_from_this());
  const std::shared_ptr<PeerConnection> old = link(peer).connection;
  if (!old && connection.inbound && is_crowded(unmapped(connection.remote().address()))) {
    loop_.counters.add(Counter::refused_connections);
    connection.dismiss();
    connection.close();
    return table_.release_if_unused(peer);
  }
  if (old) {
    loop_.counters.add(Counter::cross_dials);
    if (stays(*old, connection, peer)) return connection.retire();
    old->retire();
  }
  connection.role = Role::link;
  link(peer).connection = self;
  link(peer).mark = 0;
  table_.set_linked(peer, true);
  if (!old) {
    spdlog::debug("peer {} is up ({})", peer_name(peer), connection.inbound ? "inbound" : "dialled");
    driver_->peer_up(loop_.now, peer, connection.inbound);
  } else if (!connection.inbound) {
    push(peer);  // else the other side would not know whose this connection is
  }
}

void P2p::make_anonymous(PeerConnection& connection) {
  if (table_.anonymous() >= settings_.own.anonymous_links) {
    loop_.counters.add(Counter::refused_connections);
    return connection.dismiss();
  }
  make_link(connection, table_.add_anonymous());
}

void P2p::identify(PeerConnection& connection, net::Endpoint claimed) {
  const auto remote = to_endpoint(connection.remote());
  const bool others = claimed.is_listening() && !table_.is_own(claimed);
  if (!others || !remote || remote->ip != claimed.ip) return make_anonymous(connection);
  make_link(connection, table_.number_of(claimed));
}

/// Whether another link there would be one too many.
bool P2p::is_crowded(const Address& address) const {
  if (is_trusted(settings_.own.trust, address)) return false;
  std::uint32_t here = 0, around = 0;
  for (const Link& one : links_) {
    if (!one.connection) continue;
    const Address other = unmapped(one.connection->remote().address());
    here += other == address;
    around += network_of(other) == network_of(address);
  }
  return here >= settings_.limits.links_per_address || around >= settings_.links_per_network();
}

std::optional<Address> P2p::source(const PeerConnection& connection) const {
  const Address remote = unmapped(connection.remote().address());
  if (connection.peer == bootstrapper_id || is_trusted(settings_.own.trust, remote)) return std::nullopt;
  return remote;
}

PeerId P2p::listed_number(net::Endpoint address, const std::optional<Address>& source) {
  const PeerId peer = table_.list(address, source);
  if (peer == no_peer) loop_.counters.add(Counter::ignored_address);
  return peer;
}

/// Valid until the next call.
std::span<const PeerId> P2p::listed_numbers(std::span<const net::Endpoint> addresses,
                                            const std::optional<Address>& source) {
  numbers_.clear();
  for (net::Endpoint address : addresses) {
    const PeerId peer = listed_number(address, source);
    if (peer != no_peer) numbers_.push_back(peer);
  }
  return numbers_;
}

/// In pieces: the core takes no more of one list.
void P2p::learn(std::span<const net::Endpoint> peers) {
  while (!peers.empty()) {
    const auto piece = peers.first(std::min<std::size_t>(peers.size(), settings_.sampling().response_peers));
    driver_->receive_response(loop_.now, no_peer, listed_numbers(piece, std::nullopt));
    peers = peers.subspan(piece.size());
  }
}

std::vector<net::Endpoint> P2p::known() const { return table_.addresses(driver_->look().known); }

std::string P2p::peer_name(PeerId peer) {
  if (const auto address = table_.address(peer)) return to_string(*address);
  if (peer == bootstrapper_id && settings_.bootstrapper) return to_string(*settings_.bootstrapper);
  const auto& connection = link(peer).connection;
  return connection ? connection->name() : "a peer";
}

P2p::Link& P2p::link(PeerId peer) {
  if (index(peer) >= links_.size()) links_.resize(table_.size());
  return links_[index(peer)];
}

// Frames in.

bool P2p::on_frame(PeerConnection& connection, std::span<const std::byte> frame) {
  if (has_slept(loop_.now)) {
    lose(connection);
    connection.close();
    return false;
  }
  std::visit([&](const auto& meaning) { on(connection, meaning); }, dialect_.decode(frame));
  return connection.state() == Connection::State::open && connection.role != Role::gone;
}

void P2p::on_bad_size(PeerConnection& connection) {
  connection.malformed = most_malformed;  // nobody knows where the next frame begins
  on(connection, Malformed{"size below a header"});
}

void P2p::on(PeerConnection& connection, const Malformed& frame) {
  loop_.counters.add(Counter::malformed_p2p);
  spdlog::debug("malformed frame from {}: {}", connection.name(), frame.what);
  if (++connection.malformed < most_malformed) return;
  loop_.counters.add(Counter::closed_malformed);
  spdlog::warn("closing {}: too many malformed frames", connection.name());
  lose(connection);
}

/// Settles who sends. False: the connection has been turned away meanwhile.
bool P2p::heard(PeerConnection& connection, net::Endpoint claimed) {
  connection.understood = true;
  if (connection.peer == bootstrapper_id) bootstrap_trouble_ = Trouble::none;
  if (connection.role == Role::unidentified) identify(connection, claimed);
  return connection.role == Role::link || connection.role == Role::spare;
}

void P2p::on(PeerConnection& connection, const Message& message) {
  if (!heard(connection, {})) return;
  const std::uint32_t rate = settings_.limits.link_rate;
  const PeerId peer = connection.peer;
  const bool may = link(peer).allowance.may_bring(rate, loop_.now);
  const Arrival arrival = driver_->receive_announce(loop_.now, peer, message, may);
  if (arrival == Arrival::refused) {
    loop_.counters.add(Counter::drop_link_rate);
    dropped(peer);
  } else if (arrival == Arrival::fresh && link(peer).allowance.take(rate, loop_.now)) {
    loop_.counters.add(Counter::link_pauses);
    connection.hold(loop_.now + Allowance::pause);
  }
}

void P2p::on(PeerConnection& connection, const Pull& message) {
  if (!heard(connection, message.sender)) return;
  Link& its = link(connection.peer);
  if (!may_answer(its, loop_.now)) {
    loop_.counters.add(Counter::drop_pull);
    if (++its.asked < most_pulls) return;
    loop_.counters.add(Counter::closed_flooding);
    lose(connection);
    return connection.close();
  }
  const PeerId asker = listed_number(message.sender, source(connection));
  driver_->receive_contact(loop_.now, connection.peer, Frame::pull(asker));
}

void P2p::on(PeerConnection& connection, const Push& message) {
  if (!heard(connection, message.sender)) return;
  driver_->receive_contact(loop_.now, connection.peer, Frame::push(listed_number(message.sender, source(connection))));
}

void P2p::on(PeerConnection& connection, const Response& message) {
  if (!heard(connection, {})) return;
  link(connection.peer).pull_sent = never;
  if (std::exchange(link(connection.peer).probed, false)) return;
  const std::size_t taken = std::min<std::size_t>(message.peers.size(), settings_.sampling().response_peers);
  loop_.counters.add(Counter::ignored_address, message.peers.size() - taken);
  driver_->receive_response(loop_.now, connection.peer, listed_numbers(message.peers.first(taken), source(connection)));
}

// Frames out.

template <class M>
bool P2p::send(PeerId to, const M& message) {
  const auto& connection = link(to).connection;
  return connection && ClassicDialect::send(*connection, message);
}

void P2p::announce(PeerId to, const Message& message) {
  loop_.counters.add(send(to, message) ? Counter::sent : Counter::drop_peer_queue);
}

void P2p::announce_all(PeerId except, std::span<const PeerId> neighbours, const Message& message) {
  encoded_.clear();
  for (const PeerId to : neighbours) {
    if (to == except) continue;
    if (encoded_.empty()) ClassicDialect::encode(encoded_, message);
    const auto& connection = link(to).connection;
    const bool queued = connection && connection->enqueue(encoded_);
    loop_.counters.add(queued ? Counter::sent : Counter::drop_peer_queue);
  }
}

void P2p::pull(PeerId to) {
  const auto connection = link(to).connection;
  if (!connection || !send(to, Pull{own_address_on(*connection)})) return;
  if (link(to).pull_sent == never) link(to).pull_sent = loop_.now;
}

void P2p::push(PeerId to) {
  if (const auto connection = link(to).connection) send(to, Push{own_address_on(*connection)});
}

void P2p::response(PeerId to, std::span<const PeerId> peers) {
  if (!link(to).connection) return;
  link(to).answered = loop_.now;
  link(to).asked = 0;
  std::vector<net::Endpoint> addresses = table_.addresses(peers);
  if (const auto own = table_.address(to)) std::erase(addresses, *own);
  send(to, Response{addresses});
}

// Ending.

void P2p::on_end(PeerConnection& connection) {
  const bool is_peer = connection.peer != no_peer && table_.address(connection.peer);
  complain_of_bootstrapper(connection);
  lose(connection);
  if (!is_peer && connection.malformed > 0) connection.reset();
}

void P2p::complain_of_bootstrapper(const PeerConnection& connection) {
  if (connection.peer != bootstrapper_id || connection.inbound || connection.understood || stopping_) return;
  if (std::exchange(bootstrap_trouble_, Trouble::not_a_peer) == Trouble::not_a_peer) return;
  spdlog::warn("the bootstrapper {} is reached, but does not answer as a peer: is it the P2P port of a node?",
               peer_name(bootstrapper_id));
}

/// The connection is of no more use; tells the core when it was the link.
void P2p::lose(PeerConnection& connection) {
  const auto keep = connection.shared_from_this();
  const bool was_link = connection.role == Role::link;
  connection.dismiss();
  if (!was_link) return;
  const PeerId peer = connection.peer;
  spdlog::debug("peer {} is down", peer_name(peer));
  unlink(peer);
  if (!stopping_) driver_->peer_down(loop_.now, peer);
  table_.release_if_unused(peer);
}

void P2p::disconnect(PeerId peer) {
  table_.abandon_dial(peer);
  if (const auto connection = link(peer).connection) {
    connection->dismiss();
    unlink(peer);
  }
  table_.release_if_unused(peer);
}

void P2p::unlisted(PeerId peer) {
  table_.unlist(peer);
  table_.release_if_unused(peer);
}

/// The core has no connection to this peer any more. Its number may soon be another's.
void P2p::unlink(PeerId peer) {
  link(peer) = {};
  table_.set_linked(peer, false);
  for (const auto& connection : connections_) {
    if (connection->peer == peer && connection->role == Role::spare) connection->dismiss();
  }
}

void P2p::stop_accepting() {
  stopping_ = true;
  listener_.stop();
}

void P2p::close_all() {
  for (const auto& connection : connections_) connection->close_after_flush();
}

// The passing of time.

void P2p::tick(Time now) {
  const bool slept = has_slept(now);
  ticked_ = now;
  for (std::size_t i = connections_.size(); i-- > 0;) {
    const std::shared_ptr<PeerConnection> connection = connections_[i];
    if (slept) {
      lose(*connection);
      connection->close();
    }
    tick(*connection, now);
    if (connection->state() != Connection::State::closed) continue;
    if (connection->role != Role::gone) lose(*connection);
    if (connection->inbound) admission_.leave(connection->remote().address());
    connections_[i] = std::move(connections_.back());
    connections_.pop_back();
  }
}

void P2p::tick(PeerConnection& connection, Time now) {
  connection.set_limit(settings_.limits.peer_queue);
  connection.tick(now);
  if (connection.state() != Connection::State::open) return;
  if (connection.role == Role::unidentified && now - connection.since > settings_.limits.identify_timeout) {
    make_anonymous(connection);
  }
  if (connection.role == Role::spare && now - connection.last_read() > settings_.limits.response_timeout)
    lose(connection);
  if (connection.role == Role::link) tick_link(connection, now);
}

/// This process was stopped for so long that the others have given up on it.
bool P2p::has_slept(Time now) const {
  // A machine that is busy for a second is none that slept, whatever a test has set.
  return ticked_ != never && now - ticked_ > std::max(settings_.limits.peer_stall, second);
}

/// Whether some of what was queued `peer_stall` ago still is.
bool P2p::is_behind(Link& its, Time now) const {
  if (its.connection->sent() < its.mark) return now - its.marked > settings_.limits.peer_stall;
  its.mark = its.connection->sent() + its.connection->queued();
  its.marked = now;
  return false;
}

/// Not one that has not read what was sent to it last.
bool P2p::may_answer(const Link& its, Time now) const {
  const Duration interval = settings_.limits.answer_interval;
  if (its.answered == never) return true;
  const Time stalled = its.connection ? its.connection->stalled_since() : never;
  return now - its.answered >= interval && (stalled == never || now - stalled < interval);
}

void P2p::tick_link(PeerConnection& connection, Time now) {
  Link& its = link(connection.peer);
  const Time pulled = its.pull_sent;
  const Time stalled = connection.stalled_since();
  const bool takes_nothing = stalled != never && now - stalled > settings_.limits.peer_stall;
  if (is_behind(its, now) || takes_nothing) {
    loop_.counters.add(Counter::closed_stalled);
    spdlog::warn("closing {}: {}", connection.name(), takes_nothing ? "it reads nothing" : "it reads too slowly");
    lose(connection);
    connection.close();
  } else if (pulled != never && now - pulled > settings_.limits.response_timeout) {
    loop_.counters.add(Counter::closed_silent);
    spdlog::info("closing {}: no RESPONSE in time", connection.name());
    complain_of_bootstrapper(connection);
    lose(connection);
  } else if (pulled == never && now - connection.last_read() > settings_.limits.idle_timeout) {
    its.probed = true;
    pull(connection.peer);
  } else if (its.asked > 0 && may_answer(its, now)) {
    // Who asks has introduced itself before.
    driver_->receive_contact(now, connection.peer, Frame::pull(no_peer));
  }
}

}  // namespace gossip::node
