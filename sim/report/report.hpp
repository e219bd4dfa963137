#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "core/config/named.hpp"
#include "sim/report/run.hpp"
#include "sim/topology/graph.hpp"

namespace gossip::sim {

/// Everything that a run has to say, typed; the forms below are made of it.
struct Report {
  const Scenario& scenario;
  GraphFacts graph;
  Result result;
};

using OrderedJson = nlohmann::ordered_json;

/// One figure of a report. A dot in the name is a level in JSON.
struct Metric {
  enum class Form : std::uint8_t {
    figure,   // one number, or text
    machine,  // likewise, and of the machine: other in each run
    reasons,  // counts by reason, those that are 0 left out
    list,
  };
  Named named;
  OrderedJson (*value)(const Report& report);
  Form form = Form::figure;
};
/// All of them, in the order in which they are shown: JSON and docs/scenario.md are made from this.
std::span<const Metric> metrics();
/// The names under which a report has single numbers that do not depend on the machine; each reason is one.
std::vector<std::string> figure_names();
/// The number of such a name in a report; 0 where it is left out.
OrderedJson figure(const OrderedJson& report, const std::string& name);
/// Columns of messages.csv, likewise.
struct MessageColumn {
  Named named;
  std::string (*value)(const Result& result, std::size_t message);
};
std::span<const MessageColumn> message_columns();

/// The report that programs read. Only wall_seconds, events_per_second, peak_rss_bytes and bytes_per_peer differ
/// between two runs of the same scenario and seed.
OrderedJson report_json(const Report& report);

/// The same in a screen that a person reads in ten seconds.
std::string summary(const Report& report);

/// What write_csv writes.
std::vector<std::string> csv_files();
/// messages.csv, coverage.csv and deliveries.csv in `folder`, which must exist.
/// Needs EngineOptions::record_deliveries. Throws RunError naming the file that cannot be written.
void write_csv(const std::string& folder, const Report& report);

/// Share of all peers and messages delivered, within each time after the announcement; ends with the last delivery.
std::vector<std::pair<double, double>> coverage_over_time(const Result& result);

/// Before a long run, so that its result is not lost at the end. Both throw InputError naming the file or folder.
void check_writable(const std::string& path);
void make_folder(const std::string& path);

/// The old file stays until the new one is whole; a symbolic link, a pipe or a device is written to as it is.
/// Throws RunError naming the file.
void write_file(const std::string& path, const std::string& text);

}  // namespace gossip::sim
