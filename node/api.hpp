#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <vector>

#include "node/connection.hpp"
#include "node/engine.hpp"
#include "node/settings.hpp"

namespace gossip::node {

class Api;

class ModuleConnection : public Connection {
 public:
  ModuleConnection(Loop& loop, tcp::socket socket, std::uint64_t limit, Api& api);

  /// A message id for the wire; the verdict that names it means `serial`. 65,536 can be out; then the oldest is given
  /// again, as its verdict is long past the deadline.
  std::uint16_t ask(std::uint64_t serial);
  /// What the id meant, once; 0: nothing.
  std::uint64_t answered(std::uint16_t message_id);

  Api& api;
  std::vector<std::uint16_t> types;  // subscribed to; bounded by api_subscriptions

 protected:
  bool on_frame(std::span<const std::byte> frame) override;
  void on_bad_size() override;
  void on_end() override;

 private:
  std::vector<std::uint64_t> asked_;  // by message id; grows to 65,536
  std::uint16_t next_ = 0;
};

/// The local modules: their announcements, subscriptions and verdicts.
///
/// Rules
/// - A frame that does not decode, of another type, or a verdict on what was never asked closes the connection; a line
/// is
///   logged. Nobody else notices.
/// - A verdict that comes late, or second, is counted and ignored: a slow module is not an evil one.
/// - A module whose queue is full loses the newest notification; one that reads nothing for `module_stall` is cut off.
class Api {
 public:
  Api(Loop& loop, const Settings& settings);

  void listen();
  void attach(Engine& engine) { engine_ = &engine; }
  void stop_accepting();
  void close_all();
  void tick(Time now);
  const tcp::endpoint& local() const { return local_; }

  /// To every subscriber but `publisher`; how many there are.
  std::size_t deliver(const Outgoing& message, std::uint64_t serial, const void* publisher);

  bool on_frame(ModuleConnection& module, std::span<const std::byte> frame);
  void on_malformed(ModuleConnection& module, const char* what);
  void on_end(ModuleConnection& module);

  struct ModuleInfo {
    std::string address;
    std::size_t queued;
    std::vector<std::uint16_t> types;
  };
  std::vector<ModuleInfo> modules() const;
  std::size_t connections() const { return modules_.size(); }
  std::size_t queued() const;  // bytes, to all of them

 private:
  asio::awaitable<void> accept();
  void accepted(tcp::socket socket);
  void on(ModuleConnection& module, const net::Announce& message);
  void on(ModuleConnection& module, const net::Notify& message);
  void on(ModuleConnection& module, const net::Validation& message);
  void unsubscribe(ModuleConnection& module);

  Loop& loop_;
  const Settings& settings_;
  Engine* engine_ = nullptr;
  tcp::acceptor acceptor_;
  tcp::endpoint local_;
  std::vector<std::shared_ptr<ModuleConnection>> modules_;
  boost::unordered_flat_map<std::uint16_t, std::vector<ModuleConnection*>> subscribers_;
  bool stopping_ = false;
};

}  // namespace gossip::node
