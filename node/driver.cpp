#include "node/driver.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace gossip::node {

Driver::Driver(const Operations& kind, const Config& config, std::uint64_t seed, Links& links, Modules& modules,
               Counters& counters)
    : kind_(&kind),
      config_(config),
      seed_(seed),
      links_(links),
      modules_(modules),
      counters_(counters),
      env_{0, messages_, lists_},
      memory_(static_cast<std::byte*>(std::calloc(kind.bytes(config), 1))),
      table_(mix(seed, 1)) {
  if (!memory_) throw std::bad_alloc();
}

void Driver::record(const std::string& path) {
  recording_ = std::make_unique<Recording>(path, *kind_, config_, seed_, counters_);
}

void Driver::start(Time now) {
  env_.now = now;
  kind_->init(memory_.get(), self_id, seed_, config_, env_);
  run(now, Start{});
}

Arrival Driver::receive_announce(Time now, PeerId from, const Message& message, bool may_be_new) {
  counters_.add(Counter::received);
  return announce(now, from, message, no_module, may_be_new);
}

bool Driver::publish(Time now, const Message& message, ModuleId publisher) {
  counters_.add(Counter::announced);
  return announce(now, no_peer, message, publisher, true) == Arrival::fresh;
}

Arrival Driver::announce(Time now, PeerId from, const Message& message, ModuleId publisher, bool may_be_new) {
  GOSSIP_ASSERT(!running_);
  const net::MessageId id = hasher_(message.data_type, message.data);
  std::optional<MessageRef> number = table_.find(id);
  if (!number && !may_be_new) return Arrival::refused;
  if (!number) {
    number = messages_.add(message.data_type, message.data);
  } else if (!messages_.give_body(*number, message.data)) {
    number.reset();
  }
  if (!number) {
    counters_.add(Counter::store_full);
    return Arrival::dropped;
  }
  current_ = {.id = id, .message = *number, .publisher = publisher};
  if (from == no_peer) {
    run(now, Publish{*number, message.ttl});
  } else {
    run(now, Receive{from, Frame::announce(*number, message.ttl, 0)});
  }
  const bool admitted = std::exchange(current_, {}).admitted;
  messages_.drop_body(*number);
  messages_.collect();
  return admitted ? Arrival::fresh : Arrival::dropped;
}

void Driver::receive_contact(Time now, PeerId from, const Frame& frame) {
  if (frame.subject() != no_peer) lent_.push_back(frame.subject());
  run(now, Receive{from, frame});
}

void Driver::receive_response(Time now, PeerId from, std::span<const PeerId> peers) {
  GOSSIP_ASSERT(!running_);
  const auto list = lists_.add(peers);
  GOSSIP_ASSERT(list.has_value());  // the store is empty between steps
  lent_.insert(lent_.end(), peers.begin(), peers.end());
  const FrameOwner owner(lists_, Frame::response(*list));
  run(now, Receive{from, Frame::response(*list)});
}

void Driver::verdict(Time now, MessageRef message, bool valid) {
  run(now, Verdict{message, valid ? Opinion::accept : Opinion::reject});
}

void Driver::tick(Time now) {
  if (recording_) recording_->flush();
  if (look().remembered > 0) wake(now);
  env_.now = now;
  expire_unsent();
}

void Driver::keep_unsent(const Frame& frame) {
  const std::uint32_t size = messages_.body_size(frame.message());
  while (unsent_.size() >= most_unsent || (!unsent_.empty() && unsent_bytes_ + size > most_unsent_bytes)) {
    let_go_of_oldest_unsent();
    counters_.add(Counter::drop_unsent);
  }
  messages_.keep_body(frame.message());
  unsent_.push_back({frame.message(), frame.ttl, env_.now + config_.of<Intake>().seen_ttl});
  unsent_bytes_ += size;
  counters_.add(Counter::unsent);
}

void Driver::let_go_of_oldest_unsent() {
  const MessageRef message = unsent_.front().message;
  unsent_bytes_ -= messages_.body_size(message);
  unsent_.pop_front();
  messages_.drop_body(message);
}

