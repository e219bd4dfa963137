// What a module's message ids mean.

#include "node/questions.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gossip::node::test {
namespace {

using Kind = Questions::Kind;

MessageRef add(MessageStore& store) { return *store.add(1, {}); }
/// Nobody but the questions has it now.
void let_go(MessageStore& store, MessageRef message) {
  store.drop_body(message);
  store.collect();
}

TEST(Questions, AnAnswerCountsOnce) {
  MessageStore store;
  Questions questions(store, 4);
  const MessageRef message = add(store);
  const std::uint16_t id = questions.ask(message);
  EXPECT_EQ(questions.answered(id + 1).kind, Kind::unasked);
  const auto first = questions.answered(id);
  EXPECT_EQ(first.kind, Kind::waiting);
  EXPECT_EQ(first.message, message);
  EXPECT_EQ(questions.answered(id).kind, Kind::unasked);
}

TEST(Questions, ANumberIsNobodyElsesWhileAVerdictMayCome) {
  MessageStore store;
  Questions questions(store, 4);
  const MessageRef message = add(store);
  const std::uint16_t id = questions.ask(message);
  let_go(store, message);
  EXPECT_NE(add(store), message);
  store.release(questions.answered(id).message);
  EXPECT_EQ(add(store), message);
}

TEST(Questions, WhatWasAskedLongAgoIsNotHeldAndNoOffence) {
  MessageStore store;
  Questions questions(store, 4);
  std::vector<MessageRef> messages;
  for (int i = 0; i < 6; ++i) {
    messages.push_back(add(store));
    questions.ask(messages.back());
    let_go(store, messages.back());
  }
  EXPECT_EQ(questions.held(), 4u);
  EXPECT_EQ(store.size(), 4u);
  EXPECT_EQ(questions.answered(0).kind, Kind::past);
  EXPECT_EQ(questions.answered(1).kind, Kind::past);
  EXPECT_EQ(questions.answered(2).kind, Kind::waiting);
}

TEST(Questions, WhatDecidesNothingHoldsNothing) {
  MessageStore store;
  Questions questions(store, 4);
  const MessageRef message = add(store);
  const std::uint16_t id = questions.ask(message);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(questions.answered(questions.ask(no_message)).kind, Kind::vouched);
  EXPECT_EQ(questions.answered(id).kind, Kind::waiting);
}

TEST(Questions, IdsComeRoundAndTheEndGivesAllBack) {
  MessageStore store;
  Questions questions(store, 100'000);
  const MessageRef message = add(store);
  std::set<std::uint16_t> ids;
  for (int i = 0; i < 65'536; ++i) ids.insert(questions.ask(message));
  EXPECT_EQ(ids.size(), 65'536u);
  EXPECT_EQ(questions.ask(message), 0);
  EXPECT_EQ(questions.held(), 65'536u);
  EXPECT_EQ(questions.answered(7).kind, Kind::waiting);
  store.release(message);
  questions.clear();
  EXPECT_EQ(questions.held(), 0u);
  EXPECT_EQ(questions.answered(8).kind, Kind::unasked);
  let_go(store, message);
  EXPECT_EQ(store.size(), 0u);
}

}  // namespace
}  // namespace gossip::node::test
