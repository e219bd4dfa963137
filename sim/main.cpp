#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>

#include "core/random.hpp"
#include "sim/machine/mpi.hpp"
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
  std::uint32_t threads;
  bool wire = false, quiet = false;
};

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

/// Where one rank cannot go on from here, none does.
template <class Make>
auto together(Ranks& ranks, Make&& make) {
  decltype(make()) made;
  std::exception_ptr mine;
  std::string error;
  try {
    made = make();
  } catch (const InputError& wrong) {
    mine = std::current_exception();
    error = wrong.what();
  }
  std::vector<Packet> out(ranks.size()), in(ranks.size());
  for (Packet& packet : out) packet.put(std::span<const char>(error));
  ranks.exchange(out, in);
  if (mine != nullptr) std::rethrow_exception(mine);
  for (std::uint32_t r = 0; r < ranks.size(); ++r) {
    const auto text = r == ranks.rank() ? std::span<const char>() : in[r].take<char>();
    if (!text.empty()) throw InputError("rank " + std::to_string(r), std::string(text.begin(), text.end()));
  }
  return made;
}

struct Prepared {
  std::unique_ptr<const Experiment> experiment;
  GraphFacts graph{};
};

/// Of what is run; its data files are taken on trust.
std::uint64_t fingerprint(const Arguments& arguments) {
  std::stringstream text;
  text << std::ifstream(arguments.scenario).rdbuf();
  for (const std::string& set : arguments.sets) text << '\n' << set;
  text << '\n' << arguments.seed.value_or(0) << arguments.wire;
  std::uint64_t hash = 0;
  for (const char c : text.str()) hash = mix(hash, static_cast<unsigned char>(c));
  return hash;
}

void check_same(const Arguments& arguments, Ranks& ranks) {
  const auto all = ranks.all(fingerprint(arguments));
  for (std::size_t r = 1; r < all.size(); ++r) {
    if (all[r] != all[0]) {
      throw InputError("rank " + std::to_string(r), "runs another scenario than rank 0: " + arguments.scenario +
                                                        " and the options must be the same for all");
    }
  }
}

Prepared prepare(const Arguments& arguments, const Ranks& ranks) {
  if (ranks.first()) {
    if (!arguments.json.empty() && arguments.json != "-") check_writable(arguments.json);
    if (!arguments.csv.empty()) make_folder(arguments.csv);
  }
  Prepared prepared{std::make_unique<Experiment>(read(arguments), arguments.threads, ranks)};
  const Experiment& experiment = *prepared.experiment;
  if (ranks.first()) prepared.graph = describe(experiment.graph, experiment.scenario.seed);
  return prepared;
}

Result run_peers(const Experiment& experiment, const Arguments& arguments, Ranks& ranks) {
  const std::uint64_t deliveries = experiment.plan.messages.size() * experiment.scenario.peers;
  ProgressBar bar(isatty(STDERR_FILENO) && !arguments.quiet && ranks.first(), experiment.scenario.duration,
                  deliveries / ranks.size());
  EngineOptions options;
  options.threads = arguments.threads;
  options.wire = arguments.wire;
  options.record_deliveries = !arguments.csv.empty();
  options.stop = &stop;
  options.progress = [&](Time now, std::uint64_t delivered) { bar(now, delivered); };
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, ask_to_stop);
  Result result = run(experiment, options, ranks);
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
  return result;
}

int run_command(const Arguments& arguments, Ranks& ranks) {
  const Stopwatch setup;
  const Prepared prepared = together(ranks, [&] { return prepare(arguments, ranks); });
  check_same(arguments, ranks);
  const Experiment& experiment = *prepared.experiment;
  const double setup_seconds = setup.seconds();
  Report report{experiment.scenario, prepared.graph, run_peers(experiment, arguments, ranks)};
  const int code = report.result.interrupted ? interrupted : fine;
  if (!ranks.first()) return code;
  report.result.setup_seconds += setup_seconds;
  if (!arguments.quiet) print_summary(std::cout, report);
  if (arguments.json == "-") {
    std::cout << report_json(report).dump(2) << '\n';
  } else if (!arguments.json.empty()) {
    write_file(arguments.json, report_json(report).dump(2) + "\n");
  }
  if (!arguments.csv.empty()) write_csv(arguments.csv, report);
  return code;
}

int check_command(const Arguments& arguments) {
  const Experiment experiment(read(arguments));
  std::cout << arguments.scenario << ": fine: " << experiment.scenario.peers << " peers, " << experiment.graph.links()
            << " links\n";
  return 0;
}

void add_scenario(CLI::App& command, Arguments& arguments) {
  command.add_option("scenario", arguments.scenario, "Scenario file")->required();
  command.add_option("--set", arguments.sets, "Replace one value: /json/path=value (may be repeated)")
      ->allow_extra_args(false)
      ->take_all();
  command.add_option("--seed", arguments.seed, "Replace the scenario's seed");
}

int run_program(int argc, char** argv, Job& job) {
  CLI::App app{
      "Runs gossip peers of a scenario file through simulated time and measures how data spreads.\n"
      "Exit codes: 0 fine, 1 it did not work (memory, disk), 2 bad usage or input, 130 interrupted.",
      "gossip-sim"};
  app.require_subcommand(1);
  Arguments arguments;
  arguments.threads = job.threads();

  CLI::App* run = app.add_subcommand("run", "Run a scenario; Ctrl-C ends it with a partial report");
  add_scenario(*run, arguments);
  run->add_option("--json", arguments.json, "Write the report to this file; - for standard output");
  run->add_option("--csv", arguments.csv, "Write messages.csv, coverage.csv and deliveries.csv to this folder");
  run->add_option("--threads", arguments.threads,
                  "Threads that work on the run; same result (default: one a core; with mpirun, a share of them)")
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
    std::ostream nowhere(nullptr);
    const bool says = job.ranks().first();
    const int code = app.exit(error, says ? std::cout : nowhere, says ? std::cerr : nowhere);
    return code == 0 ? 0 : bad_input;
  }
  if (!*run && !job.ranks().first()) return fine;
  if (*schema) {
    std::cout << scenario_schema();
    return 0;
  }
  return *check ? check_command(arguments) : run_command(arguments, job.ranks());
}

/// An error that all ranks have is said by one.
int say(Ranks& ranks, const std::string& error, int code) {
  if (ranks.first()) std::cerr << "gossip-sim: " << error << '\n';
  return code;
}

int run_job(int argc, char** argv, Job& job) {
  try {
    return run_program(argc, argv, job);
  } catch (const InputError& error) {
    return say(job.ranks(), error.what(), bad_input);
  } catch (const RunError& error) {
    return say(job.ranks(), error.what(), did_not_work);
  } catch (const std::bad_alloc&) {
    const std::string who = job.ranks().size() > 1 ? "rank " + std::to_string(job.ranks().rank()) + ": " : "";
    std::cerr << "gossip-sim: " << who << "not enough memory for this scenario\n";
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
