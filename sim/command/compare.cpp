#include "sim/study/compare.hpp"

#include <algorithm>
#include <memory>
#include <sstream>

#include "sim/command/command.hpp"

namespace gossip::sim {
namespace {

struct Arguments {
  std::string before, after;
  std::vector<std::string> tolerances;
  bool all = false, quiet = false;
};

int compare_reports(const Arguments& arguments) {
  const Tolerances tolerances = read_tolerances(arguments.tolerances);
  const Comparison comparison = compare(read_report(arguments.before), read_report(arguments.after), tolerances);
  std::ostringstream table;
  print_comparison(table, comparison, arguments.all);
  if (!arguments.quiet) print(table.str());
  return std::ranges::any_of(comparison.figures, &Change::past) ? did_not_work : fine;
}

}  // namespace

Command compare_command(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("compare", "Two reports side by side; exit code 1 past a tolerance");
  command->add_option("before", arguments->before, "Report, as run --json writes it")->required();
  command->add_option("after", arguments->after, "Report that is held against it")->required();
  command
      ->add_option("--tolerance", arguments->tolerances,
                   "How far figures may be from the first report's: 5%, or latency_ms.p99=5% for one (may be repeated)")
      ->allow_extra_args(false)
      ->take_all();
  command->add_flag("--all", arguments->all, "Also what is equal");
  command->add_flag("--quiet", arguments->quiet, "Only the exit code");
  command->footer("Example: gossip-sim compare main.json branch.json --tolerance 2% --tolerance latency_ms.max=10%");
  return {command, [arguments] { return compare_reports(*arguments); }};
}

}  // namespace gossip::sim
