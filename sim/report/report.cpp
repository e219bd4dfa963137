#include "sim/report/report.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "sim/scenario/input_error.hpp"

namespace gossip::sim {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_messages_listed = 1000;  // of per_message
constexpr int curve_points = 100;

double ms(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }
double ratio(std::uint64_t a, std::uint64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

Json graph_json(const GraphFacts& graph) {
  return {{"links", graph.links},
          {"degree",
           {{"min", graph.degree_min},
            {"mean", graph.degree_mean},
            {"max", graph.degree_max},
            {"deviation", graph.degree_deviation}}},
          {"components", graph.components},
          {"largest_component", graph.largest_component},
          {"diameter", graph.diameter},
          {"diameter_sample", graph.diameter_sample}};
}

std::uint64_t deliveries(const Result& result) {
  std::uint64_t sum = 0;
  for (const MessageResult& message : result.messages) sum += message.deliveries;
  return sum;
}

double coverage(const Result& result, std::uint64_t delivered, const MissCounts& misses, std::uint64_t messages,
                bool of_up) {
  const std::uint64_t all = messages * result.peers;
  return ratio(delivered, of_up ? all - misses[static_cast<std::size_t>(Miss::down)] : all);
}

Json drops_json(const Metrics& sum) {
  Json drops = Json::object();
  for (std::size_t i = 0; i < reason_count; ++i) {
    if (sum.drops[i] > 0) drops[reason_names[i]] = sum.drops[i];
  }
  for (std::size_t i = 0; i < transport_drop_count; ++i) {
    if (sum.transport_drops[i] > 0) drops[transport_drop_names[i]] = sum.transport_drops[i];
  }
  return drops;
}

Json misses_json(const MissCounts& misses) {
  Json json = Json::object();
  for (std::size_t i = 0; i < miss_count; ++i) {
    if (misses[i] > 0) json[miss_names[i]] = misses[i];
  }
  return json;
}

/// Of all peers and messages, the share delivered within each time after the announcement. Ends with the last delivery.
Json curve_json(const Result& result) {
  Json curve = Json::array();
  const std::uint64_t all = result.messages.size() * result.peers;
  const std::uint64_t origins = deliveries(result) - result.sum.latency.count();
  for (int i = 0; i <= curve_points; ++i) {
    const std::uint64_t time = result.sum.latency.max() * static_cast<std::uint64_t>(i) / curve_points;
    const std::uint64_t reached = result.sum.latency.count() == 0 ? 0 : result.sum.latency.up_to(time);
    curve.push_back({ms(time), ratio(origins + reached, all)});
    if (result.sum.latency.max() == 0) break;
  }
  return curve;
}

Json message_json(const Result& result, std::size_t number) {
  const MessageResult& message = result.messages[number];
  Json json = {{"message", number}};
  if (message.at == never) {
    json["published"] = false;
  } else {
    json["at_ms"] = ms(static_cast<std::uint64_t>(message.at));
    json["origin"] = index(message.origin);
    if (message.deliveries > 1)
      json["last_delivery_ms"] = ms(static_cast<std::uint64_t>(message.last_delivery - message.at));
  }
  json["deliveries"] = message.deliveries;
  json["coverage"] = coverage(result, message.deliveries, message.misses, 1, false);
  json["coverage_of_up"] = coverage(result, message.deliveries, message.misses, 1, true);
  json["frames"] = message.frames;
  json["duplicates"] = message.duplicates;
  json["misses"] = misses_json(message.misses);
  return json;
}

Json degrees_json(const Result& result) {
  std::uint64_t up = 0, sum = 0;
  std::uint32_t least = ~0u, most = 0;
  for (std::uint32_t i = 0; i < result.peers; ++i) {
    if (!result.up[i]) continue;
    ++up;
    sum += result.degrees[i];
    least = std::min(least, result.degrees[i]);
    most = std::max(most, result.degrees[i]);
  }
  return {{"up", up}, {"min", up == 0 ? 0 : least}, {"mean", ratio(sum, up)}, {"max", most}};
}

Json percentiles_ms(const Histogram& histogram) {
  return {{"p50", ms(histogram.percentile(0.5))},
          {"p90", ms(histogram.percentile(0.9))},
          {"p99", ms(histogram.percentile(0.99))},
          {"max", ms(histogram.max())}};
}

std::ofstream open(const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary);
  if (!file) throw InputError(path.string(), "cannot be written");
  return file;
}

void close(std::ofstream& file, const std::filesystem::path& path) {
  file.close();
  if (!file) throw InputError(path.string(), "could not be written to its end");
}

}  // namespace

