#include <algorithm>
#include <csignal>
#include <iostream>
#include <sstream>

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

int run_program(int argc, char** argv, Job& job) {
  std::signal(SIGPIPE, SIG_IGN);  // who reads may go: a report in a file is written all the same
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is a write error
  CLI::App app{
      "Runs gossip peers of a scenario file through simulated time and measures how data spreads.\n"
      "Exit codes: 0 fine, 1 it did not work (memory, disk) or is past a tolerance, 2 bad usage or input, "
      "130 interrupted.",
      "gossip-sim"};
  app.require_subcommand(1);
  const std::vector<Command> commands{run_command(app, job), check_command(app),   sweep_command(app),
                                      compare_command(app),  explain_command(app), schema_command(app)};

  const std::string first = argc > 1 ? argv[1] : "--help";
  const auto named = [&](const Command& command) { return command.app->get_name() == first; };
  if (first[0] != '-' && std::ranges::none_of(commands, named)) {
    throw InputError("command line", "there is no command '" + first + "': " + names_of(commands));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream help, wrong;
    const int code = app.exit(error, help, wrong);
    if (job.ranks().first()) std::cerr << wrong.str();
    if (job.ranks().first()) print(help.str());
    return code == 0 ? fine : bad_input;
  }
  // Only a run is for several.
  if (!job.ranks().first() && !commands.front().app->parsed()) return fine;
  const auto asked = std::ranges::find_if(commands, [](const Command& command) { return command.app->parsed(); });
  return asked->run();
}

/// An error that all ranks have is said by one.
int say(Ranks& ranks, const std::string& error, int code) {
  if (ranks.first()) std::cerr << "gossip-sim: " << error << '\n';
  return code;
}

int run_job(int argc, char** argv, Job& job) {
  try {
    const int code = run_program(argc, argv, job);
    check_printed();
    return code;
  } catch (const InputError& error) {
    return say(job.ranks(), error.what(), bad_input);
  } catch (const RunError& error) {
    return say(job.ranks(), error.what(), did_not_work);
  } catch (const std::bad_alloc&) {
    const bool several = job.ranks().size() > 1;
    std::cerr << "gossip-sim: " << (several ? "rank " + std::to_string(job.ranks().rank()) + ": " : "")
              << "not enough memory for this scenario\n";
    job.abort(did_not_work);
    return did_not_work;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Job job;
    return run_job(argc, argv, job);
  } catch (const InputError& error) {
    std::cerr << "gossip-sim: " << error.what() << '\n';
    return bad_input;
  }
}
