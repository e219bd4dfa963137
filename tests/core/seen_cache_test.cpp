#include "core/seen_cache.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <vector>

#include "core/random.hpp"

namespace gossip {
namespace {

class CacheMemory {
 public:
  explicit CacheMemory(std::uint32_t capacity)
      : memory_(SeenCache::bytes(capacity) / sizeof(Time) + 1), cache_(head_, bytes(), capacity) {
    cache_.clear();
  }
  SeenCache& operator*() { return cache_; }
  SeenCache* operator->() { return &cache_; }

 private:
  std::byte* bytes() { return reinterpret_cast<std::byte*>(memory_.data()); }

  SeenCache::Head head_{};
  std::vector<Time> memory_;
  SeenCache cache_;
};

std::vector<MessageRef> expire(SeenCache& cache, Time now) {
  std::vector<MessageRef> left;
  cache.expire(now, [&](MessageRef id) { left.push_back(id); });
  return left;
}

TEST(SeenCache, KnowsAnIdUntilItExpires) {
  CacheMemory cache(4);
  EXPECT_EQ(cache->insert(MessageRef{1}, 10), no_message);
  EXPECT_EQ(expire(*cache, 9), std::vector<MessageRef>{});
  EXPECT_TRUE(cache->contains(MessageRef{1}));
  EXPECT_EQ(expire(*cache, 10), std::vector{MessageRef{1}});
  EXPECT_FALSE(cache->contains(MessageRef{1}));
}

TEST(SeenCache, TheOldestLeavesAFullCache) {
  CacheMemory cache(2);
  EXPECT_EQ(cache->insert(MessageRef{1}, 10), no_message);
  EXPECT_EQ(cache->insert(MessageRef{2}, 20), no_message);
  EXPECT_EQ(cache->insert(MessageRef{3}, 30), MessageRef{1});
  EXPECT_EQ(expire(*cache, 30), (std::vector{MessageRef{2}, MessageRef{3}}));
  EXPECT_EQ(cache->size(), 0u);
}

/// The specification, without an index and without a bound on its work.
class Naive {
 public:
  explicit Naive(std::uint32_t capacity) : capacity_(capacity) {}

  bool contains(MessageRef id) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.id == id; });
  }
  MessageRef insert(MessageRef id, Time expiry) {
    MessageRef left = no_message;
    if (entries_.size() == capacity_) {
      left = entries_.front().id;
      entries_.pop_front();
    }
    entries_.push_back({id, expiry});
    return left;
  }
  std::vector<MessageRef> expire(Time now) {
    std::vector<MessageRef> left;
    for (; !entries_.empty() && entries_.front().expiry <= now; entries_.pop_front())
      left.push_back(entries_.front().id);
    return left;
  }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    MessageRef id;
    Time expiry;
  };
  std::uint32_t capacity_;
  std::deque<Entry> entries_;
};

struct FuzzCase {
  std::uint32_t capacity;
  std::uint32_t id_step;  // a large power of two makes ids meet in the same place of the index
};

class SeenCacheFuzz : public testing::TestWithParam<FuzzCase> {};

TEST_P(SeenCacheFuzz, AgreesWithADeque) {
  const auto [capacity, id_step] = GetParam();
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    CacheMemory cache(capacity);
    Naive naive(capacity);
    Time now = 0;
    const Time ttl = 4 * capacity + 1;
    for (int i = 0; i < 3'000; ++i) {
      // Mostly full, now and then empty.
      now += random.below(200) == 0 ? 2 * ttl : random.below(4);
      ASSERT_EQ(expire(*cache, now), naive.expire(now));
      const MessageRef id{random.below(3 * capacity + 1) * id_step};
      ASSERT_EQ(cache->contains(id), naive.contains(id));
      if (!naive.contains(id)) {
        ASSERT_EQ(cache->insert(id, now + ttl), naive.insert(id, now + ttl));
      }
      ASSERT_EQ(cache->size(), naive.size());
    }
    for (std::uint32_t k = 0; k <= 3 * capacity; ++k) {
      ASSERT_EQ(cache->contains(MessageRef{k * id_step}), naive.contains(MessageRef{k * id_step}));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Capacities, SeenCacheFuzz,
                         testing::Values(FuzzCase{1, 1}, FuzzCase{2, 1}, FuzzCase{8, 1}, FuzzCase{9, 1},
                                         FuzzCase{16, 1}, FuzzCase{100, 1}, FuzzCase{9, 1u << 20},
                                         FuzzCase{16, 1u << 20}, FuzzCase{100, 1u << 20}),
                         [](const auto& test) {
                           return std::to_string(test.param.capacity) + (test.param.id_step > 1 ? "Colliding" : "");
                         });

}  // namespace
}  // namespace gossip
