#include "node/p2p.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace gossip::node {
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr int most_malformed = 3;  // the seed's decision table

asio::ip::address plain(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address;
}

std::optional<net::Endpoint> to_endpoint(const tcp::endpoint& endpoint) {
  const auto address = plain(endpoint.address());
  if (!address.is_v4()) return std::nullopt;
  return net::Endpoint{address.to_v4().to_uint(), endpoint.port()};
}

}  // namespace

PeerConnection::PeerConnection(Loop& loop, tcp::socket socket, std::uint64_t limit, P2p& owner, bool is_inbound)
    : Connection(loop, std::move(socket), Kind::peer, limit), p2p(owner), inbound(is_inbound), since(loop.now) {}

bool PeerConnection::on_frame(std::span<const std::byte> frame) { return p2p.on_frame(*this, frame); }
void PeerConnection::on_end() { p2p.on_end(*this); }
void PeerConnection::on_bad_size() {
  malformed = most_malformed;  // nobody knows where the next frame begins
  p2p.on_malformed(*this, "size below a header");
}

P2p::P2p(Loop& loop, const Settings& settings) : loop_(loop), settings_(settings), acceptor_(loop.io) {
  entries_.resize(2);
  for (PeerId fixed : {self_id, bootstrapper_id}) entry(fixed).used = entry(fixed).pinned = true;
}

void P2p::listen() {
  tcp::resolver resolver(loop_.io);
  const tcp::endpoint endpoint =
      resolver.resolve(settings_.p2p_address.host, std::to_string(settings_.p2p_address.port)).begin()->endpoint();
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  if (endpoint.address().is_v6() && endpoint.address().is_unspecified()) acceptor_.set_option(asio::ip::v6_only(false));
  acceptor_.bind(endpoint);
  acceptor_.listen();
  acceptor_.non_blocking(true);
  local_ = acceptor_.local_endpoint();
  if (settings_.advertise) {
    own_ = *settings_.advertise;
  } else if (const auto bound = to_endpoint(acceptor_.local_endpoint())) {
    own_ = *bound;
  }
  if (own_.is_listening()) numbers_[own_] = self_id;
  if (settings_.bootstrapper) {
    entry(bootstrapper_id).address = settings_.bootstrapper->endpoint();
    if (const auto address = entry(bootstrapper_id).address) numbers_.try_emplace(*address, bootstrapper_id);
  }
  asio::co_spawn(loop_.io, accept(), asio::detached);
}

asio::awaitable<void> P2p::accept() {
  while (!stopping_) {
    auto [error, socket] = co_await acceptor_.async_accept(as_result);
    if (error == asio::error::operation_aborted) break;
    loop_.refresh();
    if (!error) {
      accepted(std::move(socket));
      continue;
    }
    // Out of file descriptors, most likely: the pending connection stays, so that accepting again at once would spin.
    asio::steady_timer pause(loop_.io, std::chrono::milliseconds(100));
    co_await pause.async_wait(as_result);
  }
}

void P2p::accepted(tcp::socket socket) {
  boost::system::error_code ignored;
  const std::string address = socket.remote_endpoint(ignored).address().to_string();
  std::uint32_t& from_there = inbound_by_address_[address];
  if (inbound_ >= settings_.p2p_connections || from_there >= settings_.p2p_per_address) {
    loop_.counters.add(Counter::refused_connections);
    if (from_there == 0) inbound_by_address_.erase(address);
    return;
  }
  ++inbound_;
  ++from_there;
  loop_.counters.add(Counter::accepted);
  adopt(std::make_shared<PeerConnection>(loop_, std::move(socket), settings_.peer_queue, *this, true));
}

void P2p::adopt(const std::shared_ptr<PeerConnection>& connection) {
  connections_.push_back(connection);
  asio::co_spawn(loop_.io, connection->read(), asio::detached);
}

// Dialling.

/// Where others know us by one address, what we dial must come from there: they compare.
void P2p::bind_to_own(tcp::socket& socket, const tcp::endpoint& target) const {
  boost::system::error_code ignored;
  const auto address = acceptor_.local_endpoint(ignored).address();
  if (ignored || address.is_unspecified() || address.is_v4() != target.address().is_v4()) return;
  socket.open(target.protocol(), ignored);
  socket.bind({address, 0}, ignored);
}

