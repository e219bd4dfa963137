#include "bench/scale_bench.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "sim/machine/process.hpp"

namespace gossip::bench {
namespace {

struct ScaleRun {
  std::uint64_t events;
  double run, setup, whole;  // seconds; the whole process
  double bytes;              // a peer
  std::string trace;
};

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), [](FILE*) { return 0; });
  if (!pipe) throw std::runtime_error("cannot run " + command);
  std::string text;
  std::array<char, 4096> part;
  for (std::size_t size = 0; (size = std::fread(part.data(), 1, part.size(), pipe.get())) > 0;) {
    text.append(part.data(), size);
  }
  if (pclose(pipe.get()) != 0) throw std::runtime_error("this failed: " + command);
  return text;
}

ScaleRun run_once(const ScaleOptions& options, std::uint32_t peers, std::uint32_t threads, std::uint32_t ranks) {
  const std::string mpirun = ranks > 1 ? "mpirun --oversubscribe --bind-to none -n " + std::to_string(ranks) + " " : "";
  const sim::Stopwatch watch;
  const auto report = nlohmann::json::parse(output_of(mpirun + "'" + options.program + "' run '" + options.scenario +
                                                      "' --quiet --json - --threads " + std::to_string(threads) +
                                                      " --set /peers=" + std::to_string(peers)));
  return {report.at("events"), report.at("wall_seconds").at("run"), report.at("wall_seconds").at("setup"),
          watch.seconds(),     report.at("bytes_per_peer"),         report.at("trace_hash")};
}

/// By the time of the run.
ScaleRun median_run(const ScaleOptions& options, std::uint32_t peers, std::uint32_t threads, std::uint32_t ranks) {
  std::vector<ScaleRun> runs;
  for (std::uint32_t i = 0; i < options.repeat; ++i) runs.push_back(run_once(options, peers, threads, ranks));
  std::ranges::sort(runs, {}, &ScaleRun::run);
  return runs[runs.size() / 2];
}

}  // namespace

bool run_scale_bench(const ScaleOptions& options) {
  std::printf("%s, median of %u runs\n\n", options.scenario.c_str(), options.repeat);
  std::printf("%10s %6s %8s %12s %9s %9s %8s %9s %9s %9s  %s\n", "peers", "ranks", "threads", "events", "M/s",
              "ns/event", "speed-up", "set-up s", "whole s", "B/peer", "trace");
  bool same = true;
  for (const std::uint32_t peers : options.peers) {
    std::string trace;
    double one = 0;
    for (const std::uint32_t ranks : options.ranks) {
      for (const std::uint32_t threads : options.threads) {
        const ScaleRun run = median_run(options, peers, threads, ranks);
        if (trace.empty()) {
          trace = run.trace;
          one = run.run;
        }
        same &= run.trace == trace;
        const auto events = static_cast<double>(run.events);
        std::printf("%10u %6u %8u %12llu %9.2f %9.1f %7.2fx %9.3f %9.3f %9.0f  %s\n", peers, ranks, threads,
                    static_cast<unsigned long long>(run.events), events / run.run / 1e6, run.run * 1e9 / events,
                    one / run.run, run.setup, run.whole, run.bytes, run.trace.c_str());
        std::fflush(stdout);
      }
    }
  }
  if (!same) std::printf("\nTraces differ: a result must not depend on threads or ranks.\n");
  return same;
}

}  // namespace gossip::bench
