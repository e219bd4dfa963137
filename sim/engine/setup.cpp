#include <bit>

#include "sim/engine/engine.hpp"

/// How an engine comes to be: memory, blocks, and every peer at its start.
namespace gossip::sim {
namespace {

/// A run announces so many messages, so no peer needs room for more; behaviour is the same.
Config fit(const Experiment& experiment) {
  Config config = experiment.scenario.protocol;
  const auto messages = static_cast<std::uint32_t>(std::max<std::size_t>(experiment.plan.messages.size(), 1));
  Intake::Config& intake = config.of<Intake>();
  intake.seen_capacity = std::min(intake.seen_capacity, messages);
  intake.cache_size = std::min(intake.cache_size, messages);
  intake.validation = experiment.scenario.validation.has_value();
  History::Config& history = config.of<History>();
  history.history_entries = History::most_entries(history, messages, intake.seen_ttl);
  return config;
}

/// A peer of at most a cache line lies in one.
std::size_t stride_of(std::size_t bytes) { return bytes <= 64 ? std::bit_ceil(bytes) : (bytes + 7) / 8 * 8; }

/// 20 bytes each. Many times what a flood of every link needs; only what never ends comes here.
std::uint64_t default_most_in_flight(const Experiment& experiment, Ranks& ranks) {
  const Graph& graph = experiment.graph;
  const PeerRange own = ranks.own(graph.peers());
  std::uint64_t ends = 0;
  for (const std::uint64_t of_rank : ranks.all(graph.offsets[own.last] - graph.offsets[own.first])) ends += of_rank;
  return 100'000'000 + 256ull * experiment.scenario.peers + 8 * ends;
}

}  // namespace

Engine::Engine(const Experiment& experiment, const EngineOptions& options, Ranks& ranks)
    : experiment_(experiment),
      options_(options),
      peers_(experiment.scenario.peers),
      class_{find_operations(experiment.scenario.overlay, experiment.scenario.broadcast, experiment.scenario.repair),
             fit(experiment)},
      rows_(experiment.scenario.links_given() && !experiment.timeline.constant() ? experiment.graph.targets.size() : 0),
      transport_(experiment.scenario, experiment.graph, experiment.latency, experiment.timeline, ranks.own(peers_)),
      plain_(transport_.plain() && experiment.timeline.constant() && !options.count_peers),
      wake_at_(peers_),
      last_delivered_(peers_),
      sessions_(experiment.timeline.constant() ? 0 : peers_),
      status_(std::size_t{peers_} * experiment.plan.messages.size()),
      counts_(options.count_peers ? peers_ : 0),
      wire_(options.wire ? std::make_unique<Wire>(experiment.plan, peers_, experiment.scenario.file) : nullptr),
      ranks_(ranks),
      own_(ranks.own(peers_)),
      windows_(peers_, transport_.floor(), options, ranks),
      most_in_flight_(options.most_in_flight > 0 ? options.most_in_flight : default_most_in_flight(experiment, ranks)) {
  GOSSIP_ASSERT(class_.operations != nullptr);
  const Graph& graph = experiment.graph;
  Fixed::Config& links = class_.config.of<Fixed>();
  std::copy(experiment.graph.targets.begin(),
            experiment.graph.targets.begin() + static_cast<std::ptrdiff_t>(rows_.size()), rows_.data());
  links = {{graph.offsets.data(), graph.offsets.size()}, graph.targets, rows_.span()};
  stride_ = stride_of(class_.operations->bytes(class_.config));
  memory_ = BigArray<std::byte>(stride_ * peers_);
  windows_.start(*this);
  windows_.team().each(static_cast<std::uint32_t>(windows_.blocks().size()),
                       [&](std::uint32_t i) { start_peers(windows_.blocks()[i]); });
}

void Engine::make_block(std::deque<Block>& blocks, PeerRange peers, int bucket_shift) {
  Block& block = blocks.emplace_back(peers, bucket_shift, experiment_.plan.sizes);
  block.ledger.messages.resize(experiment_.plan.messages.size());
  block.ledger.class_latency.resize(class_count());
  block.wakes = started_;
  if (wire_) block.wire = std::make_unique<WireScratch>();
}

void Engine::start_peers(Block& block) {
  for (std::uint32_t i = 0; i < experiment_.plan.messages.size(); ++i) {
    const PlannedMessage& message = experiment_.plan.messages[i];
    if (message.origin == no_peer || !block.peers.has(message.origin)) continue;
    block.calendar.push(Event::publication(message.at, message.origin, MessageRef{i}));
  }
  for (std::uint32_t i = block.peers.first; i < block.peers.last; ++i) {
    const PeerId peer{i};
    expect_partitions(block, peer);
    wake_at_[i] = never;
    class_of(peer).operations->init(memory(peer), peer, experiment_.scenario.seed, class_of(peer).config, block.env);
    if (sessions_.empty()) {
      step(block, peer, Start{});
    } else {
      begin_sessions(block, peer);
    }
  }
}

void Engine::expect_partitions(Block& block, PeerId peer) {
  std::uint32_t number = 0;
  for (const Partitions::Cut& cut : transport_.partitions().cuts()) {
    if (cut.broken) block.calendar.push(Event::partition(EventKind::silence, *cut.broken, peer, number));
    // Whose links are given does not look for others.
    if (experiment_.scenario.links_given() && cut.until != never) {
      block.calendar.push(Event::partition(EventKind::healed, cut.until, peer, number));
    }
    ++number;
  }
}

/// Who was there before the start is up, with the neighbours that were too. For the others the time comes.
void Engine::begin_sessions(Block& block, PeerId peer) {
  const auto sessions = experiment_.timeline.sessions(peer);
  if (sessions.empty()) return;
  if (sessions.front().up != before_start) {
    block.calendar.push(Event::turn(EventKind::go_up, sessions.front().up, peer, 1));
    return;
  }
  sessions_[index(peer)] = {1, true};
  if (sessions.front().down != never) {
    block.calendar.push(Event::turn(EventKind::go_down, sessions.front().down, peer, 1));
  }
  const Fixed::Config& links = class_.config.of<Fixed>();
  for (std::uint64_t i = links.offsets[index(peer)]; i < links.offsets[index(peer) + 1]; ++i) {
    if (experiment_.timeline.up(links.targets[i], 0)) step(block, peer, PeerUp{links.targets[i], true});
  }
  step(block, peer, Wake{});  // who has nobody to hear of has a deadline too
}

}  // namespace gossip::sim
