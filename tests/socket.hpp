#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <span>
#include <utility>

#include "net/endpoint.hpp"

/// What tests and benchmarks do with bare sockets: come from an address of their choice, listen without reading, reset.
namespace gossip {

inline sockaddr_in to_sockaddr(net::Endpoint endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(endpoint.ip);
  address.sin_port = htons(endpoint.port);
  return address;
}
inline net::Endpoint to_endpoint(const sockaddr_in& address) {
  return {ntohl(address.sin_addr.s_addr), ntohs(address.sin_port)};
}
inline net::Endpoint local_endpoint(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return to_endpoint(address);
}

/// Closing sends a RST, and leaves no TIME_WAIT.
inline void reset_when_closed(int socket) {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

/// A TCP socket; closed with it. Tells by falsehood what did not work.
class Socket {
 public:
  explicit Socket(int number) : number_(number) {}
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : number_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  /// Not connected.
  static Socket tcp(int flags = 0) { return Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)); }
  /// `from` is one of this machine's addresses; port 0: any.
  static Socket connect(net::Endpoint from, net::Endpoint to) {
    Socket socket = tcp();
    if (!socket.bind(from) || !socket.connect(to)) socket.close();
    return socket;
  }
  static Socket listen(net::Endpoint at, int backlog = 16, int flags = 0) {
    Socket socket = tcp(flags);
    if (!socket.bind(at) || ::listen(socket.number(), backlog) != 0) socket.close();
    return socket;
  }

  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  void close() {
    if (number_ >= 0) ::close(release());
  }

  template <class T>
  void set(int level, int option, const T& value) {
    ::setsockopt(number_, level, option, &value, sizeof value);
  }
  bool bind(net::Endpoint own) {
    const sockaddr_in address = to_sockaddr(own);
    return ::bind(number_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  bool connect(net::Endpoint to) {
    const sockaddr_in address = to_sockaddr(to);
    return ::connect(number_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  int accept() const { return ::accept4(number_, nullptr, nullptr, SOCK_CLOEXEC); }
  net::Endpoint local() const { return local_endpoint(number_); }

  /// As ::send and ::recv, but never a SIGPIPE.
  ssize_t send(std::span<const std::byte> bytes, int flags = 0) {
    return ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
  }
  ssize_t receive(std::span<std::byte> buffer, int flags = 0) {
    return ::recv(number_, buffer.data(), buffer.size(), flags);
  }

 private:
  int number_;
};

}  // namespace gossip
