#include "sim/study/sweep.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

#include "core/random.hpp"
#include "sim/machine/process.hpp"
#include "sim/machine/team.hpp"
#include "sim/report/report.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/json_input.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/study/journal.hpp"
#include "sim/world/plan.hpp"

namespace gossip::sim {
namespace {

constexpr std::size_t most_runs = 1'000'000;  // more would take weeks

std::uint64_t hash_of(const std::string& text, std::uint64_t hash) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;  // FNV-1a
  return mix(hash, text.size());
}

std::string fingerprint_of(const Scenario& base, const std::vector<std::string>& sets,
                           const std::vector<Scenario>& settings) {
  const std::string text = document_text(base.file, sets, {"$schema", "name", "question", "answer", "seed", "sweep"});
  std::uint64_t hash = hash_of(text, 0xcbf29ce484222325);
  std::set<std::string> files(base.files.begin(), base.files.end());
  for (const Scenario& setting : settings) files.insert(setting.files.begin(), setting.files.end());
  for (const std::string& file : files) hash = hash_of(read_text(file), hash);
  return std::to_string(hash);
}

std::size_t count_settings(const Scenario& base) {
  std::size_t settings = 1;
  for (const SweepAxis& axis : base.sweep->over) {
    settings *= axis.values.size();
    if (settings * base.sweep->repeat <= most_runs) continue;
    throw InputError(json_where(base.file, "/sweep"),
                     "makes more than " + std::to_string(most_runs) + " runs; leave out values or repetitions");
  }
  return settings;
}

/// Many at once would want too much memory, and the engine has work for all cores.
bool is_large(const Scenario& scenario) {
  constexpr std::uint64_t many_peers = 100'000, many_deliveries = 100'000'000;
  return scenario.peers >= many_peers || scenario.peers * count_messages(scenario) >= many_deliveries;
}

/// Which run a result is of, whatever its number.
std::string key_of(const SweepPlan& plan, std::size_t run) {
  Json set = Json::object();
  for (std::size_t axis = 0; axis < plan.axes.size(); ++axis) {
    set[plan.axes[axis].path] = Json::parse(plan.value(run / plan.repeat, axis));
  }
  return Json{{"set", set}, {"seed", plan.scenario(run).seed}}.dump();
}

std::string first_line() { return Json{{"gossip_sweep", 1}, {"figures", figure_names()}}.dump(); }

/// Empty when it was asked to stop.
SweepRow simulate(Scenario scenario, std::uint32_t threads, const std::atomic<bool>* stop) {
  const Experiment experiment(std::move(scenario), threads);
  EngineOptions options;
  options.threads = threads;
  options.stop = stop;
  const Report report{experiment.scenario, describe(experiment.graph, experiment.scenario.seed),
                      run(experiment, options)};
  if (report.result.interrupted) return {};
  const OrderedJson json = report_json(report);
  SweepRow row{json["trace_hash"].get<std::string>()};
  for (const std::string& name : figure_names()) row.push_back(figure(json, name).dump());
  return row;
}

/// What is on disk, and what comes to it.
class Results {
 public:
  Results(const SweepPlan& plan, const std::string& folder, const SweepOptions& options)
      : plan_(plan),
        options_(options),
        journal_((std::filesystem::path(folder) / "done.jsonl").string(), plan.fingerprint + ' ' + first_line()),
        rows_(plan.runs()) {
    std::map<std::string, std::size_t> runs;
    for (std::size_t run = 0; run < rows_.size(); ++run) runs[key_of(plan, run)] = run;
    for (const std::string& line : journal_.lines()) restore(line, runs);
    found_ = done_;
  }

  bool has(std::size_t run) const { return !rows_[run].empty(); }
  void add(std::size_t run, SweepRow row) {
    const std::scoped_lock lock(mutex_);
    journal_.add(key_of(plan_, run) + '\t' + Json(row).dump());
    rows_[run] = std::move(row);
    ++done_;
    if (options_.progress) options_.progress({done_, done_ - found_, rows_.size(), watch_.seconds()});
  }
  std::vector<SweepRow> take() { return std::move(rows_); }

