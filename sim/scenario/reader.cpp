#include "sim/scenario/reader.hpp"

#include <array>
#include <filesystem>
#include <limits>
#include <tuple>
#include <type_traits>

#include "core/assert.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/json_input.hpp"
#include "core/config/units.hpp"

namespace gossip::sim {
namespace {

const Json& schema_root() {
  static const Json root = Json::parse(scenario_schema());
  return root;
}

struct File {
  std::string name;
  std::filesystem::path folder;
};

/// One object of a checked document beside its schema. Asking for a key that the schema does not have is a bug, and so
/// is a default in the schema that is not the one in the struct.
class Section {
 public:
  Section(const File& file, const Json& value, const Json& schema, std::string path)
      : file_(file), value_(value), schema_(branch(value, resolve(schema, schema_root()))), path_(std::move(path)) {}

  bool has(const std::string& key) const {
    property(key);
    return value_.contains(key);
  }

  /// Replaces `target` when the key is there.
  template <class T>
  void get(const std::string& key, T& target) const {
    const Json& schema = property(key);
    if (schema.contains("default")) {
      T fallback{};
      convert(key, schema["default"], fallback);
      GOSSIP_ASSERT(fallback == target);
    }
    if (value_.contains(key)) convert(key, value_[key], target);
  }

  /// The same for a choice between names; `choices` follows the schema's order.
  template <class E, std::size_t n>
  void get(const std::string& key, E& target, const std::array<E, n>& choices) const {
    const Json& names = property(key)["enum"];
    GOSSIP_ASSERT(names.size() == n);
    const auto chosen = [&](const Json& name) {
      for (std::size_t i = 0; i < n; ++i) {
        if (names[i] == name) return choices[i];
      }
      GOSSIP_ASSERT(false && "the document has been checked");
      return choices[0];
    };
    const Json& schema = property(key);
    if (schema.contains("default")) GOSSIP_ASSERT(chosen(schema["default"]) == target);
    if (value_.contains(key)) target = chosen(value_[key]);
  }

  Section section(const std::string& key) const { return {file_, value_[key], property(key), path_ + '/' + key}; }
  /// An array's entries.
  template <class Visit>
  void each(const std::string& key, Visit visit) const {
    const Json& items = property(key)["items"];
    if (!value_.contains(key)) return;
    for (std::size_t i = 0; i < value_[key].size(); ++i) {
      visit(Section(file_, value_[key][i], items, path_ + '/' + key + '/' + std::to_string(i)));
    }
  }
  const Json& raw(const std::string& key) const {
    property(key);
    return value_[key];
  }
  std::string type() const { return value_["type"]; }
  [[noreturn]] void fail(const std::string& key, const std::string& what) const { throw InputError(where(key), what); }

  /// A file's name, which the scenario gives relative to its own folder.
  std::string path_of(const std::string& key) const {
    std::string name;
    get(key, name);
    if (name.empty()) return name;
    const std::filesystem::path path = (file_.folder / name).lexically_normal();
    if (!std::filesystem::is_regular_file(path)) fail(key, "the file " + path.string() + " does not exist");
    return path.string();
  }
  void get_rate(const std::string& key, Duration& interval) const {
    if (has(key)) interval = parse_rate(value_[key].get<std::string>(), where(key));
  }

 private:
  static const Json& branch(const Json& value, const Json& schema) {
    if (!schema.contains("oneOf")) return schema;
    const Json* found = find_branch(schema, schema_root(), value);
    GOSSIP_ASSERT(found != nullptr);
    return *found;
  }
  const Json& property(const std::string& key) const {
    GOSSIP_ASSERT(schema_["properties"].contains(key));
    return schema_["properties"][key];
  }
  std::string where(const std::string& key) const { return json_where(file_.name, path_ + '/' + key); }

  template <class T>
  void convert(const std::string&, const Json& from, T& to) const {
    from.get_to(to);
  }
  void convert(const std::string& key, const Json& from, Duration& to) const {
    to = parse_duration(from.get<std::string>(), where(key));
  }
  /// A number, or a size.
  void convert(const std::string& key, const Json& from, std::uint32_t& to) const {
    const std::uint64_t value =
        from.is_string() ? parse_size(from.get<std::string>(), where(key)) : from.get<std::uint64_t>();
    if (value > std::numeric_limits<std::uint32_t>::max()) fail(key, from.dump() + " is too large");
    to = static_cast<std::uint32_t>(value);
  }

