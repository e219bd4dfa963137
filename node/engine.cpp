#include "node/engine.hpp"

#include <algorithm>

namespace gossip::node {
namespace {

constexpr std::size_t kept_capacity = 4096;

}  // namespace

Engine::Engine(Links& links, Modules& modules, Counters& counters, const Config& config, std::uint64_t seed)
    : links_(links),
      modules_(modules),
      counters_(counters),
      config_(config),
      seed_(seed),
      env_{0, store_, config_, {}},
      memory_((CorePeer::bytes(config) + 7) / 8),
      messages_(mix(seed, 1)) {}

void Engine::record(std::unique_ptr<Recorder> recorder) { recorder_ = std::move(recorder); }

void Engine::start(Time now) {
  env_.now = now;
  CorePeer::init(reinterpret_cast<std::byte*>(memory_.data()), self_id, seed_, env_);
  run(now, Start{});
}

void Engine::peer_up(Time now, PeerId peer, bool inbound) { run(now, PeerUp{peer, inbound}); }
void Engine::peer_down(Time now, PeerId peer) { run(now, PeerDown{peer}); }
void Engine::wake(Time now) { run(now, Wake{}); }

void Engine::receive_pull(Time now, PeerId from, PeerId subject) { run(now, Receive{from, Frame::pull(subject)}); }
void Engine::receive_push(Time now, PeerId from, PeerId subject) { run(now, Receive{from, Frame::push(subject)}); }

void Engine::receive_response(Time now, PeerId from, std::span<const PeerId> peers) {
  GOSSIP_ASSERT(!running_);
  const auto list = store_.add_peers(peers);
  GOSSIP_ASSERT(list.has_value());  // the store is empty between steps
  run(now, Receive{from, Frame::response(*list)});
  store_.release(*list);
}

void Engine::receive_announce(Time now, PeerId from, const Message& message) {
  counters_.add(Counter::received);
  with_message(now, message, no_module, from);
}

void Engine::publish(Time now, const Message& message, ModuleId publisher) {
  counters_.add(Counter::announced);
  with_message(now, message, publisher, no_peer);
}

void Engine::with_message(Time now, const Message& message, ModuleId publisher, PeerId from) {
  GOSSIP_ASSERT(!running_);
  const MessageRef ref = messages_.acquire(message.data_type, message.data);
  current_ = {.ref = ref, .data_type = message.data_type, .data = message.data, .publisher = publisher};
  if (from == no_peer) {
    run(now, Publish{ref, message.ttl});
  } else {
    run(now, Receive{from, Frame::announce(ref, message.ttl, 0)});
  }
  current_ = {};
  messages_.release(ref);
}

void Engine::verdict(Time now, std::uint64_t serial, bool valid) {
  const auto found = std::ranges::find(waiting_, serial, &Waiting::serial);
  if (found == waiting_.end() || !stands(*found)) {
    counters_.add(Counter::late_verdict);
    return;
  }
  current_ = {.ref = found->ref, .data_type = found->data_type, .data = found->data};
  run(now, Verdict{found->ref, valid ? Opinion::accept : Opinion::reject});
  current_ = {};
  // `found` is still there: only a delivery adds or removes, and a verdict delivers nothing.
  spare_.push_back(std::move(found->data));
  waiting_.erase(found);
}

void Engine::reconfigure(const FloodConfig& flood) {
  config_.flood.validation_deadline = flood.validation_deadline;
  config_.flood.on_silence = flood.on_silence;
  config_.flood.relay = flood.relay;
}

std::vector<PeerId> Engine::listed() {
  auto* memory = reinterpret_cast<std::byte*>(memory_.data());
  return CorePeer::look(memory, env_, [](auto& overlay, auto&) {
    return std::vector<PeerId>(overlay.list().begin(), overlay.list().end());
  });
}

void Engine::run(Time now, const Input& input) {
  env_.now = now;
  facts_.push_back(input);
  if (running_) return;
  running_ = true;
  while (!facts_.empty()) {
    const Input next = facts_.front();
    facts_.pop_front();
    step(next);
  }
  running_ = false;
  trim_waiting();
  if (!unlisted_.empty()) report_unlisted();
}

/// Only now: the last Send of what the core gave up may have stood behind the Deliver that made it do so.
void Engine::trim_waiting() {
  while (waiting_.size() > config_.flood.cache_size) {
    spare_.push_back(std::move(waiting_.front().data));
    waiting_.pop_front();
  }
  // A burst of large messages must not keep its memory for ever.
  if (!spare_.empty() && spare_.back().capacity() > kept_capacity) spare_.back() = {};
  if (spare_.size() > config_.flood.cache_size) spare_.resize(config_.flood.cache_size);
}

void Engine::step(const Input& input) {
  actions_.clear();
  deadline_ = CorePeer::step(reinterpret_cast<std::byte*>(memory_.data()), input, env_, actions_);
  if (recorder_) {
    const auto* receive = std::get_if<Receive>(&input);
    const bool lists = receive != nullptr && receive->frame.kind == FrameKind::response;
    recorder_->write(env_.now, input, lists ? store_.peers(receive->frame.message()) : std::span<const PeerId>{},
                     hash_actions(actions_, store_));
  }
  for (const Action& action : actions_) {
    std::visit([this](const auto& command) { on(command); }, action);
  }
}

Message Engine::outgoing(MessageRef ref, std::uint8_t ttl) const {
  if (ref == current_.ref) return {.ttl = ttl, .data_type = current_.data_type, .data = current_.data};
  // An entry that the core settled long ago may have the number of a message that came later.
  const auto found = std::ranges::find_if(waiting_, [&](const Waiting& w) { return w.ref == ref && stands(w); });
  GOSSIP_ASSERT(found != waiting_.end());
  return {.ttl = ttl, .data_type = found->data_type, .data = found->data};
}

void Engine::on(const Send& action) {
  const Frame& frame = action.frame;
  switch (frame.kind) {
    case FrameKind::announce:
      return links_.announce(action.to, outgoing(frame.message(), frame.ttl));
    case FrameKind::pull:
      return links_.pull(action.to);
    case FrameKind::push:
      return links_.push(action.to);
    case FrameKind::response:
      links_.response(action.to, store_.peers(frame.message()));
      store_.release(frame.message());
      return;
  }
}

void Engine::on(const Deliver& action) {
  GOSSIP_ASSERT(action.message == current_.ref);
  messages_.retain(action.message);
  const std::uint64_t serial = next_serial_++;
  const std::size_t subscribers = modules_.deliver(outgoing(action.message, 0), serial, current_.publisher);
  if (subscribers > 0) counters_.add(Counter::delivered);
  if (action.from == no_peer) return;  // what is announced here is vouched for by who announced it
  if (subscribers == 0) {
    facts_.push_back(Verdict{action.message, Opinion::nobody});
  } else {
    keep(action, serial);
  }
}

void Engine::keep(const Deliver& action, std::uint64_t serial) {
  std::vector<std::byte> data;
  if (!spare_.empty()) {
    data = std::move(spare_.back());
    spare_.pop_back();
  }
  data.assign(current_.data.begin(), current_.data.end());
  waiting_.push_back({.serial = serial,
                      .ref = action.message,
                      .generation = messages_.generation(action.message),
                      .data_type = current_.data_type,
                      .data = std::move(data)});
}

void Engine::report_unlisted() {
  const std::vector<PeerId> list = listed();
  for (PeerId peer : unlisted_) {
    // It may have been learned again within the same step.
    if (std::ranges::find(list, peer) == list.end()) links_.unlisted(peer);
  }
  unlisted_.clear();
}

}  // namespace gossip::node
