#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include "sim/command/command.hpp"
#include "sim/machine/process.hpp"
#include "sim/report/pictures.hpp"
#include "sim/report/report.hpp"

namespace gossip::sim {
namespace {

struct Arguments {
  ScenarioArguments scenario;
  std::string json, csv, html;
  std::uint32_t threads = std::max(1u, std::thread::hardware_concurrency());
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

Result simulate(const Arguments& arguments, const Experiment& experiment, OrderedJson& drawn) {
  const std::uint64_t deliveries = experiment.plan.messages.size() * experiment.scenario.peers;
  ProgressBar bar(isatty(STDERR_FILENO) && !arguments.quiet, experiment.scenario.duration, deliveries);
  const StopOnSignal stop;
  EngineOptions options;
  options.threads = arguments.threads;
  options.wire = arguments.wire;
  options.record_deliveries = !arguments.csv.empty();
  options.stop = stop.asked();
  options.progress = [&](Time now, std::uint64_t delivered) { bar(now, delivered); };
  if (arguments.html.empty()) return run(experiment, options);
  observe_for_page(experiment, options);
  return run(experiment, options, [&](Engine& engine) { drawn = pictures(engine, experiment); });
}

int run_scenario(const Arguments& arguments) {
  const Stopwatch setup;
  Scenario scenario = arguments.scenario.read();
  OutputFiles files(scenario);
  files.claim(arguments.json);
  files.claim(arguments.html);
  files.claim_in(arguments.csv, csv_files());
  const Experiment experiment(std::move(scenario), arguments.threads);
  Report report{experiment.scenario, describe(experiment.graph, experiment.scenario.seed), {}};
  const double setup_seconds = setup.seconds();
  OrderedJson drawn;
  report.result = simulate(arguments, experiment, drawn);
  report.result.setup_seconds += setup_seconds;
  if (!arguments.quiet) print_summary(std::cout, report);
  if (arguments.json == "-") {
    std::cout << report_json(report).dump(2) << '\n';
  } else if (!arguments.json.empty()) {
    write_file(arguments.json, report_json(report).dump(2) + "\n");
  }
  if (!arguments.html.empty()) write_file(arguments.html, page_html(report_json(report), drawn));
  if (!arguments.csv.empty()) write_csv(arguments.csv, report);
  return report.result.interrupted ? interrupted : fine;
}

}  // namespace

Command run_command(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* run = app.add_subcommand("run", "Run a scenario; Ctrl-C ends it with a partial report");
  arguments->scenario.add_to(*run);
  run->add_option("--json", arguments->json, "Write the report to this file; - for standard output");
  run->add_option("--csv", arguments->csv, "Write messages.csv, coverage.csv and deliveries.csv to this folder");
  run->add_option("--html", arguments->html,
                  "Write the report as a page for a browser, without any network; counts each peer's frames: slower");
  run->add_option("--threads", arguments->threads, "Threads that work on the run; same result (default: one a core)")
      ->check(CLI::Range(1u, 1024u));
  run->add_flag("--wire", arguments->wire, "Encode and decode every frame as a real node would; same result, slower");
  run->add_flag("--quiet", arguments->quiet, "No summary and no progress bar");
  run->footer("Example: gossip-sim run scenarios/quickstart.json --set /workload/0/ttl=3 --json report.json");
  return {run, [arguments] { return run_scenario(*arguments); }};
}

}  // namespace gossip::sim
