#pragma once

#include <bit>
#include <deque>
#include <memory>

#include "core/peer.hpp"
#include "sim/engine/calendar.hpp"
#include "sim/engine/options.hpp"
#include "sim/world/timeline.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/world/transport.hpp"
#include "sim/engine/wire.hpp"

namespace gossip::sim {

/// Drives the peers of one scenario through simulated time.
///
/// Peers are split in blocks, each with its own queue, messages and counters. The shortest latency L is the lookahead:
/// in a window of length L no block can affect another, so blocks work on a window each by itself and exchange what
/// they emitted at its end. What the world does to peers (announcements, faults) happens between windows. Result: a
/// function of (scenario, seed) alone, whatever the blocks, buckets or compiler.
template <class PeerType>
class Engine {
 public:
  Engine(const Scenario& scenario, const Graph& graph, const LatencyModel& latency, const Plan& plan,
         const EngineOptions& options)
      : scenario_(scenario),
        plan_(plan),
        options_(options),
        config_(fit(scenario, plan)),
        lives_(scenario),
        transport_(scenario, graph, latency, connections_for(scenario, graph, !lives_.empty())),
        stride_(stride(PeerType::bytes(config_))),
        memory_(stride_ * scenario.peers),
        wake_at_(scenario.peers),
        last_delivered_(scenario.peers),
        link_up_(lives_.empty() ? 0 : graph.targets.size()),
        fates_(std::size_t{scenario.peers} * plan.messages.size()),
        published_(plan.messages.size(), Publication{never, no_peer}),
        wire_(options.wire ? std::make_unique<Wire>(plan, scenario.peers, scenario.file) : nullptr),
        window_(options.blocks > 1 ? transport_.floor() : never) {
    links_ = {graph.offsets, graph.targets, link_up_.span()};
    make_blocks();
    start_peers();
  }

  void run() {
    std::size_t next_deed = 0;
    while (!stopped_) {
      const Time deed = next_deed < plan_.deeds.size() ? plan_.deeds[next_deed].at : never;
      const Time event = earliest();
      if (deed == never && event == never) break;
      if (std::min(deed, event) >= end()) break;
      if (deed <= event) {
        do_deed(plan_.deeds[next_deed++]);
        continue;
      }
      run_window(std::min({deed, end(), window_ == never ? never : event + window_}));
    }
    now_ = scenario_.duration > 0 && !stopped_ ? scenario_.duration : last_event();
    mark_unfinished();
  }

  bool interrupted() const { return stopped_; }
  Time now() const { return now_; }

  Metrics metrics() const {
    Metrics sum;
    sum.messages.resize(plan_.messages.size());
    for (const Block& block : blocks_) sum.add(block.metrics);
    for (std::size_t i = 0; i < plan_.messages.size(); ++i) {
      sum.payload_messages += sum.messages[i].frames;
      sum.payload_bytes += sum.messages[i].frames * announce_bytes(plan_.messages[i].size);
    }
    return sum;
  }

  struct Publication {
    Time at;  // never: nobody was up to announce it
    PeerId origin;
  };
  const std::vector<Publication>& published() const { return published_; }
  const Lives& lives() const { return lives_; }
  std::span<const std::uint8_t> fates(std::uint32_t message) const {
    return {fates_.data() + std::size_t{message} * scenario_.peers, scenario_.peers};
  }

  /// Calls f(neighbour) for each neighbour that the peer has now.
  template <class F>
  void for_each_neighbour(PeerId peer, F&& f) {
    Block& block = block_of(peer);
    PeerType::look(memory(peer), block.env, [&](auto& overlay, auto&) { overlay.for_each_neighbour(f); });
  }

 private:
  struct Block {
    std::uint32_t first, last;  // peers: first … last − 1
    Calendar calendar;
    MessageStore store;
    Env env;
    Metrics metrics;
    Actions actions;
    std::vector<std::vector<Event>> outboxes;  // one a block
    std::optional<MessageRef> asked;           // the message on which the last step wants a verdict
    Time last_event = 0;
    std::uint64_t since_progress = 0;

    Block(std::uint32_t first_peer, std::uint32_t last_peer, int shift, const Config& config, const FixedLinks& links)
        : first(first_peer), last(last_peer), calendar(shift), env{0, store, config, links} {}
  };

  // ---- set-up

