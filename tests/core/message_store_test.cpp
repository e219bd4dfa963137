#include "core/message_store.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string_view>

#include "core/random.hpp"

namespace gossip {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text(std::span<const std::byte> body) { return {reinterpret_cast<const char*>(body.data()), body.size()}; }

TEST(MessageStore, KeepsWhatWasAdded) {
  MessageStore store;
  const auto message = store.add(1337, bytes("hello"));
  const std::vector peers{PeerId{3}, PeerId{1}};
  const auto list = store.add_peers(peers);
  ASSERT_TRUE(message && list);
  EXPECT_EQ(store.data_type(*message), 1337);
  EXPECT_EQ(text(store.body(*message)), "hello");
  EXPECT_TRUE(std::ranges::equal(store.peers(*list), peers));
  EXPECT_EQ(store.size(), 2u);
  EXPECT_EQ(store.bytes(), 5 + 2 * sizeof(PeerId));
}

TEST(MessageStore, TheLastReferenceFrees) {
  MessageStore store;
  const auto message = store.add(1, bytes("hello"));
  store.retain(*message);
  store.release(*message);
  EXPECT_EQ(text(store.body(*message)), "hello");
  store.release(*message);
  EXPECT_EQ(store.size(), 0u);
  EXPECT_EQ(store.bytes(), 0u);
}

TEST(MessageStore, AHandleIsUsedAgainAndStartsEmpty) {
  MessageStore store;
  const std::vector peers{PeerId{3}};
  const auto list = store.add_peers(peers);
  store.release(*list);
  const auto message = store.add(1, {});
  EXPECT_EQ(message, list);
  EXPECT_TRUE(store.body(*message).empty());
  EXPECT_TRUE(store.peers(*message).empty());
}

TEST(MessageStore, IsBoundedInEntries) {
  MessageStore store({.entries = 2, .bytes = 100});
  const auto first = store.add(1, {});
  EXPECT_TRUE(store.add_peers({}));
  EXPECT_FALSE(store.add(1, {}));
  EXPECT_FALSE(store.add_peers({}));
  store.release(*first);
  EXPECT_TRUE(store.add(1, {}));
}

TEST(MessageStore, IsBoundedInBytes) {
  MessageStore store({.entries = 100, .bytes = 8});
  const auto five = store.add(1, bytes("hello"));
  EXPECT_FALSE(store.add(1, bytes("four")));
  EXPECT_TRUE(store.add(1, bytes("for")));
  EXPECT_FALSE(store.add(1, bytes("1")));
  EXPECT_TRUE(store.add(1, {}));
  store.release(*five);
  const std::vector peers{PeerId{1}, PeerId{2}};
  EXPECT_FALSE(store.add_peers(peers));
  EXPECT_TRUE(store.add_peers(std::span(peers).first(1)));
}

TEST(MessageStoreDeathTest, AFreedHandleIsABug) {
  MessageStore store;
  const auto message = store.add(1, bytes("hello"));
  store.release(*message);
  EXPECT_DEATH(store.body(*message), "references > 0");
  EXPECT_DEATH(store.release(*message), "references > 0");
  EXPECT_DEATH(store.retain(MessageRef{7}), "entries_.size");
}

struct Model {
  std::uint16_t data_type;
  std::string body;
  std::uint32_t references;
};

class StoreAndModel {
 public:
  explicit StoreAndModel(std::uint64_t seed) : random_(seed) {}

  void operate() {
    const std::uint32_t choice = random_.below(4);
    if (choice < 2) add();
    if (model_.empty()) return;
    const auto chosen = std::next(model_.begin(), random_.below(static_cast<std::uint32_t>(model_.size())));
    if (choice == 2) {
      store_.retain(chosen->first);
      ++chosen->second.references;
    } else if (choice == 3) {
      store_.release(chosen->first);
      if (--chosen->second.references == 0) model_.erase(chosen);
    }
  }

  void expect_equal() const {
    std::uint64_t bytes = 0;
    for (const auto& [ref, message] : model_) {
      ASSERT_EQ(store_.data_type(ref), message.data_type);
      ASSERT_EQ(text(store_.body(ref)), message.body);
      bytes += message.body.size();
    }
    ASSERT_EQ(store_.size(), model_.size());
    ASSERT_EQ(store_.bytes(), bytes);
  }

 private:
  static constexpr MessageStore::Limits limits{.entries = 20, .bytes = 40'000};

  void add() {
    const auto data_type = static_cast<std::uint16_t>(random_.below(65'536));
    // Also larger than the buffers that a store keeps.
    const std::string body(random_.below(8'000), static_cast<char>('a' + random_.below(26)));
    const bool room = model_.size() < limits.entries && store_.bytes() + body.size() <= limits.bytes;
    const auto ref = store_.add(data_type, bytes(body));
    ASSERT_EQ(ref.has_value(), room);
    if (!ref) return;
    ASSERT_TRUE(model_.emplace(*ref, Model{data_type, body, 1}).second) << "a handle in use was given again";
  }

  Random random_;
  MessageStore store_{limits};
  std::map<MessageRef, Model> model_;
};

TEST(MessageStore, RandomOperationsAgainstAMap) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
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