Json report_json(const Scenario& scenario, const GraphFacts& graph, const Result& result) {
  const Metrics& sum = result.sum;
  const std::uint64_t messages = result.messages.size();
  const std::uint64_t delivered = deliveries(result);
  Json report = {
      {"scenario", scenario.name},
      {"seed", scenario.seed},
      {"trace_hash", hex(sum.trace)},
      {"interrupted", result.interrupted},
      {"peers", result.peers},
      {"graph", graph_json(graph)},
      {"simulated_seconds", static_cast<double>(result.simulated) / 1e9},
      {"events", sum.events},
      {"wall_seconds", {{"setup", result.setup_seconds}, {"run", result.run_seconds}}},
      {"events_per_second",
       result.run_seconds > 0 ? std::round(static_cast<double>(sum.events) / result.run_seconds) : 0},
      {"peak_rss_bytes", result.peak_rss_bytes},
      {"bytes_per_peer", result.peak_rss_bytes / result.peers},
      {"messages", messages},
      {"deliveries", delivered},
      {"coverage", coverage(result, delivered, result.misses, messages, false)},
      {"coverage_of_up", coverage(result, delivered, result.misses, messages, true)},
      {"latency_ms", percentiles_ms(sum.latency)},
      {"hops", {{"p50", sum.hops.percentile(0.5)}, {"p99", sum.hops.percentile(0.99)}, {"max", sum.hops.max()}}},
      {"redundancy", ratio(sum.drops[static_cast<std::size_t>(Reason::duplicate)], sum.latency.count())},
      {"redelivered", sum.redelivered},
      {"payload_messages", sum.payload_messages},
      {"control_messages", sum.control_messages},
      {"payload_bytes", sum.payload_bytes},
      {"control_bytes", sum.control_bytes},
      {"connections", sum.connections},
      {"neighbours_at_end", degrees_json(result)},
      {"availability", result.availability},
      {"departures", result.departures},
      {"drops", drops_json(sum)},
      {"misses", misses_json(result.misses)},
      {"coverage_over_time", curve_json(result)},
  };
  Json& list = report["per_message"] = Json::array();
  for (std::size_t i = 0; i < std::min(messages, most_messages_listed); ++i) list.push_back(message_json(result, i));
  report["per_message_cut"] = messages > most_messages_listed;
  return report;
}

void check_writable(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  const bool there = std::filesystem::exists(path);
  if (std::filesystem::is_directory(path)) throw InputError(path, "is a folder; name a file");
  if (access(there ? path.c_str() : folder.c_str(), W_OK) != 0) {
    throw InputError(path, std::string("cannot be written: ") + std::strerror(errno));
  }
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw InputError(path, "cannot be made: " + error.message());
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file = open(path);
  file << text;
  close(file, path);
}

void write_csv(const std::string& folder, const Json& report, const Result& result) {
  const std::filesystem::path path(folder);
  std::ofstream messages = open(path / "messages.csv");
  messages << "message,at_ns,origin,deliveries,coverage,coverage_of_up,last_delivery_ns,frames,duplicates";
  for (const char* name : miss_names) messages << ",missed_" << name;
  messages << '\n';
  for (std::size_t i = 0; i < result.messages.size(); ++i) {
    const MessageResult& message = result.messages[i];
    messages << i << ',';
    if (message.at == never) {
      messages << ",,";
    } else {
      messages << message.at << ',' << index(message.origin) << ',';
    }
    messages << message.deliveries << ',' << coverage(result, message.deliveries, message.misses, 1, false) << ','
             << coverage(result, message.deliveries, message.misses, 1, true) << ',';
    if (message.deliveries > 1) messages << message.last_delivery;
    messages << ',' << message.frames << ',' << message.duplicates;
    for (const std::uint64_t misses : message.misses) messages << ',' << misses;
    messages << '\n';
  }
  close(messages, path / "messages.csv");

  std::ofstream curve = open(path / "coverage.csv");
  curve << "ms_after_announcement,coverage\n";
  for (const Json& point : report["coverage_over_time"]) curve << point[0] << ',' << point[1] << '\n';
  close(curve, path / "coverage.csv");

  std::vector<Delivery> sorted = result.sum.deliveries;
  std::ranges::sort(sorted, [](const Delivery& a, const Delivery& b) {
    return std::tuple(a.message, a.time, a.peer) < std::tuple(b.message, b.time, b.peer);
  });
  std::ofstream file = open(path / "deliveries.csv");
  file << "message,peer,time_ns,hops,from\n";
  for (const Delivery& delivery : sorted) {
    file << index(delivery.message) << ',' << index(delivery.peer) << ',' << delivery.time << ',' << delivery.hops
         << ',';
    if (delivery.from != no_peer) file << index(delivery.from);
    file << '\n';
  }
  close(file, path / "deliveries.csv");
}

}  // namespace gossip::sim
