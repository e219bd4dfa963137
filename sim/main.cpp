#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <sstream>
#include <thread>

#include "sim/machine/process.hpp"
#include "sim/report/report.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/reader.hpp"

namespace {

using namespace gossip;
using namespace gossip::sim;

constexpr int fine = 0, did_not_work = 1, bad_input = 2, interrupted = 130;

std::atomic<bool> stop{false};

/// While peers run, the first Ctrl-C asks for the partial report; the next one is the system's again.
void ask_to_stop(int signal) {
  stop = true;
  std::signal(signal, SIG_DFL);
}

struct Arguments {
  std::string scenario;
  std::vector<std::string> sets;
  std::optional<std::uint64_t> seed;
  std::string json, csv;
  std::uint32_t threads = std::max(1u, std::thread::hardware_concurrency());
  bool wire = false, quiet = false;
};

int unprinted = 0;  // why the first thing that could not be printed was not

/// A report in a file is written all the same, so that this is a failure at the end only.
void print(const std::string& text) {
  errno = 0;
  if (!(std::cout << text << std::flush) && unprinted == 0) unprinted = errno;
}

/// A line on the terminal that is overwritten four times a second.
class ProgressBar {
 public:
  ProgressBar(bool shown, Time duration, std::uint64_t deliveries)
      : shown_(shown), duration_(duration), deliveries_(deliveries) {}
  ~ProgressBar() {
    if (drawn_) std::cerr << "\r\033[K";
  }

  void operator()(Time now, std::uint64_t delivered) {
    const auto time = std::chrono::steady_clock::now();
    if (!shown_ || time - last_ < std::chrono::milliseconds(250)) return;
    last_ = time;
    drawn_ = true;
    // Of the simulated time where that is known, otherwise of what can be delivered.
    const double share =
        duration_ > 0 ? static_cast<double>(now) / static_cast<double>(duration_)
                      : static_cast<double>(delivered) / static_cast<double>(std::max<std::uint64_t>(deliveries_, 1));
    const int filled = std::clamp(static_cast<int>(share * width), 0, width);
    std::cerr << "\r[" << std::string(static_cast<std::size_t>(filled), '#')
              << std::string(static_cast<std::size_t>(width - filled), '.') << "] " << static_cast<int>(share * 100)
              << "%  " << static_cast<double>(now) / 1e9 << " s simulated, " << delivered << " deliveries\033[K"
              << std::flush;
  }

 private:
  static constexpr int width = 40;
  bool shown_, drawn_ = false;
  Time duration_;
  std::uint64_t deliveries_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

Scenario read(const Arguments& arguments) {
  Scenario scenario = read_scenario(arguments.scenario, arguments.sets);
  if (arguments.seed) scenario.seed = *arguments.seed;
  return scenario;
}

int run_command(const Arguments& arguments) {
  const Stopwatch setup;
  if (!arguments.json.empty() && arguments.json != "-") check_writable(arguments.json);
  if (!arguments.csv.empty()) make_folder(arguments.csv);
  const Experiment experiment(read(arguments), arguments.threads);
  Report report{experiment.scenario, describe(experiment.graph, experiment.scenario.seed), {}};
  const double setup_seconds = setup.seconds();
  {
    const std::uint64_t deliveries = experiment.plan.messages.size() * experiment.scenario.peers;
    ProgressBar bar(isatty(STDERR_FILENO) && !arguments.quiet, experiment.scenario.duration, deliveries);
    EngineOptions options;
    options.threads = arguments.threads;
    options.wire = arguments.wire;
    options.record_deliveries = !arguments.csv.empty();
    options.stop = &stop;
    options.progress = [&](Time now, std::uint64_t delivered) { bar(now, delivered); };
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, ask_to_stop);
    report.result = run(experiment, options);
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
  }
  report.result.setup_seconds += setup_seconds;
  if (!arguments.quiet) print(summary(report));
  if (arguments.json == "-") {
    print(report_json(report).dump(2) + "\n");
  } else if (!arguments.json.empty()) {
    write_file(arguments.json, report_json(report).dump(2) + "\n");
  }
  if (!arguments.csv.empty()) write_csv(arguments.csv, report);
  return report.result.interrupted ? interrupted : fine;
}

int check_command(const Arguments& arguments) {
  const Experiment experiment(read(arguments));
  print(arguments.scenario + ": fine: " + std::to_string(experiment.scenario.peers) + " peers, " +
        std::to_string(experiment.graph.links()) + " links\n");
  return fine;
}

void add_scenario(CLI::App& command, Arguments& arguments) {
  command.add_option("scenario", arguments.scenario, "Scenario file")->required();
  command.add_option("--set", arguments.sets, "Replace one value: /json/path=value (may be repeated)")
      ->allow_extra_args(false)
      ->take_all();
  command.add_option("--seed", arguments.seed, "Replace the scenario's seed");
}

int run_program(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // who reads may go: a report in a file is written all the same
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is a write error
  CLI::App app{
      "Runs gossip peers of a scenario file through simulated time and measures how data spreads.\n"
      "Exit codes: 0 fine, 1 it did not work (memory, disk), 2 bad usage or input, 130 interrupted.",
      "gossip-sim"};
  app.require_subcommand(1);
  Arguments arguments;

  CLI::App* run = app.add_subcommand("run", "Run a scenario; Ctrl-C ends it with a partial report");
  add_scenario(*run, arguments);
  run->add_option("--json", arguments.json, "Write the report to this file; - for standard output");
  run->add_option("--csv", arguments.csv, "Write messages.csv, coverage.csv and deliveries.csv to this folder");
  run->add_option("--threads", arguments.threads, "Threads that work on the run; same result (default: one a core)")
      ->check(CLI::Range(1u, 1024u));
  run->add_flag("--wire", arguments.wire, "Encode and decode every frame as a real node would; same result, slower");
  run->add_flag("--quiet", arguments.quiet, "No summary and no progress bar");
  run->footer("Example: gossip-sim run scenarios/quickstart.json --set /workload/0/ttl=3 --json report.json");

  CLI::App* check = app.add_subcommand("check", "Read a scenario and its data files, and say what is wrong");
  add_scenario(*check, arguments);
  CLI::App* schema = app.add_subcommand("schema", "Print the JSON Schema of scenario files");

  const std::string first = argc > 1 ? argv[1] : "--help";
  if (first[0] != '-' && first != "run" && first != "check" && first != "schema") {
    throw InputError("command line", "there is no command '" + first + "': run, check or schema");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream help;
    const int code = app.exit(error, help);
    print(help.str());
    return code == 0 ? fine : bad_input;
  }
  if (*schema) {
    print(scenario_schema());
    return fine;
  }
  return *check ? check_command(arguments) : run_command(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int code = run_program(argc, argv);
    if (unprinted != 0) throw RunError("standard output", std::strerror(unprinted));
    return code;
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
