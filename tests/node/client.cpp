#include "tests/node/client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "node/log.hpp"

namespace gossip::node::test {
namespace {

sockaddr_in to_sockaddr(net::Endpoint endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(endpoint.ip);
  address.sin_port = htons(endpoint.port);
  return address;
}

void wait_for(int socket, short event) {
  pollfd wanted{socket, event, 0};
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  if (::poll(&wanted, 1, static_cast<int>(limit)) == 0) throw std::runtime_error("nothing happened on a connection");
}

/// Each node of this process has its own.
std::string fresh_socket_path() {
  static std::atomic<int> count{0};
  return "/tmp/gossip-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".sock";
}

}  // namespace

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = Clock::now() + patience;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
std::string text(std::span<const std::byte> data) { return {reinterpret_cast<const char*>(data.data()), data.size()}; }

Bytes announce(std::uint16_t type, std::string_view data, std::uint8_t ttl) {
  return frame(net::Announce{ttl, 0, type, bytes(data)});
}
Bytes content(std::uint16_t type, std::string_view data, std::uint8_t ttl) {
  return frame(net::SendContent{{ttl, 0, type, bytes(data)}});
}

Settings quiet_settings() {
  Settings settings;
  settings.p2p_address.port = 0;
  settings.api_address.port = 0;
  settings.retry_min = settings.retry_max = 3600 * second;
  settings.response_timeout = 3600 * second;
  settings.validation_deadline = 60 * second;
  settings.seed = 1;
  return settings;
}

TestNode::TestNode(const Settings& settings, RunOptions options) {
  Settings own = settings;
  if (own.state_dir.empty()) own.status_socket = fresh_socket_path();
  node_ = std::make_unique<Node>(own, std::move(options));
  p2p_ = node_->p2p_address();
  api_ = node_->api_address();
  status_path_ = node_->status_socket();
  thread_ = std::thread([this] { node_->run(); });
}

void TestNode::stop() {
  if (!thread_.joinable()) return;
  node_->stop();
  thread_.join();
  node_.reset();
}

nlohmann::json TestNode::status() const { return ask_status(status_path_); }

nlohmann::json ask_status(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  std::string answer;
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    char buffer[4096];
    for (ssize_t n; (n = ::read(socket, buffer, sizeof buffer)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(socket);
  return nlohmann::json::parse(answer);
}

Client::Client(net::Endpoint to) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const sockaddr_in address = to_sockaddr(to);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);
    throw std::runtime_error("cannot connect to " + to_string(to));
  }
}

Client::~Client() {
  if (socket_ >= 0) ::close(socket_);
}

Client::Client(Client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      input_(std::move(other.input_)),
      used_(std::exchange(other.used_, 0)) {}

Client& Client::operator=(Client&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(input_, other.input_);
  std::swap(used_, other.used_);
  return *this;
}

void Client::send(std::span<const std::byte> data) {
  while (!data.empty()) {
    wait_for(socket_, POLLOUT);
    const ssize_t n = ::send(socket_, data.data(), data.size(), MSG_NOSIGNAL);
    if (n < 0) return;  // the other side has closed; what it sent before can still be read
    data = data.subspan(static_cast<std::size_t>(n));
  }
}

void Client::finish_sending() { ::shutdown(socket_, SHUT_WR); }

void Client::reset() {
  const linger hard{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(std::exchange(socket_, -1));
}

bool Client::fill() {
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  wait_for(socket_, POLLIN);
  std::byte buffer[65536];
  const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
  if (n <= 0) return false;
  input_.insert(input_.end(), buffer, buffer + n);
  return true;
}

std::optional<Bytes> Client::receive() {
  while (true) {
    const std::size_t there = input_.size() - used_;
    if (there >= 2) {
      const std::byte* at = input_.data() + used_;
      const auto size = static_cast<std::size_t>(at[0]) << 8 | static_cast<std::size_t>(at[1]);
      if (there >= size) {
        used_ += size;
        return Bytes(at, at + size);
      }
    }
    if (!fill()) return std::nullopt;
  }
}

bool Client::closed_by_other_side() {
  while (fill()) used_ = input_.size();
  return true;
}

net::Endpoint Client::remote() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  return {ntohl(address.sin_addr.s_addr), ntohs(address.sin_port)};
}

net::Endpoint Client::local() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  return {ntohl(address.sin_addr.s_addr), ntohs(address.sin_port)};
}

void Module::subscribe(std::uint16_t type) {
  // A module is told what other modules announce: when a probe comes back, the NOTIFY has been read.
  const std::string probe = "probe " + std::to_string(local().port) + ' ' + std::to_string(type) + ' ';
  send(frame(net::Notify{0, type}));
  send(frame(net::Notify{0, probe_type}));
  Client other(remote());
  for (int attempt = 0; attempt < 600; ++attempt) {
    // The node may read a probe before the NOTIFY; then another one.
    other.send(announce(probe_type, probe + std::to_string(attempt), 1));
    pollfd wanted{socket(), POLLIN, 0};
    if (::poll(&wanted, 1, 50) != 1) continue;
    if (next_of_any_type().starts_with(probe)) return;
  }
  throw std::runtime_error("no subscription");
}

std::string Module::next() {
  // Probes of other modules come here too.
  do {
    const std::string data = next_of_any_type();
    if (last_type != probe_type) return data;
  } while (true);
}

std::string Module::next_of_any_type() {
  while (const auto received = receive()) {
    const net::Decoded decoded = net::decode(*received);
    if (const auto* message = std::get_if<net::Notification>(&decoded)) {
      last_id = message->message_id;
      last_type = message->data_type;
      return text(message->data);
    }
    ADD_FAILURE() << "no notification";
  }
  last_type = 0;
  return "<closed>";
}

void Module::answer(bool valid) { send(frame(net::Validation{last_id, 0, valid})); }

RawPeer::RawPeer(const TestNode& node, net::Endpoint listening) : Client(node.p2p()) { ask_for_peers(listening); }

std::vector<net::Endpoint> RawPeer::ask_for_peers(net::Endpoint self) {
  send(frame(net::Pull{self}));
  while (const auto received = receive()) {
    const net::Decoded decoded = net::decode(*received);
    const auto* response = std::get_if<net::Response>(&decoded);
    if (response == nullptr) continue;
    std::vector<net::Endpoint> peers;
    for (std::size_t i = 0; i < response->count(); ++i) peers.push_back((*response)[i]);
    return peers;
  }
  ADD_FAILURE() << "no RESPONSE";
  return {};
}

std::string RawPeer::next() {
  while (const auto received = receive()) {
    const net::Decoded decoded = net::decode(*received);
    if (const auto* message = std::get_if<net::SendContent>(&decoded)) {
      last_ttl = message->announce.ttl;
      return text(message->announce.data);
    }
  }
  return "<closed>";
}

net::Endpoint nowhere(std::uint16_t port) { return {0x7f000001, port}; }

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = to_sockaddr({0x7f000001, 0});
  socklen_t size = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

}  // namespace gossip::node::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gossip::node::set_up_log(gossip::node::LogLevel::off, gossip::node::LogFormat::text);
  return RUN_ALL_TESTS();
}
