#include "tests/node/client.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/un.h>

#include <atomic>
#include <cstring>
#include <random>

#include "node/log.hpp"

namespace gossip::node::test {
namespace {

using Read = FrameClient::Read;

[[noreturn]] void give_up() { throw std::runtime_error("nothing happened on a connection"); }

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
  return frame(net::Announce{.ttl = ttl, .data_type = type, .data = bytes(data)});
}
Bytes content(std::uint16_t type, std::string_view data, std::uint8_t ttl) {
  return frame(net::SendContent{{.ttl = ttl, .data_type = type, .data = bytes(data)}});
}

Settings quiet_settings() {
  Settings settings;
  settings.p2p_address.port = 0;
  settings.api_address.port = 0;
  settings.sampling().retry_min = settings.sampling().retry_max = 3600 * second;
  settings.limits.response_timeout = 3600 * second;
  settings.intake().validation_deadline = 60 * second;
  settings.own.seed = 1;
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

void reset(FrameClient& client) {
  reset_when_closed(client.socket());
  client.close();
}

bool ends(FrameClient& client) {
  auto result = Read::frames;
  while (result == Read::frames) result = client.read(patience, [](auto) { return true; });
  if (result == Read::nothing) give_up();
  return true;
}

std::optional<Bytes> next_frame(FrameClient& client, Frames& waiting) {
  while (waiting.empty()) {
    const auto result = client.read(patience, [&](std::span<const std::byte> one) {
      waiting.emplace_back(one.begin(), one.end());
      return true;
    });
    if (result == Read::nothing) give_up();
    if (result != Read::frames && waiting.empty()) return std::nullopt;
  }
  Bytes first = std::move(waiting.front());
  waiting.pop_front();
  return first;
}

void Module::subscribe(std::uint16_t type) {
  // A module is told what other modules announce: when a probe comes back, the NOTIFY has been read.
  static std::atomic<int> count{0};
  const std::string probe = "probe " + std::to_string(++count) + ' ';
  ModuleClient::subscribe(type);
  ModuleClient::subscribe(probe_type);
  ModuleClient other(api_);
  for (int attempt = 0; attempt < 600; ++attempt) {
    // The node may read a probe before the NOTIFY; then another one.
    other.announce(1, probe_type, bytes(probe + std::to_string(attempt)));
    pollfd wanted{.fd = socket(), .events = POLLIN, .revents = 0};
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
  last_type = 0;
  const auto received = receive();
  if (!received) return "<closed>";
  const net::Decoded decoded = net::decode(*received);
  const auto& message = std::get<net::Notification>(decoded);
  last_id = message.message_id;
  last_type = message.data_type;
  return text(message.data);
}

void Module::answer(bool valid) {
  ModuleClient::answer(last_id, valid);
  send_answers();
}

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

Listener::Listener(std::uint32_t ip)
    : listening(Socket::listen({ip, 0})), socket(listening.number()), address(listening.local()) {}
Client Listener::accept() const { return Client(listening.accept()); }

Client connect_from(std::uint32_t ip, net::Endpoint to) {
  Socket socket = Socket::connect({ip, 0}, to);
  if (!socket) throw std::runtime_error("nobody listens");
  return Client(socket.release());
}

net::HostPort loopback(std::uint16_t port) { return {.host = "127.0.0.1", .port = port, .kind = net::HostKind::v4}; }

net::Endpoint nowhere(std::uint16_t port) { return {0x7f000001, port}; }

std::uint16_t free_port() {
  // Below those that Linux gives to whoever asks for any: another process's dial could have one of them a moment later.
  static std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<std::uint16_t> ports(10'000, 32'000);
  while (true) {
    const std::uint16_t port = ports(random);
    if (Socket::tcp().bind({0, port})) return port;
  }
}

}  // namespace gossip::node::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gossip::node::set_up_log(gossip::node::LogLevel::off, gossip::node::LogFormat::text);
  return RUN_ALL_TESTS();
}