  const File& file_;
  const Json& value_;
  const Json& schema_;
  std::string path_;
};

GraphFile graph_file(const Section& from, GraphFile::Format format) { return {format, from.path_of("file")}; }

TopologySpec read_topology(const Section& from) {
  const std::string type = from.type();
  if (type == "complete") return Complete{};
  if (type == "ring") return Ring{};
  if (type == "star") return Star{};
  if (type == "edge_list") return graph_file(from, GraphFile::Format::edge_list);
  if (type == "graphml") return graph_file(from, GraphFile::Format::graphml);
  if (type == "dot") return graph_file(from, GraphFile::Format::dot);
  if (type == "node_link") return graph_file(from, GraphFile::Format::node_link);
  if (type == "grid") {
    Grid grid;
    from.get("width", grid.width);
    from.get("wrap", grid.wrap);
    return grid;
  }
  if (type == "random_regular") {
    RandomRegular regular{};
    from.get("degree", regular.degree);
    return regular;
  }
  if (type == "random_out") {
    RandomOut out{};
    from.get("links", out.links);
    return out;
  }
  if (type == "erdos_renyi") {
    ErdosRenyi random{};
    from.get("probability", random.probability);
    return random;
  }
  if (type == "small_world") {
    SmallWorld small{};
    from.get("neighbours", small.neighbours);
    from.get("rewire", small.rewire);
    return small;
  }
  GOSSIP_ASSERT(type == "scale_free");
  ScaleFree free{};
  from.get("alpha", free.alpha);
  from.get("beta", free.beta);
  return free;
}

LatencySpec read_latency(const Section& from) {
  const std::string type = from.type();
  if (type == "constant") {
    Constant constant{};
    from.get("value", constant.value);
    return constant;
  }
  if (type == "uniform") {
    Uniform uniform{};
    from.get("min", uniform.min);
    from.get("max", uniform.max);
    return uniform;
  }
  if (type == "normal") {
    Normal normal{};
    from.get("mean", normal.mean);
    from.get("deviation", normal.deviation);
    return normal;
  }
  if (type == "log_normal") {
    LogNormal log_normal{};
    from.get("median", log_normal.median);
    from.get("sigma", log_normal.sigma);
    return log_normal;
  }
  if (type == "matrix") {
    Matrix matrix{from.path_of("file"), true};
    from.get("measures", matrix.round_trip, std::array{true, false});
    return matrix;
  }
  GOSSIP_ASSERT(type == "regions");
  Regions regions{from.path_of("file"), ""};
  from.get("model", regions.model);
  return regions;
}

void read_links(const Section& from, LinkSpec& links) {
  if (from.has("latency")) links.latency = read_latency(from.section("latency"));
  from.get("min_latency", links.min_latency);
  from.get("jitter", links.jitter);
  from.get("loss", links.loss);
  from.get("handshake_round_trips", links.handshake_round_trips);
  from.get("connect_timeout", links.connect_timeout);
}

void read_sampling(const Section& from, SamplingConfig& config) {
  std::uint32_t bootstrapper = 0;
  from.get("bootstrapper", bootstrapper);
  config.bootstrapper = PeerId{bootstrapper};
  std::uint32_t degree = config.degree;
  from.get("degree", degree);
  config.set_degree(degree);
  from.get("max_connections", config.max_connections);
  from.get("transient_connections", config.transient_connections);
  from.get("peer_list", config.peer_list);
  from.get("response_peers", config.response_peers);
  from.get("retry_min", config.retry_min);
  from.get("retry_max", config.retry_max);
}

ValidationSpec read_validation(const Section& from, FloodConfig& config) {
  config.validation = true;
  ValidationSpec spec;
  from.get("subscribers", spec.subscribers);
  from.get("delay", spec.delay);
  from.get("reject", spec.reject);
  from.get("silent", spec.silent);
  from.get("deadline", config.validation_deadline);
  from.get("on_silence", config.on_silence, std::array{OnSilence::forward, OnSilence::drop});
  from.get("cache_size", config.cache_size);
  return spec;
}

void read_flood(const Section& from, Scenario& to) {
  FloodConfig& config = to.protocol.flood;
  from.get("seen_capacity", config.seen_capacity);
  from.get("seen_ttl", config.seen_ttl);
  from.get("relay", config.relay, std::array{Relay::all, Relay::subscribed});
  if (from.has("validation")) to.validation = read_validation(from.section("validation"), config);
}

void read_protocol(const Section& from, Scenario& to) {
  if (from.has("overlay")) {
    const Section overlay = from.section("overlay");
    if (overlay.type() == "sampling") {
      to.overlay = OverlayKind::sampling;
      read_sampling(overlay, to.protocol.sampling);
    }
  }
  if (from.has("broadcast")) read_flood(from.section("broadcast"), to);
  from.get("start_spread", to.start_spread);
  from.get("detection", to.detection);
}

void read_sender(const Json& from, Workload& to) {
  using From = Workload::From;
  if (from.is_string()) {
    to.from = from == "all" ? From::all : From::random;
  } else {
    to.from = From::peers;
    if (from.is_array()) from.get_to(to.peers);
    if (from.is_number()) to.peers = {from.get<std::uint32_t>()};
  }
}

Workload read_workload(const Section& from) {
  Workload to;
  from.get("at", to.at);
  if (from.has("from")) read_sender(from.raw("from"), to);
  from.get("count", to.count);
  from.get("interval", to.interval);
  if (from.has("interval") && from.has("rate")) from.fail("rate", "stands beside interval; choose one of them");
  from.get_rate("rate", to.interval);
  from.get("size", to.size);
  from.get("type", to.data_type);
  from.get("ttl", to.ttl);
  return to;
}

Churn read_churn(const Section& from) {
  Churn to;
  from.get("session", to.session);
  from.get("downtime", to.downtime);
  from.get("start", to.stationary, std::array{true, false});
  from.get("after", to.start);
  from.get("clean", to.clean);
  from.get("spared", to.spared);
  to.trace = from.path_of("trace");
  return to;
}

Kill read_kill(const Section& from) {
  Kill to;
  from.get("at", to.at);
  const Json& kill = from.raw("kill");
  if (kill.is_array()) {
    kill.get_to(to.peers);
  } else {
    kill.get_to(to.fraction);
  }
  if (from.has("back_after")) from.get("back_after", to.back_after.emplace());
  return to;
}

void read_all(const Section& from, Scenario& to) {
  from.get("name", to.name);
  from.get("question", to.question);
  from.get("answer", to.answer);
  from.get("peers", to.peers);
  from.get("seed", to.seed);
  from.get("duration", to.duration);
  if (from.has("topology")) to.topology = read_topology(from.section("topology"));
  if (from.has("links")) read_links(from.section("links"), to.links);
  if (from.has("protocol")) read_protocol(from.section("protocol"), to);
  from.each("workload", [&](const Section& entry) { to.workload.push_back(read_workload(entry)); });
  if (from.has("churn")) to.churn = read_churn(from.section("churn"));
  from.each("faults", [&](const Section& entry) { to.kills.push_back(read_kill(entry)); });
}

/// The member that one token of a JSON pointer names, created where it is missing.
Json& step_into(Json& value, const std::string& token, const std::string& where) {
  if (value.is_null()) value = Json::object();
  if (value.is_object()) return value[token];
  if (!value.is_array())
    throw InputError(where, std::string("a ") + value.type_name() + " has nothing below it to set");
  const bool number = !token.empty() && token.size() < 10 && token.find_first_not_of("0123456789") == std::string::npos;
  const std::size_t index = token == "-" ? value.size() : number ? std::stoul(token) : value.size() + 1;
  if (index > value.size()) {
    throw InputError(where, '"' + token + "\" is no place in a list of " + std::to_string(value.size()) +
                                "; write a number, or - to append");
  }
  if (index == value.size()) value.push_back(nullptr);
  return value[index];
}

void apply(Json& document, const std::string& set) {
  const std::string where = "--set " + set;
  const std::size_t equals = set.find('=');
  if (set.empty() || set[0] != '/' || equals == std::string::npos) {
    throw InputError(where, "is not of the form /json/pointer=value, as in /links/loss=0.1");
  }
  Json* target = &document;
  try {
    std::ignore = Json(set).dump();  // throws what is not UTF-8
    Json::json_pointer pointer(set.substr(0, equals));
    std::vector<std::string> tokens;
    for (; !pointer.empty(); pointer.pop_back()) tokens.insert(tokens.begin(), pointer.back());
    for (const std::string& token : tokens) target = &step_into(*target, token, where);
  } catch (const Json::parse_error&) {
    throw InputError(where, "has a ~ that is neither ~0 nor ~1");
  } catch (const Json::type_error&) {
    throw InputError(where, "is not UTF-8");
  }
  const std::string value = set.substr(equals + 1);
  *target = Json::parse(value, nullptr, false);
  if (target->is_discarded()) *target = value;
}

}  // namespace

Scenario read_scenario(const std::string& file, const std::vector<std::string>& sets) {
  Json document = read_json(file);
  for (const std::string& set : sets) apply(document, set);
  check_json(document, schema_root(), file);

  const File source{file, std::filesystem::path(file).parent_path()};
  Scenario scenario;
  scenario.file = file;
  read_all(Section(source, document, schema_root(), ""), scenario);
  if (scenario.name.empty()) scenario.name = std::filesystem::path(file).stem().string();
  check_scenario(scenario);
  return scenario;
}

}  // namespace gossip::sim
