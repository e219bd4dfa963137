#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/operations.hpp"
#include "net/endpoint.hpp"
#include "node/networks.hpp"

namespace gossip::node {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };
enum class LogFormat : std::uint8_t { text, json };
inline constexpr std::string_view log_level_names[] = {"trace", "debug", "info", "warn", "error", "off"};
inline constexpr std::string_view log_format_names[] = {"text", "json"};

/// [limits]: connections, queues and patience.
struct Limits {
  std::uint32_t p2p_connections = 1024;
  std::uint32_t p2p_per_address = 256;
  std::uint32_t p2p_per_network = 512;
  std::uint32_t p2p_rate = 64;
  std::uint32_t links_per_address = 4;
  std::uint32_t links_per_network = automatic;
  std::uint32_t link_rate = 20'000;
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
  Duration answer_interval = second;

  static constexpr auto fields() {
    using L = Limits;
    constexpr Duration ms = millisecond, hour = 3'600 * second;
    constexpr Range queue = whole(65'536, 1 << 30);
    return std::array{
        field<&L::p2p_connections>("p2p_connections", whole(1, 100'000),
                                   {"inbound peer connections in total", "guess"}),
        field<&L::p2p_per_address>("p2p_per_address", whole(1, 100'000),
                                   {"inbound peer connections from one address", "guess"}),
        field<&L::p2p_per_network>(
            "p2p_per_network", whole(1, 100'000),
            {"inbound peer connections from one /24, or /48 of IPv6; see `trust`", "guess: half"}),
        field<&L::p2p_rate>("p2p_rate", whole(1, 1'000'000),
                            {"inbound peer connections a second from one address; see `trust`",
                             "guess: a household that starts at once"}),
        field<&L::links_per_address>(
            "links_per_address", whole(1, 60'000),
            {"neighbours at one address, whoever dialled; see `trust`", "guess: a household of nodes"}),
        field<&L::links_per_network>("links_per_network", whole(1, 60'000),
                                     {"neighbours in one /24, or /48 of IPv6, whoever dialled; see `trust`",
                                      "who rents one network is not the majority", "half of `links`"}),
        field<&L::link_rate>("link_rate", whole(100, 10'000'000),
                             {"new messages a second that one peer may bring; more of them wait, then are refused",
                              "what seen_capacity holds for seen_ttl, rounded up"}),
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
        field<&L::peer_stall>("peer_stall", whole(100 * ms, hour),
                              {"likewise a peer, or one that is behind by more", "guess: a quarter of seen_ttl"}),
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
        field<&L::answer_interval>("answer_interval", whole(1 * ms, hour),
                                   {"one peer's PULLs are answered so often; what comes between is answered once",
                                    "guess: a peer asks less than twice a second"}),
    };
  }
};

/// What else of the node is a number or a choice.
struct NodeConfig {
  std::uint32_t anonymous_links = 16;
  Trust trust = Trust::loopback;
  std::uint64_t seed = 0;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;

  static constexpr auto gossip_fields() {
    using N = NodeConfig;
    return std::array{
        field<&N::anonymous_links>("anonymous_links", whole(0, 4000),
                                   {"connections kept that never said where they listen", "guess"}),
        choice<&N::trust>(
            "trust", trust_names,
            {"where many nodes at one address or in one network are no attack: none, loopback, or private "
             "networks too",
             "clusters on one machine are for tests"}),
    };
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
  std::uint32_t links_per_network() const {
    return limits.links_per_network != automatic ? limits.links_per_network : (sampling().most_links() + 1) / 2;
  }
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
