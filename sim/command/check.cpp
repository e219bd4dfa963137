#include <memory>

#include "sim/command/command.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/world/experiment.hpp"

namespace gossip::sim {

Command check_command(CLI::App& app) {
  const auto arguments = std::make_shared<ScenarioArguments>();
  CLI::App* check = app.add_subcommand("check", "Read a scenario and its data files, and say what is wrong");
  arguments->add_to(*check);
  return {check, [arguments] {
            const Experiment experiment(arguments->read());
            print(arguments->file + ": fine: " + std::to_string(experiment.scenario.peers) + " peers, " +
                  std::to_string(experiment.graph.links()) + " links\n");
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
