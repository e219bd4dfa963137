#include <benchmark/benchmark.h>

#include <numeric>

#include "core/peer.hpp"
#include "net/classic.hpp"
#include "net/framing.hpp"
#include "net/message_id.hpp"
#include "sim/engine/calendar.hpp"
#include "sim/report/run.hpp"

namespace gossip {
namespace {

using State = benchmark::State;

// ---- core

/// A hub with `degree` neighbours that forgets what is eight steps old.
class Hub {
 public:
  explicit Hub(std::uint32_t degree) : targets_(degree), offsets_{0, degree} {
    for (std::uint32_t i = 0; i < degree; ++i) targets_[i] = PeerId{i + 1};
    config_.of<Fixed>() = {offsets_, targets_, {}};
    config_.of<Intake>().seen_capacity = 16;
    config_.of<Intake>().seen_ttl = 8;
    memory_.resize(PeerType::bytes(config_) / sizeof(Time));
    PeerType::init(memory(), PeerId{0}, 1, config_, env_);
  }

  void step(const Input& input) {
    actions_.clear();
    benchmark::DoNotOptimize(PeerType::step(memory(), config_, input, env_, actions_));
    benchmark::DoNotOptimize(actions_.data());
  }
  void step_later(const Input& input) {
    ++env_.now;
    step(input);
  }

 private:
  using PeerType = Peer<Fixed, Flood>;
  std::byte* memory() { return reinterpret_cast<std::byte*>(memory_.data()); }

  std::vector<PeerId> targets_;
  std::vector<std::uint64_t> offsets_;
  Config config_;
  std::vector<Time> memory_;
  std::vector<std::uint32_t> sizes_ = {0};
  MessageStore messages_ = MessageStore::catalogue(sizes_);
  ListStore lists_;
  Env env_{0, messages_, lists_};
  Actions actions_;
};

void step_duplicate(State& state) {
  Hub hub(16);
  const Input copy = Receive{PeerId{1}, Frame::announce(MessageRef{1}, 0, 1)};
  hub.step(copy);
  for (auto _ : state) hub.step(copy);
}
BENCHMARK(step_duplicate);

void step_first_delivery(State& state) {
  Hub hub(static_cast<std::uint32_t>(state.range(0)));
  std::uint32_t message = 0;
  for (auto _ : state) hub.step_later(Receive{PeerId{1}, Frame::announce(MessageRef{message++}, 0, 1)});
}
BENCHMARK(step_first_delivery)->Arg(16)->Arg(64);

void step_publish(State& state) {
  Hub hub(16);
  std::uint32_t message = 0;
  for (auto _ : state) hub.step_later(Publish{MessageRef{message++}, 0});
}
BENCHMARK(step_publish);

/// A full cache of range(0) ids.
class FullCache {
 public:
  explicit FullCache(std::uint32_t capacity)
      : memory_(SeenCache::bytes(capacity) / sizeof(Time) + 1),
        cache_(head_, reinterpret_cast<std::byte*>(memory_.data()), capacity) {
    cache_.clear();
    while (cache_.size() < capacity) insert();
  }
  /// Of a new id; the oldest has just expired.
  void insert() {
    cache_.insert(MessageRef{next_}, next_ + Time{cache_.size()}, next_, [](MessageRef) {});
    ++next_;
  }
  bool contains(MessageRef id) const { return cache_.contains(id, 0); }

