#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "node/asio.hpp"

namespace gossip::node {

/// The bytes under a Connection: plain TCP here; a class that encrypts overrides what moves bytes.
///
/// Rules
/// - Readiness, not completion: who wants to read waits, and then reads what is there. So a connection that waits owns
///   no buffer, nothing is allocated for an operation, and OpenSSL works over a descriptor in the same way.
/// - Nothing blocks. `would_block` is no failure: it asks to wait again.
/// - Fewer bytes written than were given: no more are taken until the next wait_writable.
class Stream {
 public:
  explicit Stream(tcp::socket socket);
  virtual ~Stream() = default;
  Stream(const Stream&) = delete;

  /// Bytes read; the error is asio::error::eof at the other side's FIN.
  virtual std::size_t read_some(std::span<std::byte> to, boost::system::error_code& error);
  /// Bytes taken.
  virtual std::size_t write_some(std::span<const std::byte> from, boost::system::error_code& error);
  /// The FIN, behind all that was written.
  virtual void end_output();

  template <class Token>
  auto wait_readable(Token&& token) {
    return socket_.async_wait(tcp::socket::wait_read, std::forward<Token>(token));
  }
  template <class Token>
  auto wait_writable(Token&& token) {
    return socket_.async_wait(tcp::socket::wait_write, std::forward<Token>(token));
  }

  /// Ends both directions; who waits to read sees the end.
  void shutdown();
  void close();
  void reset_at_close();
  const tcp::endpoint& remote() const { return remote_; }
  tcp::endpoint local() const;

 private:
  tcp::socket socket_;
  tcp::endpoint remote_;
};

}  // namespace gossip::node
