#include "random_scenario.hpp"

#include <algorithm>
#include <bit>
#include <fstream>
#include <sstream>

#include "core/config/text.hpp"
#include "core/operations.hpp"
#include "core/random.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/reader.hpp"

namespace gossip::sim::swarm {
namespace {

constexpr Duration minute = 60 * second, hour = 60 * minute;
/// What the peers of a scenario may take, so that hundreds of scenarios are quick.
constexpr std::uint64_t most_bytes = 16 << 20;
constexpr std::uint32_t most_places = 2'000;   // connections that a peer may have
constexpr std::uint64_t most_copies = 40'000;  // messages times links

class Drawing {
 public:
  Drawing(std::uint64_t seed, const std::string& folder) : random_(mix(seed, 'D')), folder_(folder) {
    scenario_.file = "swarm";
    scenario_.seed = random_();
  }

  Draw make() {
    scenario_.peers = static_cast<std::uint32_t>(log_uniform(2, 200));
    protocols();
    topology();
    links();
    time();
    validation();
    classes();
    churn();
    faults();
    workload();
    parameters();
    const EngineOptions chosen = options();
    return {std::move(scenario_), chosen};
  }

 private:
  bool chance(double share) { return random_.uniform() < share; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    const auto width = static_cast<std::uint64_t>(most - least) + 1;
    return least + static_cast<std::int64_t>(random_() % width);
  }
  /// As likely from 1 to 2 as from 1,000 to 2,000; of bounds from 0 on.
  std::int64_t log_uniform(std::int64_t least, std::int64_t most) {
    const int low = std::bit_width(static_cast<std::uint64_t>(least));
    const int high = std::bit_width(static_cast<std::uint64_t>(most));
    const auto bits = static_cast<int>(between(low, high));
    const std::int64_t first = bits == 0 ? 0 : std::int64_t{1} << (bits - 1);
    return std::clamp(between(first, 2 * first - (first > 0)), least, most);
  }
  std::uint32_t count(std::int64_t least, std::int64_t most) {
    return static_cast<std::uint32_t>(log_uniform(least, most));
  }
  std::uint32_t any_peer() { return random_.below(scenario_.peers); }
  /// Whole milliseconds now and then, so that things come together.
  Duration some_time(Duration least, Duration most) {
    const Duration time = log_uniform(least, most);
    const Duration rounded = time / millisecond * millisecond;
    return chance(0.5) && rounded >= least ? rounded : time;
  }

  void protocols() {
    const auto name_of = [&]<class... P>(Protocols<P...>) {
      constexpr std::string_view names[] = {P::name...};
      return std::string(names[random_.below(sizeof...(P))]);
    };
    scenario_.overlay = name_of(Overlays{});
    scenario_.broadcast = name_of(Broadcasts{});
    scenario_.repair = name_of(Repairs{});
    Overlays::each([&]<class P>() {
      if constexpr (requires(typename P::Config config) { config.bootstrapper; }) {
        scenario_.protocol.of<P>().bootstrapper = PeerId{chance(0.5) ? 0 : any_peer()};
      }
    });
  }

