#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/classic.hpp"
#include "node/client.hpp"
#include "node/node.hpp"
#include "tests/socket.hpp"

/// Nodes in this process, and a client that does to them what no well-behaved one would.
namespace gossip::node::test {

using Bytes = net::Bytes;
using Clock = std::chrono::steady_clock;

/// Generous: it is reached only when something is wrong.
inline constexpr std::chrono::seconds patience{30};

/// On a busy machine more than was slept for.
inline double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Asks again and again until it holds; false when it never does.
bool eventually(const std::function<bool()>& condition);

std::span<const std::byte> bytes(std::string_view text);
std::string text(std::span<const std::byte> data);

template <class M>
Bytes frame(const M& message) {
  Bytes out;
  encode(out, message);
  return out;
}
Bytes announce(std::uint16_t type, std::string_view data, std::uint8_t ttl = 0);
Bytes content(std::uint16_t type, std::string_view data, std::uint8_t ttl = 0);

/// Settings for a node of a test: any free ports, and no questions to peers that the test did not ask for.
Settings quiet_settings();

/// A node on a thread of its own.
class TestNode {
 public:
  explicit TestNode(const Settings& settings = quiet_settings(), RunOptions options = {});
  ~TestNode() { stop(); }
  TestNode(const TestNode&) = delete;

  void stop();
  net::Endpoint p2p() const { return p2p_; }
  net::Endpoint api() const { return api_; }
  nlohmann::json status() const;
  std::uint64_t counter(const char* name) const { return status()["counters"][name]; }
  std::uint64_t drop(const char* reason) const { return status()["drops"][reason]; }
  std::size_t peers() const { return status()["peers"].size(); }

 private:
  std::unique_ptr<Node> node_;
  net::Endpoint p2p_, api_;
  std::string status_path_;
  std::thread thread_;
};

nlohmann::json ask_status(const std::string& path);

/// Closes with RST.
void reset(FrameClient& client);
/// Skips what still comes. Throws when nothing does for `patience`.
bool ends(FrameClient& client);

using Frames = std::deque<Bytes>;
/// The next frame; nothing when the other side has closed. Throws when nothing comes for `patience`.
std::optional<Bytes> next_frame(FrameClient& client, Frames& waiting);

/// What the tests ask of both kinds of client.
template <class C>
class TestClient : public C {
 public:
  using C::C;
  std::optional<Bytes> receive() { return next_frame(*this, waiting_); }
  void reset() { test::reset(*this); }
  bool closed_by_other_side() { return ends(*this); }

 private:
  Frames waiting_;
};

/// Any bytes, on either port.
class Client : public TestClient<FrameClient> {
 public:
  using TestClient::TestClient;

  net::Endpoint local() const { return local_endpoint(socket()); }
};

/// A module.
class Module : public TestClient<ModuleClient> {
 public:
  explicit Module(const TestNode& node) : Module(node.api()) {}
  explicit Module(net::Endpoint api) : TestClient(api), api_(api) {}
  /// Returns when the node has it.
  void subscribe(std::uint16_t type);
  void publish(std::uint16_t type, std::string_view data, std::uint8_t ttl = 0) { announce(ttl, type, bytes(data)); }
  /// The next notification's data; remembers its id for `answer`.
  std::string next();
  void answer(bool valid);
  std::uint16_t last_id = 0, last_type = 0;

 private:
  static constexpr std::uint16_t probe_type = 60'000;
  std::string next_of_any_type();
  net::Endpoint api_;
};

/// A peer that is connected and known by the address that it claims.
class RawPeer : public Client {
 public:
  /// `listening` is claimed; it need not be true.
  RawPeer(const TestNode& node, net::Endpoint listening) : RawPeer(node.p2p(), listening) {}
  RawPeer(net::Endpoint node, net::Endpoint listening) : Client(node) { ask_for_peers(listening); }
  RawPeer(Client connected, net::Endpoint listening) : Client(std::move(connected)) { ask_for_peers(listening); }
  void spread(std::uint16_t type, std::string_view data, std::uint8_t ttl = 0) { send(content(type, data, ttl)); }
  /// The next announce; what else arrives is skipped.
  std::string next();
  std::vector<net::Endpoint> ask_for_peers(net::Endpoint self);
  std::uint8_t last_ttl = 0;
};

/// A port of this process; connections to it are made, and nobody reads them before `accept`.
struct Listener {
  explicit Listener(std::uint32_t ip = 0x7f000001);
  net::Endpoint endpoint() const { return address; }
  Client accept() const;

  Socket listening;
  int socket;
  net::Endpoint address;
};

/// A connection that comes from `ip`, one of this machine's.
Client connect_from(std::uint32_t ip, net::Endpoint to);
net::HostPort loopback(std::uint16_t port);
/// An address of this machine where nobody listens.
net::Endpoint nowhere(std::uint16_t port);
/// A port that was free a moment ago.
std::uint16_t free_port();

}  // namespace gossip::node::test
