#include "node/client.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace gossip::node {
namespace {

constexpr std::size_t buffer_size = 256 * 1024;  // as the node's

int connected_socket(const addrinfo& address) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  const int one = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0) return socket;
  const int problem = errno;
  ::close(socket);
  errno = problem;
  return -1;
}

int dial(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (problem != 0) throw std::runtime_error(host + ": " + ::gai_strerror(problem));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    if (const int socket = connected_socket(*address); socket >= 0) return socket;
  }
  throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
}

std::string host_of(net::Endpoint endpoint) {
  const std::string text = to_string(endpoint);
  return text.substr(0, text.find(':'));
}

}  // namespace

FrameClient::FrameClient(const net::HostPort& to) : socket_(dial(to.host, to.port)) {}
FrameClient::FrameClient(net::Endpoint to) : socket_(dial(host_of(to), to.port)) {}

FrameClient::FrameClient(FrameClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), reader_(std::move(other.reader_)) {}

FrameClient& FrameClient::operator=(FrameClient&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(reader_, other.reader_);
  return *this;
}

bool FrameClient::send(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

std::uint16_t FrameClient::port() const {
  sockaddr_in6 address{};  // the port lies where it does in IPv4's
  socklen_t size = sizeof address;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin6_port);
}

void FrameClient::end_output() { ::shutdown(socket_, SHUT_WR); }

void FrameClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

FrameClient::Read FrameClient::receive(Timeout timeout, std::span<const std::byte>& bytes) {
  static thread_local std::vector<std::byte> buffer(buffer_size);
  pollfd wanted{.fd = socket_, .events = POLLIN, .revents = 0};
  if (timeout != forever && ::poll(&wanted, 1, static_cast<int>(timeout.count())) <= 0) return Read::nothing;
  ssize_t n = 0;
  do {
    n = ::recv(socket_, buffer.data(), buffer.size(), 0);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return Read::broken;
  if (n == 0) return Read::closed;
  bytes = std::span(buffer).first(static_cast<std::size_t>(n));
  return Read::frames;
}

bool ModuleClient::subscribe(std::uint16_t data_type) {
  net::Bytes frame;
  encode(frame, net::Notify{.data_type = data_type});
  return send(frame);
}

bool ModuleClient::announce(std::uint8_t ttl, std::uint16_t data_type, std::span<const std::byte> data) {
  net::Bytes frame;
  encode(frame, net::Announce{.ttl = ttl, .data_type = data_type, .data = data});
  return send(frame);
}

void ModuleClient::answer(std::uint16_t message_id, bool valid) {
  encode(answers_, net::Validation{.message_id = message_id, .valid = valid});
}

bool ModuleClient::send_answers() {
  const bool sent = send(answers_);
  answers_.clear();
  return sent;
}

}  // namespace gossip::node
