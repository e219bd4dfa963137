#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "node/api.hpp"
#include "node/driver.hpp"
#include "node/p2p.hpp"

namespace gossip::node {

struct RunOptions {
  std::string record;                                    // a file; empty: nothing is recorded
  bool signals = false;                                  // SIGINT, SIGTERM and SIGHUP are ours
  std::function<std::optional<Settings>()> reload = {};  // on SIGHUP; nothing: keep what is
  Lookup look_up = node::look_up;                        // what names stand for
};

/// The daemon: one thread, one core, peers on one side and modules on the other.
class Node {
 public:
  /// Listens; throws std::runtime_error in words when that or a file fails.
  Node(const Settings& settings, RunOptions options);
  ~Node();

  /// Until `stop` or a signal. Then what is queued is sent, for at most 2 s.
  void run();
  /// From any thread.
  void stop();

  net::Endpoint p2p_address() const;
  net::Endpoint api_address() const;
  std::string status_socket() const { return status_path_; }
  /// On the node's thread, or while it does not run.
  nlohmann::json status();
  const Counters& counters() const { return counters_; }

 private:
  asio::awaitable<void> housekeeping();
  asio::awaitable<void> wakes();
  asio::awaitable<void> handle_signals();
  asio::awaitable<void> shut_down();
  void listen();
  void open_status_socket();
  void tell_status(asio::local::stream_protocol::socket client);
  void load_state();
  void save_state();
  void reload();
  void schedule_wake();
  void apply_limits();

  Settings settings_;
  RunOptions options_;
  asio::io_context io_;
  Counters counters_;
  Loop loop_;
  std::unique_ptr<Driver> driver_;  // outlives those that hold its messages
  P2p p2p_;
  Api api_;
  asio::steady_timer wake_timer_;
  asio::signal_set signals_;
  asio::local::stream_protocol::acceptor status_acceptor_;
  std::function<void(asio::local::stream_protocol::socket)> on_status_asked_;
  std::string status_path_;
  std::vector<net::Endpoint> restored_;  // peers of the state file
  Time started_ = 0, saved_ = 0;
  bool stopping_ = false;
};

}  // namespace gossip::node
