#include "node/node.hpp"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>

#include "node/log.hpp"
#include "node/peer_file.hpp"

namespace gossip::node {
namespace {

/// How exactly timeouts are kept; also the longest that a relief from back pressure can be late.
constexpr auto tick_interval = std::chrono::milliseconds(50);
constexpr Duration save_interval = 60 * second;
/// Who stops a node waits for it; somebody who does not read must not hold that up for longer.
constexpr Duration flush_limit = 2 * second;
/// When all is sent: how long the others' FINs are waited for, so that no unread byte turns our close into a reset.
constexpr Duration fin_limit = 200 * millisecond;

std::uint64_t choose_seed(const Settings& settings) {
  if (settings.own.seed != 0) return settings.own.seed;
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

/// Sets a field that is the driver's, in every part that has it.
void set_driver_field(const Operations& kind, Config& config, std::string_view name, std::int64_t value) {
  for (const Fields& fields : kind.driver_fields(config)) {
    for (const Field& field : fields.table) {
      if (field.name == name) field.set(fields.config, value);
    }
  }
}

net::Endpoint bound(const tcp::endpoint& endpoint) {
  return to_endpoint(endpoint).value_or(net::Endpoint{.ip = 0, .port = endpoint.port()});
}

}  // namespace

Node::Node(const Settings& settings, RunOptions options)
    : settings_(settings),
      options_(std::move(options)),
      io_(1),
      loop_(io_, counters_),
      p2p_(loop_, settings_),
      api_(loop_, settings_),
      wake_timer_(io_),
      signals_(io_),
      status_acceptor_(io_) {
  loop_.refresh();
  loop_.look_up = options_.look_up;
  apply_limits();
  started_ = saved_ = loop_.now;
  listen();
  const Operations* kind = find_operations(settings_.overlay, settings_.broadcast, settings_.repair);
  if (kind == nullptr) throw std::runtime_error("there is no such overlay, broadcast or repair");
  Config config = settings_.core;
  set_driver_field(*kind, config, "validation", true);
  const bool is_bootstrapper =
      !settings_.bootstrapper || settings_.bootstrapper->endpoint() == std::optional(p2p_.own_address());
  if (!is_bootstrapper) set_driver_field(*kind, config, "bootstrapper", index(bootstrapper_id));
  const std::uint64_t seed = choose_seed(settings_);
  driver_ = std::make_unique<Driver>(*kind, config, seed, p2p_, api_, counters_);
  if (!options_.record.empty()) driver_->record(options_.record);
  if (options_.signals) {
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) signals_.add(signal);
  }
  p2p_.attach(*driver_);
  api_.attach(*driver_);
  spdlog::info("listening p2p={} api={} status={} seed={}{}", to_string(p2p_.local()), to_string(api_.local()),
               status_path_, seed, is_bootstrapper ? " bootstrapper" : "");
}

Node::~Node() {
  if (!status_path_.empty()) ::unlink(status_path_.c_str());
}

void Node::listen() {
  const auto attempt = [](const char* what, const net::HostPort& address, auto&& action) {
    try {
      action();
    } catch (const boost::system::system_error& problem) {
      throw std::runtime_error(std::string(what) + " " + to_string(address) + ": " + problem.code().message());
    }
  };
  attempt("p2p_address", settings_.p2p_address, [&] { p2p_.listen(); });
  attempt("api_address", settings_.api_address, [&] { api_.listen(); });
  open_status_socket();
}

void Node::open_status_socket() {
  Settings bound = settings_;
  bound.api_address.port = api_.local().port();
  status_path_ = default_status_socket(bound);
  if (settings_.status_socket.empty() && !settings_.state_dir.empty() &&
      !status_path_.starts_with(settings_.state_dir)) {
    spdlog::warn("state_dir is too long for a Unix socket; the status socket is {}", status_path_);
  }
  try {
    if (!settings_.state_dir.empty()) std::filesystem::create_directories(settings_.state_dir);
    if (!fits_unix_socket(status_path_)) throw std::runtime_error("too long for a Unix socket");
    // A socket that nobody listens on is a crashed node's; one that answers is another node's.
    asio::local::stream_protocol::socket probe(io_);
    boost::system::error_code error;
    probe.connect({status_path_}, error);
    if (!error) throw std::runtime_error("another node uses " + status_path_);
    if (std::filesystem::is_socket(status_path_)) std::filesystem::remove(status_path_);
    const mode_t before = ::umask(0177);
    asio::local::stream_protocol::acceptor acceptor(io_, {status_path_});
    ::umask(before);
    status_acceptor_ = std::move(acceptor);
  } catch (const std::exception& problem) {
    const std::string path = std::exchange(status_path_, {});
    throw std::runtime_error("status_socket " + path + ": " + words(problem));
  }
}

void Node::apply_limits() {
  loop_.backpressure = settings_.limits.backpressure;
  loop_.frame_timeout = settings_.limits.frame_timeout;
  loop_.total.limit = settings_.limits.total_queue;
}

void Node::run() {
  loop_.refresh();
  driver_->start(loop_.now);
  load_state();
  asio::co_spawn(io_, housekeeping(), asio::detached);
  asio::co_spawn(io_, wakes(), asio::detached);
  on_status_asked_ = [this](auto client) { tell_status(std::move(client)); };
  asio::co_spawn(io_, accept_all(loop_, status_acceptor_, "the status socket", on_status_asked_), asio::detached);
  if (options_.signals) asio::co_spawn(io_, handle_signals(), asio::detached);
  io_.run();
}

void Node::stop() {
  asio::post(io_, [this] {
    if (!std::exchange(stopping_, true)) asio::co_spawn(io_, shut_down(), asio::detached);
  });
}

asio::awaitable<void> Node::handle_signals() {
  while (true) {
    const auto [error, signal] = co_await signals_.async_wait(as_result);
    if (error) co_return;
    if (signal == SIGHUP) {
      reload();
    } else if (std::exchange(stopping_, true)) {
      io_.stop();  // asked a second time
    } else {
      spdlog::info("stopping on {}", signal == SIGINT ? "SIGINT" : "SIGTERM");
      asio::co_spawn(io_, shut_down(), asio::detached);
    }
  }
}

asio::awaitable<void> Node::shut_down() {
  loop_.refresh();
  p2p_.stop_accepting();
  api_.stop_accepting();
  save_state();
  api_.close_all();
  p2p_.close_all();
  asio::steady_timer pause(io_);
  Time deadline = loop_.now + flush_limit;
  while (api_.connections() + p2p_.connections() > 0 && loop_.refresh() < deadline) {
    api_.tick(loop_.now);
    p2p_.tick(loop_.now);
    if (api_.queued() + p2p_.queued() == 0) deadline = std::min(deadline, loop_.now + fin_limit);
    pause.expires_after(std::chrono::milliseconds(1));
    co_await pause.async_wait(as_result);
  }
  settle_log(true);
  spdlog::info("stopped");
  io_.stop();
}

asio::awaitable<void> Node::housekeeping() {
  asio::steady_timer timer(io_);
  while (!stopping_) {
    timer.expires_after(tick_interval);
    co_await timer.async_wait(as_result);
    loop_.refresh();
    p2p_.tick(loop_.now);
    api_.tick(loop_.now);
    loop_.total.end_tick();
    driver_->tick(loop_.now);
    settle_log();
    if (loop_.now - saved_ > save_interval) save_state();
    schedule_wake();
  }
}

/// The core's one deadline. The timer is set when the loop has nothing else to do than to wait for it.
asio::awaitable<void> Node::wakes() {
  while (!stopping_) {
    const Time deadline = driver_->deadline();
    // Steps between now and then may bring the deadline forward; housekeeping looks after that.
    wake_timer_.expires_at(deadline == never ? asio::steady_timer::time_point::max()
                                             : asio::steady_timer::time_point(std::chrono::nanoseconds(deadline)));
    co_await wake_timer_.async_wait(as_result);
    loop_.refresh();
    if (driver_->deadline() <= loop_.now) driver_->wake(loop_.now);
  }
}

void Node::schedule_wake() {
  const Time deadline = driver_->deadline();
  if (deadline == never) return;
  const asio::steady_timer::time_point due{std::chrono::nanoseconds(deadline)};
  if (due < wake_timer_.expiry()) wake_timer_.cancel();
}

void Node::load_state() {
  if (settings_.state_dir.empty()) return;
  PeerFile file = load_peers(settings_.state_dir + "/peers", settings_.sampling().peer_list);
  if (!file.problem.empty()) spdlog::warn("{}", file.problem);
  if (file.peers.empty()) return;
  spdlog::info("{} peers known from before", file.peers.size());
  p2p_.learn(file.peers);
  restored_ = std::move(file.peers);
}

void Node::save_state() {
  saved_ = loop_.now;
  if (settings_.state_dir.empty()) return;
  std::vector<net::Endpoint> peers = p2p_.known();
  if (counters_[Counter::dialled] == 0) {  // perhaps it is this node that is cut off
    for (const net::Endpoint old : restored_) {
      if (std::ranges::find(peers, old) == peers.end()) peers.push_back(old);
    }
  }
  const std::string problem = save_peers(settings_.state_dir + "/peers", peers);
  if (!problem.empty()) spdlog::warn("{}", problem);
}

void Node::reload() {
  std::optional<Settings> fresh = options_.reload ? options_.reload() : std::nullopt;
  if (!fresh) {
    spdlog::warn("SIGHUP: nothing was changed");
    return;
  }
  const std::vector<Key> keys = keys_of(settings_), fresh_keys = keys_of(*fresh);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string before = keys[i].get(), after = fresh_keys[i].get();
    if (before == after) continue;
    if (!keys[i].reloadable) {
      spdlog::warn("SIGHUP: {} stays {}: it needs a restart", keys[i].name, before);
      continue;
    }
    keys[i].assign(after);
    spdlog::info("SIGHUP: {} is now {}", keys[i].name, after);
  }
  apply_limits();
  spdlog::set_level(static_cast<spdlog::level::level_enum>(settings_.own.log_level));
  if (!driver_->reconfigure(settings_.intake())) {
    spdlog::warn("SIGHUP: verdict rules stay as they are while recording");
  }
}