  void topology() {
    if (!scenario_.links_given()) return;
    const std::uint32_t peers = scenario_.peers;
    switch (random_.below(11)) {
      case 0:
        scenario_.topology = Complete{};
        break;
      case 1:
        scenario_.topology = Ring{};
        break;
      case 2:
        scenario_.topology = Grid{0, chance(0.5)};
        break;
      case 3:
        scenario_.topology = Star{};
        break;
      case 4:
        scenario_.topology = RandomRegular{2 * count(1, std::max(1u, (peers - 1) / 2))};
        break;
      case 5:
        scenario_.topology = RandomOut{count(1, peers - 1)};
        break;
      case 6:
        scenario_.topology = ErdosRenyi{0.001 + 0.998 * random_.uniform() * random_.uniform()};
        break;
      case 7:
        scenario_.topology = SmallWorld{2 * count(1, std::max(1u, peers / 2)), random_.uniform()};
        break;
      case 8:
        scenario_.topology = ScaleFree{2 * random_.uniform(), 1 + 50 * random_.uniform()};
        break;
      default:
        GraphFile file{GraphFile::Format::edge_list, edge_list()};
        file.parallel = GraphFile::Parallel::fastest;
        scenario_.topology = file;
        break;
    }
  }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + '/' + name;
    std::ofstream(path) << text;
    return path;
  }
  /// A ring with chords, some of them with a latency. The ids are so that peer i has number i.
  std::string edge_list() {
    std::ostringstream text;
    const auto link = [&](std::uint32_t a, std::uint32_t b) {
      text << a << ' ' << b;
      if (chance(0.7)) text << ' ' << random_.below(200) << '.' << random_.below(1'000);
      text << '\n';
    };
    for (std::uint32_t i = 0; i < scenario_.peers; ++i) {
      link(i, (i + 1) % scenario_.peers);
      if (const std::uint32_t other = any_peer(); other != i) link(i, other);
    }
    return write("links.txt", text.str());
  }

  void links() {
    LinkSpec& spec = scenario_.links;
    const Duration longest = chance(0.05) ? hour : 2 * second;
    const Duration some = some_time(0, longest), other = some_time(0, longest);
    const std::string data = std::string(GOSSIP_SOURCE_DIR) + "/scenarios/data/";
    switch (random_.below(16)) {
      case 0:
        spec.latency = Matrix{data + "planetlab-rtt-ms.txt", true};
        break;
      case 1:
        spec.latency = Regions{data + "regions.json", "bitcoin_6_2019"};
        break;
      case 2:
      case 3:
      case 4:
      case 5:
        spec.latency = Constant{some};
        break;
      case 6:
      case 7:
        spec.latency = Normal{some, other};
        break;
      case 8:
      case 9:
        spec.latency = LogNormal{std::max<Duration>(some, 1), 2 * random_.uniform()};
        break;
      default:
        spec.latency = Uniform{std::min(some, other), std::max(some, other)};
        break;
    }
    spec.min_latency = chance(0.5) ? spec.min_latency : some_time(microsecond, 50 * millisecond);
    if (chance(0.3)) spec.loss = chance(0.2) ? 0.9 * random_.uniform() : 0.1 * random_.uniform();
    if (chance(0.5)) spec.transport = LinkSpec::Carrier{static_cast<std::uint8_t>(random_.below(3))};
    if (spec.transport == LinkSpec::Carrier::stream && chance(0.5)) spec.retransmit_after = some_time(0, second);
    if (chance(0.3) && !scenario_.everyone_linked()) spec.jitter = some_time(1, second);
    spec.handshake_round_trips = chance(0.5) ? 1 : count(1, 10);
    if (chance(0.5)) spec.connect_timeout = some_time(0, 10 * second);
    if (chance(0.5)) scenario_.detection = some_time(0, 10 * second);
    const bool finds = !scenario_.links_given() && !scenario_.everyone_linked();
    if (finds && chance(0.6)) scenario_.start_spread = some_time(0, 10 * second);
  }

  void time() {
    if (scenario_.links_given() && chance(0.3)) return;
    scenario_.duration = some_time(100 * millisecond, chance(0.1) ? 10 * minute : minute);
  }
  Time moment() { return scenario_.duration > 0 ? between(0, scenario_.duration - 1) : some_time(0, 10 * second); }

  void classes() {
    const auto bandwidth = [&] { return static_cast<std::uint64_t>(log_uniform(50'000, 1'000'000'000)); };
    if (chance(0.15)) scenario_.links.upload = bandwidth();
    while (scenario_.classes.size() < 3 && chance(0.15)) {
      ClassSpec spec;
      spec.name = "class " + std::to_string(scenario_.classes.size());
      if (chance(0.7)) {
        spec.fraction = 0.33 * random_.uniform();
      } else {
        spec.peers = {static_cast<std::uint32_t>(scenario_.classes.size()) % scenario_.peers};
      }
      spec.silent = chance(0.4);
      spec.dialable = scenario_.everyone_linked() || chance(0.5);
      if (chance(0.4)) spec.upload = bandwidth();
      scenario_.classes.push_back(spec);
    }
  }

  void validation() {
    if (!chance(0.3)) return;
    ValidationSpec spec;
    if (chance(0.5)) spec.subscribers = random_.uniform();
    if (chance(0.7)) spec.delay = some_time(0, 5 * second);
    if (chance(0.4)) spec.reject = 0.5 * random_.uniform();
    if (chance(0.4)) spec.silent = 0.5 * random_.uniform();
    scenario_.validation = spec;
    scenario_.protocol.of<Intake>().validation = true;
  }

  void churn() {
    if (scenario_.everyone_linked() || chance(0.6)) return;
    Churn churn;
    if (chance(0.15)) {
      churn.trace = write("churn.csv", trace());
    } else if (scenario_.duration > 0) {
      churn.session = some_time(500 * millisecond, 10 * minute);
      churn.downtime = some_time(millisecond, minute);
      churn.stationary = chance(0.5);
      if (chance(0.3)) churn.start = moment();
    } else {
      return;
    }
    churn.clean = chance(0.5) ? random_.uniform() : chance(0.5);
    if (chance(0.2)) churn.spared = {any_peer()};
    scenario_.churn = churn;
  }
  std::string trace() {
    std::ostringstream text;
    text << "peer,up_seconds,down_seconds\n";
    for (std::uint32_t peer = 0; peer < scenario_.peers; ++peer) {
      std::uint32_t tenths = random_.below(3) * random_.below(50);
      for (std::uint32_t session = random_.below(4); session > 0; --session) {
        const std::uint32_t up = tenths, down = up + 1 + random_.below(200);
        text << peer << ',' << up / 10 << '.' << up % 10 << ',';
        if (session > 1 || chance(0.5)) text << down / 10 << '.' << down % 10;
        text << '\n';
        tenths = down + random_.below(50);
      }
    }
    return text.str();
  }

  void faults() {
    if (scenario_.everyone_linked()) return;
    while (scenario_.faults.size() < 3 && chance(0.25)) {
      Kill kill;
      kill.at = moment();
      if (chance(0.5)) {
        kill.fraction = 0.01 + 0.99 * random_.uniform();
      } else {
        for (std::uint32_t i = 0; i < scenario_.peers; ++i) {
          if (chance(0.3)) kill.peers.push_back(i);
        }
        if (kill.peers.empty()) kill.peers = {0};
      }
      if (chance(0.7)) kill.back_after = chance(0.2) ? 0 : some_time(1, 20 * second);
      scenario_.faults.push_back(kill);
    }
    partitions();
  }
  /// One after the other.
  void partitions() {
    Time free = 0;
    while (chance(0.25) && (scenario_.duration == 0 || free < scenario_.duration)) {
      Partition partition;
      partition.at = std::max(free, moment());
      if (chance(0.7)) {
        partition.fraction = 0.01 + 0.98 * random_.uniform();
      } else {
        partition.peers = {any_peer()};
      }
      if (chance(0.9)) partition.lasts = chance(0.2) ? scenario_.detection + 1 : some_time(1, 30 * second);
      scenario_.faults.push_back(partition);
      if (!partition.lasts) return;
      free = partition.at + *partition.lasts;
    }
  }

  void workload() {
    do {
      Workload load;
      load.at = moment();
      load.count = count(1, 60);
      load.interval = chance(0.2) ? 0 : some_time(0, second);
      if (scenario_.duration > 0 && load.count > 1) {
        load.interval = std::min(load.interval, (scenario_.duration - 1 - load.at) / (load.count - 1));
      }
      load.size = chance(0.9) ? count(8, 2'000) : count(0, 65'523);
      load.data_type = static_cast<std::uint16_t>(random_());
      if (chance(0.25)) load.ttl = static_cast<std::uint8_t>(chance(0.9) ? 1 + random_.below(6) : 255);
      switch (random_.below(3)) {
        case 0:
          load.from = Workload::From::random;
          break;
        case 1:
          load.from = Workload::From::all;
          load.count = std::min(load.count, 1 + 100 / scenario_.peers);
          break;
        default:
          load.from = Workload::From::peers;
          for (std::uint32_t senders = 1 + random_.below(5); senders > 0; --senders) load.peers.push_back(any_peer());
          break;
      }
      scenario_.workload.push_back(load);
    } while (scenario_.workload.size() < 4 && chance(0.4));
  }

  /// All parameters of what the peers run, about half of them as they are by default.
  void parameters() {
    const bool defaults = chance(0.15);
    const Operations& kind = *find_operations(scenario_.overlay, scenario_.broadcast, scenario_.repair);
    for (const Fields& fields : kind.fields(scenario_.protocol)) {
      for (const Field& field : fields.table) {
        if (!defaults && chance(0.5) && applies(field)) field.set(fields.config, value(field));
      }
    }
    if (chance(0.1)) meet();
  }
  /// What would be refused as without an effect.
  bool applies(const Field& field) const {
    static constexpr std::string_view of_verdicts[] = {"relay", "cache_size", "validation_deadline", "on_silence"};
    return scenario_.validation || std::ranges::find(of_verdicts, field.name) == std::end(of_verdicts);
  }
  Value value(const Field& field) {
    switch (field.unit) {
      case Unit::choice:
        return std::int64_t{random_.below(static_cast<std::uint32_t>(field.choices.size()))};
      case Unit::flag:
        return std::int64_t{chance(0.5)};
      case Unit::share:
      case Unit::number: {
        const double least = std::get<double>(field.range.least), most = std::get<double>(field.range.most);
        return least + (most - least) * random_.uniform();
      }
      default:
        break;
    }
    std::int64_t least = std::get<std::int64_t>(field.range.least), most = std::get<std::int64_t>(field.range.most);
    if (chance(0.1)) return chance(0.5) ? clipped(field, least) : most;
    if (field.unit == Unit::duration) return clipped(field, some_time(least, chance(0.9) ? minute : most));
    return chance(0.8) ? log_uniform(least, std::min<std::int64_t>(most, 100)) : log_uniform(least, most);
  }
  /// Whatever is done again and again, all day: nothing else would come to happen.
  static std::int64_t clipped(const Field& field, std::int64_t time) {
    const bool again = field.name == "explore" || field.name == "rumor_round" || field.name == "shuffle_interval" ||
                       field.name == "repair_period" || field.name == "mesh_heartbeat";
    return again ? std::max(time, 20 * millisecond) : time;
  }
  /// Two things at one time.
  void meet() {
    if (scenario_.validation) scenario_.validation->delay = scenario_.protocol.of<Intake>().validation_deadline;
    if (scenario_.churn && scenario_.churn->session > 0) scenario_.churn->downtime = scenario_.detection + 1;
    scenario_.links.connect_timeout = scenario_.detection;
  }

  EngineOptions options() {
    EngineOptions options;
    options.threads = chance(0.5) ? 1 : 2 + random_.below(3);
    options.blocks = chance(0.2) ? 0 : 1 + random_.below(9);
    options.events_worth_threads = chance(0.1) ? 0 : 20 + random_.below(1'000);
    options.bucket_shift = chance(0.5) ? 0 : 10 + static_cast<int>(random_.below(21));
    options.wire = chance(0.3) && std::ranges::all_of(scenario_.workload, [](const Workload& load) {
                     return load.size >= sizeof(std::uint32_t);
                   });
    options.shortcut = chance(0.8);
    return options;
  }

  Random random_;
  const std::string& folder_;
  Scenario scenario_;
};

std::uint32_t places(const Scenario& scenario) {
  std::uint32_t found = 0;
  Overlays::each([&]<class P>() {
    if constexpr (requires { scenario.protocol.of<P>().places(); }) {
      if (scenario.overlay == P::name) found = scenario.protocol.of<P>().places();
    }
  });
  return found;
}

/// A guess at the links of a peer.
std::uint64_t links(const Scenario& scenario) {
  if (scenario.overlay == Sampling::name) return scenario.protocol.of<Sampling>().most_links();
  if (scenario.overlay == HyParView::name) return scenario.protocol.of<HyParView>().active_view;
  const bool dense = scenario.everyone_linked() || std::holds_alternative<Complete>(scenario.topology);
  return dense ? scenario.peers : std::min(scenario.peers, 20u);
}

bool small(const Draw& draw) {
  const Scenario& scenario = draw.scenario;
  std::uint64_t messages = 0;
  for (const Workload& load : scenario.workload) {
    messages += std::uint64_t{load.count} * (load.from == Workload::From::all ? scenario.peers : 1);
  }
  const std::uint64_t copies = messages * scenario.peers * std::min<std::uint64_t>(links(scenario), scenario.peers);
  Config config = scenario.protocol;
  auto& intake = config.of<Intake>();
  intake.seen_capacity = std::min(intake.seen_capacity, static_cast<std::uint32_t>(messages) + 1);
  intake.cache_size = std::min(intake.cache_size, intake.seen_capacity);
  auto& history = config.of<History>();
  history.history_entries = History::most_entries(history, static_cast<std::uint32_t>(messages) + 1, intake.seen_ttl);
  const Operations& kind = *find_operations(scenario.overlay, scenario.broadcast, scenario.repair);
  return copies <= most_copies && places(scenario) <= most_places && kind.bytes(config) * scenario.peers <= most_bytes;
}

}  // namespace

Draw draw(std::uint64_t seed, const std::string& folder) {
  for (std::uint64_t attempt = 0;; ++attempt) {
    Draw made = Drawing(mix(seed, attempt), folder).make();
    if (!small(made)) continue;
    try {
      check_scenario(made.scenario);
      return made;
    } catch (const InputError&) {
      // Values that do not go together: others, then.
    }
  }
}

std::string describe(const Draw& draw) {
  const Scenario& scenario = draw.scenario;
  const EngineOptions& options = draw.options;
  std::ostringstream text;
  text << scenario.peers << " peers, " << scenario.overlay << " + " << scenario.broadcast << " + " << scenario.repair
       << ", seed " << scenario.seed << ", for " << duration_text(scenario.duration) << ", loss " << scenario.links.loss
       << ", carrier " << static_cast<int>(scenario.links.transport) << ", jitter "
       << duration_text(scenario.links.jitter) << ", topology " << scenario.topology.index() << ", latency "
       << scenario.links.latency.index() << (scenario.churn ? ", churn" : "") << ", upload " << scenario.links.upload
       << ", " << scenario.classes.size() << " classes" << (scenario.validation ? ", verdicts" : "") << ", "
       << scenario.faults.size() << " faults, " << scenario.workload.size() << " loads; " << options.threads
       << " threads, " << options.blocks << " blocks, shift " << options.bucket_shift << (options.wire ? ", wire" : "")
       << (options.shortcut ? "" : ", no shortcut") << ";";
  Config config = scenario.protocol, defaults;
  const Operations& kind = *find_operations(scenario.overlay, scenario.broadcast, scenario.repair);
  const auto ours = kind.fields(config), theirs = kind.fields(defaults);
  for (std::size_t part = 0; part < ours.size(); ++part) {
    for (const Field& field : ours[part].table) {
      const std::string value = text_of(field, field.get(ours[part].config));
      if (value != text_of(field, field.get(theirs[part].config))) text << ' ' << field.name << '=' << value;
    }
  }
  return text.str();
}

}  // namespace gossip::sim::swarm
