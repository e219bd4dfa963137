#include <algorithm>
#include <memory>

#include "core/config/units.hpp"
#include "sim/command/command.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/world/experiment.hpp"

namespace gossip::sim {
namespace {

/// What was measured of the links, and what was not.
std::string latencies(const Experiment& experiment) {
  std::string text;
  if (const std::uint64_t missing = experiment.latency.missing(); missing > 0) {
    text = "latencies: the matrix misses " + std::to_string(missing) + " pairs of hosts; they are drawn from the others\n";
  }
  std::vector<Duration> known;
  for (const Duration latency : experiment.graph.latency) {
    if (latency >= 0) known.push_back(latency);
  }
  if (known.empty()) return text;
  std::ranges::sort(known);
  const std::uint64_t links = experiment.graph.links(), missing = links - known.size() / 2;
  return text + "latencies: " + std::to_string(known.size() / 2) + " links have the file's, from " +
         duration_text(known.front()) + ", median " + duration_text(known[(known.size() - 1) / 2]) + ", to " +
         duration_text(known.back()) + "; " + std::to_string(missing) + " are missing there" +
         (missing > 0 ? " and take /links/latency\n" : "\n");
}

}  // namespace


Command check_command(CLI::App& app) {
  const auto arguments = std::make_shared<ScenarioArguments>();
  CLI::App* check = app.add_subcommand("check", "Read a scenario and its data files, and say what is wrong");
  arguments->add_to(*check);
  return {check, [arguments] {
            const Experiment experiment(arguments->read());
            print(arguments->file + ": fine: " + std::to_string(experiment.scenario.peers) + " peers, " +
                  std::to_string(experiment.graph.links()) + " links\n" + latencies(experiment));
            return fine;
          }};
}

Command schema_command(CLI::App& app) {
  CLI::App* schema = app.add_subcommand("schema", "Print the JSON Schema of scenario files");
  return {schema, [] {
            print(scenario_schema());
            return fine;
          }};
}

}  // namespace gossip::sim