  /// A run announces so many messages, so no peer needs room for more; behaviour is the same.
  static Config fit(const Scenario& scenario, const Plan& plan) {
    Config config = scenario.protocol;
    const auto messages = static_cast<std::uint32_t>(std::max<std::size_t>(plan.messages.size(), 1));
    config.flood.seen_capacity = std::min(config.flood.seen_capacity, messages);
    config.flood.cache_size = std::min(config.flood.cache_size, messages);
    config.flood.validation = scenario.validation.has_value();
    return config;
  }

  static Connections connections_for(const Scenario& scenario, const Graph& graph, bool changing) {
    if (scenario.overlay == OverlayKind::sampling) {
      const SamplingConfig& config = scenario.protocol.sampling;
      // One more than the core keeps: it closes what is too much after it was told.
      return {scenario.peers, config.max_connections + config.transient_connections + 1};
    }
    if (changing || scenario.links.jitter > 0) return Connections(graph);
    return {};
  }

  /// A peer of at most a cache line lies in one.
  static std::size_t stride(std::size_t bytes) { return bytes <= 64 ? std::bit_ceil(bytes) : (bytes + 7) / 8 * 8; }

  static int bucket_shift(std::uint32_t peers) {
    // About 30,000 events a bucket at the height of a flood: what fits a core's cache (docs/performance.md).
    const int doublings = static_cast<int>(std::bit_width(peers)) - 17;
    return std::clamp(20 - doublings, 14, 20);
  }

  void make_blocks() {
    const int shift = options_.bucket_shift > 0 ? options_.bucket_shift : bucket_shift(scenario_.peers);
    block_size_ = (scenario_.peers + options_.blocks - 1) / options_.blocks;
    for (std::uint32_t first = 0; first < scenario_.peers; first += block_size_) {
      const std::uint32_t last = std::min(first + block_size_, scenario_.peers);
      Block& block = blocks_.emplace_back(first, last, shift, config_, links_);
      block.metrics.messages.resize(plan_.messages.size());
      block.outboxes.resize(options_.blocks);
    }
    if (blocks_.size() == 1) single_ = &blocks_.front();
  }

  void start_peers() {
    for (std::uint32_t i = 0; i < scenario_.peers; ++i) {
      Block& block = block_of(PeerId{i});
      PeerType::init(memory(PeerId{i}), PeerId{i}, scenario_.seed, block.env);
      wake_at_[i] = never;
      if (lives_.empty()) {
        step(block, PeerId{i}, Start{});
        continue;
      }
      const auto first_up = lives_.first_up(PeerId{i});
      // Given links are there from the beginning; who has to find its neighbours comes up like any other.
      if (first_up == 0 && scenario_.overlay == OverlayKind::fixed) {
        schedule_fall(block, PeerId{i}, lives_.rise(PeerId{i}, 0));
      } else if (first_up) {
        block.calendar.push({*first_up, PeerId{i}, PeerId{i}, 0, 0, EventKind::go_up, 0});
      }
    }
    if (!lives_.empty() && scenario_.overlay == OverlayKind::fixed) connect_given_links();
  }

  void connect_given_links() {
    for (std::uint32_t i = 0; i < scenario_.peers; ++i) {
      const auto row = transport_.connections().row(PeerId{i});
      for (std::size_t k = 0; k < row.size(); ++k) {
        const bool up = lives_.up(PeerId{i}) && lives_.up(row[k].peer);
        row[k].state = up ? Connections::State::up : Connections::State::free;
        row[k].life = up ? lives_.life(row[k].peer) : 0;
        link_up_[links_.offsets[i] + k] = up;
      }
    }
  }

  // ---- time

  Time end() const { return scenario_.duration > 0 ? scenario_.duration : never; }

  Time earliest() const {
    Time earliest = never;
    for (const Block& block : blocks_) earliest = std::min(earliest, block.calendar.earliest());
    return earliest;
  }

  Time last_event() const {
    Time last = now_;
    for (const Block& block : blocks_) last = std::max(last, block.last_event);
    return last;
  }

  void run_window(Time until) {
    for (Block& block : blocks_) {
      block.calendar.run(
          until, [&](const Event& event, const auto& ahead) { process(block, event, ahead); },
          [&] { return pause_to_report(block); });
    }
    exchange_all();
  }

  void exchange_all() {
    for (Block& from : blocks_) {
      for (std::size_t to = 0; to < blocks_.size(); ++to) exchange(from, blocks_[to], from.outboxes[to]);
    }
  }