void P2p::connect(PeerId peer) {
  Entry& target = entry(peer);
  target.dial_unwanted = false;
  if (target.dialling) return;  // an earlier attempt is still under way
  target.dialling = true;
  asio::co_spawn(loop_.io, dial(peer), asio::detached);
}

asio::awaitable<std::vector<tcp::endpoint>> P2p::resolve(PeerId peer) {
  std::vector<tcp::endpoint> endpoints;
  if (const auto& address = entry(peer).address) {
    endpoints.emplace_back(asio::ip::address_v4(address->ip), address->port);
  } else if (peer == bootstrapper_id && settings_.bootstrapper) {
    tcp::resolver resolver(loop_.io);
    const auto& [host, port, kind] = *settings_.bootstrapper;
    const auto [error, found] = co_await resolver.async_resolve(host, std::to_string(port), as_result);
    if (!error) {
      for (const auto& result : found) endpoints.push_back(result.endpoint());
    }
  }
  co_return endpoints;
}

asio::awaitable<void> P2p::dial(PeerId peer) {
  // The core's next step comes after the actions of this one.
  co_await asio::post(loop_.io, asio::use_awaitable);
  std::optional<tcp::socket> connected;
  for (const tcp::endpoint& endpoint : co_await resolve(peer)) {
    auto socket = std::make_shared<tcp::socket>(loop_.io);
    bind_to_own(*socket, endpoint);
    asio::steady_timer timeout(loop_.io, std::chrono::nanoseconds(settings_.connect_timeout));
    timeout.async_wait([socket](const boost::system::error_code& error) {
      boost::system::error_code ignored;
      if (!error) socket->close(ignored);
    });
    const auto [error] = co_await socket->async_connect(endpoint, as_result);
    timeout.cancel();
    if (error || !socket->is_open()) continue;
    connected = std::move(*socket);
    break;
  }
  loop_.refresh();
  dialled(peer, std::move(connected));
}

void P2p::dialled(PeerId peer, std::optional<tcp::socket> socket) {
  Entry& target = entry(peer);
  const bool wanted = !target.dial_unwanted && !stopping_;
  target.dialling = false;
  if (!wanted) return release_if_unused(peer);
  if (!socket) {
    loop_.counters.add(Counter::dial_failed);
    spdlog::log(peer == bootstrapper_id && !bootstrap_warned_ ? spdlog::level::warn : spdlog::level::debug,
                "cannot reach {}", peer_name(peer));
    if (peer == bootstrapper_id) bootstrap_warned_ = true;
    if (!target.link) engine_->peer_down(loop_.now, peer);
    return release_if_unused(peer);
  }
  loop_.counters.add(Counter::dialled);
  bootstrap_warned_ = bootstrap_warned_ && peer != bootstrapper_id;
  const auto connection =
      std::make_shared<PeerConnection>(loop_, std::move(*socket), settings_.peer_queue, *this, false);
  if (!target.address) {  // a name: now it is known who that is
    target.address = to_endpoint(connection->remote());
    if (target.address) numbers_.try_emplace(*target.address, peer);
  }
  if (target.address == own_address_on(*connection)) {  // the bootstrapper's name is ours
    engine_->peer_down(loop_.now, peer);
    return;
  }
  adopt(connection);
  make_link(*connection, peer);
}

// Who is who.

/// Whether `old` is kept and `fresh` closed.
bool P2p::stays(const PeerConnection& old, const PeerConnection& fresh, net::Endpoint address) {
  if (old.inbound == fresh.inbound) return false;
  const bool ours_stays = own_address_on(old) < address;
  return old.inbound != ours_stays;
}

