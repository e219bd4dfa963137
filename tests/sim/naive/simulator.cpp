#include "simulator.hpp"

#include <algorithm>

#include "core/config/units.hpp"
#include "sim/engine/wire.hpp"

namespace gossip::sim::naive {
namespace {

Config config_of(const Experiment& experiment) {
  Config config = experiment.scenario.protocol;
  // Room for one more than there are is room enough, and testable.
  const auto messages = static_cast<std::uint32_t>(experiment.plan.messages.size() + 1);
  Intake::Config& intake = config.of<Intake>();
  intake.seen_capacity = std::min(intake.seen_capacity, messages);
  intake.cache_size = std::min(intake.cache_size, messages);
  intake.validation = experiment.scenario.validation.has_value();
  History::Config& history = config.of<History>();
  history.history_entries = History::most_entries(history, messages, intake.seen_ttl);
  return config;
}

}  // namespace

std::uint64_t Simulator::bytes_of(const Letter& letter) const {
  const FrameKind kind = letter.frame.kind;
  if (carries_list(kind)) return frame_bytes(kind, letter.list.size());
  return frame_bytes(kind, kind == FrameKind::announce ? experiment_.plan.sizes[letter.frame.body] : 0);
}

Simulator::Simulator(const Experiment& experiment, std::uint64_t most_events)
    : experiment_(experiment),
      scenario_(experiment.scenario),
      most_events_(most_events),
      kind_(*find_operations(scenario_.overlay, scenario_.broadcast, scenario_.repair)),
      config_(config_of(experiment)),
      network_(experiment),
      peers_(scenario_.peers) {
  if (!experiment.timeline.constant()) rows_ = experiment.graph.targets;
  config_.of<Fixed>() = {experiment.graph.offsets, experiment.graph.targets, rows_};
  outcome_.announces.resize(experiment.plan.messages.size());
  outcome_.last_receipt.resize(experiment.plan.messages.size());
}

Outcome Simulator::run() {
  for (std::uint32_t i = 0; i < experiment_.plan.messages.size(); ++i) {
    const PlannedMessage& message = experiment_.plan.messages[i];
    if (message.origin != no_peer) emit({message.at, message.origin, 0, 0, What::publish, {}, {}, i});
  }
  for (std::uint32_t i = 0; i < scenario_.peers; ++i) start(PeerId{i});
  const Time end = scenario_.duration > 0 ? scenario_.duration : longest_duration;
  while (!queue_.empty() && queue_.top().at < end) {
    if (++events_ > most_events_) {
      outcome_.too_long = true;
      return std::move(outcome_);
    }
    const Event event = queue_.top();
    queue_.pop();
    if (event.at >= next_look_) inspect_links();
    now_ = event.at;
    happen(event);
  }
  finish();
  return std::move(outcome_);
}

// ---- what happens

void Simulator::emit(Event event) {
  event.emitted = emitted_++;
  queue_.push(std::move(event));
}

void Simulator::emit(const News& news) {
  const PeerId source = news.kind == News::Kind::unheard ? news.to : news.from;
  emit({news.at, news.to, index(source) + 1, 0, What::news, {}, news});
}

void Simulator::happen(const Event& event) {
  Peer& peer = at(event.peer);
  switch (event.what) {
    case What::letter:
      outcome_.ended = now_;
      return on_letter(event);
    case What::loss:
      return;
    case What::news:
      outcome_.ended = now_;
      return on_news(*event.news);
    case What::publish:
      outcome_.ended = now_;
      if (peer.program == nullptr) return problem(event.peer, "is to announce, and is down");
      return carry_out(event.peer,
                       peer.program->publish(now_, event.number, experiment_.plan.messages[event.number].ttl));
    case What::up:
      outcome_.ended = now_;
      return go_up(event.peer, event.session);
    case What::down:
      outcome_.ended = now_;
      return go_down(event.peer);
    case What::silence:
      outcome_.ended = now_;
      return on_silence(event.peer, network_.partitions().cuts()[event.number]);
    case What::healed:
      outcome_.ended = now_;
      return on_healed(event.peer, network_.partitions().cuts()[event.number]);
    case What::verdict:
      outcome_.ended = now_;
      if (peer.program == nullptr || peer.session != event.session) return;
      return carry_out(event.peer, peer.program->verdict(now_, event.number, event.opinion));
    case What::wake:
      if (peer.program == nullptr || peer.wake != now_) return;
      outcome_.ended = now_;
      peer.wake = never;
      return carry_out(event.peer, peer.program->step(now_, Wake{}));
  }
}

void Simulator::on_letter(const Event& event) {
  const PeerId from{event.source - 1};
  if (network_.cut(from, event.peer, now_)) problem(event.peer, "is given a frame across a partition");
  if (at(event.peer).program == nullptr) {
    ++outcome_.down;
  } else if (!network_.connected(event.peer, from)) {
    ++outcome_.not_connected;
  } else {
    ++outcome_.arrived;
    carry_out(event.peer, at(event.peer).program->receive(now_, from, event.letter));
  }
}

void Simulator::on_news(const News& news) {
  Peer& peer = at(news.to);
  if (peer.program == nullptr || (news.kind == News::Kind::dialled && !experiment_.classes.dialable(news.to))) {
    if (news.kind == News::Kind::dialled) emit(network_.refuse(news));
    return;
  }
  if (network_.replaces(news)) carry_out(news.to, peer.program->step(now_, PeerDown{news.from}));
  const Network::Effect effect = network_.on(news, peer.session);
  if (effect.reply) emit(*effect.reply);
  if (effect.down) carry_out(news.to, peer.program->step(now_, PeerDown{news.from}));
  if (!effect.up) return;
  ++outcome_.connections;
  carry_out(news.to, peer.program->step(now_, PeerUp{news.from, news.kind == News::Kind::dialled}));
}

void Simulator::on_silence(PeerId peer, const Partitions::Cut& cut) {
  std::vector<PeerId> others;
  for (std::uint32_t i = 0; i < scenario_.peers; ++i) {
    if (network_.connected(peer, PeerId{i}) && cut.side[i] != cut.side[index(peer)]) others.push_back(PeerId{i});
  }
  for (const PeerId other : others) {
    if (network_.give_up(peer, other)) carry_out(peer, at(peer).program->step(now_, PeerDown{other}));
  }
}

void Simulator::on_healed(PeerId peer, const Partitions::Cut& cut) {
  if (at(peer).program == nullptr) return;
  for (std::uint32_t i = 0; i < scenario_.peers; ++i) {
    const PeerId other{i};
    const Graph& graph = experiment_.graph;
    const auto row = std::span(graph.targets).subspan(graph.offsets[index(peer)]);
    const bool linked =
        std::ranges::count(row.first(graph.offsets[index(peer) + 1] - graph.offsets[index(peer)]), other) > 0;
    if (!linked || cut.side[i] == cut.side[index(peer)]) continue;
    if (network_.connected(peer, other) || network_.dialling(peer, other)) continue;
    emit(network_.dial(peer, at(peer).session, other, now_));
  }
}

// ---- sessions

/// As things are when the run begins.
void Simulator::start(PeerId peer) {
  const auto cuts = network_.partitions().cuts();
  for (std::uint32_t i = 0; i < cuts.size(); ++i) {
    const Time silent = cuts[i].from + scenario_.detection;
    if (silent < cuts[i].until) emit({silent, peer, 0, 0, What::silence, {}, {}, i});
    if (scenario_.links_given() && cuts[i].until != never) emit({cuts[i].until, peer, 0, 0, What::healed, {}, {}, i});
  }
  const auto sessions = experiment_.timeline.sessions(peer);
  if (sessions.empty()) return;
  if (sessions.front().up != before_start) return emit({sessions.front().up, peer, 0, 0, What::up, {}, {}, 0, 1});
  begin(peer, 1, scenario_.seed);
  if (experiment_.timeline.constant()) return carry_out(peer, at(peer).program->step(now_, Start{}));
  const Graph& graph = experiment_.graph;
  for (std::uint64_t i = graph.offsets[index(peer)]; i < graph.offsets[index(peer) + 1]; ++i) {
    if (!experiment_.timeline.up(graph.targets[i], 0)) continue;
    carry_out(peer, at(peer).program->step(now_, PeerUp{graph.targets[i], true}));
  }
  carry_out(peer, at(peer).program->step(now_, Wake{}));  // so that its deadline is known
}

void Simulator::begin(PeerId peer, std::uint32_t session, std::uint64_t seed) {
  const Time down = experiment_.timeline.sessions(peer)[session - 1].down;
  if (down != never) emit({down, peer, 0, 0, What::down});
  at(peer).program = std::make_unique<Program>(kind_, config_, peer, seed, experiment_.plan.sizes, now_);
  at(peer).session = session;
  at(peer).wake = never;
  at(peer).delivered.assign(experiment_.plan.messages.size(), never);
}

void Simulator::go_up(PeerId peer, std::uint32_t session) {
  begin(peer, session, mix(scenario_.seed, session));
  carry_out(peer, at(peer).program->step(now_, Start{}));
}

void Simulator::go_down(PeerId peer) {
  const auto sessions = experiment_.timeline.sessions(peer);
  const std::uint32_t session = at(peer).session;
  for (const News& news : network_.leave(peer, session, sessions[session - 1].clean, now_)) emit(news);
  if (const std::string held = at(peer).program->leaks(); !held.empty()) problem(peer, "went with " + held);
  at(peer).program = nullptr;
  if (session == sessions.size()) return;
  if (sessions[session].up == now_) return go_up(peer, session + 1);
  emit({sessions[session].up, peer, 0, 0, What::up, {}, {}, 0, session + 1});
}

// ---- what a peer wants

void Simulator::carry_out(PeerId peer, std::vector<Program::Wish> wishes) {
  asked_.reset();
  for (const Program::Wish& wish : wishes) {
    std::visit([&](const auto& command) { act(peer, wish, command); }, wish.action);
  }
  Program& program = *at(peer).program;
  inspect(peer);
  // Every deadline that was ever wished for need not be kept: the last one counts.
  at(peer).wake = program.deadline();
  if (program.deadline() < now_) problem(peer, "wants to be woken in the past");
  if (program.deadline() != never) emit({program.deadline(), peer, index(peer) + 1, 0, What::wake});
  if (asked_) judge(peer, *asked_);
}

void Simulator::act(PeerId peer, const Program::Wish& wish, const Send& command) {
  send(peer, command.to, {command.frame, wish.list});
}

void Simulator::act(PeerId peer, const Program::Wish&, const SendAll& command) {
  for (const PeerId to : at(peer).program->neighbours()) {
    if (to != command.except) send(peer, to, {command.frame, {}});
  }
}

void Simulator::send(PeerId from, PeerId to, const Letter& letter) {
  const bool announce = letter.frame.kind == FrameKind::announce;
  if (experiment_.classes.silent(from) && (announce || letter.frame.kind == FrameKind::ihave) &&
      experiment_.plan.messages[letter.frame.body].origin != from) {
    return;
  }
  if (to == from || index(to) >= scenario_.peers) problem(from, "sends to nobody");
  ++(announce ? outcome_.announces[letter.frame.body] : outcome_.control);
  const Network::Sent sent = network_.send(from, to, bytes_of(letter), now_);
  switch (sent.fate) {
    case Network::Sent::Fate::arrives:
      return emit({sent.at, to, index(from) + 1, 0, What::letter, letter});
    case Network::Sent::Fate::not_connected:
      ++outcome_.not_connected;
      return;
    case Network::Sent::Fate::cut:
    case Network::Sent::Fate::lost:
      ++(sent.fate == Network::Sent::Fate::cut ? outcome_.cut : outcome_.lost);
      if (announce) emit({sent.at, to, index(from) + 1, 0, What::loss, letter});
  }
}

void Simulator::act(PeerId peer, const Program::Wish&, const Deliver& command) {
  const std::uint32_t message = index(command.message);
  Time& before = at(peer).delivered[message];
  if (before != never && now_ - before < scenario_.protocol.of<Intake>().seen_ttl) {
    problem(peer, "is given message " + std::to_string(message) + " twice");
  }
  before = now_;
  outcome_.receipts.push_back({now_, index(peer), message, index(command.from), command.hops});
  const bool again = !had_.emplace(index(peer), message).second;
  if (command.from == no_peer) return;
  if (scenario_.validation) asked_ = message;
  outcome_.redelivered += again;
  if (!again) outcome_.last_receipt[message] = now_;
}

void Simulator::act(PeerId peer, const Program::Wish&, const Connect& command) {
  if (network_.connected(peer, command.peer) || network_.dialling(peer, command.peer)) {
    problem(peer, "dials " + std::to_string(index(command.peer)) + " once more");
  }
  emit(network_.dial(peer, at(peer).session, command.peer, now_));
}

void Simulator::act(PeerId peer, const Program::Wish&, const Disconnect& command) {
  if (const auto news = network_.close(peer, at(peer).session, command.peer, now_)) emit(*news);
}

void Simulator::act(PeerId, const Program::Wish&, const Drop& command) {
  ++outcome_.drops[static_cast<std::size_t>(command.reason)];
}

/// As docs/design.md says who subscribes and what they say.
void Simulator::judge(PeerId peer, std::uint32_t message) {
  const ValidationSpec& spec = *scenario_.validation;
  Program& program = *at(peer).program;
  if (Random(mix(scenario_.seed, 'B'), index(peer)).uniform() >= spec.subscribers) {
    return carry_out(peer, program.verdict(now_, message, Opinion::nobody));
  }
  const double lot = Random(mix(scenario_.seed, 'V'), std::uint64_t{index(peer)} << 32 | message).uniform();
  if (lot < spec.silent) return;
  const Opinion opinion = lot < spec.silent + spec.reject ? Opinion::reject : Opinion::accept;
  if (spec.delay == 0) return carry_out(peer, program.verdict(now_, message, opinion));
  emit({now_ + spec.delay, peer, index(peer) + 1, 0, What::verdict, {}, {}, message, at(peer).session, opinion});
}

}  // namespace gossip::sim::naive
