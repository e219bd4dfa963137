#pragma once

#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"

namespace gossip::sim {

/// Reads and checks a scenario file. Each of `sets` is "/json/pointer=value" and replaces or adds one value before the
/// check; the value is JSON, or a string where it is not. Throws InputError naming the file and the JSON path.
Scenario read_scenario(const std::string& file, const std::vector<std::string>& sets = {});

/// The same document on one line, its keys in order and without some of the outermost: equal for what says the same.
std::string document_text(const std::string& file, const std::vector<std::string>& sets,
                          const std::vector<std::string>& without);

/// Combinations that make no sense, for scenarios that a program made. The reader has done it. Throws InputError.
void check_scenario(const Scenario& scenario);

/// The part of it that can only be checked when the number of peers is known: the reader does so when the scenario
/// gives it, and the engine when it comes from the topology's file. Throws InputError.
void check_peers(const Scenario& scenario, std::uint32_t peers);

/// The JSON Schema of the format, made from keys.hpp; shipped for editors as scenarios/scenario.schema.json.
std::string scenario_schema();

}  // namespace gossip::sim
