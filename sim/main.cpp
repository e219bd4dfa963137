#include <algorithm>
#include <iostream>

#include "sim/command/command.hpp"
#include "sim/scenario/input_error.hpp"

namespace {

using namespace gossip::sim;

/// "run, check or schema"
std::string names_of(const std::vector<Command>& commands) {
  std::string names;
  for (const Command& command : commands) {
    const bool last = &command == &commands.back();
    names += (names.empty() ? "" : last ? " or " : ", ") + command.app->get_name();
  }
  return names;
}

int run_program(int argc, char** argv) {
  CLI::App app{
      "Runs gossip peers of a scenario file through simulated time and measures how data spreads.\n"
      "Exit codes: 0 fine, 1 it did not work (memory, disk) or is past a tolerance, 2 bad usage or input, "
      "130 interrupted.",
      "gossip-sim"};
  app.require_subcommand(1);
  const std::vector<Command> commands{run_command(app),     check_command(app),   sweep_command(app),
                                      compare_command(app), explain_command(app), schema_command(app)};

  const std::string first = argc > 1 ? argv[1] : "--help";
  const auto named = [&](const Command& command) { return command.app->get_name() == first; };
  if (first[0] != '-' && std::ranges::none_of(commands, named)) {
    throw InputError("command line", "there is no command '" + first + "': " + names_of(commands));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? fine : bad_input;
  }
  const auto asked = std::ranges::find_if(commands, [](const Command& command) { return command.app->parsed(); });
  return asked->run();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_program(argc, argv);
  } catch (const InputError& error) {
    std::cerr << "gossip-sim: " << error.what() << '\n';
    return bad_input;
  } catch (const RunError& error) {
    std::cerr << "gossip-sim: " << error.what() << '\n';
    return did_not_work;
  } catch (const std::bad_alloc&) {
    std::cerr << "gossip-sim: not enough memory for this scenario\n";
    return did_not_work;
  }
}
