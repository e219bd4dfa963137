#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/measure.hpp"
#include "node/client.hpp"
#include "node/settings.hpp"

/// Nodes, each a process, and the modules that load them.
namespace gossip::bench {

constexpr net::Endpoint loopback(std::uint16_t port) { return {.ip = 0x7f000001, .port = port}; }

/// A process that says two ports and then works until it is killed; it dies with us.
class Child {
 public:
  using Ready = std::function<void(std::uint16_t, std::uint16_t)>;

  explicit Child(const std::function<void(const Ready&)>& work);
  ~Child();
  Child(Child&& other) noexcept;

  /// Resident memory that is its own.
  long resident_kib() const;
  void end();

  std::uint16_t first = 0, second = 0;  // a node: P2P, API

 private:
  pid_t pid_;
};

/// Throws std::runtime_error when it does not start.
Child start_node(const node::Settings& settings);
/// Of one that remembers ids for 250 ms only, so that a run does not end when its memory is full. Bootstrapper 0: this
/// is it.
node::Settings brief_settings(std::uint16_t bootstrapper, std::uint32_t degree);
inline Child start_node(std::uint16_t bootstrapper, std::uint32_t degree) {
  return start_node(brief_settings(bootstrapper, degree));
}
/// What a node says at its status socket.
nlohmann::json ask_status(const std::string& path);

/// ANNOUNCEs that differ in a number at the beginning of their data.
class Announcer {
 public:
  /// `size`: bytes of data. At most `batch` are sent in one write.
  Announcer(node::FrameClient& client, std::size_t size, std::size_t batch);
  void send(std::uint64_t from, std::size_t count);
  /// From 0 on, in batches.
  void send_all(std::uint64_t count);

 private:
  node::FrameClient& client_;
  std::size_t frame_, batch_;
  net::Bytes bytes_;
};

/// Counts, and may say of everything that it is good.
class Subscriber {
 public:
  Subscriber(std::uint16_t api, bool verdicts);

  /// Reads once, and calls `on_number(std::uint64_t)` for each; false: nothing came for `wait`.
  template <class F>
  bool read(std::chrono::milliseconds wait, F&& on_number) {
    const auto result = client_.read_notifications(wait, [&](const net::Notification& message) {
      std::uint64_t number = 0;
      if (message.data.size() >= sizeof number) std::memcpy(&number, message.data.data(), sizeof number);
      on_number(number);
      if (verdicts_) client_.answer(message.message_id, true);
      return true;
    });
    if (result == node::FrameClient::Read::nothing) return false;
    if (result != node::FrameClient::Read::frames || !client_.send_answers()) {
      throw std::runtime_error("a node has closed the connection");
    }
    return true;
  }

  int socket() const { return client_.socket(); }

 private:
  node::ModuleClient client_;
  bool verdicts_;
};

/// Announces until all subscribers have one: then the nodes are connected and the subscriptions stand.
void warm_up(Announcer& announcer, std::vector<Subscriber>& subscribers);

}  // namespace gossip::bench
