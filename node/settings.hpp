#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/operations.hpp"
#include "net/endpoint.hpp"

namespace gossip::node {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };
enum class LogFormat : std::uint8_t { text, json };
inline constexpr std::string_view log_level_names[] = {"trace", "debug", "info", "warn", "error", "off"};
inline constexpr std::string_view log_format_names[] = {"text", "json"};

/// [limits]: connections, queues and patience.
struct Limits {
  std::uint32_t p2p_connections = 1024;
  std::uint32_t p2p_per_address = 256;
  std::uint32_t api_connections = 1024;
  std::uint32_t api_subscriptions = 256;
  std::uint64_t peer_queue = 8u << 20;
  std::uint64_t module_queue = 8u << 20;
  std::uint64_t total_queue = 256u << 20;
  Duration backpressure = 100 * millisecond;
  Duration module_stall = 10 * second;
  Duration peer_stall = 30 * second;
  Duration connect_timeout = 5 * second;
  Duration response_timeout = 10 * second;
  Duration idle_timeout = 60 * second;
  Duration identify_timeout = 200 * millisecond;
  Duration frame_timeout = 10 * second;

  static constexpr auto fields() {
    using L = Limits;
    constexpr Duration ms = millisecond, hour = 3'600 * second;
    constexpr Range queue = whole(65'536, 1 << 30);
    return std::array{
        field<&L::p2p_connections>("p2p_connections", whole(1, 100'000),
                                   {"inbound peer connections in total", "guess"}),
        field<&L::p2p_per_address>("p2p_per_address", whole(1, 100'000),
                                   {"inbound peer connections from one address", "guess"}),
        field<&L::api_connections>("api_connections", whole(1, 100'000), {"modules", "guess"}),
        field<&L::api_subscriptions>("api_subscriptions", whole(1, 65'536),
                                     {"data types one module can subscribe to", "guess"}),
        field<&L::peer_queue>(
            "peer_queue", queue,
            {"bytes that wait for one peer; then the newest is dropped", "50 ms of 1 Gbit/s, rounded up"}, Unit::size),
        field<&L::module_queue>("module_queue", queue,
                                {"bytes that wait for one module; then the newest is dropped", "as peer_queue"},
                                Unit::size),
        field<&L::total_queue>("total_queue", whole(65'536, std::int64_t{1} << 40),
                               {"bytes that wait for all of them together; then the fullest queues take no more, and "
                                "the fullest that nobody reads is cut off",
                                "32 full queues, a quarter of 1 GiB"},
                               Unit::size),
        field<&L::backpressure>(
            "backpressure", whole(0, 10 * second),
            {"how long a full queue may hold up those who announce, before it loses data instead", "guess"}),
        field<&L::module_stall>("module_stall", whole(100 * ms, hour),
                                {"a module that reads nothing for so long is cut off", "guess"}),
        field<&L::peer_stall>("peer_stall", whole(100 * ms, hour), {"likewise a peer", "guess"}),
        field<&L::connect_timeout>("connect_timeout", whole(10 * ms, hour), {"until a dial has failed", "guess"}),
        field<&L::response_timeout>("response_timeout", whole(10 * ms, hour),
                                    {"until a PULL must be answered", "guess"}),
        field<&L::idle_timeout>("idle_timeout", whole(100 * ms, 24 * hour),
                                {"a peer that was quiet for so long is asked with a PULL", "guess"}),
        field<&L::identify_timeout>(
            "identify_timeout", whole(1 * ms, hour),
            {"a peer that says nothing for so long is anonymous", "two round trips to the other side of the world"}),
        field<&L::frame_timeout>("frame_timeout", whole(10 * ms, hour),
                                 {"a frame that is begun must be whole by then; else the connection is closed",
                                  "64 KiB at 56 kbit/s, rounded up"}),
    };
  }
};

/// What else of the node is a number or a choice.
struct NodeConfig {
  std::uint32_t anonymous_links = 16;
  std::uint64_t seed = 0;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;

  static constexpr auto gossip_fields() {
    return std::array{field<&NodeConfig::anonymous_links>(
        "anonymous_links", whole(0, 4000), {"connections kept that never said where they listen", "guess"})};
  }
  static constexpr auto fields() {
    using N = NodeConfig;
    return std::array{
        field<&N::seed>("seed", any_value, {"of the random choices; 0: a new one each time"}),
        choice<&N::log_level>("log_level", log_level_names, {"the least that is said"}),
        choice<&N::log_format>("log_format", log_format_names, {"of a line on stderr"}),
    };
  }
};

/// Everything that a person can set.
struct Settings {
  std::string hostkey;
  std::optional<net::HostPort> bootstrapper;
  net::HostPort p2p_address{"127.0.0.1", 6001, net::HostKind::v4};
  net::HostPort api_address{"127.0.0.1", 7001, net::HostKind::v4};
  std::optional<net::Endpoint> advertise;
  std::string overlay{Sampling::name}, broadcast{Flood::name}, repair{NoRepair::name};
  Config core;
  Limits limits;
  NodeConfig own;
  std::string state_dir;
  std::string status_socket;  // empty: see default_status_socket

  SamplingConfig& sampling() { return core.of<Sampling>(); }
  const SamplingConfig& sampling() const { return core.of<Sampling>(); }
  IntakeConfig& intake() { return core.of<Intake>(); }
  const IntakeConfig& intake() const { return core.of<Intake>(); }
};

/// A key of the file, and its value in some Settings.
struct Key {
  std::string_view section, name, help, source;
  std::string range;  // what may be written; empty: any text
  bool reloadable;
  std::function<std::string()> get;                          // as the file would have it
  std::function<std::string(std::string_view text)> assign;  // what is wrong with the text, or nothing
};
/// All keys, in the order in which they are shown; they live as long as `settings`.
std::vector<Key> keys_of(Settings& settings);

/// Something wrong with what a person wrote; `line` 0: a flag, or no line in particular.
struct SettingsError {
  std::size_t line;
  std::string text;
};

/// Applies an INI text to `settings`; every error that is in it, not only the first.
///
/// Sections and keys are found whatever their case. Sections that are none of ours are other modules' business; one that
/// is a letter away from ours is a mistake.
std::vector<SettingsError> parse_ini(std::string_view text, Settings& settings);
/// Relations between keys.
std::vector<SettingsError> check_relations(const Settings& settings);
/// A file that parse_ini reads back to the same settings.
std::string to_ini(Settings settings, bool with_comments);

/// In state_dir, where its path is not too long for that.
std::string default_status_socket(const Settings& settings);
bool fits_unix_socket(const std::string& path);

}  // namespace gossip::node
