#include "sim/study/sweep_report.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>

#include "core/assert.hpp"
#include "sim/report/report.hpp"
#include "sim/report/words.hpp"
#include "sim/scenario/json_input.hpp"

namespace gossip::sim {
namespace {

/// The JSON of a value as people write it: text without its quotes.
std::string plain(const std::string& json) {
  const Json value = Json::parse(json);
  return value.is_string() ? value.get<std::string>() : json;
}

std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string axis_cells(const SweepPlan& plan, std::size_t setting) {
  std::string cells;
  for (std::size_t axis = 0; axis < plan.axes.size(); ++axis) cells += ',' + cell(plain(plan.value(setting, axis)));
  return cells;
}
std::string axis_names(const SweepPlan& plan) {
  std::string names;
  for (const SweepAxis& axis : plan.axes) names += ',' + cell(axis.path);
  return names;
}

std::string number(double value) { return std::isfinite(value) ? Json(value).dump() : ""; }

std::string with_error(double scale, const Estimate& estimate, int digits) {
  std::string text = fixed_text(scale * estimate.mean, digits);
  if (std::isfinite(estimate.half_width)) text += " ± " + fixed_text(scale * estimate.half_width, digits);
  return text;
}

/// Of one figure in all runs of one setting.
std::vector<double> values(const SweepPlan& plan, const std::vector<SweepRow>& rows, const std::string& figure,
                           std::size_t setting) {
  static const std::vector<std::string> names = figure_names();
  const auto found = std::ranges::find(names, figure);
  GOSSIP_ASSERT(found != names.end());
  const auto column = static_cast<std::size_t>(found - names.begin()) + 1;
  std::vector<double> all;
  for (std::size_t i = 0; i < plan.repeat; ++i) all.push_back(std::stod(rows[setting * plan.repeat + i][column]));
  return all;
}

struct Column {
  const char *figure, *title;
  double scale;
  int digits;
};
constexpr Column columns[] = {{Tradeoff::coverage, "coverage %", 100, 2},
                              {"latency_ms.p50", "p50 ms", 1, 1},
                              {Tradeoff::latency, "p99 ms", 1, 1},
                              {"redundancy", "duplicates", 1, 2},
                              {Tradeoff::traffic, "bytes a delivery", 1, 0}};

class Words {
 public:
  Words(std::ostream& out, const SweepPlan& plan, const std::vector<SweepRow>& rows)
      : out_(out),
        plan_(plan),
        rows_(rows),
        latency_(estimates(plan, rows, Tradeoff::latency)),
        traffic_(estimates(plan, rows, Tradeoff::traffic)),
        coverage_(estimates(plan, rows, Tradeoff::coverage)) {}

  void say(const Tradeoff& found, double least_coverage) {
    out_ << "\nLatency (" << Tradeoff::latency << ") against traffic (" << Tradeoff::traffic << "): ";
    const std::string share = fixed_text(100 * least_coverage, 1) + "%";
    if (found.none_covers) {
      out_ << "no setting reaches " << share << " of the peers that were up, so all are compared.\n";
    } else {
      out_ << found.front.size() + found.beaten.size() << " of " << plan_.settings.size() << " settings reach " << share
           << " of the peers that were up.\n";
    }
    for (std::size_t i = 0; i < found.front.size(); ++i) say_choice(found.front, i);
    if (!found.beaten.empty()) out_ << "Another is at least as quick and as cheap:\n";
    for (const std::size_t setting : found.beaten) out_ << "  " << plan_.name(setting) << '\n';
    if (!found.short_of_coverage.empty()) out_ << "They reach too few:\n";
    for (const std::size_t setting : found.short_of_coverage) {
      out_ << "  " << plan_.name(setting) << ": " << fixed_text(100 * coverage_[setting].mean, 2) << "%\n";
    }
  }

 private:
  void say_choice(const std::vector<std::size_t>& front, std::size_t i) {
    const std::size_t setting = front[i];
    out_ << "  "
         << (front.size() == 1       ? "the best"
             : i == 0                ? "cheapest"
             : i + 1 == front.size() ? "quickest"
                                     : "between")
         << "  " << plan_.name(setting) << ": " << with_error(1, latency_[setting], 1) << " ms, "
         << with_error(1, traffic_[setting], 0) << " bytes";
    if (i > 0) out_ << "; " << step(front[i - 1], setting);
    out_ << '\n';
  }
  /// What the next one on the front costs and brings.
  std::string step(std::size_t from, std::size_t to) const {
    const auto change = [&](const std::vector<Estimate>& of) {
      return fixed_text(100 * std::abs(of[to].mean / of[from].mean - 1), 1) + "%";
    };
    return change(latency_) + " quicker than the one before for " + change(traffic_) + " more traffic" +
           (may_be_chance(from, to) ? ", which may be chance" : "");
  }
  /// Run by run, since both have the same seeds.
  bool may_be_chance(std::size_t from, std::size_t to) const {
    std::vector<double> differences = values(plan_, rows_, Tradeoff::latency, from);
    const std::vector<double> after = values(plan_, rows_, Tradeoff::latency, to);
    for (std::size_t i = 0; i < differences.size(); ++i) differences[i] -= after[i];
    const Estimate saved = estimate(differences);
    return saved.mean <= saved.half_width;  // of one run: not said
  }

