#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/machine/mpi.hpp"
#include "sim/scenario/scenario.hpp"

/// The subcommands of gossip-sim, a file each.
namespace gossip::sim {

// Exit codes.
inline constexpr int fine = 0, did_not_work = 1, bad_input = 2, interrupted = 130;

/// A subcommand, and what it does once the command line is read: returns an exit code, throws InputError or RunError.
struct Command {
  CLI::App* app;
  std::function<int()> run;
};
Command run_command(CLI::App& app, Job& job);
Command check_command(CLI::App& app);
Command schema_command(CLI::App& app);
Command sweep_command(CLI::App& app);
Command compare_command(CLI::App& app);
Command explain_command(CLI::App& app);

/// To standard output. A report in a file is written all the same when that fails; check_printed() throws RunError then.
void print(const std::string& text);
void check_printed();

/// Which scenario, and where it is other than its file says.
struct ScenarioArguments {
  std::string file;
  std::vector<std::string> sets;
  std::optional<std::uint64_t> seed;

  void add_to(CLI::App& command);
  Scenario read() const;
};

/// While this is there, the first Ctrl-C (or SIGTERM) asks to stop; the next one is the system's again.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  const std::atomic<bool>* asked() const;
};

/// Files that a command writes: none of them is a file that the scenario is made of, no two are the same, and all can be
/// written. Asked before a long run, so that its result is not lost at the end. Throws InputError.
class OutputFiles {
 public:
  explicit OutputFiles(const Scenario& scenario);
  /// Nothing happens with an empty name, or with - (standard output).
  void claim(const std::string& file);
  /// Makes the folder too.
  void claim_in(const std::string& folder, const std::vector<std::string>& files);

 private:
  std::vector<std::string> inputs_, claimed_;
};

}  // namespace gossip::sim
