#include "core/seen_cache.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <utility>
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

using Ids = std::vector<MessageRef>;

Ids expire(SeenCache& cache, Time now) {
  Ids left;
  while (cache.expire(now, [&](MessageRef id) { left.push_back(id); })) {
  }
  return left;
}

struct Inserted {
  bool room;
  Ids forgotten;
  bool operator==(const Inserted&) const = default;
};

Inserted insert(SeenCache& cache, MessageRef id, Time expiry, Time now) {
  Ids forgotten;
  const bool room = cache.insert(id, expiry, now, [&](MessageRef old) { forgotten.push_back(old); });
  return {room, forgotten};
}

constexpr MessageRef one{1}, two{2}, three{3};

TEST(SeenCache, AnIdCountsUntilItExpires) {
  CacheMemory cache(4);
  EXPECT_EQ(insert(*cache, one, 10, 0), (Inserted{true, {}}));
  EXPECT_TRUE(cache->contains(one, 9));
  EXPECT_FALSE(cache->contains(one, 10));
  EXPECT_EQ(expire(*cache, 9), Ids{});
  EXPECT_NE(cache->find(one), SeenCache::nowhere) << "lies there, expired or not";
  EXPECT_EQ(expire(*cache, 10), Ids{one});
  EXPECT_EQ(cache->find(one), SeenCache::nowhere);
}

TEST(SeenCache, FullOfIdsThatCountItRefuses) {
  CacheMemory cache(2);
  insert(*cache, one, 10, 0);
  insert(*cache, two, 20, 1);
  EXPECT_TRUE(cache->full());
  EXPECT_EQ(insert(*cache, three, 30, 9), (Inserted{false, {}}));
  EXPECT_TRUE(cache->contains(one, 9) && cache->contains(two, 9));
  EXPECT_EQ(insert(*cache, three, 30, 10), (Inserted{true, {one}})) << "the oldest has expired and makes room";
  EXPECT_EQ(insert(*cache, one, 30, 10), (Inserted{false, {}}));
}

TEST(SeenCache, AnExpiredIdThatComesAgainIsForgottenFirst) {
  CacheMemory cache(3);
  insert(*cache, one, 10, 0);
  insert(*cache, two, 11, 1);
  EXPECT_EQ(insert(*cache, two, 30, 20), (Inserted{true, {two}}));
  EXPECT_EQ(cache->size(), 3u) << "its old place is empty, and in use until it is the oldest";
  EXPECT_EQ(insert(*cache, three, 30, 20), (Inserted{true, {one}}));
  EXPECT_EQ(cache->oldest(), no_message);
  EXPECT_EQ(expire(*cache, 20), Ids{}) << "of an empty place nobody is told";
  EXPECT_EQ(cache->size(), 2u);
  EXPECT_EQ(expire(*cache, 30), (Ids{two, three}));
}

TEST(SeenCache, EachCallExpiresOne) {
  CacheMemory cache(4);
  insert(*cache, one, 10, 0);
  insert(*cache, two, 10, 0);
  Ids left;
  EXPECT_TRUE(cache->expire(10, [&](MessageRef id) { left.push_back(id); }));
  EXPECT_EQ(left, Ids{one});
  EXPECT_EQ(cache->oldest(), two);
}

/// The specification, without an index and without a bound on its work.
class Naive {
 public:
  explicit Naive(std::uint32_t capacity) : capacity_(capacity) {}

  bool contains(MessageRef id, Time now) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.id == id && entry.expiry > now; });
  }
  Inserted insert(MessageRef id, Time expiry, Time now) {
    Inserted result{true, {}};
    for (Entry& entry : entries_) {
      if (entry.id == id) result.forgotten.push_back(std::exchange(entry.id, no_message));
    }
    if (entries_.size() == capacity_) {
      if (entries_.front().expiry > now) return result.room = false, result;
      pop(result.forgotten);
    }
    entries_.push_back({id, expiry});
    return result;
  }
  Ids expire(Time now) {
    Ids left;
    while (!entries_.empty() && entries_.front().expiry <= now) pop(left);
    return left;
  }
  MessageRef oldest() const { return entries_.empty() ? no_message : entries_.front().id; }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    MessageRef id;
    Time expiry;
  };
  void pop(Ids& left) {
    if (entries_.front().id != no_message) left.push_back(entries_.front().id);
    entries_.pop_front();
  }
  std::uint32_t capacity_;
  std::deque<Entry> entries_;
};

struct FuzzCase {
  std::uint32_t capacity;
  std::uint32_t id_step;  // a large power of two makes ids meet in the same place of the index
};

void PrintTo(const FuzzCase& c, std::ostream* out) { *out << c.capacity << " places, ids " << c.id_step << " apart"; }

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
      if (random.below(3) == 0) {
        ASSERT_EQ(expire(*cache, now), naive.expire(now));
      }
      const MessageRef id{random.below(3 * capacity + 1) * id_step};
      ASSERT_EQ(cache->contains(id, now), naive.contains(id, now));
      if (!naive.contains(id, now)) {
        ASSERT_EQ(insert(*cache, id, now + ttl, now), naive.insert(id, now + ttl, now));
      }
      ASSERT_EQ(cache->oldest(), naive.oldest());
      ASSERT_EQ(cache->size(), naive.size());
      ASSERT_EQ(cache->full(), naive.size() == capacity);
    }
    for (std::uint32_t k = 0; k <= 3 * capacity; ++k) {
      const MessageRef id{k * id_step};
      ASSERT_EQ(cache->contains(id, now), naive.contains(id, now));
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
