#include "core/list_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/random.hpp"

namespace gossip {
namespace {

using Items = std::vector<std::uint32_t>;
const Items none, three{1, 2, 3};

Items items(const ListStore& store, ListRef list) {
  const auto all = store.items(list);
  return {all.begin(), all.end()};
}

TEST(ListStore, KeepsWhatWasAdded) {
  ListStore store;
  const std::vector peers{PeerId{3}, PeerId{1}};
  const ListRef list = *store.add(std::span(peers));
  EXPECT_TRUE(std::ranges::equal(store.peers(list), peers));
  EXPECT_EQ(items(store, list), (Items{3, 1}));
  EXPECT_EQ(store.size(), 1u);
}

TEST(ListStore, IsBoundedInLists) {
  ListStore store(2);
  const ListRef first = *store.add(std::span(none));
  EXPECT_TRUE(store.add(std::span(none)));
  EXPECT_FALSE(store.add(std::span(none)));
  store.release(first);
  EXPECT_EQ(store.add(std::span(none)), first);
}

TEST(ListStore, AHandleIsUsedAgainAndStartsEmpty) {
  ListStore store;
  const ListRef list = *store.add(std::span(three));
  store.release(list);
  EXPECT_EQ(store.add(std::span(none)), list);
  EXPECT_EQ(items(store, list), Items{});
}

TEST(ListStore, AFrameOwnsTheListThatItCarries) {
  ListStore store;
  {
    const FrameOwner response(store, Frame::response(*store.add(std::span(three))));
    const FrameOwner pull(store, Frame::pull(PeerId{0}));
    EXPECT_EQ(store.size(), 1u);
  }
  EXPECT_EQ(store.size(), 0u);
}

TEST(ListStoreDeathTest, AFreedHandleIsABug) {
  ListStore store;
  const ListRef list = *store.add(std::span(three));
  store.release(list);
  EXPECT_DEATH(store.items(list), "used");
  EXPECT_DEATH(store.release(list), "used");
  EXPECT_DEATH(store.items(ListRef{7}), "lists_.size");
}

TEST(ListStore, RandomOperationsAgainstAMap) {
  Random random(1);
  ListStore store(20);
  std::map<ListRef, Items> model;
  for (int i = 0; i < 5'000; ++i) {
    if (random.below(2) == 0) {
      Items added(random.below(2'000));
      std::ranges::generate(added, [&] { return static_cast<std::uint32_t>(random()); });
      const auto list = store.add(std::span(added));
      ASSERT_EQ(list.has_value(), model.size() < 20);
      ASSERT_TRUE(!list || model.emplace(*list, added).second);
    } else if (!model.empty()) {
      const auto chosen = std::next(model.begin(), random.below(static_cast<std::uint32_t>(model.size())));
      ASSERT_EQ(items(store, chosen->first), chosen->second);
      store.release(chosen->first);
      model.erase(chosen);
    }
    ASSERT_EQ(store.size(), model.size());
  }
}

}  // namespace
}  // namespace gossip
