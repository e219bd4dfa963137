#include "core/message_store.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "core/random.hpp"

namespace gossip {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text(std::span<const std::byte> body) { return {reinterpret_cast<const char*>(body.data()), body.size()}; }

TEST(MessageStore, KeepsWhatWasAdded) {
  MessageStore store;
  const auto message = store.add(1337, bytes("hello"));
  ASSERT_TRUE(message);
  EXPECT_EQ(store.data_type(*message), 1337);
  EXPECT_EQ(text(store.body(*message)), "hello");
  EXPECT_EQ(store.body_size(*message), 5u);
  EXPECT_EQ(store.size(), 1u);
  EXPECT_EQ(store.bodies(), 1u);
  EXPECT_EQ(store.bytes(), 5u);
}

TEST(MessageStore, ABodyThatNobodyKeepsIsThereUntilTheNextCollection) {
  MessageStore store;
  const MessageRef message = *store.add(1, bytes("hello"));
  store.drop_body(message);
  EXPECT_EQ(text(store.body(message)), "hello");
  store.collect();
  EXPECT_EQ(store.size(), 0u);
  EXPECT_EQ(store.bodies(), 0u);
  EXPECT_EQ(store.bytes(), 0u);
}

TEST(MessageStore, ANumberOutlivesItsBody) {
  MessageStore store;
  const MessageRef message = *store.add(7, bytes("hello"));
  store.retain(message);
  store.drop_body(message);
  store.collect();
  EXPECT_EQ(store.size(), 1u);
  EXPECT_EQ(store.bytes(), 0u);
  EXPECT_EQ(store.data_type(message), 7);
  EXPECT_NE(*store.add(7, bytes("other")), message);
  store.release(message);
  EXPECT_EQ(*store.add(7, bytes("third")), message);
}

TEST(MessageStore, ABodyThatIsDroppedAndKeptAgainStays) {
  MessageStore store;
  const MessageRef message = *store.add(1, bytes("hello"));
  store.drop_body(message);
  store.keep_body(message);
  store.drop_body(message);
  store.keep_body(message);
  store.collect();
  EXPECT_EQ(text(store.body(message)), "hello");
  store.drop_body(message);
  store.collect();
  EXPECT_EQ(store.size(), 0u);
}

TEST(MessageStore, ABodyCanBeGivenBack) {
  MessageStore store({.entries = 10, .bytes = 8});
  const MessageRef message = *store.add(1, bytes("hello"));
  store.retain(message);
  EXPECT_TRUE(store.give_body(message, bytes("hello"))) << "kept twice";
  store.drop_body(message);
  store.drop_body(message);
  store.collect();
  EXPECT_EQ(store.bytes(), 0u);
  const MessageRef other = *store.add(1, bytes("four"));
  EXPECT_FALSE(store.give_body(message, bytes("hello"))) << "no room";
  store.drop_body(other);
  store.collect();
  EXPECT_TRUE(store.give_body(message, bytes("hello")));
  EXPECT_EQ(text(store.body(message)), "hello");
  store.drop_body(message);
  store.release(message);
  store.collect();
  EXPECT_EQ(store.size(), 0u);
}

TEST(MessageStore, IsBoundedInEntries) {
  MessageStore store({.entries = 2, .bytes = 100});
  const MessageRef first = *store.add(1, {});
  EXPECT_TRUE(store.add(1, {}));
  EXPECT_FALSE(store.add(1, {}));
  store.drop_body(first);
  EXPECT_FALSE(store.add(1, {})) << "still there";
  store.collect();
  EXPECT_TRUE(store.add(1, {}));
}

TEST(MessageStore, IsBoundedInBytes) {
  MessageStore store({.entries = 100, .bytes = 8});
  const MessageRef five = *store.add(1, bytes("hello"));
  EXPECT_FALSE(store.add(1, bytes("four")));
  EXPECT_TRUE(store.add(1, bytes("for")));
  EXPECT_FALSE(store.add(1, bytes("1")));
  EXPECT_TRUE(store.add(1, {}));
  store.drop_body(five);
  store.collect();
  EXPECT_TRUE(store.add(1, bytes("five5")));
}

TEST(MessageStore, OfACatalogueEveryNumberIsGoodForEver) {
  const std::uint32_t sizes[] = {10, 20};
  MessageStore store = MessageStore::catalogue(sizes);
  const MessageRef message{1};
  EXPECT_EQ(store.body_size(message), 20u);
  store.retain(message);
  store.keep_body(message);
  for (int i = 0; i < 3; ++i) {
    store.drop_body(message);
    store.release(message);
    EXPECT_TRUE(store.give_body(message, {}));
  }
  store.collect();
  EXPECT_EQ(store.body_size(message), 20u);
  EXPECT_EQ(store.size(), 0u);
}

TEST(MessageStoreDeathTest, WhatIsGoneIsABug) {
  MessageStore store;
  const MessageRef message = *store.add(1, bytes("hello"));
  store.retain(message);
  store.drop_body(message);
  EXPECT_DEATH(store.drop_body(message), "keepers > 0");
  store.collect();
  EXPECT_DEATH(store.body(message), "nowhere");
  EXPECT_DEATH(store.keep_body(message), "nowhere");
  store.release(message);
  EXPECT_DEATH(store.release(message), "references > 0");
  EXPECT_DEATH(store.retain(MessageRef{7}), "entries_.size");
}

struct Model {
  std::uint16_t data_type;
  std::string body;
  std::uint32_t references, keepers;
  bool body_there, dropped;  // since the last collection
};

class StoreAndModel {
 public:
  explicit StoreAndModel(std::uint64_t seed) : random_(seed) {}

