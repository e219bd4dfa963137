#include "sim/engine/engine.hpp"

#include <array>
#include <cstring>

#include "sim/engine/trace_hash.hpp"
#include "sim/machine/lanes.hpp"
#include "sim/scenario/input_error.hpp"

namespace gossip::sim {
namespace {

constexpr std::size_t most_lanes = 32;  // of a row, at a time

GOSSIP_LANES std::uint64_t row_hash(TraceHash hash, PeerId from, const PeerId* to, const Time* at,
                                    std::uint32_t count) {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < count; ++i) sum += hash.of(at[i], to[i], from);
  return sum;
}

}  // namespace

// ---- what happens to a peer

void Engine::run_block(Block& block, Time until) {
  block.calendar.run(
      until, [&](const Event* event, const Event* last) { return process(block, event, last); },
      [this] { return asked_to_stop(); });
}

void Engine::mark_waiting(Block& block, PeerId peer, Status what) {
  const PeerClass& kind = class_of(peer);
  for (const auto& run : kind.operations->look(memory(peer), kind.config, block.env).waiting) {
    for (const Intake::Waiting& entry : run) status(entry.message, peer) |= what;
  }
}

[[gnu::always_inline]] inline const Event* Engine::process(Block& block, const Event* event, const Event* last) {
  const Event* const first = event;
  std::uint64_t duplicates = 0;
  if (block.judged != event) block.settled = 0;
  do {
    look_ahead(block, event);
    const bool known = block.settled & 1;
    block.settled >>= 1;
    if (plain_ && (known || settled(*event))) [[likely]] {
      MessageTally& tally = block.ledger.messages[event->number];
      ++tally.duplicates;
      tally.last_activity = block.last_event = event->time;
      ++duplicates;
      continue;
    }
    block.env.now = event->time;
    if (event->is_frame()) {
      block.last_event = event->time;
      on_frame(block, *event);
    } else {
      on_own(block, *event);
    }
  } while (++event != last && !block.calendar.interrupted());
  block.judged = event;
  block.events += static_cast<std::uint64_t>(event - first);
  block.ledger.drops[static_cast<std::size_t>(Reason::duplicate)] += duplicates;
  return event;
}

/// Memory is what a flood waits for. State first; a peer's neighbours only when the message is news to it.
/// Inlined by force: GCC takes a function that only prefetches for one without effects, and drops the call.
[[gnu::always_inline]] inline void Engine::look_ahead(Block& block, const Event* event) {
  static_assert(Calendar::readable >= 64);
  const Graph& graph = experiment_.graph;
  __builtin_prefetch(&last_delivered_[index(event[64].dst)]);
  const Event& next = event[32];
  if (settled(next)) [[likely]] {
    block.settled |= std::uint64_t{1} << 32;
  } else {
    __builtin_prefetch(memory(next.dst), 1);
    if (graph.targets.empty() || next.kind != static_cast<EventKind>(FrameKind::announce)) return;
    __builtin_prefetch(&graph.offsets[index(next.dst)]);
    __builtin_prefetch(&status(next.message(), next.dst), 1);
  }
  if (!(block.settled & 1 << 16) && !graph.targets.empty()) {
    const PeerId* row = graph.targets.data() + graph.offsets[index(event[16].dst)];
    __builtin_prefetch(row);
    __builtin_prefetch(row + 16);
  }
}

void Engine::on_frame(Block& block, const Event& event) {
  const Frame frame = event.frame();
  const FrameOwner owner(block.lists, frame);
  if (frame.kind == FrameKind::announce) block.ledger.messages[index(frame.message())].last_activity = event.time;
  if (!counts_.empty()) ++counts_[index(event.dst)].received;
  if (!up(event.dst)) {
    block.ledger.drop(TransportDrop::down);
  } else if (!transport_.connected(event.dst, event.src)) {
    block.ledger.drop(TransportDrop::not_connected);
  } else if (last_delivered_[index(event.dst)].is_duplicate(frame, event.time)) {
    act(block, event.dst, Drop{frame.message(), event.src, Reason::duplicate});
  } else {
    step(block, event.dst, Receive{event.src, frame});
  }
}

