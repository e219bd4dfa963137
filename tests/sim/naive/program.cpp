#include "program.hpp"

namespace gossip::sim::naive {

Program::Program(const Operations& kind, const Config& config, PeerId self, std::uint64_t seed,
                 const std::vector<std::uint32_t>& sizes, Time now)
    : kind_(kind), config_(config), sizes_(sizes), env_{now, messages_, lists_}, memory_(kind.bytes(config)) {
  kind_.init(memory_.data(), self, seed, config_, env_);
}

MessageRef Program::number(std::uint32_t message) {
  const auto known = number_.find(message);
  if (known != number_.end()) return known->second;
  const MessageRef fresh = messages_.add(0, {}).value();
  messages_.retain(fresh);
  messages_.drop_body(fresh);
  messages_.collect();
  GOSSIP_ASSERT(index(fresh) == world_.size());
  world_.push_back(message);
  number_[message] = fresh;
  return fresh;
}

std::vector<Program::Wish> Program::step_with(Time now, std::uint32_t message, const Input& input) {
  const MessageRef own = number(message);
  const std::vector<std::byte> body(sizes_[message]);
  GOSSIP_ASSERT(messages_.give_body(own, body));
  auto wishes = step(now, input);
  messages_.drop_body(own);
  messages_.collect();
  return wishes;
}

std::vector<Program::Wish> Program::receive(Time now, PeerId from, const Letter& letter) {
  Frame frame = letter.frame;
  if (carries_list(frame.kind)) {
    std::vector<std::uint32_t> list = letter.list;
    if (lists_messages(frame.kind)) {
      for (std::size_t i = 0; i < list.size(); i += stride(traits(frame.kind).items)) list[i] = index(number(list[i]));
    }
    frame.body = index(lists_.add(std::span<const std::uint32_t>(list)).value());
    const FrameOwner owner(lists_, frame);
    return step(now, Receive{from, frame});
  }
  if (!names_message(frame.kind)) return step(now, Receive{from, frame});
  frame.body = index(number(letter.frame.body));
  if (frame.kind != FrameKind::announce) return step(now, Receive{from, frame});
  return step_with(now, letter.frame.body, Receive{from, frame});
}

std::vector<Program::Wish> Program::publish(Time now, std::uint32_t message, std::uint8_t ttl) {
  return step_with(now, message, Publish{number(message), ttl});
}

std::vector<Program::Wish> Program::verdict(Time now, std::uint32_t message, Opinion opinion) {
  return step(now, Verdict{number(message), opinion});
}

Frame Program::outgoing(Frame frame) const {
  if (names_message(frame.kind)) frame.body = world_.at(frame.body);
  return frame;
}

std::vector<Program::Wish> Program::step(Time now, const Input& input) {
  Actions actions;
  env_.now = now;
  deadline_ = kind_.step(memory_.data(), config_, input, env_, actions);
  std::vector<Wish> wishes;
  for (const Action& action : actions) {
    Wish wish{action, {}};
    if (auto* send = std::get_if<Send>(&wish.action)) {
      if (carries_list(send->frame.kind)) {
        const FrameOwner owner(lists_, send->frame);
        const auto items = lists_.items(send->frame.list());
        wish.list.assign(items.begin(), items.end());
        if (lists_messages(send->frame.kind)) {
          for (std::size_t i = 0; i < items.size(); i += stride(traits(send->frame.kind).items)) {
            wish.list[i] = world_.at(items[i]);
          }
        }
      }
      if (send->frame.kind == FrameKind::announce) {
        GOSSIP_ASSERT(messages_.body_size(send->frame.message()) == sizes_[world_.at(send->frame.body)]);
      }
      send->frame = outgoing(send->frame);
    } else if (auto* all = std::get_if<SendAll>(&wish.action)) {
      GOSSIP_ASSERT(messages_.body_size(all->frame.message()) == sizes_[world_.at(all->frame.body)]);
      all->frame = outgoing(all->frame);
    } else if (auto* deliver = std::get_if<Deliver>(&wish.action)) {
      deliver->message = MessageRef{world_.at(index(deliver->message))};
    } else if (auto* drop = std::get_if<Drop>(&wish.action)) {
      if (drop->message != no_message) drop->message = MessageRef{world_.at(index(drop->message))};
    }
    wishes.push_back(std::move(wish));
  }
  messages_.collect();
  return wishes;
}

std::vector<PeerId> Program::neighbours() {
  const auto all = kind_.neighbours(memory_.data(), config_, env_);
  return {all.begin(), all.end()};
}

std::vector<std::uint32_t> Program::waiting() {
  std::vector<std::uint32_t> all;
  for (const auto& run : look().waiting) {
    for (const Intake::Waiting& entry : run) all.push_back(world_.at(index(entry.message)));
  }
  return all;
}

std::string Program::leaks() {
  // No memory is longer than a day; a rumor's round is a day at most, and one in e^30 is longer than thirty.
  for (const auto& [message, own] : number_) messages_.release(own);
  Time now = env_.now;
  for (int tries = 0; tries < 500 && (messages_.size() > 0 || look().remembered > 0); ++tries) {
    step(now += 30 * 24 * 3'600 * second, Wake{});
  }
  std::string held;
  if (look().remembered > 0) held += std::to_string(look().remembered) + " ids, ";
  if (messages_.bodies() > 0) held += std::to_string(messages_.bodies()) + " bodies, ";
  if (messages_.size() > 0) held += std::to_string(messages_.size()) + " numbers, ";
  if (lists_.size() > 0) held += std::to_string(lists_.size()) + " lists, ";
  return held;
}

}  // namespace gossip::sim::naive