  std::ostream& out_;
  const SweepPlan& plan_;
  const std::vector<SweepRow>& rows_;
  std::vector<Estimate> latency_, traffic_, coverage_;
};

}  // namespace

std::vector<Estimate> estimates(const SweepPlan& plan, const std::vector<SweepRow>& rows, const std::string& figure) {
  std::vector<Estimate> all;
  for (std::size_t i = 0; i < plan.settings.size(); ++i) all.push_back(estimate(values(plan, rows, figure, i)));
  return all;
}

std::string runs_csv(const SweepPlan& plan, const std::vector<SweepRow>& rows) {
  std::string text = "run,seed" + axis_names(plan) + ",trace_hash";
  for (const std::string& name : figure_names()) text += ',' + name;
  text += '\n';
  for (std::size_t run = 0; run < rows.size(); ++run) {
    text += std::to_string(run) + ',' + std::to_string(plan.scenario(run).seed) + axis_cells(plan, run / plan.repeat);
    for (const std::string& value : rows[run]) text += ',' + value;
    text += '\n';
  }
  return text;
}

std::string summary_csv(const SweepPlan& plan, const std::vector<SweepRow>& rows) {
  std::string text = "setting,runs" + axis_names(plan);
  std::vector<std::vector<Estimate>> figures;
  for (const std::string& name : figure_names()) {
    text += ',' + name + ',' + name + "_ci95";
    figures.push_back(estimates(plan, rows, name));
  }
  text += '\n';
  for (std::size_t setting = 0; setting < plan.settings.size(); ++setting) {
    text += std::to_string(setting) + ',' + std::to_string(plan.repeat) + axis_cells(plan, setting);
    for (const auto& figure : figures) {
      text += ',' + number(figure[setting].mean) + ',' + number(figure[setting].half_width);
    }
    text += '\n';
  }
  return text;
}

Tradeoff tradeoff(const SweepPlan& plan, const std::vector<SweepRow>& rows, double least_coverage) {
  const auto latency = estimates(plan, rows, Tradeoff::latency), traffic = estimates(plan, rows, Tradeoff::traffic),
             coverage = estimates(plan, rows, Tradeoff::coverage);
  Tradeoff found;
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < plan.settings.size(); ++i) {
    (coverage[i].mean >= least_coverage ? candidates : found.short_of_coverage).push_back(i);
  }
  found.none_covers = candidates.empty();
  if (found.none_covers) candidates.swap(found.short_of_coverage);
  std::vector<Point> points;
  for (const std::size_t i : candidates) points.push_back({traffic[i].mean, latency[i].mean});
  for (const std::size_t i : pareto_front(points)) found.front.push_back(candidates[i]);
  for (const std::size_t i : candidates) {
    if (std::ranges::find(found.front, i) == found.front.end()) found.beaten.push_back(i);
  }
  return found;
}

void print_sweep(std::ostream& out, const SweepPlan& plan, const std::vector<SweepRow>& rows, double least_coverage) {
  constexpr std::size_t most_shown = 50;
  std::vector<std::vector<std::string>> table{{}};
  for (const SweepAxis& axis : plan.axes) table[0].push_back(axis.path);
  for (const Column& column : columns) table[0].emplace_back(column.title);
  const std::size_t shown = std::min(plan.settings.size(), most_shown);
  for (std::size_t setting = 0; setting < shown; ++setting) {
    auto& row = table.emplace_back();
    for (std::size_t axis = 0; axis < plan.axes.size(); ++axis) row.push_back(plain(plan.value(setting, axis)));
  }
  for (const Column& column : columns) {
    const auto all = estimates(plan, rows, column.figure);
    for (std::size_t i = 0; i < shown; ++i) table[i + 1].push_back(with_error(column.scale, all[i], column.digits));
  }
  out << plan.settings.size() << " settings, " << plan.repeat << " runs of each; means ± 95% confidence\n";
  print_table(out, table);
  if (shown < plan.settings.size()) out << "  … and " << plan.settings.size() - shown << " more in summary.csv\n";
  Words(out, plan, rows).say(tradeoff(plan, rows, least_coverage), least_coverage);
}

}  // namespace gossip::sim