void P2p::make_link(PeerConnection& connection, PeerId peer) {
  connection.peer = peer;
  const auto self = std::static_pointer_cast<PeerConnection>(connection.shared_from_this());
  const std::shared_ptr<PeerConnection> old = entry(peer).link;
  if (!old) {
    connection.role = PeerConnection::Role::link;
    entry(peer).link = self;
    spdlog::debug("peer {} is up ({})", peer_name(peer), connection.inbound ? "inbound" : "dialled");
    engine_->peer_up(loop_.now, peer, connection.inbound);
    return;
  }
  loop_.counters.add(Counter::cross_dials);
  if (stays(*old, connection, entry(peer).address.value_or(net::Endpoint{}))) return retire(connection);
  retire(*old);
  connection.role = PeerConnection::Role::link;
  entry(peer).link = self;
  if (!connection.inbound) send_push(peer);  // else the other side would not know whose this connection is
}

void P2p::retire(PeerConnection& connection) {
  connection.role = PeerConnection::Role::spare;
  connection.end_output();
}

void P2p::make_anonymous(PeerConnection& connection) {
  if (anonymous_ >= settings_.anonymous_links) {
    loop_.counters.add(Counter::refused_connections);
    connection.role = PeerConnection::Role::gone;
    connection.close_after_flush();
    return;
  }
  ++anonymous_;
  const PeerId peer = new_number();
  entry(peer).anonymous = true;
  make_link(connection, peer);
}

void P2p::identify(PeerConnection& connection, net::Endpoint claimed) {
  const auto remote = remote_of(connection);
  if (!claimed.is_listening() || is_own(claimed) || !remote || remote->ip != claimed.ip) {
    make_anonymous(connection);
  } else {
    make_link(connection, number_of(claimed));
  }
}

PeerId P2p::new_number() {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(entries_.size()));
    entries_.emplace_back();
  }
  const PeerId peer{free_.back()};
  free_.pop_back();
  entry(peer) = {};
  entry(peer).used = true;
  return peer;
}

PeerId P2p::number_of(net::Endpoint address) {
  if (const auto found = numbers_.find(address); found != numbers_.end()) return found->second;
  const PeerId peer = new_number();
  entry(peer).address = address;
  numbers_[address] = peer;
  return peer;
}

PeerId P2p::listed_number(net::Endpoint address) {
  if (!address.is_listening() || is_own(address)) {
    loop_.counters.add(Counter::ignored_address);
    return no_peer;
  }
  const PeerId peer = number_of(address);
  entry(peer).listed = !entry(peer).pinned;
  return peer;
}

void P2p::release_if_unused(PeerId peer) {
  Entry& gone = entry(peer);
  if (!gone.used || gone.pinned || gone.link || gone.listed || gone.dialling) return;
  if (gone.address) {
    numbers_.erase(*gone.address);
  }
  gone = {};
  free_.push_back(index(peer));
}

void P2p::unlisted(PeerId peer) {
  entry(peer).listed = false;
  release_if_unused(peer);
}

std::optional<net::Endpoint> P2p::remote_of(const PeerConnection& connection) const {
  return to_endpoint(connection.remote());
}

net::Endpoint P2p::own_address_on(const PeerConnection& connection) {
  if (own_.ip != 0 || own_.port == 0) return own_;
  const auto local = to_endpoint(connection.local());
  if (!local) return {};
  // Listening everywhere, we have as many addresses as interfaces, and must know them all when a peer names them.
  const net::Endpoint own{local->ip, own_.port};
  numbers_.try_emplace(own, self_id);
  return own;
}

bool P2p::is_own(net::Endpoint address) const {
  const auto found = numbers_.find(address);
  return found != numbers_.end() && found->second == self_id;
}

std::string P2p::peer_name(PeerId peer) const {
  const Entry& e = entries_[index(peer)];
  if (e.address) return to_string(*e.address);
  if (peer == bootstrapper_id && settings_.bootstrapper) return to_string(*settings_.bootstrapper);
  return e.link ? e.link->name() : "a peer";
}

// Frames in.

