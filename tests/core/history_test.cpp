#include "core/history.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "core/operations.hpp"

namespace gossip {
namespace {

/// A history over a real store, with a naive model beside it.
class HistoryAndModel {
 private:
  template <class F>
  auto with(F&& f) {
    Env env{now, messages, lists_};
    Context context{PeerId{0}, random_, env, actions_};
    History history(state_, reinterpret_cast<std::byte*>(memory_.data()), config_, context);
    return f(history);
  }

 public:
  explicit HistoryAndModel(HistoryConfig config) : config_(config), memory_(History::bytes(config) / sizeof(Time)) {
    with([](History& history) { history.clear(); });
  }
  ~HistoryAndModel() {
    now = never / 2;
    while (size() > 0) expire();
    messages.collect();
    EXPECT_EQ(messages.size(), 0u);
  }

  MessageRef add(std::uint32_t size) {
    const std::vector<std::byte> body(size);
    const MessageRef message = *messages.add(1, body);
    with([&](History& history) { history.add(Frame::announce(message, 0, 1)); });
    messages.drop_body(message);
    messages.collect();
    if (size <= config_.history_bytes) {
      model.push_back({now, message, size});
      while (model.size() > config_.history_entries || model_bytes() > config_.history_bytes) model.pop_front();
    }
    expect_equal();
    return message;
  }
  void expire() {
    with([](History& history) { history.expire(); });
    for (std::uint32_t i = 0; i < History::dropped_a_step && !model.empty(); ++i) {
      if (model.front().at + config_.history_age <= now) model.pop_front();
    }
    messages.collect();
    expect_equal();
  }
  std::size_t size() {
    return with([](History& history) { return history.size(); });
  }
  Time deadline() {
    return with([](History& history) { return history.deadline(); });
  }
  bool holds(MessageRef message) {
    return with([&](History& history) { return history.holds(message); });
  }

  Time now = 0;
  MessageStore messages;
  struct Entry {
    Time at;
    MessageRef message;
    std::uint32_t size;
  };
  std::deque<Entry> model;

 private:
  std::uint64_t model_bytes() const {
    std::uint64_t all = 0;
    for (const auto& entry : model) all += entry.size;
    return all;
  }
  void expect_equal() {
    with([&](History& history) {
      ASSERT_EQ(history.size(), model.size());
      for (std::uint32_t i = 0; i < model.size(); ++i) {
        ASSERT_EQ(history[i], model[i].message);
        ASSERT_TRUE(history.holds(model[i].message));
        ASSERT_EQ(messages.body_size(history[i]), model[i].size);
      }
      ASSERT_EQ(history.deadline(), model.empty() ? never : model.front().at + config_.history_age);
    });
    ASSERT_EQ(messages.bytes(), model_bytes()) << "what it has dropped is freed, what it holds is not";
    ASSERT_EQ(messages.size(), model.size());
  }

  const HistoryConfig config_;
  History::State state_{};
  std::vector<Time> memory_;
  ListStore lists_;
  Random random_;
  Actions actions_;
};

TEST(History, TheOldestLeaveWhenThereAreTooMany) {
  HistoryAndModel history({.history_entries = 2});
  const MessageRef first = history.add(1);
  history.add(1);
  EXPECT_TRUE(history.holds(first));
  history.add(1);
  EXPECT_FALSE(history.holds(first));
  EXPECT_EQ(history.size(), 2u);
}

TEST(History, TheOldestLeaveWhenTheyAreTooLarge) {
  HistoryAndModel history({.history_bytes = 10});
  history.add(4);
  history.add(6);
  EXPECT_EQ(history.size(), 2u);
  history.add(1);
  EXPECT_EQ(history.size(), 2u);
  history.add(10);
  EXPECT_EQ(history.size(), 1u);
}

TEST(History, WhatIsLargerThanAllOfItIsNotKeptAndDrivesNothingOut) {
  HistoryAndModel history({.history_bytes = 10});
  const MessageRef small = history.add(10);
  history.add(11);
  EXPECT_TRUE(history.holds(small));
  EXPECT_EQ(history.size(), 1u);
}

TEST(History, LeavesAtItsAge) {
  HistoryAndModel history({.history_age = second});
  history.now = 5;
  history.add(1);
  EXPECT_EQ(history.deadline(), 5 + second);
  history.now = 4 + second;
  history.expire();
  EXPECT_EQ(history.size(), 1u);
  history.now = 5 + second;
  history.expire();
  EXPECT_EQ(history.size(), 0u);
  EXPECT_EQ(history.deadline(), never);
}

TEST(History, AStepDropsSoManyAndAsksForTheNext) {
  HistoryAndModel history({.history_age = second});
  for (int i = 0; i < 200; ++i) history.add(1);
  history.now = second;
  history.expire();
  EXPECT_EQ(history.size(), 200 - History::dropped_a_step);
  EXPECT_LE(history.deadline(), history.now);
}

TEST(History, RandomAddsAgainstADeque) {
  for (std::uint64_t seed = 0; seed < 30 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    HistoryAndModel history({.history_entries = 1 + random.below(8),
                             .history_bytes = random.below(100),
                             .history_age = 1 + random.below(50)});
    for (int i = 0; i < 300; ++i) {
      history.now += random.below(10);
      if (random.below(4) == 0) history.expire();
      history.add(random.below(40));
    }
  }
}

// Found by the swarm: room for as many as a run announces is too little, where what was forgotten comes anew.
TEST(History, OfAMessageThereAreAsManyAsCanComeWithinItsAge) {
  const auto most = [](std::uint32_t messages, Duration seen_ttl) {
    return History::most_entries({.history_entries = 100, .history_age = 60 * second}, messages, seen_ttl);
  };
  EXPECT_EQ(most(3, 61 * second), 3u);
  EXPECT_EQ(most(3, 60 * second), 6u) << "the old one leaves in the instant in which it may come again";
  EXPECT_EQ(most(3, 9 * second), 3u * 7u);
  EXPECT_EQ(most(3, millisecond), 100u);
  EXPECT_EQ(most(4'000'000'000, 61 * second), 100u);
}

}  // namespace
}  // namespace gossip
