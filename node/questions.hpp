#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/message_store.hpp"

namespace gossip::node {

/// What a module was asked: the message ids of its notifications, and the messages that its verdicts mean.
///
/// Rules
/// - Of a message that waits for a verdict, its number is held, so that it cannot be another's while a verdict may come.
/// - At most `most` are held, the newest; the core waits for fewer. A verdict on an older one is late, and no offence.
/// - 65,536 ids are in use at most; then the oldest is given again.
class Questions {
 public:
  enum class Kind : std::uint8_t {
    unasked,  // or answered
    vouched,  // asked, but the verdict decides nothing
    waiting,
    past,  // long ago
  };
  struct Question {
    MessageRef message = no_message;
    Kind kind = Kind::unasked;
  };

  Questions(MessageStore& messages, std::uint32_t most) : messages_(messages), most_(most) {}
  Questions(const Questions&) = delete;

  /// no_message: the verdict decides nothing.
  std::uint16_t ask(MessageRef message) {
    if (next_ - first_ == all) pass_oldest();
    const auto id = static_cast<std::uint16_t>(next_++);
    if (id >= questions_.size()) questions_.resize(id + std::size_t{1});
    questions_[id] = {message, message == no_message ? Kind::vouched : Kind::waiting};
    if (message != no_message) {
      messages_.retain(message);
      ++held_;
    }
    while (held_ > most_) pass_oldest();
    return id;
  }

  /// Each counts once. The reference to a waiting one goes to the caller.
  Question answered(std::uint16_t id) {
    const Question question = id < questions_.size() ? std::exchange(questions_[id], {}) : Question{};
    if (question.kind == Kind::waiting) --held_;
    return question;
  }

  void clear() {
    for (; first_ != next_; pass_oldest()) {
    }
    questions_.clear();
  }
  std::uint32_t held() const { return held_; }

 private:
  static constexpr std::uint64_t all = 65'536;

  void pass_oldest() {
    Question& question = questions_[static_cast<std::uint16_t>(first_++)];
    if (question.kind != Kind::waiting) return;
    messages_.release(question.message);
    --held_;
    question = {no_message, Kind::past};
  }

  MessageStore& messages_;
  std::uint32_t most_;
  std::uint64_t first_ = 0, next_ = 0;  // may be held; ids are the last 16 bits
  std::uint32_t held_ = 0;
  std::vector<Question> questions_;  // by id
};

}  // namespace gossip::node
