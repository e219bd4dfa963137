#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <string>
#include <vector>

#include "net/classic.hpp"
#include "node/commands.hpp"
#include "node/connection.hpp"
#include "node/listener.hpp"
#include "node/questions.hpp"
#include "node/settings.hpp"

namespace gossip::node {

class Api;
class Driver;

class ModuleConnection : public Connection {
 public:
  ModuleConnection(Loop& loop, tcp::socket socket, std::uint64_t limit, Api& api, ModuleId id);

  Api& api;
  const ModuleId id;
  Questions questions;
  std::vector<std::uint16_t> types;  // subscribed to; bounded by api_subscriptions
  std::uint64_t announced = 0;       // messages
  std::uint64_t dropped = 0;         // of those: they went nowhere

 protected:
  bool on_frame(std::span<const std::byte> frame) override;
  void on_bad_size() override;
  void on_end() override;
};

/// The local modules: their announcements, subscriptions and verdicts.
///
/// Rules
/// - A frame that does not decode, of another type, or a verdict on what was never asked closes the connection; a line
///   is logged. Nobody else notices.
/// - A verdict that comes late, or second, is counted and ignored: a slow module is not an evil one.
/// - A module whose queue is full loses the newest notification; one that reads nothing for `module_stall` is cut off.
class Api final : public Modules {
 public:
  Api(Loop& loop, const Settings& settings);

  /// Throws boost::system::system_error when the address cannot be listened on.
  void listen();
  void attach(Driver& driver) { driver_ = &driver; }
  Driver& driver() { return *driver_; }
  void stop_accepting();
  void close_all();
  void tick(Time now);
  const tcp::endpoint& local() const { return listener_.local(); }

  std::size_t deliver(const Message& message, MessageRef waiting, ModuleId publisher) override;

  bool on_frame(ModuleConnection& module, std::span<const std::byte> frame);
  void on_bad_size(ModuleConnection& module) { on_malformed(module, "size below a header"); }
  void on_end(ModuleConnection& module);

  struct ModuleInfo {
    std::string address;
    std::size_t queued;  // bytes
    std::vector<std::uint16_t> types;
    std::uint64_t announced, dropped;  // messages
  };
  std::vector<ModuleInfo> modules() const;
  std::size_t connections() const { return modules_.size(); }
  std::size_t queued() const;  // bytes, to all of them

 private:
  void accepted(tcp::socket socket);
  void on(ModuleConnection& module, const net::Announce& message);
  void on(ModuleConnection& module, const net::Notify& message);
  void on(ModuleConnection& module, const net::Validation& message);
  void on_malformed(ModuleConnection& module, const char* what);
  /// It is told nothing more, and asked nothing.
  void forget(ModuleConnection& module);

  Loop& loop_;
  const Settings& settings_;
  Driver* driver_ = nullptr;
  Listener listener_;
  std::vector<std::shared_ptr<ModuleConnection>> modules_;
  boost::unordered_flat_map<std::uint16_t, std::vector<ModuleConnection*>> subscribers_;
  std::uint64_t last_id_ = 0;
};

}  // namespace gossip::node
