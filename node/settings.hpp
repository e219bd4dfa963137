#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config.hpp"
#include "net/endpoint.hpp"

namespace gossip::node {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };
enum class LogFormat : std::uint8_t { text, json };

/// Everything that a person can set. The names in the file, ranges and reasons are in the table of settings.cpp.
struct Settings {
  std::string hostkey;
  std::uint32_t cache_size = FloodConfig{}.cache_size;
  std::uint32_t degree = SamplingConfig{}.degree;
  std::optional<net::HostPort> bootstrapper;
  net::HostPort p2p_address{"127.0.0.1", 6001, net::HostKind::v4};
  net::HostPort api_address{"127.0.0.1", 7001, net::HostKind::v4};
  std::optional<net::Endpoint> advertise;

  std::uint32_t seen_capacity = FloodConfig{}.seen_capacity;
  Duration seen_ttl = FloodConfig{}.seen_ttl;
  Duration validation_deadline = FloodConfig{}.validation_deadline;
  OnSilence on_silence = FloodConfig{}.on_silence;
  Relay relay = FloodConfig{}.relay;

  std::uint32_t links = 0;  // 0: twice the degree
  std::uint32_t transient_links = SamplingConfig{}.transient_connections;
  std::uint32_t anonymous_links = 16;
  std::uint32_t peer_list = SamplingConfig{}.peer_list;
  std::uint32_t response_peers = SamplingConfig{}.response_peers;
  Duration retry_min = SamplingConfig{}.retry_min;
  Duration retry_max = SamplingConfig{}.retry_max;

  std::uint32_t p2p_connections = 1024;
  std::uint32_t p2p_per_address = 256;
  std::uint32_t api_connections = 1024;
  std::uint32_t api_subscriptions = 256;
  std::uint64_t peer_queue = 8u << 20;
  std::uint64_t module_queue = 8u << 20;
  Duration backpressure = 100 * millisecond;
  Duration module_stall = 10 * second;
  Duration peer_stall = 30 * second;
  Duration connect_timeout = 5 * second;
  Duration response_timeout = 10 * second;
  Duration idle_timeout = 60 * second;
  Duration identify_timeout = 200 * millisecond;

  std::string state_dir;
  std::string status_socket;  // empty: see default_status_socket
  std::uint64_t seed = 0;     // 0: from the system
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// Something wrong with what a person wrote; `line` 0: a flag, or no line in particular.
struct SettingsError {
  std::size_t line;
  std::string text;
};

struct KeyInfo {
  std::string_view section, name, about;
  bool reloadable;
};

/// All keys, in the order in which they are shown.
std::vector<KeyInfo> known_keys();
/// The value of a key as the file would have it.
std::string value_of(const Settings& settings, std::string_view name);
/// Sets one key from text; what is wrong with the text, or nothing.
std::optional<std::string> set_value(Settings& settings, std::string_view name, std::string_view text);

/// Applies an INI text to `settings`; every error that is in it, not only the first.
std::vector<SettingsError> parse_ini(std::string_view text, Settings& settings);
/// Relations between keys.
std::vector<SettingsError> check_relations(const Settings& settings);
/// A file that parse_ini reads back to the same settings.
std::string to_ini(const Settings& settings, bool with_comments);

/// What the core is given. The bootstrapper's number is the driver's to fill in.
Config core_config(const Settings& settings);
std::string default_status_socket(const Settings& settings);

}  // namespace gossip::node