  void exchange(Block& from, Block& to, std::vector<Event>& outbox) {
    for (Event& event : outbox) {
      if (event.kind == EventKind::response) {
        const MessageRef list{event.body};
        event.body = index(to.store.add_peers(from.store.peers(list)).value());
        from.store.release(list);
      }
      to.calendar.push(event);
    }
    outbox.clear();
  }

  bool pause_to_report(Block& block) {
    if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) stopped_ = true;
    if (options_.progress && block.metrics.events - block.since_progress > 100'000) {
      block.since_progress = block.metrics.events;
      options_.progress(block.last_event, block.metrics.latency.count());
    }
    return stopped_;
  }

  // ---- events

  template <class Ahead>
  [[gnu::always_inline]] void process(Block& block, const Event& event, const Ahead& ahead) {
    prefetch(ahead);
    block.last_event = block.env.now = event.time;
    ++block.metrics.events;
    if (event.kind != EventKind::wake) block.metrics.trace += hash(block, event);
    if (event.is_frame()) [[likely]] {
      on_frame(block, event);
      return;
    }
    switch (event.kind) {
      case EventKind::wake:
        on_wake(block, event);
        break;
      case EventKind::verdict:
        if (lives_.up(event.dst) && static_cast<std::uint16_t>(lives_.life(event.dst)) == event.hops) {
          step(block, event.dst, Verdict{MessageRef{event.body}, static_cast<Opinion>(event.ttl)});
        }
        break;
      case EventKind::go_up:
        on_go_up(block, event);
        break;
      case EventKind::go_down:
        if (lives_.up(event.dst) && lives_.life(event.dst) == event.body) go_down(block, event.dst, event.ttl != 0);
        break;
      default:
        on_link_event(block, event);
    }
  }

  /// Memory is what a flood waits for. State first; a peer's neighbours only when the message is news to it.
  /// Inlined by force: GCC takes a function that only prefetches for one without effects, and drops the call.
  template <class Ahead>
  [[gnu::always_inline]] void prefetch(const Ahead& ahead) {
    if (const Event* event = ahead(64)) __builtin_prefetch(&last_delivered_[index(event->dst)]);
    if (const Event* event = ahead(32); event != nullptr && !settled(*event)) {
      __builtin_prefetch(memory(event->dst), 1);
      if (links_.targets.empty()) return;
      __builtin_prefetch(&links_.offsets[index(event->dst)]);
      __builtin_prefetch(&fates_[fate_index(MessageRef{event->body}, event->dst)], 1);
    }
    if (const Event* event = ahead(16); event != nullptr && !settled(*event) && !links_.targets.empty()) {
      const PeerId* row = links_.targets.data() + links_.offsets[index(event->dst)];
      __builtin_prefetch(row);
      __builtin_prefetch(row + 16);
    }
  }

  bool settled(const Event& event) const {
    return event.is_frame() && last_delivered_[index(event.dst)].is_duplicate(event.frame(), event.time);
  }

  void on_frame(Block& block, const Event& event) {
    const Frame frame = event.frame();
    if (frame.kind == FrameKind::announce) touch(block, frame.message(), event.time);
    if (!lives_.up(event.dst)) {
      block.metrics.drop(TransportDrop::down);
    } else if (!transport_.connected(event.dst, event.src)) {
      block.metrics.drop(TransportDrop::not_connected);
    } else if (last_delivered_[index(event.dst)].is_duplicate(frame, event.time)) {
      act(block, event.dst, Drop{frame.message(), Reason::duplicate});
    } else {
      step(block, event.dst, Receive{event.src, frame});
    }
    if (frame.kind == FrameKind::response) block.store.release(frame.message());
  }

  void on_wake(Block& block, const Event& event) {
    Time& wake_at = wake_at_[index(event.dst)];
    if (wake_at != event.time || !lives_.up(event.dst)) return;
    wake_at = never;
    step(block, event.dst, Wake{});
  }

  void on_go_up(Block& block, const Event& event) {
    const PeerId peer = event.dst;
    if (lives_.up(peer) || lives_.life(peer) != event.body) return;
    if (lives_.buried(peer) && event.ttl != risen) return;
    schedule_fall(block, peer, lives_.rise(peer, event.time));
    wake_at_[index(peer)] = never;
    last_delivered_[index(peer)].clear();
    PeerType::init(memory(peer), peer, mix(scenario_.seed, lives_.life(peer)), block.env);
    step(block, peer, Start{});
  }

