#include "sim/study/compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>

#include "core/config/text.hpp"
#include "core/config/units.hpp"
#include "sim/report/words.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/json_input.hpp"

namespace gossip::sim {
namespace {

bool of_machine(const std::string& name) {
  return std::ranges::any_of(metrics(), [&](const Metric& metric) {
    return metric.form == Metric::Form::machine && metric.named.name == name;
  });
}
bool is_text(const std::string& name) {
  return std::ranges::any_of(
      metrics(), [&](const Metric& metric) { return metric.named.kind == Kind::text && metric.named.name == name; });
}
/// A reason that is left out counts 0.
bool of_reasons(const std::string& name) {
  return std::ranges::any_of(metrics(), [&](const Metric& metric) {
    return metric.form == Metric::Form::reasons && name.starts_with(std::string(metric.named.name) + '.');
  });
}

/// The single values of a report, with names as docs/scenario.md writes them.
void flatten(const OrderedJson& json, const std::string& above, std::vector<std::pair<std::string, OrderedJson>>& to) {
  for (const auto& [key, value] : json.items()) {
    const std::string name = above.empty() ? key : above + '.' + key;
    if (value.is_object()) {
      flatten(value, name, to);
    } else if (!value.is_array()) {
      to.emplace_back(name, value);
    }
  }
}

const OrderedJson* find(const std::vector<std::pair<std::string, OrderedJson>>& values, const std::string& name) {
  const auto found = std::ranges::find(values, name, &std::pair<std::string, OrderedJson>::first);
  return found == values.end() ? nullptr : &found->second;
}

double share_of(const OrderedJson* before, const OrderedJson* after, const std::string& name) {
  const bool zero = of_reasons(name);
  if ((before == nullptr || after == nullptr) && !zero) return std::numeric_limits<double>::infinity();
  const double a = before == nullptr ? 0 : before->get<double>(), b = after == nullptr ? 0 : after->get<double>();
  if (a == b) return 0;
  return (b - a) / std::abs(a);  // ± infinity where it was 0
}

std::string share_text(double share) {
  if (!std::isfinite(share)) return "new or gone";
  return share == 0 ? "" : (share > 0 ? "+" : "") + fixed_text(100 * share, 2) + "%";
}

double read_share(const std::string& text, const std::string& where) {
  const bool percent = text.ends_with('%');
  const auto number = parse_number<double>(percent ? text.substr(0, text.size() - 1) : text);
  if (!number || !(*number >= 0) || !std::isfinite(*number)) {
    throw InputError(where,
                     "expected a share such as 5% or 0.05, perhaps after the name of a figure, as in "
                     "latency_ms.p99=5%");
  }
  return percent ? *number / 100 : *number;
}

}  // namespace

Tolerances read_tolerances(const std::vector<std::string>& texts) {
  std::vector<std::string> known = figure_names();
  for (const Metric& metric : metrics()) {
    if (metric.form == Metric::Form::machine) known.emplace_back(metric.named.name);
  }
  Tolerances tolerances;
  for (const std::string& text : texts) {
    const std::string where = "--tolerance " + text;
    const std::size_t equals = text.rfind('=');
    if (equals == std::string::npos) {
      tolerances.every = read_share(text, where);
      continue;
    }
    const std::string name = text.substr(0, equals);
    if (std::ranges::find(known, name) == known.end()) {
      throw InputError(where, "a report has no figure " + name + "; " + suggest(name, {known.begin(), known.end()}));
    }
    tolerances.figure[name] = read_share(text.substr(equals + 1), where);
  }
  return tolerances;
}

Comparison compare(const OrderedJson& before, const OrderedJson& after, const Tolerances& tolerances) {
  std::vector<std::pair<std::string, OrderedJson>> a, b;
  flatten(before, "", a);
  flatten(after, "", b);
  std::vector<std::string> names;
  for (const auto& [name, value] : a) names.push_back(name);
  for (const auto& [name, value] : b) {
    if (find(a, name) == nullptr) names.push_back(name);
  }
  Comparison comparison;
  for (const std::string& name : names) {
    const OrderedJson *x = find(a, name), *y = find(b, name);
    const auto text = [](const OrderedJson* value) { return value == nullptr ? "" : value->dump(); };
    const auto own = tolerances.figure.find(name);
    if (of_machine(name) && own == tolerances.figure.end()) continue;
    if (is_text(name) || (x != nullptr && !x->is_number()) || (y != nullptr && !y->is_number())) {
      if (text(x) != text(y)) comparison.notes.push_back(name + ": " + text(x) + ", then " + text(y));
      continue;
    }
    const double share = share_of(x, y, name), most = own == tolerances.figure.end() ? tolerances.every : own->second;
    comparison.figures.push_back({name, text(x), text(y), share, most >= 0 && std::abs(share) > most});
  }
  return comparison;
}

OrderedJson read_report(const std::string& file) {
  read_json(file);  // says what is broken, and where
  OrderedJson report = OrderedJson::parse(read_text(file), nullptr, true, true);
  if (!report.is_object() || !report.contains("trace_hash") || !report.contains("coverage")) {
    throw InputError(file, "is no report, as gossip-sim run --json writes it");
  }
  return report;
}

void print_comparison(std::ostream& out, const Comparison& comparison, bool all) {
  for (const std::string& note : comparison.notes) out << "  " << note << '\n';
  std::vector<std::vector<std::string>> table{{"figure", "before", "after", "change", ""}};
  std::size_t equal = 0, past = 0;
  for (const Change& change : comparison.figures) {
    equal += change.share == 0;
    past += change.past;
    if (change.share == 0 && !all) continue;
    table.push_back({change.figure, change.before.empty() ? "-" : change.before,
                     change.after.empty() ? "-" : change.after, share_text(change.share),
                     change.past ? "past the tolerance" : ""});
  }
  if (table.size() > 1) print_table(out, table);
  out << equal << " of " << comparison.figures.size() << " figures are equal";
  if (past > 0) out << "; " << past << " past the tolerance";
  out << '\n';
}

}  // namespace gossip::sim
