#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "core/random.hpp"
#include "sim/command/command.hpp"
#include "sim/machine/process.hpp"
#include "sim/report/pictures.hpp"
#include "sim/report/report.hpp"
#include "sim/scenario/input_error.hpp"

namespace gossip::sim {
namespace {

struct Arguments {
  ScenarioArguments scenario;
  std::string json, csv, html;
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

/// Of what is run; its data files are taken on trust.
std::uint64_t fingerprint(const Arguments& arguments) {
  std::stringstream text;
  text << std::ifstream(arguments.scenario.file).rdbuf();
  for (const std::string& set : arguments.scenario.sets) text << '\n' << set;
  if (arguments.scenario.seed) text << "\nseed " << *arguments.scenario.seed;
  text << '\n' << arguments.wire;
  std::uint64_t hash = 0;
  for (const char c : text.str()) hash = mix(hash, static_cast<unsigned char>(c));
  return hash;
}

void check_same(const Arguments& arguments, Ranks& ranks) {
  const auto all = ranks.all(fingerprint(arguments));
  for (std::size_t r = 1; r < all.size(); ++r) {
    if (all[r] != all[0]) {
      throw InputError("rank " + std::to_string(r), "runs another scenario than rank 0: " + arguments.scenario.file +
                                                        " and the options must be the same for all");
    }
  }
}

struct Prepared {
  std::unique_ptr<const Experiment> experiment;
  GraphFacts graph{};
};

Prepared prepare(const Arguments& arguments, const Ranks& ranks) {
  if (ranks.size() > 1 && !arguments.html.empty()) {
    throw InputError("command line", "--html is for one process; leave it out, or run without mpirun");
  }
  Scenario scenario = arguments.scenario.read();
  if (ranks.first()) {
    OutputFiles files(scenario);
    files.claim(arguments.json);
    files.claim(arguments.html);
    files.claim_in(arguments.csv, csv_files());
  }
  Prepared prepared{std::make_unique<Experiment>(std::move(scenario), arguments.threads, ranks)};
  const Experiment& experiment = *prepared.experiment;
  if (ranks.first()) prepared.graph = describe(experiment.graph, experiment.scenario.seed);
  return prepared;
}

Result simulate(const Arguments& arguments, const Experiment& experiment, Ranks& ranks, OrderedJson& drawn) {
  const std::uint64_t deliveries = experiment.plan.messages.size() * experiment.scenario.peers;
  ProgressBar bar(isatty(STDERR_FILENO) && !arguments.quiet && ranks.first(), experiment.scenario.duration,
                  deliveries / ranks.size());
  const StopOnSignal stop;
  EngineOptions options;
  options.threads = arguments.threads;
  options.wire = arguments.wire;
  options.record_deliveries = !arguments.csv.empty();
  options.stop = stop.asked();
  options.progress = [&](Time now, std::uint64_t delivered) { bar(now, delivered); };
  if (arguments.html.empty()) return run(experiment, options, ranks);
  observe_for_page(experiment, options);
  return run(experiment, options, ranks, [&](Engine& engine) { drawn = pictures(engine, experiment); });
}

void write(const Arguments& arguments, const Report& report, const OrderedJson& drawn) {
  if (!arguments.quiet) print(summary(report));
  if (arguments.json == "-") {
    print(report_json(report).dump(2) + "\n");
  } else if (!arguments.json.empty()) {
    write_file(arguments.json, report_json(report).dump(2) + "\n");
  }
  if (!arguments.html.empty()) write_file(arguments.html, page_html(report_json(report), drawn));
  if (!arguments.csv.empty()) write_csv(arguments.csv, report);
}

int run_scenario(const Arguments& arguments, Ranks& ranks) {
  const Stopwatch setup;
  const Prepared prepared = together(ranks, [&] { return prepare(arguments, ranks); });
  check_same(arguments, ranks);
  const Experiment& experiment = *prepared.experiment;
  const double setup_seconds = setup.seconds();
  OrderedJson drawn;
  Report report{experiment.scenario, prepared.graph, simulate(arguments, experiment, ranks, drawn)};
  report.result.setup_seconds += setup_seconds;
  if (ranks.first()) write(arguments, report, drawn);
  return report.result.interrupted ? interrupted : fine;
}

}  // namespace

Command run_command(CLI::App& app, Job& job) {
  const auto arguments = std::make_shared<Arguments>();
  arguments->threads = job.threads();
  CLI::App* run = app.add_subcommand("run", "Run a scenario; Ctrl-C ends it with a partial report");
  arguments->scenario.add_to(*run);
  run->add_option("--json", arguments->json, "Write the report to this file; - for standard output");
  run->add_option("--csv", arguments->csv, "Write messages.csv, coverage.csv and deliveries.csv to this folder");
  run->add_option("--html", arguments->html,
                  "Write the report as a page for a browser, without any network; counts each peer's frames: slower");
  run->add_option("--threads", arguments->threads,
                  "Threads that work on the run; same result (default: one a core, with mpirun a share)")
      ->check(CLI::Range(1u, 1024u));
  run->add_flag("--wire", arguments->wire, "Encode and decode every frame as a real node would; same result, slower");
  run->add_flag("--quiet", arguments->quiet, "No summary and no progress bar");
  run->footer("Example: gossip-sim run scenarios/quickstart.json --set /workload/0/ttl=3 --json report.json");
  return {run, [arguments, &job] { return run_scenario(*arguments, job.ranks()); }};
}

}  // namespace gossip::sim