  void schedule_fall(Block& block, PeerId peer, std::optional<Time> at) {
    if (!at) return;
    const auto clean = static_cast<std::uint8_t>(lives_.clean(peer));
    block.calendar.push({*at, peer, peer, lives_.life(peer), 0, EventKind::go_down, clean});
  }

  void go_down(Block& block, PeerId peer, bool clean) {
    const std::uint32_t life = lives_.life(peer);
    transport_.drop_all(peer, life, clean, block.env.now, [&](const Event& event) { post(block, event); });
    if (const auto back = lives_.fall(peer, block.env.now)) {
      block.calendar.push({*back, peer, peer, life, 0, EventKind::go_up, 0});
    }
  }

  void on_link_event(Block& block, const Event& event) {
    using Change = Transport::Change;
    if (!lives_.up(event.dst)) {
      if (event.kind == EventKind::dial) post(block, transport_.refuse(event, lives_.life(event.dst)));
      return;
    }
    Change change = Change::none;
    switch (event.kind) {
      case EventKind::dial:
        change = transport_.on_dial(event);
        break;
      case EventKind::accepted:
        change = transport_.on_accepted(event);
        break;
      case EventKind::refused:
        change = transport_.on_refused(event);
        break;
      case EventKind::closed:
        change = transport_.on_closed(event);
        break;
      default:
        GOSSIP_ASSERT(false);
    }
    const bool dial = event.kind == EventKind::dial;
    if (change == Change::replaced) step(block, event.dst, PeerDown{event.src});
    if (change == Change::replaced || change == Change::up) {
      const std::uint32_t life = lives_.life(event.dst);
      const Time arrival = event.time + transport_.latency(event.dst, event.src);
      if (dial) post(block, {arrival, event.src, event.dst, life, 0, EventKind::accepted, 0});
      ++block.metrics.connections;
      step(block, event.dst, PeerUp{event.src, dial});
    }
    if (change == Change::down) step(block, event.dst, PeerDown{event.src});
    if (change == Change::stray) {
      const Time arrival = event.time + transport_.latency(event.dst, event.src);
      post(block, {arrival, event.src, event.dst, lives_.life(event.dst), 0, EventKind::closed, 0});
    }
  }

  // ---- the world

  void do_deed(const Deed& deed) {
    now_ = deed.at;
    for (Block& block : blocks_) block.env.now = deed.at;
    if (deed.kind == Deed::Kind::publish) {
      publish(MessageRef{deed.number});
    } else {
      kill(scenario_.kills[deed.number], deed.number);
    }
    exchange_all();
  }

  void publish(MessageRef message) {
    const MessagePlan& plan = plan_.messages[index(message)];
    const PeerId origin =
        plan.origin == MessagePlan::random_origin ? random_up_peer(index(message)) : PeerId{plan.origin};
    if (origin == no_peer || !lives_.up(origin)) return;
    published_[index(message)] = {now_, origin};
    Block& block = block_of(origin);
    block.metrics.trace += mix(mix(static_cast<std::uint64_t>(now_), index(message)), index(origin));
    touch(block, message, now_);
    step(block, origin, Publish{message, plan.ttl});
  }

  PeerId random_up_peer(std::uint32_t use) {
    Random random(mix(scenario_.seed, 'O'), use);
    const std::uint32_t start = random.below(scenario_.peers);
    if (lives_.up(PeerId{start})) return PeerId{start};
    for (int tries = 0; tries < 64; ++tries) {
      const PeerId peer{random.below(scenario_.peers)};
      if (lives_.up(peer)) return peer;
    }
    for (std::uint32_t i = 0; i < scenario_.peers; ++i) {
      const PeerId peer{(start + i) % scenario_.peers};
      if (lives_.up(peer)) return peer;
    }
    return no_peer;
  }

  void kill(const Kill& kill, std::uint32_t number) {
    std::vector<PeerId> victims;
    for (const std::uint32_t peer : kill.peers) victims.push_back(PeerId{peer});
    if (kill.fraction > 0) {
      for (std::uint32_t i = 0; i < scenario_.peers; ++i) {
        if (lives_.up(PeerId{i}) && !lives_.spared(PeerId{i})) victims.push_back(PeerId{i});
      }
      Random(mix(scenario_.seed, 'K'), number).shuffle(std::span(victims));
      victims.resize(static_cast<std::size_t>(kill.fraction * static_cast<double>(victims.size()) + 0.5));
    }
    for (const PeerId peer : victims) {
      Block& block = block_of(peer);
      if (lives_.up(peer)) go_down(block, peer, false);
      lives_.bury(peer);
      if (!kill.back_after) continue;
      block.calendar.push({now_ + *kill.back_after, peer, peer, lives_.life(peer), 0, EventKind::go_up, risen});
    }
  }