void Driver::send_unsent() {
  expire_unsent();
  if (unsent_.empty() || running_ || neighbours().empty()) return;
  while (!unsent_.empty()) {
    const auto& [message, ttl, until] = unsent_.front();
    links_.announce_all(no_peer, neighbours(), outgoing(message, ttl));
    let_go_of_oldest_unsent();
  }
  messages_.collect();
}

void Driver::expire_unsent() {
  while (!unsent_.empty() && unsent_.front().until <= env_.now) {
    let_go_of_oldest_unsent();
    counters_.add(Counter::drop_unsent);
  }
  messages_.collect();
}

bool Driver::reconfigure(const IntakeConfig& intake) {
  if (recording_) return false;
  auto& mine = config_.of<Intake>();
  mine.validation_deadline = intake.validation_deadline;
  mine.on_silence = intake.on_silence;
  mine.relay = intake.relay;
  return true;
}

std::size_t Driver::messages_waiting() {
  const auto runs = look().waiting;
  return runs[0].size() + runs[1].size();
}

void Driver::run(Time now, const Input& input) {
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
  if (!lent_.empty()) take_back();
}

void Driver::step(const Input& input) {
  actions_.clear();
  deadline_ = kind_->step(memory_.get(), config_, input, env_, actions_);
  if (recording_) recording_->add(input, actions_, env_);
  for (const Action& action : actions_) {
    std::visit([this](const auto& command) { on(command); }, action);
  }
  messages_.collect();
}

Message Driver::outgoing(MessageRef message, std::uint8_t ttl) const {
  return {.ttl = ttl, .data_type = messages_.data_type(message), .data = messages_.body(message)};
}

void Driver::send(PeerId to, const Frame& frame) {
  switch (frame.kind) {
    case FrameKind::announce:
      return links_.announce(to, outgoing(frame.message(), frame.ttl));
    case FrameKind::pull:
      return links_.pull(to);
    case FrameKind::push:
      return links_.push(to);
    case FrameKind::response:
      return links_.response(to, lists_.peers(frame.list()));
    default:
      GOSSIP_ASSERT(false && "of a protocol that no node runs");
  }
}

void Driver::on(const Send& action) {
  const FrameOwner owner(lists_, action.frame);
  send(action.to, action.frame);
}

void Driver::on(const SendAll& action) {
  const Frame& frame = action.frame;
  const auto all = neighbours();
  if (frame.kind == FrameKind::announce) {
    if (all.empty() && action.except == no_peer && frame.message() == current_.message) return keep_unsent(frame);
    return links_.announce_all(action.except, all, outgoing(frame.message(), frame.ttl));
  }
  for (const PeerId peer : all) {
    if (peer != action.except) send(peer, frame);
  }
}

void Driver::on(const Deliver& action) {
  GOSSIP_ASSERT(action.message == current_.message);
  current_.admitted = true;
  table_.add(current_.id, action.message);
  const bool waits = action.from != no_peer && config_.of<Intake>().validation;
  const std::size_t subscribers =
      modules_.deliver(outgoing(action.message, 0), waits ? action.message : no_message, current_.publisher);
  if (subscribers > 0) counters_.add(Counter::delivered);
  if (waits && subscribers == 0) facts_.push_back(Verdict{action.message, Opinion::nobody});
}

void Driver::on(const Drop& action) {
  counters_.drop(action.reason);
  if (action.from != no_peer) links_.dropped(action.from);
}

/// Numbers that the core was lent, or has forgotten, and does not have on its list now.
void Driver::take_back() {
  const auto listed = look().known;
  known_.assign(listed.begin(), listed.end());
  std::ranges::sort(known_);
  std::ranges::sort(lent_);
  lent_.erase(std::unique(lent_.begin(), lent_.end()), lent_.end());
  std::vector<PeerId> gone;
  std::ranges::set_difference(lent_, known_, std::back_inserter(gone));
  lent_.clear();
  for (const PeerId peer : gone) links_.unlisted(peer);
}

}  // namespace gossip::node
