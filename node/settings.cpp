#include "node/settings.hpp"

#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "core/config/text.hpp"

namespace gossip::node {
namespace {

// Values that are no gossip::Field. `read` says what is wrong with a text, or nothing.

std::string show(const std::string& value) { return value; }
std::string show(const net::HostPort& value) { return to_string(value); }
template <class T>
std::string show(const std::optional<T>& value) {
  return value ? to_string(*value) : "";
}

std::string read(std::string& out, std::string_view text) { return out = text, ""; }
std::string read(net::HostPort& out, std::string_view text) {
  const auto parsed = net::parse_host_port(text);
  if (const auto* error = std::get_if<net::AddressError>(&parsed))
    return std::string("is no address: ") + to_string(*error);
  return out = std::get<net::HostPort>(parsed), "";
}
std::string read(std::optional<net::HostPort>& out, std::string_view text) {
  if (text.empty()) return out.reset(), "";
  net::HostPort address;
  if (std::string problem = read(address, text); !problem.empty()) return problem;
  if (address.port == 0) return "names port 0, where nobody listens";
  return out = address, "";
}
std::string read(std::optional<net::Endpoint>& out, std::string_view text) {
  const auto address = net::parse_endpoint(text);
  if (text.starts_with('['))
    return "is an IPv6 address, and the classic dialect carries IPv4 only: with IPv6 alone this node dials, and is "
           "found by "
           "whom its own address is given as bootstrapper";
  if (!text.empty() && !(address && address->is_listening()))
    return "is no IPv4 address and port where somebody can listen";
  return out = address, "";
}

/// A node is given no links, and it speaks the classic dialect, which has no frames but the seed's.
template <class P>
constexpr bool is_for_nodes = !std::is_same_v<P, Fixed> && !std::is_same_v<P, Everyone> && !requires {
  P::frames;
};

template <class Family>
std::vector<std::string_view> protocol_names() {
  std::vector<std::string_view> names;
  Family::each([&]<class P>() {
    if constexpr (is_for_nodes<P>) names.push_back(P::name);
  });
  return names;
}
template <class Family>
std::string read_protocol(std::string& out, std::string_view text) {
  if (text == Fixed::name) return "needs a topology, as a simulation has; a node finds its neighbours";
  const auto names = protocol_names<Family>();
  if (std::ranges::find(names, text) == names.end()) return "is not known; " + suggest(text, names);
  return out = text, "";
}

// The table of keys.

bool is_reloadable(std::string_view section, std::string_view name) {
  constexpr std::string_view others[] = {"validation_deadline", "on_silence", "relay", "log_level"};
  return section == "limits" || std::ranges::find(others, name) != std::end(others);
}

class Keys {
 public:
  std::vector<Key> all;

  template <class T>
  void add(std::string_view section, std::string_view name, T& value, Words words) {
    add(section, name, value, words, [&value](std::string_view text) { return read(value, text); });
  }
  template <class Family>
  void add_protocol(std::string_view name, std::string& value, std::string_view help) {
    add("gossip", name, value, {help}, [&value](std::string_view text) { return read_protocol<Family>(value, text); });
    for (const std::string_view known : protocol_names<Family>()) {
      all.back().range.append(all.back().range.empty() ? "" : ", ").append(known);
    }
  }
  void add(std::string_view section, const Fields& fields) {
    for (const Field& field : fields.table) {
      if (std::ranges::find(all, field.name, &Key::name) != all.end()) continue;  // of a part that several kinds have
      std::string range = range_text(field);
      if (!field.derived.empty()) range += "; empty: " + std::string(field.derived);
      add(
          section, field.name, field.help, field.source, std::move(range),
          [&field, config = fields.config] { return text_of(field, field.get(config)); },
          [&field, config = fields.config](std::string_view text) {
            const Parsed<Value> parsed = parse(field, text);
            if (parsed.value) field.set(config, *parsed.value);
            return parsed.problem;
          });
    }
  }

