#include "bench/engine_bench.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "bench/child.hpp"
#include "bench/heap_flood.hpp"
#include "sim/machine/process.hpp"
#include "sim/report/run.hpp"

namespace gossip::bench {

namespace {

constexpr std::uint32_t most_repeats = 100;

sim::Scenario million(std::uint32_t peers) {
  sim::Scenario scenario;
  scenario.file = "gossip-bench";
  scenario.peers = peers;
  scenario.topology = sim::RandomOut{8};
  scenario.links.latency = sim::Uniform{10 * millisecond, 100 * millisecond};
  scenario.protocol.of<Intake>().seen_capacity = 16;
  sim::Workload message;
  message.from = sim::Workload::From::peers;
  message.peers = {0};
  scenario.workload = {message};
  return scenario;
}

struct EngineRun {
  FloodOutcome outcome;
  double setup_seconds;
};

EngineRun engine_flood(const sim::Experiment& experiment) {
  const sim::Result result = sim::run(experiment);
  const sim::MessageResult& message = result.messages.at(0);
  return {{result.payload_messages, message.deliveries, message.last_delivery, result.run_seconds},
          result.setup_seconds};
}

/// What one process measured of both, in turn, over the same graph. Fixed size, for the pipe.
struct Times {
  std::uint64_t frames;
  double graph_seconds;
  std::array<double, most_repeats> engine, heap, setup;
};

Times measure_times(std::uint32_t peers, std::uint32_t repeat) {
  Times times{};
  const sim::Stopwatch drawing;
  const sim::Experiment experiment(million(peers));
  times.graph_seconds = drawing.seconds();
  for (std::uint32_t i = 0; i < repeat; ++i) {
    const EngineRun engine = engine_flood(experiment);
    const FloodOutcome heap = heap_flood(experiment.graph, experiment.latency);
    if (!engine.outcome.same_flood(heap)) throw std::runtime_error("engine and heap loop disagree on the flood");
    times.frames = heap.frames;
    times.engine[i] = engine.outcome.seconds;
    times.heap[i] = heap.seconds;
    times.setup[i] = engine.setup_seconds;
  }
  return times;
}

/// From an empty process: making the graph included.
std::uint64_t engine_peak_bytes(std::uint32_t peers) {
  engine_flood(sim::Experiment(million(peers)));
  return sim::peak_rss_bytes();
}

std::uint64_t heap_peak_bytes(std::uint32_t peers) {
  const sim::Experiment experiment(million(peers));
  heap_flood(experiment.graph, experiment.latency);
  return sim::peak_rss_bytes();
}

/// The best-known line's rate: `PROGRAM peers 1 0 3` prints a line a repetition with `Mev/s=` in it.
double bound_rate(const std::string& program, std::uint32_t peers) {
  const std::string command = "'" + program + "' " + std::to_string(peers) + " 1 0 3";
  const std::unique_ptr<FILE, int (*)(FILE*)> output(popen(command.c_str(), "r"), pclose);
  if (!output) throw std::runtime_error("cannot run " + program);
  std::optional<double> rate;
  std::array<char, 1024> line;
  while (std::fgets(line.data(), line.size(), output.get()) != nullptr) {
    const std::string text = line.data();
    const std::size_t key = text.find("Mev/s=");
    if (key != std::string::npos) rate = std::strtod(text.c_str() + key + 6, nullptr);
  }
  if (!rate || *rate <= 0) throw std::runtime_error(program + " printed no Mev/s=");
  return *rate * 1e6;
}

double median(const std::array<double, most_repeats>& values, std::uint32_t count) {
  std::vector<double> sorted(values.begin(), values.begin() + count);
  std::ranges::sort(sorted);
  return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

struct Row {
  std::uint32_t peers;
  std::uint64_t frames;
  double engine, heap;  // frames that arrived per second, duplicates included
  std::optional<double> bound;
  double graph_seconds, setup_seconds;
  double engine_bytes, heap_bytes;  // peak, a peer
};

Row measure(std::uint32_t peers, const EngineBenchOptions& options) {
  Row row{};
  row.peers = peers;
  if (!options.bound.empty()) row.bound = bound_rate(options.bound, peers);
  const Times times = in_child([&] { return measure_times(peers, options.repeat); });
  row.frames = times.frames;
  row.engine = static_cast<double>(times.frames) / median(times.engine, options.repeat);
  row.heap = static_cast<double>(times.frames) / median(times.heap, options.repeat);
  row.graph_seconds = times.graph_seconds;
  row.setup_seconds = median(times.setup, options.repeat);
  row.engine_bytes = static_cast<double>(in_child([&] { return engine_peak_bytes(peers); })) / peers;
  row.heap_bytes = static_cast<double>(in_child([&] { return heap_peak_bytes(peers); })) / peers;
  return row;
}

void print_head(bool bound) {
  std::printf("%10s %12s %11s %11s %8s", "peers", "frames", "engine M/s", "heap M/s", "ratio");
  if (bound) std::printf(" %10s %9s", "bound M/s", "of bound");
  std::printf(" %9s %9s %13s %11s\n", "graph s", "set-up s", "engine B/peer", "heap B/peer");
}

void print(const Row& row) {
  std::printf("%10u %12llu %11.2f %11.2f %7.2fx", row.peers, static_cast<unsigned long long>(row.frames),
              row.engine / 1e6, row.heap / 1e6, row.engine / row.heap);
  if (row.bound) std::printf(" %10.2f %8.2fx", *row.bound / 1e6, row.engine / *row.bound);
  std::printf(" %9.3f %9.3f %13.0f %11.0f\n", row.graph_seconds, row.setup_seconds, row.engine_bytes, row.heap_bytes);
}

nlohmann::json to_json(const Row& row) {
  nlohmann::json json{{"peers", row.peers},
                      {"frames", row.frames},
                      {"engine_frames_per_second", row.engine},
                      {"heap_frames_per_second", row.heap},
                      {"ratio", row.engine / row.heap},
                      {"graph_seconds", row.graph_seconds},
                      {"setup_seconds", row.setup_seconds},
                      {"engine_peak_bytes_per_peer", row.engine_bytes},
                      {"heap_peak_bytes_per_peer", row.heap_bytes}};
  if (row.bound) json["bound_frames_per_second"] = *row.bound;
  return json;
}

void write(const std::string& path, const nlohmann::json& json) {
  std::ofstream out(path);
  out << json.dump(2) << '\n';
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace

void run_engine_bench(const EngineBenchOptions& options) {
  std::printf(
      "One message floods a random graph, 8 links out, 10-100 ms a link. Rates: frames that arrived a second,\n"
      "median of %u. Engine and heap loop take turns in one process; peak memory from processes of their own.\n\n",
      options.repeat);
  print_head(!options.bound.empty());
  nlohmann::json rows = nlohmann::json::array();
  for (const std::uint32_t peers : options.peers) {
    const Row row = measure(peers, options);
    print(row);
    std::fflush(stdout);
    rows.push_back(to_json(row));
  }
  if (!options.json.empty()) write(options.json, {{"benchmark", "engine"}, {"repeat", options.repeat}, {"rows", rows}});
}

}  // namespace gossip::bench
