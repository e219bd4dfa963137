#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "sim/report/report.hpp"

/// Two reports side by side.
namespace gossip::sim {

/// How far a figure may be from the first report's, as a share of that; up or down, since an unexpected gain is a change
/// too.
struct Tolerances {
  double every = -1;                     // of figures that have none of their own; below 0: any change is fine
  std::map<std::string, double> figure;  // by name
};
/// "5%", "0.05", or "latency_ms.p99=5%". Throws InputError.
Tolerances read_tolerances(const std::vector<std::string>& texts);

struct Change {
  std::string figure, before, after;  // the value as JSON; empty: it is not there
  double share;                       // of the first; not finite where that is 0, or where one is not there
  bool past;                          // the tolerance
};
struct Comparison {
  std::vector<std::string> notes;  // what is not a figure, and differs
  std::vector<Change> figures;     // in the order of the first report, then what only the second has
};
/// Of all numbers but lists, and but those of the machine where no tolerance names them.
Comparison compare(const OrderedJson& before, const OrderedJson& after, const Tolerances& tolerances);

/// Throws InputError when it is no report.
OrderedJson read_report(const std::string& file);

/// All figures, or only those that differ.
void print_comparison(std::ostream& out, const Comparison& comparison, bool all);

}  // namespace gossip::sim
