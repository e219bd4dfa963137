#include "sim/scenario/keys.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/assert.hpp"
#include "core/config/text.hpp"
#include "core/peer.hpp"
#include "sim/scenario/scenario.hpp"

namespace gossip::sim {
namespace {

using Keys = std::vector<Key>;

constexpr std::int64_t most_peers = 0xffff'fffe;
constexpr Range link_time = whole(0, longest_latency), some_time = whole(1, longest_latency);
constexpr Range any_peer = whole(0, most_peers);

/// A classic frame has 65,535 bytes: 4 of its own and 8 of the announce in it.
constexpr std::int64_t largest_data = 65'535 - 4 - 8;

template <auto member>
using ClassOf = typename gossip::detail::Member<decltype(member)>::Class;

/// Where a member is.
template <auto member>
auto* at(void* object) {
  return &(static_cast<ClassOf<member>*>(object)->*member);
}
/// Where an alternative of a member is; it becomes that one if it is another.
template <auto member, class T>
void* in(void* object) {
  auto& spec = static_cast<ClassOf<member>*>(object)->*member;
  if (!std::holds_alternative<T>(spec)) spec.template emplace<T>();
  return &std::get<T>(spec);
}
void* itself(void* object) { return object; }

/// A key that may be left out; `absent` says what holds then, where that is no constant.
Key key(const Field& field, std::string_view absent = {}) {
  return {field.name, field.help, field, field.source, absent.empty() ? field.derived : absent};
}
Key key(std::string_view name, Key::Shape shape, std::string_view help, std::string_view absent = {}) {
  return {name, help, std::move(shape), {}, absent};
}
Key needed(Key key) {
  key.required = true;
  return key;
}
template <auto member>
Key need(std::string_view name, Range range, std::string_view help) {
  return needed(key(field<member>(name, range, {help})));
}
template <auto member>
Key need_file(std::string_view help) {
  return needed(key("file", FileName{at<member>}, help));
}
template <auto member>
Key share(std::string_view name, std::string_view help) {
  return key(field<member>(name, {0.0, 1.0}, {help}, Unit::share));
}

template <class T>
Section graph(std::string_view type, std::string_view help, Keys keys = {}) {
  return {type, help, std::move(keys), in<&Scenario::topology, T>};
}
template <GraphFile::Format format>
Section graph_file(std::string_view type, std::string_view help, std::string_view content) {
  const auto open = [](void* scenario) -> void* {
    return &static_cast<Scenario*>(scenario)->topology.emplace<GraphFile>(format, std::string());
  };
  return {type, help, {need_file<&GraphFile::path>(content)}, open};
}

OneOf topology() {
  using Format = GraphFile::Format;
  constexpr auto latency_ms = "the edge attribute `latency_ms`, where there is one, is the one-way latency";
  return {{
      graph<Complete>("complete", "every peer linked to every other"),
      graph<Ring>("ring", "every peer linked to the next"),
      graph<Grid>(
          "grid", "a full rectangle",
          {key(field<&Grid::width>("width", any_peer, {"peers in a row; divides `peers`; 0: as square as possible"})),
           key(field<&Grid::wrap>("wrap", any_value, {"opposite borders are linked: a torus"}))}),
      graph<Star>("star", "peer 0 linked to every other"),
      graph<RandomRegular>("random_regular", "every peer with exactly as many random neighbours",
                           {need<&RandomRegular::degree>("degree", whole(1, most_peers),
                                                         "neighbours of every peer; `peers` × `degree` is even")}),
      graph<RandomOut>("random_out", "every peer picks some others; links work both ways",
                       {need<&RandomOut::links>("links", whole(1, 1'024),
                                                "others that each picks; the mean degree is about twice that")}),
      graph<ErdosRenyi>("erdos_renyi", "every pair linked with the same probability (Erdős and Rényi)",
                        {need<&ErdosRenyi::probability>("probability", {0.0, 1.0, true, true},
                                                        "the mean degree is `probability` × (`peers` - 1)")}),
      graph<SmallWorld>(
          "small_world", "a ring of nearest neighbours with shortcuts (Watts and Strogatz 1998)",
          {need<&SmallWorld::neighbours>("neighbours", whole(2, most_peers),
                                         "nearest peers on the ring that each is linked to; even"),
           needed(share<&SmallWorld::rewire>("rewire", "of the links, those that lead to a random peer"))}),
      graph<ScaleFree>("scale_free",
                       "power-law degrees (Palmer and Steffan 2000). A peer draws x from 0 to `peers` - 1 and seeks "
                       "`beta` · x^-`alpha` links. For a mean degree near d: `alpha` 0.5, `beta` d · √`peers` / 2",
                       {need<&ScaleFree::alpha>("alpha", {0.0, 100.0}, "steepness"),
                        need<&ScaleFree::beta>("beta", {0.0, 1e15, true}, "scale")}),
      graph_file<Format::edge_list>(
          "edge_list", "a file with a link a line (SNAP's format). Peers are numbered in the order of the ids",
          "two whole numbers a line, perhaps with the one-way latency in ms; `#` starts a comment"),
      graph_file<Format::graphml>("graphml", "a GraphML file. Peers are numbered as the nodes stand in it", latency_ms),
      graph_file<Format::dot>("dot", "a Graphviz file. Peers are numbered in the order of their names", latency_ms),
      graph_file<Format::node_link>(
          "node_link", "NetworkX's JSON. Peers are numbered as the nodes stand in it",
          "`nodes` with `id`; `links` or `edges` with `source`, `target` and perhaps `latency_ms`"),
  }};
}

template <class T>
Section latency(std::string_view type, std::string_view help, Keys keys) {
  return {type, help, std::move(keys), in<&LinkSpec::latency, T>};
}

OneOf latency() {
  static constexpr std::string_view measures[] = {"one_way", "round_trip"};
  return {
      {
          latency<Constant>("constant", "the same everywhere",
                            {need<&Constant::value>("value", link_time, "all of it")}),
          latency<Uniform>("uniform", "uniform between two bounds, both included",
                           {need<&Uniform::min>("min", link_time, "the shortest"),
                            need<&Uniform::max>("max", link_time, "the longest")}),
          latency<Normal>("normal", "normal, raised to `min_latency` where it would be below",
                          {need<&Normal::mean>("mean", link_time, "the mean"),
                           need<&Normal::deviation>("deviation", link_time, "the standard deviation")}),
          latency<LogNormal>("log_normal", "log-normal, raised to `min_latency` where it would be below",
                             {need<&LogNormal::median>("median", some_time, "half of the links are faster"),
                              need<&LogNormal::sigma>("sigma", {0.0, 10.0}, "standard deviation of the logarithm")}),
          latency<Matrix>(
              "matrix",
              "measured; the seed puts each peer at one of the hosts. Where the two directions differ, their mean is "
              "taken. Missing and zero entries, and two peers at the same host, take `min_latency`",
              {need_file<&Matrix::path>("a square of milliseconds, separated by blanks; `nan` or `-` is missing"),
               needed(key(choice<&Matrix::round_trip>("measures", measures,
                                                      {"what the table has; a round trip is halved"})))}),
          latency<Regions>(
              "regions", "between regions of the world; the seed puts each peer in one, by weight",
              {need_file<&Regions::path>("JSON with `weights` and `one_way_ms`, as scenarios/data/regions.json"),
               needed(key("model", Text{at<&Regions::model>}, "which of the file's models"))}),
      },
      [](const void* links) { return static_cast<const LinkSpec*>(links)->latency.index(); }};
}

Section links() {
  using C = LinkSpec;
  return {{},
          "how every link behaves",
          {key("latency", latency(), "one-way, between two peers: the same in both directions and for the whole run"),
           key(field<&C::min_latency>(
               "min_latency", some_time,
               {"no link is faster. The simulator advances by the shortest latency: a tiny one may cost time",
                "guess: a switched LAN"})),
           key(field<&C::jitter>(
               "jitter", link_time,
               {"each frame takes up to this much longer, uniformly; frames of one link keep their order"})),
           key(field<&C::loss>("loss", {0.0, 1.0, false, true}, {"probability that a frame is lost, each by itself"})),
           key(field<&C::handshake_round_trips>("handshake_round_trips", whole(1, 10),
                                                {"before a connection carries data: 1 is TCP, 2 is TCP with TLS 1.3"})),
           key(field<&C::connect_timeout>("connect_timeout", any_value,
                                          {"until a dial to a peer that is down fails", "guess"}))},
          [](void* scenario) -> void* { return at<&Scenario::links>(scenario); }};
}

// protocol: what core/protocols.hpp registers

template <class Part>
void* config_of(void* scenario) {
  return &static_cast<Scenario*>(scenario)->protocol.of<Part>();
}
template <class Part>
void add_fields(Keys& keys) {
  for (const Field& field : Part::Config::fields()) {
    keys.push_back(key(field));
    keys.back().in = config_of<Part>;
  }
}

/// Spellings from before the parameters had one name in all programs: read, but no longer written.
struct Older {
  std::string_view name, now;
};
constexpr Older older_overlay[] = {{"max_connections", "links"}, {"transient_connections", "transient_links"}};
constexpr Older older_validation[] = {
    {"deadline", "validation_deadline"}, {"on_silence", "on_silence"}, {"cache_size", "cache_size"}};

/// Of those whose new name is among `from`; `above` leads there.
void add_older(Keys& to, const Keys& from, std::span<const Older> spellings, const std::string& above) {
  for (const Older& spelling : spellings) {
    const auto now = std::ranges::find(from, spelling.now, &Key::name);
    if (now == from.end()) continue;
    Key old = *now;
    old.name = spelling.name;
    old.instead_of = above + std::string(spelling.now);
    old.older = true;
    to.push_back(std::move(old));
  }
}

/// Which of the protocols it is.
template <class All>
std::size_t number_of(std::string_view name) {
  std::size_t number = 0, found = 0;
  All::each([&]<class P>() {
    if (name == P::name) found = number;
    ++number;
  });
  return found;
}

/// All of one kind; `name` is the scenario's member that says which one runs, `make` makes the keys of P.
template <class All, auto name, class Make>
OneOf protocols(Make make) {
  OneOf made{{}, [](const void* scenario) { return number_of<All>(static_cast<const Scenario*>(scenario)->*name); }};
  All::each([&]<class P>() {
    made.kinds.push_back({P::name, P::about, make.template operator()<P>(), [](void* scenario) {
                            static_cast<Scenario*>(scenario)->*name = P::name;
                            return scenario;
                          }});
  });
  return made;
}

OneOf overlay() {
  return protocols<Overlays, &Scenario::overlay>([]<class P>() {
    Keys keys;
    if constexpr (requires(typename P::Config config) { config.bootstrapper; }) {
      keys.push_back(needed(key(field<&P::Config::bootstrapper>("bootstrapper", any_peer,
                                                                {"the one peer that all others know at the start"}))));
      keys.back().in = config_of<P>;
    }
    add_fields<P>(keys);
    add_older(keys, Keys(keys), older_overlay, "");
    return keys;
  });
}

Key validation(const Keys& broadcast) {
  using C = ValidationSpec;
  constexpr auto help = "local programs judge data before it is forwarded";
  Keys keys{share<&C::subscribers>("subscribers", "of the peers, those with such a program"),
            key(field<&C::delay>("delay", any_value, {"until the verdict"})),
            share<&C::reject>("reject", "of the verdicts, those that reject"),
            share<&C::silent>("silent", "of the verdicts, those that never come")};
  for (Key& spec : keys)
    spec.in = [](void* scenario) -> void* { return &*static_cast<Scenario*>(scenario)->validation; };
  add_older(keys, broadcast, older_validation, "../");
  const auto open = [](void* object) {
    auto* scenario = static_cast<Scenario*>(object);
    if (!scenario->validation) scenario->validation.emplace();
    scenario->protocol.of<Intake>().validation = true;
    return object;
  };
  return key("validation", Section{{}, help, std::move(keys), open}, help, "nothing is judged");
}

constexpr bool some_repair_uses_history() {
  bool some = false;
  Repairs::each([&]<class P>() { some = some || uses_history<P>; });
  return some;
}

OneOf broadcast() {
  return protocols<Broadcasts, &Scenario::broadcast>([]<class P>() {
    Keys keys;
    add_fields<Intake>(keys);
    if constexpr (uses_history<P> || some_repair_uses_history()) add_fields<History>(keys);
    add_fields<P>(keys);
    keys.push_back(validation(keys));
    return keys;
  });
}

Section protocol() {
  Section made{{}, "what every peer runs", {}, itself};
  made.keys = {key("overlay", overlay(), "who a peer's neighbours are"),
               key("broadcast", broadcast(), "how data spreads")};
  if constexpr (std::tuple_size_v < Repairs::Configs >> 1) {
    const auto keys = []<class P>() {
      Keys own;
      add_fields<P>(own);
      return own;
    };
    made.keys.push_back(key("repair", protocols<Repairs, &Scenario::repair>(keys), "how what was missed is brought"));
  }
  made.keys.push_back(key(field<&Scenario::start_spread>(
      "start_spread", any_value, {"overlays that find their neighbours: peers start uniformly within this time"})));
  made.keys.push_back(key(field<&Scenario::detection>(
      "detection", any_value, {"until a neighbour notices a crash; a clean departure is noticed after one latency"})));
  return made;
}

// What happens

Section workload() {
  using C = Workload;
  static constexpr std::string_view senders[] = {"random", "all"};
  const Field one_peer{{}, Unit::peer, any_peer, {}, "one peer", {}, {}, nullptr, [](void* load, Value peer) {
                         static_cast<C*>(load)->from = C::From::peers;
                         static_cast<C*>(load)->peers = {static_cast<std::uint32_t>(std::get<std::int64_t>(peer))};
                       }};
  const PeerList in_turn{[](void* load) {
    static_cast<C*>(load)->from = C::From::peers;
    return at<&C::peers>(load);
  }};
  Either from{{key(choice<&C::from>({}, senders, {"a random peer each time, or every peer once a round"})),
               key(one_peer), key({}, in_turn, "these peers in turn")}};
  Key rate = key("rate", Rate{at<&C::interval>}, "instead of `interval`: messages for a time", "`interval` counts");
  rate.instead_of = "interval";
  return {{},
          "messages of one kind",
          {key(field<&C::at>("at", any_value, {"when the first one is announced"})),
           key("from", std::move(from), "who announces"),
           key(field<&C::count>("count", whole(1, 0xffff'ffff), {"messages; from all: rounds"})),
           key(field<&C::interval>("interval", any_value, {"between two of them"})), std::move(rate),
           key(field<&C::size>("size", whole(0, largest_data), {"data in each; a frame carries no more than the most"},
                               Unit::size)),
           key(field<&C::data_type>("type", whole(0, 65'535), {"data type, as local programs subscribe to it"})),
           key(field<&C::ttl>("ttl", whole(0, 255), {"links that it may travel; 0: no limit"}))},
          [](void* scenario) -> void* { return &static_cast<Scenario*>(scenario)->workload.emplace_back(); }};
}

Section churn() {
  using C = Churn;
  static constexpr std::string_view starts[] = {"up", "stationary"};
  return {{},
          "who comes and goes",
          {key(field<&C::session>("session", any_value, {"mean time up, exponentially distributed"}), "no model"),
           key(field<&C::downtime>("downtime", any_value, {"mean time down, exponentially distributed"}), "no model"),
           key(choice<&C::stationary>(
               "start", starts,
               {"at the start as many are up as in the long run, `session` / (`session` + `downtime`), or all"})),
           key(field<&C::start>("after", any_value, {"nobody leaves before this"})),
           share<&C::clean>("clean", "of the departures, those that say goodbye; the others crash"),
           key("spared", PeerList{at<&C::spared>}, "these never leave; the bootstrapper never does either", "none"),
           key("trace", FileName{at<&C::trace>},
               "CSV with the columns `peer,up_seconds,down_seconds`: times from the start, several rows a peer, no "
               "overlaps; an "
               "empty last column is up until the end. Peers that are not in it stay up",
               "no trace")},
          [](void* scenario) -> void* {
            auto& spec = static_cast<Scenario*>(scenario)->churn;
            return spec ? &*spec : &spec.emplace();
          }};
}

Section faults() {
  using C = Kill;
  const Field back_after{
      "back_after",
      Unit::duration,
      any_value,
      {},
      "they start again after this",
      {},
      {},
      nullptr,
      [](void* kill, Value time) { static_cast<C*>(kill)->back_after = std::get<std::int64_t>(time); }};
  Either kill{{key(field<&C::fraction>({}, {0.0, 1.0, true}, {"a share of the peers that are up, above 0 up to 1"},
                                       Unit::share)),
               key({}, PeerList{at<&C::peers>}, "these peers")}};
  return {
      {},
      "a crash",
      {needed(key(field<&C::at>("at", any_value, {"when they crash"}))),
       needed(key("kill", std::move(kill), "who crashes")), key(back_after, "never")},
      [](void* scenario) -> void* { return &std::get<C>(static_cast<Scenario*>(scenario)->faults.emplace_back(C{})); }};
}

Section whole_scenario() {
  using C = Scenario;
  return {
      {},
      "a gossip scenario",
      {key("$schema", Text{nullptr}, "where an editor finds the schema of this file", "none"),
       key("name", Text{at<&C::name>}, "for reports", "the file's name"),
       key("question", Text{at<&C::question>}, "what the scenario is meant to find out", "none"),
       key("answer", Text{at<&C::answer>}, "what it found", "none"),
       key(field<&C::peers>("peers", whole(1, most_peers), {"how many"}), "as many as the topology's file has"),
       key("seed", Seed{at<&C::seed>},
           "decides every random choice; the same seed gives the same result on every machine"),
       key(field<&C::duration>(
               "duration", any_value,
               {"simulated time; needed with what never comes to rest, as `sampling` and the churn model"}),
           "until nothing happens"),
       key("topology", topology(), "who is linked to whom at the start", "none; `fixed` needs one"),
       key("links", links(), "latency, jitter, loss, handshakes"), key("protocol", protocol(), "what every peer runs"),
       key("workload", List{workload()}, "what is announced", "nothing"),
       key("churn", churn(), "who comes and goes", "nobody leaves"),
       key("faults", List{faults()}, "what goes wrong, and when", "nothing")},
      itself};
}

// Defaults

using Shown = nlohmann::ordered_json;

Shown value_of(const Field& field, const void* object) {
  const Value value = field.get(object);
  if (field.is_real()) {
    const double real = std::get<double>(value);
    return real == std::floor(real) ? Shown(static_cast<std::int64_t>(real)) : Shown(real);
  }
  const bool text = field.unit == Unit::size || field.unit == Unit::duration || field.unit == Unit::choice;
  if (text) return text_of(field, value);
  if (field.unit == Unit::flag) return std::get<std::int64_t>(value) != 0;
  return std::get<std::int64_t>(value);
}

struct DefaultOf {
  void* object;
  Shown operator()(const Field& field) const { return value_of(field, object); }
  Shown operator()(const Seed& seed) const { return *seed.in(object); }
  Shown operator()(const Either& either) const { return std::visit(*this, either.kinds.front().shape); }
  /// Its type, with what that cannot do without.
  Shown operator()(const OneOf& choice) const {
    const Section& kind = choice.kinds[choice.chosen(object)];
    Shown shown{{"type", kind.type}};
    void* inner = kind.open(object);
    for (const Key& key : kind.keys) {
      if (key.required) shown[std::string(key.name)] = std::visit(DefaultOf{key.in(inner)}, key.shape);
    }
    return shown;
  }
  Shown operator()(const auto&) const { return nullptr; }
};

}  // namespace

const Section& scenario_format() {
  static const Section format = whole_scenario();
  return format;
}

nlohmann::ordered_json default_of(const Key& key, void* object) {
  if (key.required || !key.absent.empty()) return nullptr;
  return std::visit(DefaultOf{key.in(object)}, key.shape);
}

}  // namespace gossip::sim