  /// What is still under way when time runs out did not arrive for that reason.
  void mark_unfinished() {
    for (Block& block : blocks_) {
      block.calendar.for_each([&](const Event& event) {
        if (event.kind != EventKind::announce && event.kind != EventKind::verdict) return;
        fates_[fate_index(MessageRef{event.body}, event.dst)] |= Fate::in_flight;
      });
      if (!config_.flood.validation) continue;
      for (std::uint32_t i = block.first; i < block.last; ++i) {
        PeerType::look(memory(PeerId{i}), block.env, [&](auto&, auto& broadcast) {
          broadcast.for_each_waiting(
              [&](MessageRef message) { fates_[fate_index(message, PeerId{i})] |= Fate::in_flight; });
        });
      }
    }
  }

  // ---- peers

  void step(Block& block, PeerId peer, const Input& input) {
    block.actions.clear();
    block.asked.reset();
    const Time deadline = PeerType::step(memory(peer), input, block.env, block.actions);
    for (const Action& action : block.actions) {
      if (const auto* send = std::get_if<Send>(&action)) [[likely]] {
        act(block, peer, *send);
      } else {
        std::visit([&](const auto& command) { act(block, peer, command); }, action);
      }
    }
    if (deadline != never) wake_by(block, peer, deadline);
    if (block.asked) give_verdict(block, peer, *block.asked);
  }

  void wake_by(Block& block, PeerId peer, Time deadline) {
    Time& wake_at = wake_at_[index(peer)];
    if (deadline >= wake_at) return;  // an early wake is a no-op, and asks again
    wake_at = deadline;
    block.calendar.push({deadline, peer, peer, 0, 0, EventKind::wake, 0});
  }

  void act(Block& block, PeerId peer, const Send& command) {
    const Frame frame = wire_ ? wire_->pass(command.frame, block.store) : command.frame;
    const bool payload = frame.kind == FrameKind::announce;
    if (payload) [[likely]] {
      ++block.metrics.messages[index(frame.message())].frames;
    } else {
      ++block.metrics.control_messages;
      block.metrics.control_bytes += control_bytes(block, frame);
    }
    const Transport::Sent sent = transport_.send(peer, command.to, block.env.now);
    if (sent.arrival) [[likely]] {
      post(block, Event::of(*sent.arrival, command.to, peer, frame));
      return;
    }
    block.metrics.drop(sent.why);
    if (payload && sent.why == TransportDrop::lost) fates_[fate_index(frame.message(), command.to)] |= Fate::lost;
    if (frame.kind == FrameKind::response) block.store.release(frame.message());
  }

  void act(Block& block, PeerId peer, const Deliver& command) {
    std::uint8_t& fate = fates_[fate_index(command.message, peer)];
    const bool again = fate & Fate::delivered;
    fate |= Fate::delivered;
    if (options_.shortcut) {
      last_delivered_[index(peer)].on_deliver(command.message, block.env.now, config_.flood.seen_ttl);
    }
    if (options_.record_deliveries) {
      block.metrics.deliveries.push_back({block.env.now, command.message, peer, command.from, command.hops});
    }
    if (command.from == no_peer) return;
    if (config_.flood.validation) block.asked = command.message;
    if (again) {
      ++block.metrics.redelivered;
      return;
    }
    MessageTally& tally = block.metrics.messages[index(command.message)];
    ++tally.first_receipts;
    tally.last_delivery = block.env.now;
    block.metrics.latency.add(static_cast<std::uint64_t>(block.env.now - published_[index(command.message)].at));
    block.metrics.hops.add(command.hops);
  }

  void act(Block& block, PeerId peer, const Drop& command) {
    ++block.metrics.drops[static_cast<std::size_t>(command.reason)];
    switch (command.reason) {
      case Reason::duplicate:
        ++block.metrics.messages[index(command.message)].duplicates;
        break;
      case Reason::ttl:
        fates_[fate_index(command.message, peer)] |= Fate::ended_ttl;
        break;
      case Reason::rejected:
        fates_[fate_index(command.message, peer)] |= Fate::ended_verdict;
        break;
      case Reason::not_relayed:
        fates_[fate_index(command.message, peer)] |= Fate::ended_relay;
        break;
      case Reason::silence:
        fates_[fate_index(command.message, peer)] |= Fate::ended_silence;
        break;
      case Reason::unknown_verdict:
      case Reason::store_full:
        break;
    }
  }