 private:
  template <class T, class Read>
  void add(std::string_view section, std::string_view name, T& value, Words words, Read read_it) {
    add(
        section, name, words.help, words.source, "", [&value] { return show(value); }, read_it);
  }
  template <class Get, class Assign>
  void add(std::string_view section, std::string_view name, std::string_view help, std::string_view source,
           std::string range, Get get, Assign assign) {
    const auto checked = [name, assign](std::string_view text) {
      const std::string problem = assign(text);
      return problem.empty() ? problem : std::string(name) + ": `" + std::string(text) + "` " + problem;
    };
    all.push_back({section, name, help, source, std::move(range), is_reloadable(section, name), get, checked});
  }
};

/// Of every kind of peer that a node can be.
void add_core_keys(Keys& keys, Config& config) {
  Overlays::each([&]<class O>() {
    Broadcasts::each([&]<class B>() {
      Repairs::each([&]<class R>() {
        if constexpr (is_for_nodes<O> && is_for_nodes<B> && is_for_nodes<R>) {
          for (const Fields& fields : find_operations(O::name, B::name, R::name)->fields(config))
            keys.add("gossip", fields);
        }
      });
    });
  });
}

template <auto make>
constexpr auto table = make();

// The file.

struct Alias {
  std::string_view section, older, name;
};
constexpr std::array aliases = {Alias{"gossip", "max_connections", "degree"},
                                Alias{"gossip", "listen_address", "p2p_address"},
                                Alias{"global", "hostkey", "hostkey"}};
constexpr std::array our_sections = {std::string_view("gossip"), std::string_view("limits"), std::string_view("node"),
                                     std::string_view("global")};

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\v\f";
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

bool one_letter_apart(std::string_view a, std::string_view b) {
  const auto [at_a, at_b] = std::ranges::mismatch(a, b);
  const std::string_view rest_a(at_a, a.end()), rest_b(at_b, b.end());
  const auto after = [](std::string_view rest) { return rest.substr(std::min<std::size_t>(1, rest.size())); };
  return rest_a == after(rest_b) || after(rest_a) == rest_b || after(rest_a) == after(rest_b);
}

class IniParser {
 public:
  explicit IniParser(Settings& settings) : keys_(keys_of(settings)) {}

  void line(std::string_view raw) {
    ++line_;
    const std::string_view text = trim(raw);
    if (text.empty() || text[0] == '#' || text[0] == ';') return;
    if (text[0] == '[') return section(text);
    if (!ours_) return;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return error("expected `key = value` or `[section]`");
    assign(lower(trim(text.substr(0, equals))), trim(text.substr(equals + 1)));
  }
  std::vector<SettingsError> errors;

 private:
  void error(std::string text) { errors.push_back({line_, std::move(text)}); }

  void section(std::string_view text) {
    if (text.back() != ']') return error("the bracket of the section is not closed");
    section_ = lower(trim(text.substr(1, text.size() - 2)));
    ours_ = std::ranges::find(our_sections, section_) != our_sections.end();
    if (ours_) return;
    const auto meant =
        std::ranges::find_if(our_sections, [&](auto known) { return one_letter_apart(section_, known); });
    if (meant != our_sections.end())
      error("unknown section [" + section_ + "]; did you mean [" + std::string(*meant) + "]?");
  }

  void assign(const std::string& name, std::string_view value) {
    const auto alias =
        std::ranges::find_if(aliases, [&](const Alias& a) { return a.older == name && a.section == section_; });
    const auto key =
        std::ranges::find(keys_, alias == aliases.end() ? std::string_view(name) : alias->name, &Key::name);
    if (key == keys_.end()) return unknown(name);
    const std::string_view home = alias == aliases.end() ? key->section : alias->section;
    if (home != section_) {
      return error('`' + name + "` belongs " +
                   (home.empty() ? "outside any section" : "in [" + std::string(home) + "]"));
    }
    const auto [earlier, is_new] = set_.emplace(key->name, line_);
    if (!is_new)
      return error('`' + std::string(key->name) + "` was set in line " + std::to_string(earlier->second) + " already");
    if (std::string wrong = key->assign(value); !wrong.empty()) error(std::move(wrong));
  }
  void unknown(const std::string& name) {
    if (section_ == "global") return;  // all modules' keys may be there
    std::vector<std::string_view> names;
    for (const Key& key : keys_) {
      if (key.section == section_) names.push_back(key.name);
    }
    error("unknown key `" + name + "`; " + suggest(name, names));
  }

