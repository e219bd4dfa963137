#include "sim/scenario/keys.hpp"

#include <algorithm>
#include <span>

#include "core/config/text.hpp"
#include "core/peer.hpp"
#include "sim/scenario/key_makers.hpp"

namespace gossip::sim {
namespace {

using namespace keys;

constexpr std::int64_t largest_data = 8 << 20;

// topology

template <class T>
Section graph(std::string_view type, std::string_view help, Keys keys = {}) {
  return {type, help, std::move(keys), become<&Scenario::topology, T>};
}
template <GraphFile::Format format>
Section graph_file(std::string_view type, std::string_view help, std::string_view content) {
  const auto open = [](void* scenario) {
    void* file = become<&Scenario::topology, GraphFile>(scenario);
    *at<&GraphFile::format>(file) = format;
    return file;
  };
  static constexpr std::string_view units[] = {"in_value", "ns", "us", "ms", "s"};
  static constexpr std::string_view ways[] = {"one_way", "round_trip"};
  static constexpr std::string_view directed[] = {"error", "both_ways"};
  static constexpr std::string_view parallel[] = {"error", "fastest"};
  static constexpr std::string_view loops[] = {"error", "drop"};
  constexpr auto latency =
      "which attribute of a link, or column (its number, or its name in a header), is its latency; `none`: none is";
  constexpr auto of_file = "`latency_ms`, and the third column of an edge list: both are one-way, in ms";
  return {type,
          help,
          {need_file<&GraphFile::path>(content), key("latency", Text{at<&GraphFile::latency>}, latency, of_file),
           key(choice<&GraphFile::unit>("unit", units, {"of `latency`; `in_value`: as in \"50 ms\""})),
           key(choice<&GraphFile::round_trip>("measures", ways, {"what `latency` is; a round trip is halved"})),
           key(choice<&GraphFile::directed>(
               "directed", directed, {"a link that leads one way only is an error, or is taken as one of both ways"})),
           key(choice<&GraphFile::parallel>(
               "parallel", parallel, {"a second link between two nodes is an error, or the shorter latency is taken"})),
           key(choice<&GraphFile::self_loops>("self_loops", loops,
                                              {"a link from a node to itself is an error, or is left out"}))},
          open};
}

OneOf topology() {
  using Format = GraphFile::Format;
  constexpr auto packed = "it may be gzip's";
  constexpr Range inside{0.0, 1.0, true, true};
  return {{
      graph<Complete>("complete", "every peer linked to every other"),
      graph<Ring>("ring", "every peer linked to the next"),
      graph<Grid>("grid", "a full rectangle",
                  {may<&Grid::width>("width", any_peer, {"peers in a row, a divisor of `peers`; 0: the most square"}),
                   may<&Grid::wrap>("wrap", any_value, {"opposite borders are linked: a torus"})}),
      graph<Star>("star", "peer 0 linked to every other"),
      graph<RandomRegular>(
          "random_regular", "every peer with exactly as many random neighbours",
          {need<&RandomRegular::degree>("degree", some_peers, "neighbours of every peer; `peers` × `degree` is even")}),
      graph<RandomOut>("random_out", "every peer picks some others; the mean degree is about twice as many",
                       {need<&RandomOut::links>("links", whole(1, 1'024), "different others that a peer picks")}),
      graph<ErdosRenyi>("erdos_renyi", "every pair linked by chance; the mean degree is `probability` × (`peers` - 1)",
                        {need<&ErdosRenyi::probability>("probability", inside, "of each possible link")}),
      graph<SmallWorld>(
          "small_world", "a ring with shortcuts (Watts and Strogatz 1998)",
          {need<&SmallWorld::neighbours>("neighbours", whole(2, most_peers), "nearest peers on the ring; even"),
           needed(share<&SmallWorld::rewire>("rewire", "of the links, those that lead to a random peer"))}),
      graph<ScaleFree>(
          "scale_free",
          "power-law degrees (Palmer and Steffan 2000): a peer draws x from 0 to `peers` - 1 and seeks "
          "`beta` · x^-`alpha` links, rounded down. For a mean degree of d, to a tenth: `alpha` 0.5, `beta` "
          "(d + 0.8) · √`peers` / 2",
          {need<&ScaleFree::alpha>("alpha", {0.0, 100.0}, "steepness"),
           need<&ScaleFree::beta>("beta", {0.0, 1e15, true}, "scale")}),
      graph_file<Format::edge_list>(
          "edge_list",
          "a file with a link a line, as of SNAP, NetworkX or Gephi. Peers are numbered in the order of the ids where "
          "all are whole numbers, otherwise as the file names them",
          "two nodes a line, perhaps with more columns or NetworkX's `{}`; blanks or commas between, names with blanks in "
          "quotes; a first line `source,target,…` names the columns; `#` starts a comment; it may be gzip's"),
      graph_file<Format::graphml>("graphml", "a GraphML file. Peers are numbered as the nodes stand in it", packed),
      graph_file<Format::dot>("dot", "a Graphviz file. Peers are numbered as the file names them", packed),
      graph_file<Format::node_link>(
          "node_link", "NetworkX's JSON. Peers are numbered as the nodes stand in it",
          "`nodes` with `id`; `links` or `edges` with `source`, `target` and perhaps a latency; it may be gzip's"),
      graph_file<Format::gml>(
          "gml", "a GML file. Peers are numbered as the nodes stand in it, and called by their `label`, or `name`, where all "
          "have one of their own, otherwise by `id`", packed),
  }};
}

// links

template <class T>
Section latency(std::string_view type, std::string_view help, Keys keys) {
  return {type, help, std::move(keys), become<&LinkSpec::latency, T>};
}

OneOf latency() {
  static constexpr std::string_view measures[] = {"one_way", "round_trip"};
  std::vector<Section> kinds{
      latency<Constant>("constant", "the same everywhere", {need<&Constant::value>("value", link_time, "all of it")}),
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
          "taken. "
          "Missing entries are drawn from those that are there; zero ones, and two peers at the same host, take "
          "`min_latency`",
          {need_file<&Matrix::path>("a square of milliseconds, separated by blanks; `nan` or `-` is missing"),
           needed(key(choice<&Matrix::round_trip>("measures", measures, {"what they are; a round trip is halved"}))),
           key("missing", Text{at<&Matrix::missing>}, "a value that is no measurement, as \"-1\"",
               "`nan` and `-` only")}),
      latency<Regions>(
          "regions", "between regions of the world; the seed puts each peer in one, by weight",
          {need_file<&Regions::path>("JSON with `weights` and `one_way_ms`, as scenarios/data/regions.json"),
           needed(key("model", Text{at<&Regions::model>}, "which of the file's models"))}),
  };
  return {std::move(kinds), [](const void* links) { return static_cast<const LinkSpec*>(links)->latency.index(); }};
}

Keys links() {
  using C = LinkSpec;
  static constexpr std::string_view carriers[] = {"sequenced", "stream", "datagram"};
  constexpr auto transport =
      "`stream`: TCP, where a lost packet is sent again and holds up what is behind it, and a connection begins slowly; "
      "`datagram`: lost is lost, and order may change; `sequenced`: lost is lost, and the others keep their order, as in "
      "the models of papers";
  return {
      key("latency", latency(), "one-way, between two peers: the same in both directions and for the whole run"),
      may<&C::min_latency>("min_latency", some_time,
                           {"no link is faster; a tiny one costs time, since the simulator advances by the shortest",
                            "guess: a switched LAN"}),
      may<&C::jitter>("jitter", link_time,
                      {"each frame takes up to this much longer; those of one link keep their order, but datagrams"}),
      may<&C::loss>("loss", {0.0, 1.0, false, true},
                    {"probability that a frame is lost, each by itself; of `stream` and `datagram`, that a packet is"}),
      key(choice<&C::transport>("transport", carriers, {transport, "the least that is assumed"})),
      may<&C::retransmit_after>("retransmit_after", link_time,
                                {"of `stream`, beside a round trip: until a lost packet is sent again, the first time",
                                 "Linux, TCP_RTO_MIN"}),
      key("upload", Bandwidth{at<&C::upload>}, "of every peer: its frames leave one after the other", "no limit"),
      may<&C::handshake_round_trips>("handshake_round_trips", whole(1, 10),
                                     {"before a connection carries data: 1 is TCP, 2 is TCP with TLS 1.3"}),
      may<&C::connect_timeout>("connect_timeout", any_value, {"until a dial to a peer that is down fails", "guess"}),
  };
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

/// All of one kind; `name` is the scenario's member that says which one runs, `make` makes the keys of P.
template <class All, auto name, class Make>
OneOf protocols(Make make) {
  std::vector<Section> kinds;
  All::each([&]<class P>() {
    const auto open = [](void* scenario) {
      *at<name>(scenario) = P::name;
      return scenario;
    };
    kinds.push_back({P::name, P::about, make.template operator()<P>(), open});
  });
  const auto chosen = [](const void* scenario) {
    std::size_t number = 0, found = 0;
    All::each([&]<class P>() {
      if (static_cast<const Scenario*>(scenario)->*name == P::name) found = number;
      ++number;
    });
    return found;
  };
  return {std::move(kinds), chosen};
}

OneOf overlay() {
  return protocols<Overlays, &Scenario::overlay>([]<class P>() {
    Keys keys;
    if constexpr (requires(typename P::Config config) { config.bootstrapper; }) {
      keys.push_back(
          need<&P::Config::bootstrapper>("bootstrapper", any_peer, "the one peer that all others know at the start"));
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
  Keys keys{
      share<&C::subscribers>("subscribers", "of the peers, those with such a program"),
      may<&C::delay>("delay", any_value, {"until the verdict"}),
      share<&C::reject>("reject", "of the verdicts, those that reject"),
      share<&C::silent>("silent", "of the verdicts, those that never come"),
  };
  for (Key& own : keys) own.in = [](void* scenario) -> void* { return &**at<&Scenario::validation>(scenario); };
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

Keys protocol() {
  using C = Scenario;
  Keys keys{key("overlay", overlay(), "who a peer's neighbours are"),
            key("broadcast", broadcast(), "how data spreads")};
  constexpr std::size_t repairs = std::tuple_size<Repairs::Configs>::value;
  if constexpr (repairs > 1) {
    const auto fields = []<class P>() {
      Keys own;
      add_fields<P>(own);
      return own;
    };
    keys.push_back(key("repair", protocols<Repairs, &C::repair>(fields), "how what was missed is brought"));
  }
  keys.push_back(
      may<&C::start_spread>("start_spread", any_value, {"not with `fixed`: peers start uniformly within this time"}));
  keys.push_back(may<&C::detection>(
      "detection", any_value, {"until a neighbour notices a crash; a clean departure is noticed after one latency"}));
  return keys;
}

// What happens

Keys workload() {
  using C = Workload;
  static constexpr std::string_view senders[] = {"random", "all"};
  Field one_peer = field<&C::count>({}, any_peer, {"one peer"}, Unit::peer);
  one_peer.set = [](void* load, Value peer) {
    *at<&C::from>(load) = C::From::peers;
    *at<&C::peers>(load) = {static_cast<std::uint32_t>(std::get<std::int64_t>(peer))};
  };
  const PeerList in_turn{[](void* load) {
    *at<&C::from>(load) = C::From::peers;
    return at<&C::peers>(load);
  }};
  Either from{{key(choice<&C::from>({}, senders, {"a random peer each time, or every peer once a round"})),
               key(one_peer), key({}, in_turn, "these peers in turn")}};
  Key rate = key("rate", Rate{at<&C::interval>}, "instead of `interval`: messages for a time", "`interval` counts");
  rate.instead_of = "interval";
  const Field size = field<&C::size>("size", whole(0, largest_data),
                                     {"of the data; the wire format, and so `--wire`, ends at 65523B"}, Unit::size);
  return {
      may<&C::at>("at", any_value, {"when the first one is announced"}),
      key("from", std::move(from), "who announces"),
      may<&C::count>("count", whole(1, 0xffff'ffff), {"messages; from all: rounds"}),
      may<&C::interval>("interval", any_value, {"between two of them"}),
      std::move(rate),
      key(size),
      may<&C::data_type>("type", whole(0, 65'535), {"data type, as local programs subscribe to it"}),
      may<&C::ttl>("ttl", whole(0, 255), {"links that it may travel; 0: no limit"}),
  };
}

Keys churn() {
  using C = Churn;
  static constexpr std::string_view starts[] = {"up", "stationary"};
  constexpr auto start = "all are up, or as many as in the long run: `session` / (`session` + `downtime`)";
  constexpr auto trace =
      "CSV with the columns `peer,up_seconds,down_seconds`: times from the start, several rows a peer, no overlaps; an "
      "empty last column is up until the end. Peers that are not in it stay up";
  return {
      left_out(may<&C::session>("session", any_value, {"mean time up, exponentially distributed"}), "no model"),
      left_out(may<&C::downtime>("downtime", any_value, {"mean time down, exponentially distributed"}), "no model"),
      key(choice<&C::stationary>("start", starts, {start})),
      may<&C::start>("after", any_value, {"nobody leaves before this"}),
      share<&C::clean>("clean", "of the departures, those that say goodbye; the others crash"),
      key("spared", PeerList{at<&C::spared>}, "these never leave; the bootstrapper never does either"),
      key("trace", FileName{at<&C::trace>}, trace),
  };
}

/// Of a fault, which becomes one of kind F if it is another.
template <class F>
void* fault_as(void* fault) {
  auto& spec = *static_cast<Fault*>(fault);
  if (!std::holds_alternative<F>(spec)) spec.emplace<F>();
  return &std::get<F>(spec);
}
template <class F>
Key of_fault(Key key, std::string_view absent, std::string instead_of = {}) {
  key.in = fault_as<F>;
  key.absent = absent;
  key.instead_of = std::move(instead_of);
  return key;
}

Keys faults() {
  Field at_time = field<&Kill::at>("at", any_value, {"when it begins"});
  at_time.set = [](void* fault, Value time) {
    std::visit([&](auto& spec) { spec.at = std::get<std::int64_t>(time); }, *static_cast<Fault*>(fault));
  };
  Field back_after = field<&Kill::at>("back_after", any_value, {"of `kill`: they start again after this"});
  back_after.set = [](void* kill, Value time) { *at<&Kill::back_after>(kill) = std::get<std::int64_t>(time); };
  Field lasts = field<&Partition::at>("for", whole(1, longest_duration), {"of `partition`: it heals after this"});
  lasts.set = [](void* spec, Value time) { *at<&Partition::lasts>(spec) = std::get<std::int64_t>(time); };
  constexpr Range some{0.0, 1.0, true}, inside{0.0, 1.0, true, true};
  Either kill{
      {key(field<&Kill::fraction>({}, some, {"a share of the peers that are up, above 0 up to 1"}, Unit::share)),
       key({}, PeerList{at<&Kill::peers>}, "these peers")}};
  Either partition{
      {key(field<&Partition::fraction>({}, inside, {"a share of all peers, above 0 and below 1"}, Unit::share)),
       key({}, PeerList{at<&Partition::peers>}, "these peers")}};
  return {
      of_fault<Kill>(key("kill", std::move(kill), "who crashes"), "nobody"),
      of_fault<Partition>(key("partition", std::move(partition), "who is cut off from all others"), "nobody", "kill"),
      needed(key(at_time)),
      of_fault<Kill>(key(back_after), "never", "partition"),
      of_fault<Partition>(key(lasts), "for ever", "kill"),
  };
}

Keys sweep() {
  using C = SweepSpec;
  constexpr auto over =
      "JSON paths as `--set` takes them, each with a list of values; every combination of them is one setting";
  return {
      needed(key("over", Axes{at<&C::over>}, over)),
      may<&C::repeat>("repeat", whole(1, 100'000), {"runs of each setting, with `seed`, `seed` + 1, …"}),
  };
}

// All of it

/// A key that holds an object.
Key object(std::string_view name, std::string_view help, Keys keys, void* (*open)(void*),
           std::string_view absent = {}) {
  return key(name, Section{{}, help, std::move(keys), open}, help, absent);
}
/// A key that holds a list of them.
Key list(std::string_view name, std::string_view help, Keys keys, void* (*append)(void*)) {
  return key(name, List{{{}, help, std::move(keys), append}}, help, "nothing");
}

Section whole_scenario() {
  using C = Scenario;
  constexpr auto seed = "decides every random choice; the same seed gives the same result on every machine";
  constexpr auto duration = "simulated time; needed with what never comes to rest, as `sampling` and the churn model";
  const auto itself = [](void* scenario) { return scenario; };
  const auto the_links = [](void* scenario) -> void* { return at<&C::links>(scenario); };
  const auto new_load = [](void* scenario) -> void* { return &at<&C::workload>(scenario)->emplace_back(); };
  const auto new_fault = [](void* scenario) -> void* { return &at<&C::faults>(scenario)->emplace_back(); };
  const auto some_churn = [](void* scenario) -> void* {
    std::optional<Churn>& spec = *at<&C::churn>(scenario);
    return spec ? &*spec : &spec.emplace();
  };
  const auto some_sweep = [](void* scenario) -> void* {
    std::optional<SweepSpec>& spec = *at<&C::sweep>(scenario);
    return spec ? &*spec : &spec.emplace();
  };
  Keys keys{
      key("$schema", Text{nullptr}, "where an editor finds the schema of this file"),
      key("name", Text{at<&C::name>}, "for reports", "the file's name"),
      key("question", Text{at<&C::question>}, "what the scenario is meant to find out"),
      key("answer", Text{at<&C::answer>}, "what it found"),
      left_out(may<&C::peers>("peers", some_peers, {"how many"}), "as many as the topology's file has"),
      key("seed", Seed{at<&C::seed>}, seed),
      left_out(may<&C::duration>("duration", any_value, {duration}), "until nothing happens"),
      key("topology", topology(), "who is linked to whom at the start", "none; `fixed` needs one"),
      object("links", "how every link behaves", links(), the_links),
      object("protocol", "what every peer runs", protocol(), itself),
      list("workload", "what is announced", workload(), new_load),
      classes(),
      object("churn", "who comes and goes", churn(), some_churn, "nobody leaves"),
      list("faults", "what goes wrong, and when", faults(), new_fault),
      object("sweep", "what `gossip-sim sweep` runs; other commands leave it alone", sweep(), some_sweep, "no sweep"),
  };
  return {{}, "a gossip scenario", std::move(keys), itself};
}

// Defaults

using Shown = nlohmann::ordered_json;

struct DefaultOf {
  void* object;
  Shown operator()(const Field& field) const { return json_of(field, field.get(object)); }
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

nlohmann::ordered_json json_of(const Field& field, const Value& value) {
  const std::string text = text_of(field, value);
  return is_text(field.unit) ? Shown(text) : Shown::parse(text);
}

nlohmann::ordered_json default_of(const Key& key, void* object) {
  if (key.required || !key.absent.empty()) return nullptr;
  return std::visit(DefaultOf{key.in(object)}, key.shape);
}

}  // namespace gossip::sim
