#pragma once

#include <iosfwd>

#include "sim/study/statistics.hpp"
#include "sim/study/sweep.hpp"

/// What a sweep shows, once all of its runs are there.
namespace gossip::sim {

/// A row a run: its number, seed, what each axis says, the trace's hash, and every figure of a report that does not depend
/// on the machine.
std::string runs_csv(const SweepPlan& plan, const std::vector<SweepRow>& rows);

/// A row a setting: of every figure its mean over the runs and, in a column `…_ci95`, half the width of the interval that
/// holds the true one with 95% probability; empty where there is one run only.
std::string summary_csv(const SweepPlan& plan, const std::vector<SweepRow>& rows);

/// Of one figure, one estimate a setting.
std::vector<Estimate> estimates(const SweepPlan& plan, const std::vector<SweepRow>& rows, const std::string& figure);

/// The settings that nobody beats in both, among those that reach enough of the peers that were up: who reaches fewer is
/// quick and cheap for a bad reason. `front` is in the order of traffic. All are candidates where none reaches enough.
struct Tradeoff {
  static constexpr auto traffic = "bytes_per_delivery", latency = "latency_ms.p99", coverage = "coverage_of_up";
  std::vector<std::size_t> front, beaten, short_of_coverage;
  bool none_covers = false;
};
Tradeoff tradeoff(const SweepPlan& plan, const std::vector<SweepRow>& rows, double least_coverage);

/// A table of the settings, and the trade-off in words.
void print_sweep(std::ostream& out, const SweepPlan& plan, const std::vector<SweepRow>& rows, double least_coverage);

}  // namespace gossip::sim