bool P2p::on_frame(PeerConnection& connection, std::span<const std::byte> frame) {
  const net::Decoded decoded = net::decode(frame);
  std::visit(
      [&](const auto& message) {
        using M = std::decay_t<decltype(message)>;
        if constexpr (std::is_same_v<M, net::DecodeError>) {
          if (message == net::DecodeError::unknown_content) {
            loop_.counters.add(Counter::unknown_content);
          } else {
            on_malformed(connection, to_string(message));
          }
        } else if constexpr (requires { this->on(connection, message); }) {
          this->on(connection, message);
        } else {
          on_malformed(connection, "a message for modules");
        }
      },
      decoded);
  return connection.state() == Connection::State::open && connection.role != PeerConnection::Role::gone;
}

void P2p::on_malformed(PeerConnection& connection, const char* what) {
  loop_.counters.add(Counter::malformed_p2p);
  spdlog::debug("malformed frame from {}: {}", connection.name(), what);
  if (++connection.malformed < most_malformed) return;
  loop_.counters.add(Counter::closed_malformed);
  spdlog::warn("closing {}: too many malformed frames", connection.name());
  lose(connection);
}

/// Settles who sends. False: the connection has been turned away meanwhile.
bool P2p::heard(PeerConnection& connection, net::Endpoint claimed) {
  if (connection.role == PeerConnection::Role::unidentified) identify(connection, claimed);
  return connection.role == PeerConnection::Role::link || connection.role == PeerConnection::Role::spare;
}

void P2p::on(PeerConnection& connection, const net::SendContent& message) {
  if (heard(connection, {})) engine_->receive_announce(loop_.now, connection.peer, message.announce);
}

void P2p::on(PeerConnection& connection, const net::Pull& message) {
  if (heard(connection, message.sender)) {
    engine_->receive_pull(loop_.now, connection.peer, listed_number(message.sender));
  }
}

void P2p::on(PeerConnection& connection, const net::Push& message) {
  if (heard(connection, message.sender)) {
    engine_->receive_push(loop_.now, connection.peer, listed_number(message.sender));
  }
}

void P2p::on(PeerConnection& connection, const net::Response& message) {
  if (!heard(connection, {})) return;
  entry(connection.peer).pull_sent = never;
  response_.clear();
  const std::size_t taken = std::min<std::size_t>(message.count(), settings_.peer_list);
  for (std::size_t i = 0; i < taken; ++i) {
    const PeerId peer = listed_number(message[i]);
    if (peer != no_peer) response_.push_back(peer);
  }
  loop_.counters.add(Counter::ignored_address, message.count() - taken);
  engine_->receive_response(loop_.now, connection.peer, response_);
}

void P2p::on_end(PeerConnection& connection) { lose(connection); }

/// The connection is of no more use; tells the core when it was the link.
void P2p::lose(PeerConnection& connection) {
  const auto keep = connection.shared_from_this();
  const bool was_link = connection.role == PeerConnection::Role::link;
  connection.role = PeerConnection::Role::gone;
  connection.close_after_flush();
  if (!was_link) return;
  const PeerId peer = connection.peer;
  spdlog::debug("peer {} is down", peer_name(peer));
  unlink(peer);
  if (!stopping_) engine_->peer_down(loop_.now, peer);
  release_if_unused(peer);
}

/// The core has no connection to this peer any more. Its number may soon be another's.
void P2p::unlink(PeerId peer) {
  Entry& target = entry(peer);
  if (target.anonymous) --anonymous_;
  target.anonymous = false;
  target.link.reset();
  target.pull_sent = never;
  for (const auto& connection : connections_) {
    if (connection->peer != peer || connection->role != PeerConnection::Role::spare) continue;
    connection->role = PeerConnection::Role::gone;
    connection->close_after_flush();
  }
}

// Frames out.

template <class M>
bool P2p::send(PeerId to, std::size_t size, const M& message) {
  const auto& link = entry(to).link;
  return link && link->enqueue(size, [&](net::Bytes& out) { encode(out, message); });
}

void P2p::send_announce(PeerId to, const Outgoing& message) {
  const net::SendContent content{{message.ttl, 0, message.data_type, message.data}};
  const bool queued = send(to, net::send_content_size(message.data.size()), content);
  loop_.counters.add(queued ? Counter::sent : Counter::drop_peer_queue);
}

void P2p::send_pull(PeerId to) {
  const auto link = entry(to).link;
  if (!link || !send(to, net::pull_size, net::Pull{own_address_on(*link)})) return;
  if (entry(to).pull_sent == never) entry(to).pull_sent = loop_.now;
}

