#include <iomanip>
#include <sstream>

#include "sim/report/report.hpp"

namespace gossip::sim {

namespace {

using Json = OrderedJson;

/// 1234567 as 1,234,567: these are numbers for people.
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string number(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

std::string percent(const Json& share) {
  const double value = 100 * share.get<double>();
  // 99.9996% must not read as 100%.
  std::string text = number(value, 2);
  if (text == "100.00" && value < 100) text = "just under 100";
  return text + "%";
}

std::string milliseconds(const Json& ms) {
  const double value = ms;
  return value >= 10'000 ? number(value / 1000, 2) + " s" : number(value, value < 10 ? 3 : 1) + " ms";
}

std::string bytes(double count) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  for (; count >= 1024 && unit < 4; ++unit) count /= 1024;
  return number(count, unit == 0 ? 0 : 1) + " " + units[unit];
}

std::string reasons(const Json& counts) {
  std::string text;
  for (const auto& [reason, count] : counts.items()) {
    text += (text.empty() ? "" : ", ") + reason + " " + grouped(count);
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
       grouped(report["peers"]) + ", at the end " + grouped(neighbours["up"]) + " up with " + neighbours["min"].dump() +
           "–" + neighbours["max"].dump() + " neighbours (mean " + number(neighbours["mean"], 1) + ")");
  if (graph["links"] > 0) {
    line(out, "graph",
         grouped(graph["links"]) + " links, " + grouped(graph["components"]) + " component(s), diameter ≥ " +
             graph["diameter"].dump());
  }
  line(out, "messages", grouped(report["messages"]) + ", " + grouped(report["deliveries"]) + " deliveries");
  line(out, "coverage",
       percent(report["coverage"]) + " of all peers, " + percent(report["coverage_of_up"]) + " of those that were up");
  line(out, "latency",
       "p50 " + milliseconds(latency["p50"]) + "   p90 " + milliseconds(latency["p90"]) + "   p99 " +
           milliseconds(latency["p99"]) + "   last " + milliseconds(latency["max"]));
  line(out, "", curve(report["coverage_over_time"]));
  line(out, "hops",
       "p50 " + report["hops"]["p50"].dump() + "   p99 " + report["hops"]["p99"].dump() + "   max " +
           report["hops"]["max"].dump());
  line(out, "cost",
       number(report["redundancy"], 2) + " duplicates a delivery; payload " + grouped(report["payload_messages"]) +
           " frames, " + bytes(report["payload_bytes"]) + "; control " + grouped(report["control_messages"]) +
           " frames, " + bytes(report["control_bytes"]));
  line(out, "missed", reasons(report["misses"]));
  line(out, "drops", reasons(report["drops"]));
  line(out, "run",
       number(report["simulated_seconds"], 3) + " s simulated in " + number(report["wall_seconds"]["run"], 2) +
           " s (set-up " + number(report["wall_seconds"]["setup"], 2) + " s), " + grouped(report["events"]) +
           " events, " + number(report["events_per_second"].get<double>() / 1e6, 2) + " M/s, " +
           bytes(report["peak_rss_bytes"]) + " peak");
  return out.str();
}

}  // namespace gossip::sim
