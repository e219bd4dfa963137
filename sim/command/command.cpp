#include "sim/command/command.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "sim/report/report.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/reader.hpp"

namespace gossip::sim {
namespace {

std::atomic<bool> stop{false};
int unprinted = 0;  // why the first thing that could not be printed was not

void ask_to_stop(int signal) {
  stop = true;
  std::signal(signal, SIG_DFL);
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code ignored;
  if (std::filesystem::equivalent(a, b, ignored)) return true;
  return std::filesystem::weakly_canonical(a, ignored) == std::filesystem::weakly_canonical(b, ignored);
}

}  // namespace

void print(const std::string& text) {
  errno = 0;
  if (!(std::cout << text << std::flush) && unprinted == 0) unprinted = errno;
}

void check_printed() {
  if (unprinted != 0) throw RunError("standard output", std::strerror(unprinted));
}

void ScenarioArguments::add_to(CLI::App& command) {
  command.add_option("scenario", file, "Scenario file")->required();
  command.add_option("--set", sets, "Replace one value: /json/path=value (may be repeated)")
      ->allow_extra_args(false)
      ->take_all();
  command.add_option("--seed", seed, "Replace the scenario's seed");
}

Scenario ScenarioArguments::read() const {
  Scenario scenario = read_scenario(file, sets);
  if (seed) scenario.seed = *seed;
  return scenario;
}

StopOnSignal::StopOnSignal() {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, ask_to_stop);
}
StopOnSignal::~StopOnSignal() {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
}
const std::atomic<bool>* StopOnSignal::asked() const { return &stop; }

OutputFiles::OutputFiles(const Scenario& scenario) : inputs_(scenario.files) { inputs_.push_back(scenario.file); }

void OutputFiles::claim(const std::string& file) {
  if (file.empty() || file == "-") return;
  for (const std::string& input : inputs_) {
    if (same_file(input, file)) throw InputError(file, "is read by this scenario; write to another file");
  }
  for (const std::string& other : claimed_) {
    if (same_file(other, file)) throw InputError(file, "is to be written twice; name two files");
  }
  check_writable(file);
  claimed_.push_back(file);
}

void OutputFiles::claim_in(const std::string& folder, const std::vector<std::string>& files) {
  if (folder.empty()) return;
  make_folder(folder);
  for (const std::string& file : files) claim((std::filesystem::path(folder) / file).string());
}

}  // namespace gossip::sim