void P2p::send_push(PeerId to) {
  if (const auto link = entry(to).link) send(to, net::push_size, net::Push{own_address_on(*link)});
}

void P2p::send_response(PeerId to, std::span<const PeerId> peers) {
  answer_.clear();
  for (PeerId peer : peers) {
    if (entry(peer).address) answer_.push_back(*entry(peer).address);
  }
  const auto& link = entry(to).link;
  if (!link) return;
  link->enqueue(net::response_size(answer_.size()), [&](net::Bytes& out) { net::encode_response(out, answer_); });
}

void P2p::disconnect(PeerId peer) {
  Entry& target = entry(peer);
  target.dial_unwanted = target.dialling;
  if (target.link) {
    target.link->role = PeerConnection::Role::gone;
    target.link->close_after_flush();
    unlink(peer);
  }
  release_if_unused(peer);
}

// The rest.

void P2p::tick(Time now) {
  for (std::size_t i = 0; i < connections_.size();) {
    const std::shared_ptr<PeerConnection> connection = connections_[i];
    tick(*connection, now);
    if (connection->state() != Connection::State::closed) {
      ++i;
      continue;
    }
    if (connection->role != PeerConnection::Role::gone) lose(*connection);
    if (connection->inbound) {
      --inbound_;
      const auto there = inbound_by_address_.find(connection->remote().address().to_string());
      if (there != inbound_by_address_.end() && --there->second == 0) inbound_by_address_.erase(there);
    }
    connections_[i] = std::move(connections_.back());
    connections_.pop_back();
  }
}

void P2p::tick(PeerConnection& connection, Time now) {
  connection.set_limit(settings_.peer_queue);
  connection.tick(now);
  if (connection.state() != Connection::State::open) return;
  using Role = PeerConnection::Role;
  if (connection.role == Role::unidentified && now - connection.since > settings_.identify_timeout) {
    make_anonymous(connection);
  }
  if (connection.role == Role::spare && now - connection.last_read() > settings_.response_timeout) lose(connection);
  if (connection.role != Role::link) return;
  const Time pulled = entry(connection.peer).pull_sent;
  if (connection.stalled_since() != never && now - connection.stalled_since() > settings_.peer_stall) {
    loop_.counters.add(Counter::closed_stalled);
    spdlog::warn("closing {}: it reads nothing", connection.name());
    lose(connection);
    connection.close();
  } else if (pulled != never && now - pulled > settings_.response_timeout) {
    loop_.counters.add(Counter::closed_silent);
    spdlog::info("closing {}: no RESPONSE in time", connection.name());
    lose(connection);
  } else if (pulled == never && now - connection.last_read() > settings_.idle_timeout) {
    send_pull(connection.peer);
  }
}

void P2p::stop_accepting() {
  stopping_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

std::size_t P2p::queued() const {
  std::size_t bytes = 0;
  for (const auto& connection : connections_) bytes += connection->queued();
  return bytes;
}

void P2p::close_all() {
  for (const auto& connection : connections_) connection->close_after_flush();
}

std::vector<net::Endpoint> P2p::addresses(std::span<const PeerId> peers) const {
  std::vector<net::Endpoint> found;
  for (PeerId peer : peers) {
    if (entries_[index(peer)].address) found.push_back(*entries_[index(peer)].address);
  }
  return found;
}

void P2p::learn(std::span<const net::Endpoint> peers) {
  response_.clear();
  for (net::Endpoint address : peers) {
    const PeerId peer = listed_number(address);
    if (peer != no_peer) response_.push_back(peer);
  }
  engine_->receive_response(loop_.now, no_peer, response_);
}

std::vector<P2p::LinkInfo> P2p::links() const {
  std::vector<LinkInfo> infos;
  for (const Entry& e : entries_) {
    if (!e.link) continue;
    infos.push_back(
        {e.address ? to_string(*e.address) : e.link->name() + " (anonymous)", e.link->inbound, e.link->queued()});
  }
  return infos;
}

}  // namespace gossip::node