  void act(Block& block, PeerId peer, const Connect& command) {
    post(block, transport_.dial(peer, lives_.life(peer), command.peer, block.env.now));
  }

  void act(Block& block, PeerId peer, const Disconnect& command) {
    if (const auto event = transport_.close(peer, lives_.life(peer), command.peer, block.env.now)) post(block, *event);
  }

  // A run keeps its messages to the end, and a peer's number needs no keeping.
  void act(Block&, PeerId, const Forget&) {}
  void act(Block&, PeerId, const ForgetPeer&) {}

  /// What the programs beside the peer say of a message: a function of (seed, peer, message).
  void give_verdict(Block& block, PeerId peer, MessageRef message) {
    const ValidationSpec& spec = *scenario_.validation;
    if (Random(mix(scenario_.seed, 'B'), index(peer)).uniform() >= spec.subscribers) {
      step(block, peer, Verdict{message, Opinion::nobody});
      return;
    }
    Random random(mix(scenario_.seed, 'V'), std::uint64_t{index(peer)} << 32 | index(message));
    if (random.uniform() < spec.silent) return;
    const Opinion opinion = random.uniform() < spec.reject ? Opinion::reject : Opinion::accept;
    if (spec.delay == 0) {
      step(block, peer, Verdict{message, opinion});
      return;
    }
    const auto life = static_cast<std::uint16_t>(lives_.life(peer));
    block.calendar.push({block.env.now + spec.delay, peer, peer, index(message), life, EventKind::verdict,
                         static_cast<std::uint8_t>(opinion)});
  }

  // ---- small things

  [[gnu::always_inline]] void post(Block& from, const Event& event) {
    Block& to = block_of(event.dst);
    if (&to == &from) {
      from.calendar.push(event);
    } else {
      from.outboxes[index(event.dst) / block_size_].push_back(Event(event));
    }
  }

  void touch(Block& block, MessageRef message, Time now) { block.metrics.messages[index(message)].last_activity = now; }

  static std::uint64_t control_bytes(const Block& block, const Frame& frame) {
    if (frame.kind != FrameKind::response) return contact_bytes;
    return response_bytes(block.store.peers(frame.message()).size());
  }

  std::uint64_t hash(const Block& block, const Event& event) const {
    std::uint64_t body = event.body;
    if (event.kind == EventKind::response) {
      body = 0;  // the handle is the store's; what counts is the list
      for (const PeerId peer : block.store.peers(MessageRef{event.body})) body = mix(body, index(peer));
    }
    const std::uint64_t who = std::uint64_t{index(event.dst)} << 32 | index(event.src);
    const std::uint64_t rest =
        std::uint64_t{event.hops} << 16 | static_cast<std::uint64_t>(event.kind) << 8 | event.ttl;
    return mix(static_cast<std::uint64_t>(event.time) * 0x9e3779b97f4a7c15ULL ^ who * 0xd6e8feb86659fd93ULL ^
               (body << 32 ^ rest) * 0xa0761d6478bd642fULL);
  }

  static constexpr std::uint8_t risen = 1;  // in a go_up: also from the dead

  std::byte* memory(PeerId peer) { return memory_.data() + stride_ * index(peer); }
  Block& block_of(PeerId peer) { return single_ != nullptr ? *single_ : blocks_[index(peer) / block_size_]; }
  std::size_t fate_index(MessageRef message, PeerId peer) const {
    return std::size_t{index(message)} * scenario_.peers + index(peer);
  }

  const Scenario& scenario_;
  const Plan& plan_;
  const EngineOptions& options_;
  Config config_;
  Lives lives_;
  Transport transport_;
  std::size_t stride_;
  BigArray<std::byte> memory_;  // the peers, one after the other
  BigArray<Time> wake_at_;      // each peer's next wake in its calendar
  BigArray<LastDelivered> last_delivered_;
  BigArray<std::uint8_t> link_up_;
  BigArray<std::uint8_t> fates_;  // one a message and peer
  std::vector<Publication> published_;
  std::unique_ptr<Wire> wire_;
  Duration window_;  // never: one block, no windows
  FixedLinks links_;
  std::uint32_t block_size_ = 1;
  std::deque<Block> blocks_;
  Block* single_ = nullptr;  // the block, where there is one
  Time now_ = 0;
  bool stopped_ = false;
};

}  // namespace gossip::sim
