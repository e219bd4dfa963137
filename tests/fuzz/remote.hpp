#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/assert.hpp"
#include "net/framing.hpp"
#include "tests/fuzz/moves.hpp"
#include "tests/socket.hpp"

/// The other ends of a node's connections.
namespace gossip::fuzz {

/// What the message is, for the model.
using Content = std::pair<std::uint16_t, std::string>;
inline Content content_of(std::uint16_t type, std::span<const std::byte> data) {
  return {type, {reinterpret_cast<const char*>(data.data()), data.size()}};
}

/// A peer's or module's end of a connection. Never blocks.
class Remote {
 public:
  /// No TIME_WAIT: a fuzzer would use up the ports.
  Remote(Socket socket, bool is_module) : module(is_module), socket_(std::move(socket)) {
    reset_when_closed(socket_.number());
  }
  Remote(const Remote&) = delete;

  static std::unique_ptr<Remote> dial(std::uint32_t from, net::Endpoint to, bool module) {
    Socket socket = Socket::tcp();
    socket.set(SOL_SOCKET, SO_RCVBUF, 16 * 1024);
    socket.set(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    socket.set(IPPROTO_TCP, TCP_NODELAY, 1);
    socket.bind({from, 0});
    return socket.connect(to) ? std::make_unique<Remote>(std::move(socket), module) : nullptr;
  }

  /// What the other side does not take now is lost, with all that would follow: half a frame must not be followed by
  /// another's beginning, unless that is the move.
  void send(std::span<const std::byte> bytes) {
    if (output_ended_) return;
    if (socket_.send(bytes, MSG_DONTWAIT) != static_cast<ssize_t>(bytes.size())) end_output();
  }
  void end_output() {
    output_ended_ = true;
    ::shutdown(socket_.number(), SHUT_WR);
  }
  /// False: nothing was there.
  template <class F>
  bool read(F&& on_frame) {
    static std::array<std::byte, 256 * 1024> buffer;
    const ssize_t n = socket_.receive(buffer, MSG_DONTWAIT);
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
  Socket socket_;
  bool output_ended_ = false;
  net::FrameReader reader_;
};

/// Where a peer of the game listens.
class Listening {
 public:
  explicit Listening(std::uint32_t ip) : socket_(Socket::listen({ip, 0}, 16, SOCK_NONBLOCK)) {
    address = socket_.local();
  }
  ~Listening() { close(); }
  Listening(const Listening&) = delete;

  std::unique_ptr<Remote> accept() const {
    Socket socket(socket_.accept());
    return socket ? std::make_unique<Remote>(std::move(socket), false) : nullptr;
  }
  /// Also resets who waits.
  void close() {
    while (socket_ && accept() != nullptr) {
    }
    socket_.close();
  }

  net::Endpoint address;

 private:
  Socket socket_;
};

}  // namespace gossip::fuzz
