#include "bench/node_bench.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "bench/node_cluster.hpp"

namespace gossip::bench {

int node_latency(std::size_t hops, int rounds) {
  std::vector<Child> line;
  // Of degree 1: each keeps the connection to the one before it and seeks no other.
  for (std::size_t i = 0; i < hops; ++i) line.push_back(start_node(i == 0 ? 0 : line.back().first, 1));
  std::vector<Subscriber> end;
  end.emplace_back(line.back().second, true);
  node::FrameClient client(loopback(line.front().second));
  Announcer announcer(client, 64, 1);
  warm_up(announcer, end);
  std::vector<double> microseconds;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = Clock::now();
    announcer.send(static_cast<std::uint64_t>(i), 1);
    bool there = false;
    while (!there) {
      if (!end[0].read(std::chrono::seconds(5), [&](std::uint64_t) { there = true; }))
        throw std::runtime_error("one was lost");
    }
    microseconds.push_back(seconds_since(begin) * 1e6 / static_cast<double>(hops));
  }
  std::ranges::sort(microseconds);
  const auto at = [&](double p) {
    return microseconds[static_cast<std::size_t>(p * static_cast<double>(microseconds.size() - 1))];
  };
  std::printf("one announce over a line of %zu idle nodes: p50 %.1f us a hop, p99 %.1f us, max %.1f us\n", hops,
              at(0.5), at(0.99), at(1));
  return 0;
}

int node_bench(int argc, const char* const* argv) {
  CLI::App app("Real nodes over loopback, each a process.");
  std::string what = "all";
  std::uint64_t count = 1'500'000;
  SoakOptions soak{.nodes = 10, .degree = 3, .size = 1024, .rate = 10'000, .seconds = 60};
  int rounds = 2000;
  bool no_verdicts = false;
  std::string only;
  app.add_option("what", what, "throughput, latency, soak, hostile (attacks beside a load) or all (the first two)")
      ->check(CLI::IsMember({"all", "throughput", "latency", "soak", "hostile"}));
  app.add_option("--size", soak.size, "bytes of data in a message")
      ->check(CLI::Range(8, 65'000))
      ->capture_default_str();
  app.add_option("--count", count, "messages of throughput")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_flag("--no-verdicts", no_verdicts, "the subscriber of throughput never validates");
  app.add_option("--nodes", soak.nodes, "of latency and soak")->check(CLI::Range(2, 100))->capture_default_str();
  app.add_option("--degree", soak.degree, "of soak")->check(CLI::Range(1, 100))->capture_default_str();
  app.add_option("--rate", soak.rate, "announces a second of soak")
      ->check(CLI::Range(100, 1'000'000))
      ->capture_default_str();
  CLI::Option* seconds =
      app.add_option("--seconds", soak.seconds, "of soak, and of each attack of hostile (there 5 if not given)")
          ->check(CLI::Range(1, 3600))
          ->capture_default_str();
  app.add_option("--only", only, "of hostile: the attacks whose name contains this");
  app.add_option("--rounds", rounds, "of latency")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  try {
    int result = 0;
    if (what == "all" || what == "throughput") result |= node_throughput(soak.size, count, !no_verdicts);
    if (what == "all" || what == "latency") result |= node_latency(soak.nodes, rounds);
    if (what == "soak") result |= node_soak(soak);
    if (what == "hostile") result |= node_hostile(seconds->count() > 0 ? soak.seconds : 5, only);
    return result;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}

}  // namespace gossip::bench