 private:
  void restore(const std::string& line, const std::map<std::string, std::size_t>& runs) {
    const std::size_t tab = line.find('\t');
    const auto run = runs.find(line.substr(0, tab));
    if (run == runs.end()) return;  // of values that are no longer asked for
    const Json row = tab == std::string::npos ? Json() : Json::parse(line.substr(tab + 1), nullptr, false);
    if (!row.is_array() || row.size() != 1 + figure_names().size()) return;
    done_ += rows_[run->second].empty();
    rows_[run->second] = row.get<SweepRow>();
  }

  const SweepPlan& plan_;
  const SweepOptions& options_;
  Journal journal_;
  std::mutex mutex_;
  Stopwatch watch_;
  std::vector<SweepRow> rows_;
  std::size_t done_ = 0, found_ = 0;
};

}  // namespace

Scenario SweepPlan::scenario(std::size_t run) const {
  Scenario scenario = settings[run / repeat];
  scenario.seed += run % repeat;
  return scenario;
}

const std::string& SweepPlan::value(std::size_t setting, std::size_t axis) const {
  for (std::size_t later = axes.size() - 1; later > axis; --later) setting /= axes[later].values.size();
  return axes[axis].values[setting % axes[axis].values.size()];
}

std::string SweepPlan::name(std::size_t setting) const {
  std::string text;
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    text += (axis == 0 ? "" : ", ") + axes[axis].path + " = " + value(setting, axis);
  }
  return text;
}

SweepPlan plan_sweep(const Scenario& base, const std::vector<std::string>& sets) {
  if (!base.sweep) {
    throw InputError(json_where(base.file, ""),
                     "misses \"sweep\": which values to try, as in {\"over\": "
                     "{\"/links/loss\": [0, 0.1]}, \"repeat\": 5}");
  }
  SweepPlan plan{base.sweep->over, base.sweep->repeat, {}, {}};
  const std::size_t settings = count_settings(base);
  for (std::size_t setting = 0; setting < settings; ++setting) {
    std::vector<std::string> all = sets;
    for (std::size_t axis = 0; axis < plan.axes.size(); ++axis) {
      all.push_back(plan.axes[axis].path + '=' + plan.value(setting, axis));
    }
    try {
      plan.settings.push_back(read_scenario(base.file, all));
    } catch (const InputError& error) {
      throw InputError(json_where(base.file, "/sweep/over"), "with " + plan.name(setting) + ": " + error.what());
    }
    const bool seeds = std::ranges::any_of(plan.axes, [](const SweepAxis& axis) { return axis.path == "/seed"; });
    if (!seeds) plan.settings.back().seed = base.seed;
    plan.settings.back().sweep.reset();
  }
  plan.fingerprint = fingerprint_of(base, sets, plan.settings);
  return plan;
}

std::vector<SweepRow> run_sweep(const SweepPlan& plan, const std::string& folder, const SweepOptions& options) {
  Results results(plan, folder, options);
  std::atomic<bool> failed{false};
  const auto run_one = [&](std::size_t number, std::uint32_t threads) {
    if (results.has(number) || failed || (options.stop != nullptr && options.stop->load())) return;
    try {
      SweepRow row = simulate(plan.scenario(number), threads, options.stop);
      if (!row.empty()) results.add(number, std::move(row));
    } catch (const InputError& error) {
      failed = true;
      throw InputError(json_where(plan.settings[0].file, "/sweep/over"),
                       "with " + plan.name(number / plan.repeat) + ": " + error.what());
    } catch (...) {
      failed = true;
      throw;
    }
  };
  std::vector<std::size_t> small, large;
  for (std::size_t number = 0; number < plan.runs(); ++number) {
    (is_large(plan.settings[number / plan.repeat]) ? large : small).push_back(number);
  }
  if (!small.empty()) {
    const auto count = static_cast<std::uint32_t>(small.size());
    Team team(std::min(options.threads, count));
    team.each(count, [&](std::uint32_t i) { run_one(small[i], 1); });
  }
  for (const std::size_t number : large) run_one(number, options.threads);
  return results.take();
}

}  // namespace gossip::sim
