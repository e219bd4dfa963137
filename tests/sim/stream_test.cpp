#include "sim/world/stream.hpp"

#include <cmath>

#include "sim/scenario/reader.hpp"
#include "tests/sim/input_files.hpp"
#include "tests/sim/wires.hpp"

/// What carries frames: streams that lose nothing and wait, datagrams that are lost and overtake each other.
namespace gossip::sim::test {
namespace {

using Carrier = LinkSpec::Carrier;
constexpr Duration round_trip = 2 * latency, after = 200 * millisecond;

// ---- arithmetic

TEST(StreamRamp, DoublesItsWindowEachRoundTrip) {
  const auto delay = [](std::uint64_t bytes) { return stream::Ramp().pass(bytes, round_trip, after, second); };
  EXPECT_EQ(delay(14'600), 0);
  EXPECT_EQ(delay(14'601), round_trip);
  EXPECT_EQ(delay(3 * 14'600), round_trip);
  EXPECT_EQ(delay(3 * 14'600 + 1), 2 * round_trip);
  EXPECT_EQ(delay(7 * 14'600 + 1), 3 * round_trip);
  // 14,600 · (2^7 - 1), 127 of 215.5 windows, reach 1,854,200 bytes; the next would be 1,868,800, and then 3 MiB each.
  EXPECT_EQ(delay(8 << 20), 9 * round_trip);
}

TEST(StreamRamp, FramesOfOneRoundTripShareItsWindow) {
  stream::Ramp ramp;
  EXPECT_EQ(ramp.pass(10'000, round_trip, after, second), 0);
  EXPECT_EQ(ramp.pass(4'600, round_trip, after, second), 0);
  EXPECT_EQ(ramp.pass(1, round_trip, after, second), round_trip);
  EXPECT_EQ(ramp.pass(1, round_trip, after, second + millisecond), round_trip - millisecond) << "behind it";
}

TEST(StreamRamp, GrowsByWhatWasAcknowledgedAndBeginsAnewAfterAPause) {
  stream::Ramp ramp;
  EXPECT_EQ(ramp.pass(14'600, round_trip, after, second), 0);
  EXPECT_EQ(ramp.pass(29'200, round_trip, after, second + round_trip), 0) << "all of it was acknowledged";
  EXPECT_EQ(ramp.pass(29'201, round_trip, after, second + 3 * round_trip + after), round_trip) << "idle for a timeout";
  ramp.begin_anew();
  EXPECT_EQ(ramp.pass(14'602, round_trip, after, second + 6 * round_trip + after), round_trip) << "but for one byte";
}

TEST(StreamRetransmission, WaitsForTimeoutsThatDouble) {
  const auto delay = [](std::uint32_t times, std::uint64_t packets) {
    return stream::retransmission_delay(times, packets, round_trip, after);
  };
  EXPECT_EQ(delay(0, 1), 0);
  EXPECT_EQ(delay(1, 1), 220 * millisecond);
  EXPECT_EQ(delay(3, 1), 7 * 220 * millisecond);
  EXPECT_EQ(delay(1, 4), round_trip) << "three packets behind tell of it";
  EXPECT_EQ(delay(2, 4), round_trip + 220 * millisecond);
  EXPECT_EQ(delay(10, 1) - delay(9, 1), 60 * second) << "220 ms · 2^9 is more than a minute";
}

TEST(StreamRetransmission, HappensAsOftenAsItsSlowestPacketNeeds) {
  constexpr int lots = 100'000;
  for (const std::uint64_t packets : {1u, 3u, 90u}) {
    Random random(7, packets);
    std::array<int, 4> at_least{};
    for (int i = 0; i < lots; ++i) {
      const std::uint32_t times = stream::retransmissions(random.uniform(), 0.1, packets);
      for (std::uint32_t k = 1; k < 4 && k <= times; ++k) ++at_least[k];
    }
    for (std::uint32_t k = 1; k < 4; ++k) {
      const double share = 1 - std::pow(1 - std::pow(0.1, k), static_cast<double>(packets));
      EXPECT_NEAR(at_least[k], lots * share, 4 * std::sqrt(lots * share * (1 - share)) + 1) << packets << ' ' << k;
    }
  }
}

// ---- connections

using Fate = Transport::Fate;

TEST(Stream, ALostPacketDelaysWhatIsBehindItAndNothingIsLost) {
  ConnectedWires wires({.loss = 0.2, .transport = Carrier::stream});
  int late = 0, held_up = 0;
  Time last = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Time now = second + i * 50 * millisecond;
    const Transport::Sent sent = wires.transport.send(a, b, 100, now);
    ASSERT_EQ(sent.fate, Fate::arrives);
    ASSERT_GE(sent.at, last);
    const Duration delay = sent.at - now - latency;
    late += delay > 0;
    held_up += sent.at == last;
    last = sent.at;
  }
  EXPECT_GT(late, 8'000) << "far more than the fifth that was lost";
  EXPECT_GT(held_up, 4'000);
}

TEST(Stream, OneFrameAtATimeIsLateAsOftenAsItIsLost) {
  ConnectedWires wires({.loss = 0.2, .transport = Carrier::stream, .retransmit_after = 100 * millisecond});
  constexpr int frames = 20'000;
  int once = 0, twice = 0;
  for (int i = 0; i < frames; ++i) {
    const Time now = i * 4 * second + second;
    const Duration delay = wires.transport.send(a, b, 100, now).at - now - latency;
    once += delay == round_trip + 100 * millisecond;
    twice += delay == 3 * (round_trip + 100 * millisecond);
  }
  const auto expect = [](int count, double share) {
    EXPECT_NEAR(count, frames * share, 4 * std::sqrt(frames * share * (1 - share)));
  };
  expect(once, 0.2 * 0.8);
  expect(twice, 0.04 * 0.8);
}

TEST(Stream, ANewConnectionBeginsSlowlyAndTheSlowerOfLineAndWindowCounts) {
  ConnectedWires wires({.upload = 8'000'000, .transport = Carrier::stream});
  EXPECT_EQ(wires.transport.send(a, b, 14'600, second).at, second + 14'600 * microsecond + latency) << "the line";
  EXPECT_EQ(wires.transport.send(b, a, 14'601, second).at, second + round_trip + latency) << "the window";
}

TEST(Datagram, OvertakesAndIsLostWithAnyOfItsPackets) {
  ConnectedWires wires({.jitter = 50 * millisecond, .loss = 0.1, .transport = Carrier::datagram});
  constexpr int frames = 20'000;
  int lost = 0, overtook = 0;
  Time last = 0;
  for (int i = 0; i < frames; ++i) {
    const Transport::Sent sent = wires.transport.send(a, b, 2'921, second + i * millisecond);
    lost += sent.fate == Fate::lost;
    overtook += sent.at < last;
    last = sent.at;
  }
  const double share = 1 - 0.9 * 0.9 * 0.9;
  EXPECT_NEAR(lost, frames * share, 4 * std::sqrt(frames * share * (1 - share)));
  EXPECT_GT(overtook, frames / 4);
}

TEST(Datagram, DoesNotWaitForTheEndOfAPartition) {
  ConnectedWires wires({.transport = Carrier::datagram}, 500 * millisecond,
                       {Partition{second, 0, {0}, 100 * millisecond}});
  EXPECT_EQ(wires.transport.send(a, b, 1, second - latency).fate, Fate::cut);
  EXPECT_EQ(wires.transport.send(a, b, 1, second + 100 * millisecond - 1).fate, Fate::cut);
  EXPECT_EQ(wires.transport.send(a, b, 1, second + 100 * millisecond).fate, Fate::arrives);
}

// ---- whole runs

TEST(Carriers, GiveTheSameOnAnyBlocksAndThreads) {
  for (const Carrier carrier : {Carrier::stream, Carrier::datagram}) {
    Scenario scenario = sampling(200, 6, 20 * second);
    scenario.links.transport = carrier;
    scenario.links.loss = 0.05;
    scenario.links.jitter = 5 * millisecond;
    scenario.faults = {Partition{8 * second, 0.5, {}, 6 * second}};
    scenario.workload = {announce(5 * second, 1), announce(9 * second, 2), announce(16 * second, 3)};
    for (Workload& load : scenario.workload) load.size = 40'000;
    const Result plain = run_checked(scenario);
    EXPECT_EQ(drops(plain, TransportDrop::lost) > 0, carrier == Carrier::datagram);
    for (const std::uint32_t blocks : {2u, 5u}) {
      EngineOptions options;
      options.blocks = blocks;
      options.threads = 2;
      options.events_worth_threads = 0;
      EXPECT_EQ(run_checked(scenario, options).sum.trace, plain.sum.trace);
    }
  }
}

TEST(Carriers, AnswerAsTheScenarioSays) {
  const auto run_with = [](const std::vector<std::string>& sets) {
    return run_checked(read_scenario(source_file("scenarios/stream.json"), sets));
  };
  const auto p50_ms = [](const Result& result) {
    return static_cast<double>(result.sum.latency.percentile(0.5)) / 1e6;
  };
  const Result stream = run_with({}), lossless = run_with({"/links/loss=0"});
  const Result datagram = run_with({"/links/transport=datagram"}), small = run_with({"/workload/0/size=1KiB"});
  EXPECT_EQ(stream.deliveries, 20'000u);
  EXPECT_EQ(stream.misses.counts, MissCounts{});
  EXPECT_NEAR(p50_ms(stream), 1'169, 1);
  EXPECT_NEAR(p50_ms(lossless), 1'016, 1);
  EXPECT_NEAR(p50_ms(small), 146, 1);
  EXPECT_NEAR(static_cast<double>(datagram.deliveries) / 20'000, 0.981, 0.001);
}

}  // namespace
}  // namespace gossip::sim::test