/// Everything but frames. What turns out to be of no effect is not counted as happening.
void Engine::on_own(Block& block, const Event& event) {
  if (event.kind == EventKind::wake) {
    Time& wake_at = wake_at_[index(event.dst)];
    const bool early = wake_at < 0;
    if ((early ? ~wake_at : wake_at) != event.time || !up(event.dst)) return;
    wake_at = never;
    if (!early) block.last_event = event.time;
    return step(block, event.dst, Wake{});
  }
  block.ledger.trace += trace_hash(block.lists, event);
  if (event.kind == EventKind::lost) {
    status(event.message(), event.dst) |= copy_lost;
    block.ledger.messages[index(event.message())].last_activity = event.time;
    return;
  }
  block.last_event = event.time;
  switch (event.kind) {
    case EventKind::verdict:
      if (!up(event.dst) || !event.from_session(session(event.dst))) return;
      return step(block, event.dst, Verdict{event.message(), event.opinion()});
    case EventKind::publish:
      return on_publish(block, event);
    case EventKind::go_up:
      return on_go_up(block, event.dst, event.session());
    case EventKind::go_down:
      return on_go_down(block, event);
    case EventKind::silence:
    case EventKind::healed:
      return on_partition(block, event);
    case EventKind::unanswered:
      return on_link(block, Event::link(EventKind::refused, event.time, event.dst, PeerId{event.number}, 0));
    default:
      return on_link(block, event);
  }
}

void Engine::on_publish(Block& block, const Event& event) {
  GOSSIP_ASSERT(up(event.dst));  // so the timeline said
  block.ledger.messages[index(event.message())].last_activity = event.time;
  step(block, event.dst, Publish{event.message(), experiment_.plan.messages[index(event.message())].ttl});
}

void Engine::on_go_up(Block& block, PeerId peer, std::uint32_t number) {
  const PeerClass& kind = class_of(peer);
  const Session& session = experiment_.timeline.sessions(peer)[number - 1];
  sessions_[index(peer)] = {number, true};
  if (session.down != never) block.calendar.push(Event::turn(EventKind::go_down, session.down, peer, number));
  wake_at_[index(peer)] = never;
  last_delivered_[index(peer)].clear();
  std::memset(memory(peer), 0, stride_);
  kind.operations->init(memory(peer), peer, mix(experiment_.scenario.seed, number), kind.config, block.env);
  step(block, peer, Start{});
}

void Engine::on_go_down(Block& block, const Event& event) {
  const PeerId peer = event.dst;
  const auto sessions = experiment_.timeline.sessions(peer);
  const std::uint32_t number = event.session();
  transport_.drop_all(peer, sessions[number - 1], number, event.time,
                      [&](const Event& news) { windows_.post(block, news); });
  if (class_of(peer).config.of<Intake>().validation) mark_waiting(block, peer, ended_down);
  sessions_[index(peer)].up = false;
  if (number == sessions.size()) return;
  // What is back in the same instant is back before anything else happens to it.
  if (sessions[number].up == event.time) return on_go_up(block, peer, number + 1);
  block.calendar.push(Event::turn(EventKind::go_up, sessions[number].up, peer, number + 1));
}

void Engine::on_partition(Block& block, const Event& event) {
  const PeerId peer = event.dst;
  if (!up(peer)) return;
  const Partitions::Cut& cut = transport_.partitions().cuts()[event.number];
  if (event.kind == EventKind::silence) {
    for (const PeerId other : transport_.across(peer, cut)) {
      if (transport_.give_up(peer, other)) step(block, peer, PeerDown{other});
    }
    return;
  }
  const Graph& graph = experiment_.graph;
  for (std::uint64_t i = graph.offsets[index(peer)]; i < graph.offsets[index(peer) + 1]; ++i) {
    const PeerId other = graph.targets[i];
    if (cut.across(peer, other) && transport_.apart(peer, other)) act(block, peer, Connect{other});
  }
}

void Engine::on_link(Block& block, const Event& event) {
  if (!up(event.dst)) {
    if (event.kind == EventKind::dial) windows_.post(block, transport_.refuse(event));
    return;
  }
  if (transport_.ends_old(event)) step(block, event.dst, PeerDown{event.src});
  const Transport::Change change = transport_.on(event, session(event.dst));
  if (change.reply) windows_.post(block, *change.reply);
  if (change.down) return step(block, event.dst, PeerDown{event.src});
  if (!change.up) return;
  ++block.ledger.connections;
  step(block, event.dst, PeerUp{event.src, event.kind == EventKind::dial});
}

// ---- what a peer does

void Engine::step(Block& block, PeerId peer, const Input& input) {
  const PeerClass& kind = class_of(peer);
  block.actions.clear();
  block.asked.reset();
  const Time deadline = kind.operations->step(memory(peer), kind.config, input, block.env, block.actions);
  for (const Action& action : block.actions) {
    std::visit([&](const auto& command) { act(block, peer, command); }, action);
  }
  if (deadline != never || block.wakes) wake_by(block, peer, deadline);
  if (block.asked) give_verdict(block, peer, *block.asked);
}

