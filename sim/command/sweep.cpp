#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include "sim/command/command.hpp"
#include "sim/report/report.hpp"
#include "sim/report/words.hpp"
#include "sim/study/sweep_report.hpp"

namespace gossip::sim {
namespace {

struct Arguments {
  ScenarioArguments scenario;
  std::string folder;
  std::uint32_t threads = std::max(1u, std::thread::hardware_concurrency());
  double least_coverage = 0.99;  // guess: below it peers are left behind, and latency says little
  bool quiet = false;
};

void show(const SweepProgress& progress) {
  const double each = progress.seconds / static_cast<double>(progress.here);
  const double left = each * static_cast<double>(progress.runs - progress.done);
  std::cerr << "\r" << progress.done << " of " << progress.runs << " runs, " << fixed_text(progress.seconds, 0)
            << " s, about " << fixed_text(left, 0) << " s left\033[K" << std::flush;
}

std::vector<SweepRow> run_all(const Arguments& arguments, const SweepPlan& plan) {
  const bool shown = isatty(STDERR_FILENO) && !arguments.quiet;
  const StopOnSignal stop;
  SweepOptions options{arguments.threads, stop.asked(), {}};
  if (shown) options.progress = show;
  std::vector<SweepRow> rows = run_sweep(plan, arguments.folder, options);
  if (shown) std::cerr << "\r\033[K";
  return rows;
}

int sweep(Arguments arguments) {
  const Scenario base = arguments.scenario.read();
  if (arguments.folder.empty()) arguments.folder = std::filesystem::path(base.file).stem().string() + ".sweep";
  const SweepPlan plan = plan_sweep(base, arguments.scenario.sets);
  const std::vector<std::string> names{"runs.csv", "summary.csv", "summary.txt"};
  OutputFiles(base).claim_in(arguments.folder, names);
  const std::vector<SweepRow> rows = run_all(arguments, plan);
  const auto missing = std::ranges::count_if(rows, [](const SweepRow& row) { return row.empty(); });
  if (missing > 0) {
    std::cerr << "gossip-sim: interrupted with " << missing << " of " << rows.size()
              << " runs to do; the same command goes on from there\n";
    return interrupted;
  }
  std::ostringstream words;
  print_sweep(words, plan, rows, arguments.least_coverage);
  const std::filesystem::path folder(arguments.folder);
  write_file((folder / names[0]).string(), runs_csv(plan, rows));
  write_file((folder / names[1]).string(), summary_csv(plan, rows));
  write_file((folder / names[2]).string(), words.str());
  if (!arguments.quiet) print(base.name + "   " + words.str() + "\nTables: " + arguments.folder + "\n");
  return fine;
}

}  // namespace

Command sweep_command(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("sweep",
                                         "Run all settings of a scenario's section \"sweep\"; goes on where it "
                                         "was interrupted");
  arguments->scenario.add_to(*command);
  command->add_option("--out", arguments->folder,
                      "Folder for runs.csv, summary.csv, summary.txt and what is done so far (default: the scenario's "
                      "name with .sweep, here)");
  command->add_option("--threads", arguments->threads, "Runs at a time; same result (default: one a core)")
      ->check(CLI::Range(1u, 1024u));
  command
      ->add_option("--least-coverage", arguments->least_coverage,
                   "Share of the peers that were up that a setting must reach to be recommended (default: 0.99)")
      ->check(CLI::Range(0.0, 1.0));
  command->add_flag("--quiet", arguments->quiet, "Nothing on the terminal");
  command->footer("Example: gossip-sim sweep scenarios/fanout-sweep.json --out results");
  return {command, [arguments] { return sweep(*arguments); }};
}

}  // namespace gossip::sim
