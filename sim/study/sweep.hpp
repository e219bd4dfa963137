#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"

/// Many runs of one scenario: every combination of the values that its section "sweep" lists, each with some seeds.
namespace gossip::sim {

/// What is to be run. Runs are numbered: all seeds of one setting after each other, the last axis changes fastest.
struct SweepPlan {
  std::vector<SweepAxis> axes;
  std::uint32_t repeat;
  std::vector<Scenario> settings;
  std::string fingerprint;  // of what all settings share: the document without its sweep, and the data files

  std::size_t runs() const { return settings.size() * repeat; }
  Scenario scenario(std::size_t run) const;
  /// The JSON that an axis has in a setting.
  const std::string& value(std::size_t setting, std::size_t axis) const;
  /// "/topology/degree = 4, /links/loss = 0.1"
  std::string name(std::size_t setting) const;
};
/// Reads and checks the scenario of every setting. Throws InputError, which says with which values it is broken.
SweepPlan plan_sweep(const Scenario& base, const std::vector<std::string>& sets);

/// What is kept of a run: the hash of its trace, then a JSON number for each of figure_names().
using SweepRow = std::vector<std::string>;

struct SweepProgress {
  std::size_t done, here, runs;  // here: of those done, the ones of this call
  double seconds;                // of this call
};
struct SweepOptions {
  std::uint32_t threads = 1;
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const SweepProgress&)> progress;  // after each run, one call at a time
};
/// Does the runs that `folder` has no results of, and returns the results of all, in order; where it was asked to stop,
/// some are empty. A result is on disk as soon as it is there, in done.jsonl: whatever ends a call, the next one goes on
/// from there, also with more values or seeds. A power failure may cost the last ones. Throws InputError when the folder
/// has results of another scenario or when another process works there, and RunError.
std::vector<SweepRow> run_sweep(const SweepPlan& plan, const std::string& folder, const SweepOptions& options);

}  // namespace gossip::sim