void Engine::wake_by(Block& block, PeerId peer, Time deadline) {
  Time& wake_at = wake_at_[index(peer)];
  const Time pending = wake_at < 0 ? ~wake_at : wake_at;
  if (deadline >= pending) {  // an early wake changes nothing, and asks again
    wake_at = deadline == pending ? pending : ~pending;
    return;
  }
  wake_at = deadline;
  block.wakes = true;
  block.calendar.push(Event::wake(deadline, peer));
}

std::span<const PeerId> Engine::neighbours(PeerId peer, bool also_down) {
  if (sessions_.empty() && experiment_.scenario.links_given()) [[likely]] {
    const Graph& graph = experiment_.graph;
    const std::uint64_t begin = graph.offsets[index(peer)];
    return {graph.targets.data() + begin, graph.offsets[index(peer) + 1] - begin};
  }
  if (!up(peer) && !also_down) return {};
  if (!own_.has(peer)) {
    return std::span(known_).subspan(known_rows_[index(peer)], known_rows_[index(peer) + 1] - known_rows_[index(peer)]);
  }
  const PeerClass& kind = class_of(peer);
  return kind.operations->neighbours(memory(peer), kind.config, windows_.block_of(peer).env);
}

void Engine::act(Block& block, PeerId peer, const SendAll& command) {
  const Frame frame = wire_ ? wire_->pass(command.frame, block.lists, *block.wire) : command.frame;
  const std::uint64_t bytes = size_on_wire(block, frame);
  const auto row = neighbours(peer);
  std::uint64_t count = 0;
  if (plain_) [[likely]] {
    for (std::size_t i = 0; i < row.size(); i += most_lanes) {
      count += send_lanes(block, peer, row.subspan(i, std::min(most_lanes, row.size() - i)), command.except, frame);
    }
  } else {
    for (const PeerId to : row) {
      if (to == command.except) continue;
      ++count;
      transmit(block, peer, to, frame, bytes);
    }
  }
  account(block, peer, frame, count, bytes);
}

/// `transmit` to each of `row` but one, where every frame arrives.
std::uint32_t Engine::send_lanes(Block& block, PeerId from, std::span<const PeerId> row, PeerId except,
                                 const Frame& frame) {
  std::array<PeerId, most_lanes> to;
  std::array<Time, most_lanes> at;
  std::uint32_t count = 0;
  for (const PeerId peer : row) {
    to[count] = peer;
    count += peer != except;
  }
  const Event event = Event::of(0, from, from, frame);
  transport_.model().arrivals(from, to.data(), count, block.env.now, at.data());
  block.ledger.trace += row_hash(TraceHash(event), from, to.data(), at.data(), count);
  if (windows_.single() != nullptr) {
    block.calendar.push_row(event, to.data(), at.data(), count);
  } else {
    for (std::uint32_t i = 0; i < count; ++i) windows_.post(block, Event::of(at[i], to[i], from, frame));
  }
  return count;
}

void Engine::act(Block& block, PeerId peer, const Send& command) {
  const Frame frame = wire_ ? wire_->pass(command.frame, block.lists, *block.wire) : command.frame;
  const std::uint64_t bytes = size_on_wire(block, frame);
  account(block, peer, frame, 1, bytes);
  transmit(block, peer, command.to, frame, bytes);
}

std::uint64_t Engine::size_on_wire(const Block& block, const Frame& frame) const {
  if (carries_list(frame.kind)) return frame_bytes(frame.kind, block.lists.items(frame.list()).size());
  if (frame.kind == FrameKind::announce) return frame_bytes(frame.kind, block.messages.body_size(frame.message()));
  return frame_bytes(frame.kind, 0);
}

void Engine::account(Block& block, PeerId from, const Frame& frame, std::uint64_t count, std::uint64_t bytes) {
  block.ledger.sent[static_cast<std::size_t>(frame.kind)] += count;
  block.ledger.sent_bytes[static_cast<std::size_t>(frame.kind)] += count * bytes;
  if (!counts_.empty()) {
    counts_[index(from)].sent += count;
    counts_[index(from)].sent_bytes += count * bytes;
  }
  if (frame.kind == FrameKind::announce) {
    block.ledger.messages[index(frame.message())].frames += count;
  } else {
    block.ledger.control_messages += count;
    block.ledger.control_bytes += count * bytes;
  }
}

