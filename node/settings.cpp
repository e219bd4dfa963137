#include "node/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <map>

namespace gossip::node {
namespace {

using Member = std::variant<std::string Settings::*, std::uint32_t Settings::*, std::uint64_t Settings::*,
                            Duration Settings::*, net::HostPort Settings::*, std::optional<net::HostPort> Settings::*,
                            std::optional<net::Endpoint> Settings::*, OnSilence Settings::*, Relay Settings::*,
                            LogLevel Settings::*, LogFormat Settings::*>;

struct Key {
  std::string_view section, name;
  Member member;
  std::int64_t least, most;  // of counts, bytes and durations
  bool reloadable;
  std::string_view about;
};

constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t mib = 1 << 20;
constexpr std::int64_t hour = 3600 * second;
constexpr bool now = true, restart = false;

// clang-format off
const std::vector<Key>& table() {
  using S = Settings;
  static const std::vector<Key> keys = {
    {"", "hostkey", &S::hostkey, 0, 0, restart, "PEM key of this host; the classic protocol does not use it"},
    {"gossip", "cache_size", &S::cache_size, 1, 4096, restart, "data items that wait for a verdict, oldest leave first; the seed's sample"},
    {"gossip", "degree", &S::degree, 1, 1000, restart, "peers to exchange with; the seed's default"},
    {"gossip", "bootstrapper", &S::bootstrapper, 0, 0, restart, "first peer to ask; empty: this node is the bootstrapper"},
    {"gossip", "p2p_address", &S::p2p_address, 0, 0, restart, "where other peers reach this node; port 0: any free one"},
    {"gossip", "api_address", &S::api_address, 0, 0, restart, "where local modules reach this node"},
    {"gossip", "advertise", &S::advertise, 0, 0, restart, "IPv4 address told to peers; empty: p2p_address, or that of the connection when it is 0.0.0.0"},
    {"gossip", "seen_capacity", &S::seen_capacity, 16, 1 << 22, restart, "message ids remembered; 120 s of 546 messages a second"},
    {"gossip", "seen_ttl", &S::seen_ttl, 1 * millisecond, 24 * hour, restart, "how long the same data counts as the same message; as libp2p gossipsub"},
    {"gossip", "validation_deadline", &S::validation_deadline, 1 * millisecond, hour, now, "how long data waits for a verdict; guess"},
    {"gossip", "on_silence", &S::on_silence, 0, 0, now, "without a verdict: forward or drop"},
    {"gossip", "relay", &S::relay, 0, 0, now, "data that nobody here subscribes to: all = relayed, subscribed = not"},
    {"gossip", "links", &S::links, 0, 4000, restart, "connections to peers that are kept; 0: twice the degree, room for those who seek"},
    {"gossip", "transient_links", &S::transient_links, 0, 1000, restart, "connections above those: answered, then closed; guess"},
    {"gossip", "anonymous_links", &S::anonymous_links, 0, 4000, restart, "connections kept that never said where they listen; guess"},
    {"gossip", "peer_list", &S::peer_list, 1, 10'000, restart, "addresses remembered; guess"},
    {"gossip", "response_peers", &S::response_peers, 1, 10'000, restart, "addresses in one RESPONSE; guess"},
    {"gossip", "retry_min", &S::retry_min, 1 * millisecond, hour, restart, "first pause before asking for peers again; guess"},
    {"gossip", "retry_max", &S::retry_max, 1 * millisecond, hour, restart, "the pause doubles up to this; guess"},
    {"limits", "p2p_connections", &S::p2p_connections, 1, 100'000, now, "inbound peer connections in total; guess"},
    {"limits", "p2p_per_address", &S::p2p_per_address, 1, 100'000, now, "inbound peer connections from one address; guess"},
    {"limits", "api_connections", &S::api_connections, 1, 100'000, now, "modules; guess"},
    {"limits", "api_subscriptions", &S::api_subscriptions, 1, 65'536, now, "data types one module can subscribe to; guess"},
    {"limits", "peer_queue", &S::peer_queue, 65'536, 1024 * mib, now, "bytes that wait for one peer; then the newest is dropped; 50 ms of 1 Gbit/s, rounded up"},
    {"limits", "module_queue", &S::module_queue, 65'536, 1024 * mib, now, "bytes that wait for one module; then the newest is dropped; as peer_queue"},
    {"limits", "backpressure", &S::backpressure, 0, 10 * second, now, "how long a full queue may hold up those who announce, before it loses data instead; guess"},
    {"limits", "module_stall", &S::module_stall, 100 * millisecond, hour, now, "a module that reads nothing for so long is cut off; guess"},
    {"limits", "peer_stall", &S::peer_stall, 100 * millisecond, hour, now, "likewise a peer; guess"},
    {"limits", "connect_timeout", &S::connect_timeout, 10 * millisecond, hour, now, "until a dial has failed; guess"},
    {"limits", "response_timeout", &S::response_timeout, 10 * millisecond, hour, now, "until a PULL must be answered; guess"},
    {"limits", "idle_timeout", &S::idle_timeout, 100 * millisecond, 24 * hour, now, "a peer that was quiet for so long is asked with a PULL; guess"},
    {"limits", "identify_timeout", &S::identify_timeout, 1 * millisecond, hour, now, "a peer that says nothing for so long is anonymous; two round trips to the other side of the world"},
    {"node", "state_dir", &S::state_dir, 0, 0, restart, "the peer list survives here; empty: it does not"},
    {"node", "status_socket", &S::status_socket, 0, 0, restart, "Unix socket of gossip-node status; empty: status.sock in state_dir, or by api port in the run-time directory"},
    {"node", "seed", &S::seed, 0, any, restart, "of the random choices; 0: a new one each time"},
    {"node", "log_level", &S::log_level, 0, 0, now, "trace, debug, info, warn, error or off"},
    {"node", "log_format", &S::log_format, 0, 0, restart, "text or json"},
  };
  return keys;
}
// clang-format on

struct Alias {
  std::string_view section, older, name;
};
constexpr std::array aliases = {Alias{"gossip", "max_connections", "degree"},
                                Alias{"gossip", "listen_address", "p2p_address"},
                                Alias{"GLOBAL", "hostkey", "hostkey"}};

const Key* find_key(std::string_view name) {
  const auto found = std::ranges::find(table(), name, &Key::name);
  return found == table().end() ? nullptr : &*found;
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array duration_units = {Unit{"ns", 1},     Unit{"us", microsecond},  Unit{"ms", millisecond},
                                       Unit{"s", second}, Unit{"min", 60 * second}, Unit{"h", hour}};
constexpr std::array size_units = {Unit{"B", 1}, Unit{"KiB", 1024}, Unit{"MiB", mib}, Unit{"GiB", 1024 * mib}};

std::string with_unit(std::int64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

/// A whole number and, where `units` are given, one of those.
std::optional<std::string> read_number(std::string_view text, std::span<const Unit> units, const Key& key,
                                       std::int64_t& out) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) return "is too large";
  if (error != std::errc{}) return "is not a number";
  std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  std::int64_t factor = 1;
  if (units.empty() && !unit.empty()) return "has something behind the number";
  if (!units.empty()) {
    while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
    const auto known = std::ranges::find(units, unit, &Unit::name);
    if (known == units.end()) {
      std::string names;
      for (const Unit& u : units) names += (names.empty() ? "" : ", ") + std::string(u.name);
      return "needs a unit: " + names;
    }
    factor = known->factor;
  }
  if (number > any / factor || number < -any / factor) return "is too large";
  number *= factor;
  if (number < key.least || number > key.most) {
    const auto show = [&](std::int64_t v) { return units.empty() ? std::to_string(v) : with_unit(v, units); };
    return "is not between " + show(key.least) + " and " + show(key.most);
  }
  out = number;
  return std::nullopt;
}

template <class E>
using Names = std::span<const std::pair<std::string_view, E>>;

constexpr std::pair<std::string_view, OnSilence> on_silence_names[] = {{"forward", OnSilence::forward},
                                                                       {"drop", OnSilence::drop}};
constexpr std::pair<std::string_view, Relay> relay_names[] = {{"all", Relay::all}, {"subscribed", Relay::subscribed}};
constexpr std::pair<std::string_view, LogFormat> format_names[] = {{"text", LogFormat::text},
                                                                   {"json", LogFormat::json}};
constexpr std::pair<std::string_view, LogLevel> level_names[] = {{"trace", LogLevel::trace}, {"debug", LogLevel::debug},
                                                                 {"info", LogLevel::info},   {"warn", LogLevel::warn},
                                                                 {"error", LogLevel::error}, {"off", LogLevel::off}};
Names<OnSilence> names_of(OnSilence) { return on_silence_names; }
Names<Relay> names_of(Relay) { return relay_names; }
Names<LogFormat> names_of(LogFormat) { return format_names; }
Names<LogLevel> names_of(LogLevel) { return level_names; }

/// Reading and showing a value, for each type that a key can have.
struct Reader {
  const Key& key;
  std::string_view text;

  std::optional<std::string> operator()(std::string& out) const {
    out = text;
    return std::nullopt;
  }
  template <class T>
  std::optional<std::string> number(T& out, std::span<const Unit> units) const {
    std::int64_t value = 0;
    auto error = read_number(text, units, key, value);
    if (!error) out = static_cast<T>(value);
    return error;
  }
  std::optional<std::string> operator()(std::uint32_t& out) const { return number(out, {}); }
  std::optional<std::string> operator()(std::uint64_t& out) const {
    return key.most == any ? number(out, {}) : number(out, size_units);
  }
  std::optional<std::string> operator()(Duration& out) const { return number(out, duration_units); }
  std::optional<std::string> operator()(net::HostPort& out) const {
    const auto parsed = net::parse_host_port(text);
    if (const auto* error = std::get_if<net::AddressError>(&parsed))
      return std::string("is no address: ") + to_string(*error);
    out = std::get<net::HostPort>(parsed);
    return std::nullopt;
  }
  std::optional<std::string> operator()(std::optional<net::HostPort>& out) const {
    out.reset();
    if (text.empty()) return std::nullopt;
    net::HostPort address;
    if (auto error = (*this)(address)) return error;
    if (address.port == 0) return "names port 0, where nobody listens";
    out = address;
    return std::nullopt;
  }
  std::optional<std::string> operator()(std::optional<net::Endpoint>& out) const {
    out = net::parse_endpoint(text);
    if (text.empty() || (out && out->is_listening())) return std::nullopt;
    return "is no IPv4 address and port where somebody can listen";
  }
  template <class E>
  requires std::is_enum_v<E> std::optional<std::string>
  operator()(E& out) const {
    std::string all;
    for (const auto& [name, value] : names_of(E{})) {
      if (name == text) {
        out = value;
        return std::nullopt;
      }
      all += (all.empty() ? "" : ", ") + std::string(name);
    }
    return "is none of: " + all;
  }
};

struct Shower {
  const Key& key;

  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(std::uint32_t value) const { return std::to_string(value); }
  std::string operator()(std::uint64_t value) const {
    return key.most == any ? std::to_string(value) : with_unit(static_cast<std::int64_t>(value), size_units);
  }
  std::string operator()(Duration value) const { return with_unit(value, duration_units); }
  std::string operator()(const net::HostPort& value) const { return to_string(value); }
  std::string operator()(const std::optional<net::HostPort>& value) const { return value ? to_string(*value) : ""; }
  std::string operator()(const std::optional<net::Endpoint>& value) const { return value ? to_string(*value) : ""; }
  template <class E>
  requires std::is_enum_v<E> std::string operator()(E value) const {
    return std::string(std::ranges::find(names_of(E{}), value, &std::pair<std::string_view, E>::second)->first);
  }
};

std::optional<std::string> set_key(Settings& settings, const Key& key, std::string_view text) {
  auto error = std::visit([&](auto member) { return Reader{key, text}(settings.*member); }, key.member);
  if (error) return std::string(key.name) + ": `" + std::string(text) + "` " + *error;
  return std::nullopt;
}

/// Levenshtein's distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view name, const std::vector<std::string_view>& known) {
  const auto best = std::ranges::min_element(known, {}, [&](std::string_view k) { return distance(name, k); });
  return std::string(*best);
}

std::string unknown_key(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Key& key : table()) names.push_back(key.name);
  return "unknown key `" + std::string(name) + "`; the nearest known one is `" + nearest(name, names) + "`";
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\v\f";
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

class IniParser {
 public:
  explicit IniParser(Settings& settings) : settings_(settings) {}

  void line(std::string_view raw) {
    ++line_;
    const std::string_view text = trim(raw);
    if (text.empty() || text[0] == '#' || text[0] == ';') return;
    if (text[0] == '[') return section(text);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return error("expected `key = value` or `[section]`");
    if (section_known_) assign(trim(text.substr(0, equals)), trim(text.substr(equals + 1)));
  }
  std::vector<SettingsError> errors;

 private:
  void error(std::string text) { errors.push_back({line_, std::move(text)}); }

  void section(std::string_view text) {
    if (text.back() != ']') return error("the bracket of the section is not closed");
    section_ = trim(text.substr(1, text.size() - 2));
    const std::vector<std::string_view> known{"gossip", "limits", "node", "GLOBAL"};
    section_known_ = std::ranges::find(known, section_) != known.end();
    if (!section_known_)
      error("unknown section [" + section_ + "]; the nearest known one is [" + nearest(section_, known) + "]");
  }

  void assign(std::string_view name, std::string_view value) {
    std::string_view wanted = name, home;
    const auto alias =
        std::ranges::find_if(aliases, [&](const Alias& a) { return a.older == name && a.section == section_; });
    const Key* key = find_key(alias == aliases.end() ? wanted : alias->name);
    if (key == nullptr) return error(unknown_key(name));
    home = alias == aliases.end() ? key->section : alias->section;
    if (home != section_) {
      return error("`" + std::string(name) + "` belongs " +
                   (home.empty() ? "outside any section" : "in [" + std::string(home) + "]"));
    }
    const auto [earlier, is_new] = set_.emplace(key->name, line_);
    if (!is_new)
      return error("`" + std::string(key->name) + "` was set in line " + std::to_string(earlier->second) + " already");
    if (auto wrong = set_key(settings_, *key, value)) error(std::move(*wrong));
  }

  Settings& settings_;
  std::size_t line_ = 0;
  std::string section_;
  bool section_known_ = true;
  std::map<std::string_view, std::size_t> set_;
};

}  // namespace

std::vector<KeyInfo> known_keys() {
  std::vector<KeyInfo> infos;
  for (const Key& key : table()) infos.push_back({key.section, key.name, key.about, key.reloadable});
  return infos;
}

std::string value_of(const Settings& settings, std::string_view name) {
  const Key* key = find_key(name);
  return std::visit([&](auto member) { return Shower{*key}(settings.*member); }, key->member);
}

std::optional<std::string> set_value(Settings& settings, std::string_view name, std::string_view text) {
  const Key* key = find_key(name);
  return key == nullptr ? unknown_key(name) : set_key(settings, *key, text);
}

std::vector<SettingsError> parse_ini(std::string_view text, Settings& settings) {
  IniParser parser(settings);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    parser.line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return std::move(parser.errors);
}

std::vector<SettingsError> check_relations(const Settings& settings) {
  std::vector<SettingsError> errors;
  const auto require = [&](bool condition, const char* text) {
    if (!condition) errors.push_back({0, text});
  };
  require(settings.retry_min <= settings.retry_max, "retry_min is above retry_max");
  require(settings.links == 0 || settings.links >= settings.degree, "links is below degree");
  require(settings.validation_deadline <= settings.seen_ttl, "validation_deadline is above seen_ttl");
  require(settings.p2p_address.port == 0 || settings.p2p_address != settings.api_address,
          "p2p_address and api_address are the same");
  return errors;
}

std::string to_ini(const Settings& settings, bool with_comments) {
  std::string text;
  std::string_view section;
  for (const Key& key : table()) {
    if (key.section != section) {
      section = key.section;
      text += "\n[" + std::string(section) + "]\n";
    }
    if (with_comments) text += "# " + std::string(key.about) + (key.reloadable ? " (read again on SIGHUP)" : "") + "\n";
    const std::string value = value_of(settings, key.name);
    text += std::string(key.name) + " =" + (value.empty() ? "" : " " + value) + "\n";
  }
  return text;
}

Config core_config(const Settings& settings) {
  Config config;
  config.flood.seen_capacity = settings.seen_capacity;
  config.flood.seen_ttl = settings.seen_ttl;
  config.flood.validation = true;
  config.flood.cache_size = settings.cache_size;
  config.flood.validation_deadline = settings.validation_deadline;
  config.flood.on_silence = settings.on_silence;
  config.flood.relay = settings.relay;
  config.sampling.degree = settings.degree;
  config.sampling.max_connections = settings.links == 0 ? 2 * settings.degree : settings.links;
  config.sampling.transient_connections = settings.transient_links;
  config.sampling.peer_list = settings.peer_list;
  config.sampling.response_peers = settings.response_peers;
  config.sampling.retry_min = settings.retry_min;
  config.sampling.retry_max = settings.retry_max;
  return config;
}

std::string default_status_socket(const Settings& settings) {
  if (!settings.status_socket.empty()) return settings.status_socket;
  if (!settings.state_dir.empty()) return settings.state_dir + "/status.sock";
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const std::string folder = runtime != nullptr && *runtime != '\0' ? runtime : "/tmp";
  return folder + "/gossip-node-" + std::to_string(getuid()) + "-" + std::to_string(settings.api_address.port) +
         ".sock";
}

}  // namespace gossip::node