void Node::tell_status(asio::local::stream_protocol::socket socket) {
  const auto answer = std::make_shared<std::string>(status().dump() + '\n');
  const auto client = std::make_shared<asio::local::stream_protocol::socket>(std::move(socket));
  // Who asks and does not read keeps a buffer, and nobody waiting: the socket's own buffer is all there is.
  asio::async_write(*client, asio::buffer(*answer), [client, answer](const boost::system::error_code&, std::size_t) {});
}

nlohmann::json Node::status() {
  nlohmann::json peers = nlohmann::json::array(), modules = nlohmann::json::array();
  for (const auto& link : p2p_.links()) {
    peers.push_back({{"address", link.address},
                     {"inbound", link.inbound},
                     {"queued_bytes", link.queued},
                     {"dropped", link.dropped}});
  }
  for (const auto& module : api_.modules()) {
    modules.push_back({{"address", module.address},
                       {"queued_bytes", module.queued},
                       {"types", module.types},
                       {"announced", module.announced},
                       {"dropped", module.dropped}});
  }
  nlohmann::json counters, drops;
  for (std::size_t i = 0; i < counter_count; ++i) counters[known_counters[i].name] = counters_.values[i];
  for (std::size_t i = 0; i < reason_count; ++i) drops[reasons[i].name] = counters_.drops[i];
  nlohmann::json known = nlohmann::json::array();
  for (net::Endpoint address : p2p_.known()) known.push_back(to_string(address));
  return {{"p2p", to_string(p2p_.local())},
          {"api", to_string(api_.local())},
          {"uptime_seconds", static_cast<double>(loop_.now - started_) / static_cast<double>(second)},
          {"peers", peers},
          {"modules", modules},
          {"peer_list", known},
          {"messages", {{"known", driver_->messages_known()}, {"waiting", driver_->messages_waiting()}}},
          {"counters", counters},
          {"drops", drops}};
}

net::Endpoint Node::p2p_address() const { return bound(p2p_.local()); }
net::Endpoint Node::api_address() const { return bound(api_.local()); }

}  // namespace gossip::node