  void operate() {
    const std::uint32_t choice = random_.below(8);
    if (choice < 2) return add();
    if (choice == 2) return collect();
    if (model_.empty()) return;
    auto& [ref, message] = *std::next(model_.begin(), random_.below(static_cast<std::uint32_t>(model_.size())));
    if (choice == 3 && (message.references > 0 || message.keepers > 0)) store_.retain(ref), ++message.references;
    if (choice == 4 && message.references > 0) store_.release(ref), --message.references;
    if (choice == 5 && message.body_there) store_.keep_body(ref), ++message.keepers;
    if (choice == 6 && message.keepers > 0) store_.drop_body(ref), message.dropped |= --message.keepers == 0;
    if (choice == 7) give(ref, message);
    std::erase_if(model_, [](const auto& entry) { return is_gone(entry.second); });
  }

  void expect_equal() const {
    std::uint64_t all = 0, bodies = 0;
    for (const auto& [ref, message] : model_) {
      ASSERT_EQ(store_.data_type(ref), message.data_type);
      if (!message.body_there) continue;
      ASSERT_EQ(text(store_.body(ref)), message.body);
      all += message.body.size();
      ++bodies;
    }
    ASSERT_EQ(store_.size(), model_.size());
    ASSERT_EQ(store_.bodies(), bodies);
    ASSERT_EQ(store_.bytes(), all);
  }

 private:
  static constexpr MessageStore::Limits limits{.entries = 20, .bytes = 40'000};

  static bool is_gone(const Model& message) {
    return message.references == 0 && message.keepers == 0 && !message.dropped;
  }
  void add() {
    const auto data_type = static_cast<std::uint16_t>(random_.below(65'536));
    // Also larger than the buffers that a store keeps.
    const std::string body(random_.below(8'000), static_cast<char>('a' + random_.below(26)));
    const bool room = model_.size() < limits.entries && store_.bytes() + body.size() <= limits.bytes;
    const auto ref = store_.add(data_type, bytes(body));
    ASSERT_EQ(ref.has_value(), room);
    if (!ref) return;
    ASSERT_TRUE(model_.emplace(*ref, Model{data_type, body, 0, 1, true, false}).second) << "a number in use";
  }
  void give(MessageRef ref, Model& message) {
    const bool room = message.body_there || store_.bytes() + message.body.size() <= limits.bytes;
    ASSERT_EQ(store_.give_body(ref, bytes(message.body)), room);
    if (!room) return;
    message.body_there = true;
    ++message.keepers;
  }
  void collect() {
    store_.collect();
    for (auto& [ref, message] : model_) {
      message.body_there = message.keepers > 0;
      message.dropped = false;
    }
    std::erase_if(model_, [](const auto& entry) { return is_gone(entry.second); });
  }

  Random random_;
  MessageStore store_{limits};
  std::map<MessageRef, Model> model_;
};

TEST(MessageStore, RandomOperationsAgainstAMap) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    StoreAndModel both(seed);
    for (int i = 0; i < 500 && !testing::Test::HasFatalFailure(); ++i) {
      both.operate();
      both.expect_equal();
    }
  }
}

}  // namespace
}  // namespace gossip