 private:
  SeenCache::Head head_{};
  std::vector<Time> memory_;
  SeenCache cache_;
  std::uint32_t next_ = 0;
};

void seen_contains(State& state) {
  const auto capacity = static_cast<std::uint32_t>(state.range(0));
  const FullCache cache(capacity);
  Random random(1);
  for (auto _ : state) benchmark::DoNotOptimize(cache.contains(MessageRef{random.below(2 * capacity)}));
}
BENCHMARK(seen_contains)->Arg(1)->Arg(8)->Arg(16)->Arg(1024)->Arg(65'536);

void seen_insert_into_full(State& state) {
  FullCache cache(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) cache.insert();
}
BENCHMARK(seen_insert_into_full)->Arg(1)->Arg(8)->Arg(16)->Arg(1024)->Arg(65'536);

void random_number(State& state) {
  Random random(1);
  for (auto _ : state) benchmark::DoNotOptimize(random());
}
BENCHMARK(random_number);

void random_below(State& state) {
  Random random(1);
  for (auto _ : state) benchmark::DoNotOptimize(random.below(1000));
}
BENCHMARK(random_below);

void random_shuffle_1000(State& state) {
  Random random(1);
  std::vector<std::uint32_t> items(1000);
  std::iota(items.begin(), items.end(), 0u);
  for (auto _ : state) random.shuffle(std::span(items));
  benchmark::DoNotOptimize(items.data());
}
BENCHMARK(random_shuffle_1000);

void store_add_release(State& state) {
  const std::vector<std::byte> body(static_cast<std::size_t>(state.range(0)));
  MessageStore store;
  for (auto _ : state) {
    store.drop_body(*store.add(1, body));
    store.collect();
  }
}
BENCHMARK(store_add_release)->Arg(0)->Arg(1024)->Arg(60'000);

// ---- sim

/// range(0) events wait; each that is taken out is pushed again up to 100 ms later.
void calendar_push_and_run(State& state) {
  sim::Calendar calendar(17, PeerId{0});
  Random random(1);
  const auto push = [&](Time now) {
    const Time time = now + 1 + random.below(100'000'000);
    calendar.push(
        sim::Event::of(time, PeerId{random.below(1'000'000)}, PeerId{0}, Frame::announce(MessageRef{0}, 0, 1)));
  };
  for (std::int64_t i = 0; i < state.range(0); ++i) push(0);
  std::uint64_t events = 0;
  const auto process = [&](const sim::Event* event, const sim::Event* last) {
    do {
      ++events;
      push(event->time);
    } while (++event != last && !calendar.interrupted());
    return event;
  };
  Time until = 200 * millisecond;  // the events are spread by then
  calendar.run(until, process, [] { return false; });
  events = 0;
  for (auto _ : state) calendar.run(until += millisecond, process, [] { return false; });
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
}
BENCHMARK(calendar_push_and_run)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

void engine_flood(State& state) {
  sim::Scenario scenario;
  scenario.file = "gossip-microbench";
  scenario.peers = 10'000;
  scenario.topology = sim::RandomOut{8};
  scenario.protocol.of<Intake>().seen_capacity = 16;
  scenario.workload.resize(1);
  const sim::Experiment experiment(scenario);
  std::uint64_t events = 0;
  for (auto _ : state) events += sim::run(experiment).sum.events;
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
}
BENCHMARK(engine_flood)->Unit(benchmark::kMillisecond);

// ---- net

std::vector<std::byte> announced(std::span<const std::byte> data) {
  std::vector<std::byte> frame;
  net::encode(frame, net::SendContent{{4, 0, 1337, data}});
  return frame;
}

void encode_send_content_1k(State& state) {
  const std::vector<std::byte> data(1024);
  std::vector<std::byte> frame;
  for (auto _ : state) {
    frame.clear();
    net::encode(frame, net::SendContent{{4, 0, 1337, data}});
    benchmark::DoNotOptimize(frame.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(frame.size()));
}
BENCHMARK(encode_send_content_1k);

void decode_send_content_1k(State& state) {
  const auto frame = announced(std::vector<std::byte>(1024));
  for (auto _ : state) benchmark::DoNotOptimize(net::decode(frame));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(frame.size()));
}
BENCHMARK(decode_send_content_1k);

/// 1,000 frames of 17 bytes, in reads of range(0) bytes that cut them anywhere.
void frame_small_messages(State& state) {
  const std::vector<std::byte> hello(5);
  std::vector<std::byte> stream;
  for (int i = 0; i < 1000; ++i) {
    const auto frame = announced(hello);
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  const auto piece = static_cast<std::size_t>(state.range(0));
  net::FrameReader reader;
  std::int64_t frames = 0;
  const auto count = [&](std::span<const std::byte>) {
    ++frames;
    return true;
  };
  for (auto _ : state) {
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const auto read = std::span(stream).subspan(at, std::min(piece, stream.size() - at));
      if (reader.feed(read, count) != net::FrameReader::Result::ok) state.SkipWithError("bad frame");
    }
  }
  state.SetItemsProcessed(frames);
}
BENCHMARK(frame_small_messages)->Arg(10)->Arg(1460)->Arg(65'536);

void message_id(State& state) {
  const std::vector<std::byte> data(static_cast<std::size_t>(state.range(0)));
  net::MessageHasher hasher;
  for (auto _ : state) benchmark::DoNotOptimize(hasher(1337, data));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(message_id)->Arg(16)->Arg(1024)->Arg(60'000);

}  // namespace
}  // namespace gossip