  std::vector<Key> keys_;
  std::size_t line_ = 0;
  std::string section_;
  bool ours_ = true;
  std::map<std::string_view, std::size_t> set_;
};

}  // namespace

std::vector<Key> keys_of(Settings& s) {
  Keys keys;
  keys.add("", "hostkey", s.hostkey, {"PEM key of this host; the classic protocol does not use it"});
  keys.add("gossip", "bootstrapper", s.bootstrapper, {"first peer to ask; empty: this node is the bootstrapper"});
  keys.add("gossip", "p2p_address", s.p2p_address, {"where other peers reach this node; port 0: any free one"});
  keys.add("gossip", "api_address", s.api_address, {"where local modules reach this node"});
  keys.add("gossip", "advertise", s.advertise,
           {"IPv4 address told to peers; empty: p2p_address, or that of the connection when it is 0.0.0.0"});
  keys.add_protocol<Overlays>("overlay", s.overlay, "who the neighbours are");
  keys.add_protocol<Broadcasts>("broadcast", s.broadcast, "how data spreads");
  keys.add_protocol<Repairs>("repair", s.repair, "how what was missed is brought");
  add_core_keys(keys, s.core);
  keys.add("gossip", {table<NodeConfig::gossip_fields>, &s.own});
  keys.add("limits", {table<Limits::fields>, &s.limits});
  keys.add("node", "state_dir", s.state_dir, {"the peer list survives here; empty: it does not"});
  keys.add(
      "node", "status_socket", s.status_socket,
      {"Unix socket of gossip-node status; empty: status.sock in state_dir, or by api port in the run-time directory"});
  keys.add("node", {table<NodeConfig::fields>, &s.own});
  return std::move(keys.all);
}

std::vector<SettingsError> parse_ini(std::string_view text, Settings& settings) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
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
  const auto disagree = [&](const Conflict& conflict) {
    std::string text(conflict.field);
    errors.push_back({0, text.append(" ").append(conflict.problem).append(" ").append(conflict.other)});
  };
  settings.sampling().each_conflict(disagree);
  IntakeConfig intake = settings.intake();
  intake.validation = true;  // in a node always
  intake.each_conflict(disagree);
  require(settings.limits.peer_stall <= settings.intake().seen_ttl / 2,
          "peer_stall is above half of seen_ttl: what waits for a peer must not be forgotten");
  require(settings.p2p_address.port == 0 || settings.p2p_address != settings.api_address,
          "p2p_address and api_address are the same");
  return errors;
}

std::string to_ini(Settings settings, bool with_comments) {
  std::string text;
  std::string_view section;
  for (const Key& key : keys_of(settings)) {
    if (key.section != section) text.append("\n[").append(section = key.section).append("]\n");
    if (with_comments) {
      text.append("# ").append(key.help).append(key.source.empty() ? "" : "; ").append(key.source);
      if (!key.range.empty()) text.append(" (").append(key.range).append(")");
      text.append(key.reloadable ? " (read again on SIGHUP)\n" : "\n");
    }
    const std::string value = key.get();
    text.append(key.name).append(value.empty() ? " =" : " = ").append(value).append("\n");
  }
  return text;
}

bool fits_unix_socket(const std::string& path) { return path.size() < sizeof(sockaddr_un::sun_path); }

std::string default_status_socket(const Settings& settings) {
  if (!settings.status_socket.empty()) return settings.status_socket;
  const std::string with_state = settings.state_dir + "/status.sock";
  if (!settings.state_dir.empty() && fits_unix_socket(with_state)) return with_state;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const std::string folder = runtime != nullptr && *runtime != '\0' ? runtime : "/tmp";
  return folder + "/gossip-node-" + std::to_string(getuid()) + "-" + std::to_string(settings.api_address.port) +
         ".sock";
}

}  // namespace gossip::node
