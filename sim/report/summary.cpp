#include <algorithm>
#include <iomanip>
#include <sstream>
#include <vector>

#include "sim/report/report.hpp"
#include "sim/report/words.hpp"

namespace gossip::sim {

namespace {

using Json = OrderedJson;

std::string percent(const Json& share) {
  const double value = 100 * share.get<double>();
  // 99.9996% must not read as 100%.
  std::string text = fixed_text(value, 2);
  if (text == "100.00" && value < 100) text = "just under 100";
  return text + "%";
}

std::string milliseconds(const Json& ms) { return milliseconds_text(ms); }

std::string reasons(const Json& counts) {
  std::string text;
  for (const auto& [reason, count] : counts.items()) {
    text += (text.empty() ? "" : ", ") + reason + " " + grouped_text(count);
  }
  return text.empty() ? "none" : text;
}

/// Coverage over time in one line of eighths of a block.
std::string curve(const Json& points) {
  const char* levels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string text;
  for (std::size_t i = 0; i < points.size(); i += 2) {
    text += levels[std::min(7, static_cast<int>(points[i][1].get<double>() * 8))];
  }
  return text;
}

/// How many deliveries came in each step of the curve, the fullest one as high as the line.
std::string histogram(const Json& points) {
  std::vector<double> steps;
  for (std::size_t i = 2; i < points.size(); i += 2) {
    steps.push_back(points[i][1].get<double>() - points[i - 2][1].get<double>());
  }
  const double most = steps.empty() ? 0 : *std::ranges::max_element(steps);
  std::string text;
  for (const double step : steps) {
    const char* levels[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    text += levels[step <= 0 ? 0 : std::min(8, 1 + static_cast<int>(8 * step / most))];
  }
  return text;
}

void line(std::ostream& out, const char* name, const std::string& value) {
  out << "  " << std::left << std::setw(12) << name << value << '\n';
}

}  // namespace

std::string summary(const Report& typed) {
  std::ostringstream out;
  const Json report = report_json(typed);
  const Json& graph = report["graph"];
  const Json& latency = report["latency_ms"];
  const Json& neighbours = report["neighbours_at_end"];
  out << report["scenario"].get<std::string>() << "   seed " << report["seed"] << "   trace "
      << report["trace_hash"].get<std::string>()
      << (report["interrupted"].get<bool>() ? "   INTERRUPTED: partial\n" : "\n");
  line(out, "peers",
       grouped_text(report["peers"]) + ", at the end " + grouped_text(neighbours["up"]) + " up with " +
           neighbours["min"].dump() + "–" + neighbours["max"].dump() + " neighbours (mean " +
           fixed_text(neighbours["mean"], 1) + ")");
  if (graph["links"] > 0) {
    line(out, "graph",
         grouped_text(graph["links"]) + " links, " + grouped_text(graph["components"]) + " component(s), diameter ≥ " +
             graph["diameter"].dump());
  }
  line(out, "messages", grouped_text(report["messages"]) + ", " + grouped_text(report["deliveries"]) + " deliveries");
  line(out, "coverage",
       percent(report["coverage"]) + " of all peers, " + percent(report["coverage_of_up"]) + " of those that were up");
  line(out, "latency",
       "p50 " + milliseconds(latency["p50"]) + "   p90 " + milliseconds(latency["p90"]) + "   p99 " +
           milliseconds(latency["p99"]) + "   last " + milliseconds(latency["max"]));
  const Json& points = report["coverage_over_time"];
  line(out, "", curve(points) + "  coverage");
  line(out, "", ' ' + histogram(points) + "  deliveries, from 0 to " + milliseconds(latency["max"]));
  line(out, "hops",
       "p50 " + report["hops"]["p50"].dump() + "   p99 " + report["hops"]["p99"].dump() + "   max " +
           report["hops"]["max"].dump());
  line(out, "cost",
       fixed_text(report["redundancy"], 2) + " duplicates a delivery; payload " +
           grouped_text(report["payload_messages"]) + " frames, " + bytes_text(report["payload_bytes"]) + "; control " +
           grouped_text(report["control_messages"]) + " frames, " + bytes_text(report["control_bytes"]));
  line(out, "missed", reasons(report["misses"]));
  line(out, "drops", reasons(report["drops"]));
  line(out, "run",
       fixed_text(report["simulated_seconds"], 3) + " s simulated in " + fixed_text(report["wall_seconds"]["run"], 2) +
           " s (set-up " + fixed_text(report["wall_seconds"]["setup"], 2) + " s), " + grouped_text(report["events"]) +
           " events, " + fixed_text(report["events_per_second"].get<double>() / 1e6, 2) + " M/s, " +
           bytes_text(report["peak_rss_bytes"]) + " peak");
  return out.str();
}

}  // namespace gossip::sim
