#include "sim/study/explain.hpp"

#include <algorithm>
#include <memory>
#include <sstream>
#include <thread>

#include "sim/command/command.hpp"
#include "sim/scenario/input_error.hpp"

namespace gossip::sim {
namespace {

struct Arguments {
  ScenarioArguments scenario;
  std::uint32_t message = 0;
  std::string peer;
  std::uint32_t threads = std::max(1u, std::thread::hardware_concurrency());
};

void check_below(std::uint32_t value, std::size_t count, const std::string& option, const std::string& what) {
  if (value < count) return;
  throw InputError(option + ' ' + std::to_string(value),
                   count == 0 ? "the scenario has no " + what
                              : "the scenario has the " + what + " 0 to " + std::to_string(count - 1));
}

int explain_one(const Arguments& arguments) {
  const Experiment experiment(arguments.scenario.read(), arguments.threads);
  check_below(arguments.message, experiment.plan.messages.size(), "--message", "messages");
  const std::uint32_t peers = experiment.scenario.peers;
  const auto found_peer = experiment.graph.names.find(arguments.peer, peers);
  if (!found_peer) {
    const NodeNames& names = experiment.graph.names;
    throw InputError("--peer " + arguments.peer,
                     names.empty() ? "the scenario has the peers 0 to " + std::to_string(peers - 1)
                                   : "the scenario has no such peer, but " + names.some(peers));
  }
  const StopOnSignal stop;
  EngineOptions options;
  options.threads = arguments.threads;
  options.stop = stop.asked();
  const MessageRef message{arguments.message};
  const PeerId peer{*found_peer};
  const std::optional<Explanation> found = explain(experiment, message, peer, options);
  if (!found) return interrupted;
  std::ostringstream words;
  print_explanation(words, experiment, message, peer, *found);
  print(words.str());
  return fine;
}

}  // namespace

Command explain_command(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("explain", "The path of a message to a peer, or why it never came: runs the scenario again");
  arguments->scenario.add_to(*command);
  command->add_option("--message", arguments->message, "Which, in the order of announcement, from 0")->required();
  command->add_option("--peer", arguments->peer, "To whom; a graph file's peers by name")->required();
  command
      ->add_option("--threads", arguments->threads, "Threads that work on the run; same result (default: one a core)")
      ->check(CLI::Range(1u, 1024u));
  command->footer("Example: gossip-sim explain scenarios/ttl.json --message 0 --peer 42");
  return {command, [arguments] { return explain_one(*arguments); }};
}

}  // namespace gossip::sim
