#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/topology/graph.hpp"
#include "sim/experiment.hpp"
#include "sim/scenario/scenario.hpp"

namespace gossip::sim {

/// The report that programs read; docs/scenario.md lists its keys. Only wall_seconds, events_per_second,
/// peak_rss_bytes and bytes_per_peer differ between two runs of the same scenario and seed.
nlohmann::ordered_json report_json(const Scenario& scenario, const GraphFacts& graph, const Result& result);

/// The same in a screen that a person reads in ten seconds.
void print_summary(std::ostream& out, const nlohmann::ordered_json& report);

/// messages.csv, coverage.csv and deliveries.csv in `folder`, which must exist.
/// Needs EngineOptions::record_deliveries. Throws InputError naming the file that cannot be written.
void write_csv(const std::string& folder, const nlohmann::ordered_json& report, const Result& result);

/// Before a long run, so that its result is not lost at the end. Both throw InputError naming the file or folder.
void check_writable(const std::string& path);
void make_folder(const std::string& path);

/// Throws InputError naming the file.
void write_file(const std::string& path, const std::string& text);

}  // namespace gossip::sim