[[gnu::always_inline]] inline void Engine::transmit(Block& block, PeerId from, PeerId to, const Frame& frame,
                                                    std::uint64_t bytes) {
  const Transport::Sent sent = transport_.send(from, to, bytes, block.env.now);
  if (sent.fate == Transport::Fate::arrives) [[likely]] {
    const Event event = Event::of(sent.at, to, from, frame);
    block.ledger.trace += trace_hash(block.lists, event);
    windows_.post(block, event);
    return;
  }
  const bool lost = sent.fate != Transport::Fate::not_connected;
  block.ledger.drop(sent.fate == Transport::Fate::cut ? TransportDrop::cut
                    : lost                            ? TransportDrop::lost
                                                      : TransportDrop::not_connected);
  if (lost && frame.kind == FrameKind::announce) windows_.post(block, Event::loss(sent.at, to, from, frame.message()));
  const FrameOwner owner(block.lists, frame);
}

void Engine::act(Block& block, PeerId peer, const Deliver& command) {
  std::uint8_t& known = status(command.message, peer);
  const bool again = known & delivered;
  if (!again) known = (known & ~refused) | delivered;
  if (options_.shortcut && !class_of(peer).operations->hears_duplicates) {
    last_delivered_[index(peer)].on_deliver(command.message, block.env.now, class_.config.of<Intake>().seen_ttl);
  }
  if (options_.record_deliveries && options_.records(command.message)) {
    block.ledger.deliveries.push_back({block.env.now, command.message, peer, command.from, command.hops});
  }
  if (command.from == no_peer) return;
  if (class_of(peer).config.of<Intake>().validation) block.asked = command.message;
  if (again) {
    ++block.ledger.redelivered;
    return;
  }
  MessageTally& tally = block.ledger.messages[index(command.message)];
  ++tally.first_receipts;
  tally.last_delivery = block.env.now;
  const Time announced = experiment_.plan.messages[index(command.message)].at;
  block.ledger.latency.add(static_cast<std::uint64_t>(block.env.now - announced));
  block.ledger.hops.add(command.hops);
}

void Engine::act(Block& block, PeerId peer, const Drop& command) {
  block.ledger.drop(command.reason);
  switch (command.reason) {
    case Reason::duplicate:
      ++block.ledger.messages[index(command.message)].duplicates;
      if (!counts_.empty()) ++counts_[index(peer)].duplicates;
      break;
    case Reason::ttl:
      status(command.message, peer) |= ended_ttl;
      break;
    case Reason::rejected:
      status(command.message, peer) |= ended_rejected;
      break;
    case Reason::not_relayed:
      status(command.message, peer) |= ended_not_relayed;
      break;
    case Reason::silence:
      status(command.message, peer) |= ended_silence;
      break;
    case Reason::memory_full:
      if (!(status(command.message, peer) & delivered)) status(command.message, peer) |= refused;
      break;
    default:
      break;
  }
}

void Engine::act(Block& block, PeerId peer, const Connect& command) {
  windows_.post(block, transport_.dial(peer, session(peer), command.peer, block.env.now));
}

void Engine::act(Block& block, PeerId peer, const Disconnect& command) {
  if (const auto event = transport_.close(peer, session(peer), command.peer, block.env.now))
    windows_.post(block, *event);
}

/// What the programs beside the peer say of a message: a function of (seed, peer, message).
void Engine::give_verdict(Block& block, PeerId peer, MessageRef message) {
  const ValidationSpec& spec = *experiment_.scenario.validation;
  const std::uint64_t seed = experiment_.scenario.seed;
  if (Random(mix(seed, 'B'), index(peer)).uniform() >= spec.subscribers) {
    return step(block, peer, Verdict{message, Opinion::nobody});
  }
  Random random(mix(seed, 'V'), std::uint64_t{index(peer)} << 32 | index(message));
  const double lot = random.uniform();
  if (lot < spec.silent) return;
  const Opinion opinion = lot < spec.silent + spec.reject ? Opinion::reject : Opinion::accept;
  if (spec.delay == 0) return step(block, peer, Verdict{message, opinion});
  block.calendar.push(Event::judgement(block.env.now + spec.delay, peer, message, opinion, session(peer)));
}

Ledger Engine::ledger() const {
  Ledger sum = others_;
  sum.events += windows_.events();
  sum.messages.resize(experiment_.plan.messages.size());
  for (const Block& block : windows_.blocks()) sum.add(block.ledger);
  return sum;
}

}  // namespace gossip::sim
