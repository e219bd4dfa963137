#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/assert.hpp"
#include "net/framing.hpp"
#include "tests/fuzz/moves.hpp"

/// The other ends of a node's connections.
namespace gossip::fuzz {

/// What the message is, for the model.
using Content = std::pair<std::uint16_t, std::string>;
inline Content content_of(std::uint16_t type, std::span<const std::byte> data) {
  return {type, {reinterpret_cast<const char*>(data.data()), data.size()}};
}

inline sockaddr_in to_sockaddr(net::Endpoint endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(endpoint.ip);
  address.sin_port = htons(endpoint.port);
  return address;
}

/// A peer's or module's end of a connection. Never blocks.
class Remote {
 public:
  Remote(int socket, bool is_module) : module(is_module), socket_(socket) {}
  ~Remote() {
    // No TIME_WAIT: a fuzzer would use up the ports.
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(socket_);
  }
  Remote(const Remote&) = delete;

  static std::unique_ptr<Remote> dial(std::uint32_t from, net::Endpoint to, bool module) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1, small = 16 * 1024;
    ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const sockaddr_in own = to_sockaddr({from, 0}), other = to_sockaddr(to);
    ::bind(socket, reinterpret_cast<const sockaddr*>(&own), sizeof own);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&other), sizeof other) == 0)
      return std::make_unique<Remote>(socket, module);
    ::close(socket);
    return nullptr;
  }

  /// What the other side does not take now is lost, with all that would follow: half a frame must not be followed by
  /// another's beginning, unless that is the move.
  void send(std::span<const std::byte> bytes) {
    if (output_ended_) return;
    const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n != static_cast<ssize_t>(bytes.size())) end_output();
  }
  void end_output() {
    output_ended_ = true;
    ::shutdown(socket_, SHUT_WR);
  }
  /// False: nothing was there.
  template <class F>
  bool read(F&& on_frame) {
    static std::array<std::byte, 256 * 1024> buffer;
    const ssize_t n = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n <= 0) return false;
    const auto result = reader_.feed(std::span(buffer).first(static_cast<std::size_t>(n)), on_frame);
    GOSSIP_ASSERT(result == net::FrameReader::Result::ok);  // the node says only what is right
    return true;
  }

  const bool module;
  bool reads = true;
  bool answers = false;  // every PULL, with a RESPONSE
  World world;
  std::map<Content, std::uint32_t> heard;
  std::uint64_t responses = 0;

 private:
  int socket_;
  bool output_ended_ = false;
  net::FrameReader reader_;
};

/// Where a peer of the game listens.
class Listening {
 public:
  explicit Listening(std::uint32_t ip) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in bound = to_sockaddr({ip, 0});
    socklen_t size = sizeof bound;
    ::bind(socket_, reinterpret_cast<sockaddr*>(&bound), size);
    ::listen(socket_, 16);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&bound), &size);
    address = {ip, ntohs(bound.sin_port)};
  }
  ~Listening() { close(); }
  Listening(const Listening&) = delete;

  std::unique_ptr<Remote> accept() const {
    const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    return socket < 0 ? nullptr : std::make_unique<Remote>(socket, false);
  }
  void close() {
    if (socket_ < 0) return;
    while (accept() != nullptr) {
    }
    ::close(std::exchange(socket_, -1));
  }

  net::Endpoint address;

 private:
  int socket_;
};

}  // namespace gossip::fuzz
