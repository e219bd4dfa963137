#include <algorithm>
#include <cmath>
#include <cstdio>

#include "sim/scenario/json_input.hpp"
#include "sim/report/report.hpp"

/// Every figure of a report, once: its name, unit and meaning, and where it comes from.
namespace gossip::sim {
namespace {

double ms(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }
double ratio(std::uint64_t a, std::uint64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

double coverage(const Result& result, std::uint64_t delivered, std::uint64_t messages) {
  return ratio(delivered, messages * result.peers);
}
double coverage_of_up(const Result& result, std::uint64_t delivered, const Misses& misses, std::uint64_t messages) {
  return ratio(delivered, messages * result.peers - misses.were_down);
}

template <std::size_t n>
OrderedJson counts_json(const std::array<std::uint64_t, n>& counts, const std::array<Named, n>& names) {
  OrderedJson json = OrderedJson::object();
  for (std::size_t i = 0; i < n; ++i) {
    if (counts[i] > 0) json[std::string(names[i].name)] = counts[i];
  }
  return json;
}

OrderedJson drops_json(const Report& report) {
  OrderedJson drops = counts_json(report.result.sum.drops, reasons);
  drops.update(counts_json(report.result.sum.transport_drops, transport_drops));
  return drops;
}

struct Degrees {
  std::uint64_t up = 0, sum = 0, least = 0, most = 0;
};

Degrees degrees(const Result& result) {
  Degrees degrees;
  for (std::uint32_t i = 0; i < result.peers; ++i) {
    if (!result.up[i]) continue;
    degrees.least = degrees.up++ == 0 ? result.degrees[i] : std::min<std::uint64_t>(degrees.least, result.degrees[i]);
    degrees.most = std::max<std::uint64_t>(degrees.most, result.degrees[i]);
    degrees.sum += result.degrees[i];
  }
  return degrees;
}

constexpr std::size_t most_messages_listed = 1000;  // of per_message

OrderedJson message_json(const Result& result, std::size_t number) {
  const MessageResult& message = result.messages[number];
  OrderedJson json = {{"message", number}};
  if (message.origin == no_peer) {
    json["published"] = false;
  } else {
    json["at_ms"] = ms(static_cast<std::uint64_t>(message.at));
    if (result.names.empty()) {
      json["origin"] = index(message.origin);
    } else {
      json["origin"] = valid_utf8(result.names[message.origin]);
    }
    if (message.deliveries > 1) {
      json["last_delivery_ms"] = ms(static_cast<std::uint64_t>(message.last_delivery - message.at));
    }
  }
  json["deliveries"] = message.deliveries;
  json["coverage"] = coverage(result, message.deliveries, 1);
  json["coverage_of_up"] = coverage_of_up(result, message.deliveries, message.misses, 1);
  json["frames"] = message.frames;
  json["duplicates"] = message.duplicates;
  json["misses"] = counts_json(message.misses.counts, miss_names);
  return json;
}

OrderedJson messages_json(const Report& report) {
  OrderedJson list = OrderedJson::array();
  const std::size_t listed = std::min(report.result.messages.size(), most_messages_listed);
  for (std::size_t i = 0; i < listed; ++i) list.push_back(message_json(report.result, i));
  return list;
}

OrderedJson classes_json(const Report& report) {
  OrderedJson list = OrderedJson::array();
  for (const ClassResult& of_class : report.result.classes) {
    const Histogram& latency = of_class.latency;
    list.push_back({{"name", of_class.name},
                    {"peers", of_class.peers},
                    {"coverage", ratio(of_class.deliveries, of_class.peers * report.result.messages.size())},
                    {"latency_ms",
                     {{"p50", ms(latency.percentile(0.5))},
                      {"p90", ms(latency.percentile(0.9))},
                      {"p99", ms(latency.percentile(0.99))},
                      {"max", ms(latency.max())}}}});
  }
  return list;
}

OrderedJson coverage_json(const Report& report) {
  OrderedJson curve = OrderedJson::array();
  for (const auto& [time, share] : coverage_over_time(report.result)) curve.push_back({time, share});
  return curve;
}

OrderedJson traffic_json(const Report& report) {
  OrderedJson kinds = OrderedJson::object();
  for (std::size_t kind = 0; kind < frame_kind_count; ++kind) {
    const Ledger& sum = report.result.sum;
    if (sum.sent[kind] > 0)
      kinds[frame_traits[kind].name] = {{"frames", sum.sent[kind]}, {"bytes", sum.sent_bytes[kind]}};
  }
  return kinds;
}

using R = const Report&;
constexpr auto counter = Kind::counter;
constexpr auto gauge = Kind::gauge;
constexpr auto text = Kind::text;
constexpr auto machine = Metric::Form::machine;
constexpr auto by_reason = Metric::Form::reasons;
constexpr auto list = Metric::Form::list;

// clang-format off
const Metric table[] = {
    {{"scenario", "", text, "its name"}, [](R r) -> OrderedJson { return r.scenario.name; }},
    {{"seed", "", text, "decides every random choice"}, [](R r) -> OrderedJson { return r.scenario.seed; }},
    {{"trace_hash", "", text, "of everything that happened to every peer; the same for the same scenario and seed, with and without `--wire`, on any compiler"}, [](R r) -> OrderedJson { return hex(r.result.sum.trace); }},
    {{"interrupted", "", text, "Ctrl-C or SIGTERM ended it: everything below is partial"}, [](R r) -> OrderedJson { return r.result.interrupted; }},
    {{"peers", "peers", gauge, "up or not"}, [](R r) -> OrderedJson { return r.result.peers; }},
    {{"graph.links", "links", gauge, "of the topology"}, [](R r) -> OrderedJson { return r.graph.links; }},
    {{"graph.degree.min", "links", gauge, "of a peer, in the topology"}, [](R r) -> OrderedJson { return r.graph.degree_min; }},
    {{"graph.degree.mean", "links", gauge, ""}, [](R r) -> OrderedJson { return r.graph.degree_mean; }},
    {{"graph.degree.max", "links", gauge, ""}, [](R r) -> OrderedJson { return r.graph.degree_max; }},
    {{"graph.degree.deviation", "links", gauge, ""}, [](R r) -> OrderedJson { return r.graph.degree_deviation; }},
    {{"graph.components", "", gauge, "parts without a link between them"}, [](R r) -> OrderedJson { return r.graph.components; }},
    {{"graph.largest_component", "peers", gauge, ""}, [](R r) -> OrderedJson { return r.graph.largest_component; }},
    {{"graph.diameter", "hops", gauge, "the longest shortest way, as measured from `diameter_sample` peers: a lower bound unless that is all"}, [](R r) -> OrderedJson { return r.graph.diameter; }},
    {{"graph.diameter_sample", "peers", gauge, ""}, [](R r) -> OrderedJson { return r.graph.diameter_sample; }},
    {{"simulated_seconds", "s", gauge, "simulated; without a `duration`, until the last thing that happened"}, [](R r) -> OrderedJson { return static_cast<double>(r.result.simulated) / 1e9; }},
    {{"events", "events", counter, "frames that arrived, wakes, connections, …"}, [](R r) -> OrderedJson { return r.result.sum.events; }},
    {{"wall_seconds.setup", "s", gauge, "reading, drawing the graph, making the peers"}, [](R r) -> OrderedJson { return r.result.setup_seconds; }, machine},
    {{"wall_seconds.run", "s", gauge, ""}, [](R r) -> OrderedJson { return r.result.run_seconds; }, machine},
    {{"events_per_second", "events/s", gauge, ""}, [](R r) -> OrderedJson { return r.result.run_seconds > 0 ? std::round(static_cast<double>(r.result.sum.events) / r.result.run_seconds) : 0; }, machine},
    {{"peak_rss_bytes", "bytes", gauge, "of the whole process"}, [](R r) -> OrderedJson { return r.result.peak_rss_bytes; }, machine},
    {{"bytes_per_peer", "bytes", gauge, ""}, [](R r) -> OrderedJson { return r.result.peak_rss_bytes / r.result.peers; }, machine},
    {{"messages", "messages", counter, "that the workload has"}, [](R r) -> OrderedJson { return r.result.messages.size(); }},
    {{"deliveries", "deliveries", counter, "peers that have a message, summed over messages, the origin included"}, [](R r) -> OrderedJson { return r.result.deliveries; }},
    {{"coverage", "share", gauge, "`deliveries` / (`peers` · `messages`)"}, [](R r) -> OrderedJson { return coverage(r.result, r.result.deliveries, r.result.messages.size()); }},
    {{"coverage_of_up", "share", gauge, "the same without those that were not up"}, [](R r) -> OrderedJson { return coverage_of_up(r.result, r.result.deliveries, r.result.misses, r.result.messages.size()); }},
    {{"latency_ms.p50", "ms", gauge, "from the announcement to the first delivery; percentiles to 0.1%, the origin not counted"}, [](R r) -> OrderedJson { return ms(r.result.sum.latency.percentile(0.5)); }},
    {{"latency_ms.p90", "ms", gauge, ""}, [](R r) -> OrderedJson { return ms(r.result.sum.latency.percentile(0.9)); }},
    {{"latency_ms.p99", "ms", gauge, ""}, [](R r) -> OrderedJson { return ms(r.result.sum.latency.percentile(0.99)); }},
    {{"latency_ms.max", "ms", gauge, ""}, [](R r) -> OrderedJson { return ms(r.result.sum.latency.max()); }},
    {{"hops.p50", "links", gauge, "that the first copy travelled"}, [](R r) -> OrderedJson { return r.result.sum.hops.percentile(0.5); }},
    {{"hops.p99", "links", gauge, ""}, [](R r) -> OrderedJson { return r.result.sum.hops.percentile(0.99); }},
    {{"hops.max", "links", gauge, ""}, [](R r) -> OrderedJson { return r.result.sum.hops.max(); }},
    {{"redundancy", "", gauge, "duplicates for each first delivery"}, [](R r) -> OrderedJson { return ratio(r.result.sum.drops[static_cast<std::size_t>(Reason::duplicate)], r.result.sum.latency.count()); }},
    {{"redelivered", "deliveries", counter, "to a peer that had forgotten the message: after a restart, or because its memory is too short"}, [](R r) -> OrderedJson { return r.result.sum.redelivered; }},
    {{"payload_messages", "frames", counter, "that carry a message, as sent"}, [](R r) -> OrderedJson { return r.result.payload_messages; }},
    {{"control_messages", "frames", counter, "all others"}, [](R r) -> OrderedJson { return r.result.sum.control_messages; }},
    {{"payload_bytes", "bytes", counter, "as on the wire"}, [](R r) -> OrderedJson { return r.result.payload_bytes; }},
    {{"control_bytes", "bytes", counter, "as on the wire"}, [](R r) -> OrderedJson { return r.result.sum.control_bytes; }},
    {{"traffic", "frames, bytes", counter, "likewise, by kind of frame: `{\"announce\": {\"frames\": …, \"bytes\": …}, …}`"}, traffic_json, list},
    {{"bytes_per_delivery", "bytes", gauge, "`payload_bytes` and `control_bytes`, for each delivery but the origins'"}, [](R r) -> OrderedJson { return ratio(r.result.payload_bytes + r.result.sum.control_bytes, r.result.sum.latency.count()); }},
    {{"connections", "", counter, "sides of connections that came up"}, [](R r) -> OrderedJson { return r.result.sum.connections; }},
    {{"neighbours_at_end.up", "peers", gauge, "that are up when the run ends"}, [](R r) -> OrderedJson { return degrees(r.result).up; }},
    {{"neighbours_at_end.min", "peers", gauge, "neighbours of one of them"}, [](R r) -> OrderedJson { return degrees(r.result).least; }},
    {{"neighbours_at_end.mean", "peers", gauge, ""}, [](R r) -> OrderedJson { return ratio(degrees(r.result).sum, degrees(r.result).up); }},
    {{"neighbours_at_end.max", "peers", gauge, ""}, [](R r) -> OrderedJson { return degrees(r.result).most; }},
    {{"availability", "share", gauge, "mean share of the time that a peer was up"}, [](R r) -> OrderedJson { return r.result.availability; }},
    {{"departures", "", counter, "how often a peer went down"}, [](R r) -> OrderedJson { return r.result.departures; }},
    {{"drops", "frames", counter, "by reason: what went no further at one peer"}, drops_json, by_reason},
    {{"misses", "peers", counter, "by reason: peers that did not get a message; `deliveries` and all misses add up to `peers` · `messages`"}, [](R r) -> OrderedJson { return counts_json(r.result.misses.counts, miss_names); }, by_reason},
    {{"per_class", "", gauge, "for each of the scenario's `classes`, and first for the peers in none: `name`, `peers`, `coverage`, `latency_ms` with `p50`, `p90`, `p99` and `max`; empty without classes"}, classes_json, list},
    {{"coverage_over_time", "[ms, share]", gauge, "after the announcement, over all messages"}, coverage_json, list},
    {{"per_message", "", gauge, "the first 1,000 messages"}, messages_json, list},
    {{"per_message_cut", "", text, "whether there were more"}, [](R r) -> OrderedJson { return r.result.messages.size() > most_messages_listed; }},
};
// clang-format on

using M = const Result&;

std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", value);
  return buffer;
}
bool published(M r, std::size_t i) { return r.messages[i].origin != no_peer; }

const MessageColumn columns[] = {
    {{"message", "", gauge, "its number"}, [](M, std::size_t i) { return std::to_string(i); }},
    {{"at_ns", "ns", gauge, "when it was announced; empty: never"},
     [](M r, std::size_t i) { return published(r, i) ? std::to_string(r.messages[i].at) : ""; }},
    {{"origin", "peer", gauge, "who announced it"},
     [](M r, std::size_t i) { return published(r, i) ? r.names[r.messages[i].origin] : ""; }},
    {{"deliveries", "peers", counter, "that have it, the origin included"},
     [](M r, std::size_t i) { return std::to_string(r.messages[i].deliveries); }},
    {{"coverage", "share", gauge, "of all peers"},
     [](M r, std::size_t i) { return number(coverage(r, r.messages[i].deliveries, 1)); }},
    {{"coverage_of_up", "share", gauge, "of those that were up"},
     [](M r, std::size_t i) { return number(coverage_of_up(r, r.messages[i].deliveries, r.messages[i].misses, 1)); }},
    {{"last_delivery_ns", "ns", gauge, "from the start of the run; empty: to nobody but the origin"},
     [](M r, std::size_t i) {
       return r.messages[i].deliveries > 1 ? std::to_string(r.messages[i].last_delivery) : "";
     }},
    {{"frames", "frames", counter, "that carried it"},
     [](M r, std::size_t i) { return std::to_string(r.messages[i].frames); }},
    {{"duplicates", "frames", counter, "of those, to who had it"},
     [](M r, std::size_t i) { return std::to_string(r.messages[i].duplicates); }},
};

OrderedJson::json_pointer pointer_to(std::string_view name) {
  std::string pointer = "/" + std::string(name);
  std::ranges::replace(pointer, '.', '/');
  return OrderedJson::json_pointer(pointer);
}

}  // namespace

std::span<const Metric> metrics() { return table; }
std::span<const MessageColumn> message_columns() { return columns; }

std::vector<std::pair<double, double>> coverage_over_time(const Result& result) {
  constexpr int points = 100;
  const Histogram& latency = result.sum.latency;
  const std::uint64_t all = result.messages.size() * result.peers;
  const std::uint64_t origins = result.deliveries - latency.count();
  std::vector<std::pair<double, double>> curve;
  for (int i = 0; i <= points; ++i) {
    const std::uint64_t time = latency.max() * static_cast<std::uint64_t>(i) / points;
    const std::uint64_t reached = latency.count() == 0 ? 0 : latency.up_to(time);
    curve.emplace_back(ms(time), ratio(origins + reached, all));
    if (latency.max() == 0) break;
  }
  return curve;
}

std::vector<std::string> figure_names() {
  std::vector<std::string> names;
  const auto add = [&](std::string_view metric, const auto& reasons_of_it) {
    for (const Named& reason : reasons_of_it) names.push_back(std::string(metric) + '.' + std::string(reason.name));
  };
  for (const Metric& metric : metrics()) {
    if (metric.form == Metric::Form::figure && metric.named.kind != Kind::text) names.emplace_back(metric.named.name);
    if (metric.form != Metric::Form::reasons) continue;
    const bool of_frames = metric.value == drops_json;
    if (!of_frames) add(metric.named.name, miss_names);
    if (of_frames) add(metric.named.name, reasons);
    if (of_frames) add(metric.named.name, transport_drops);
  }
  return names;
}

OrderedJson figure(const OrderedJson& report, const std::string& name) {
  return report.value(pointer_to(name), OrderedJson(0));
}

OrderedJson report_json(const Report& report) {
  OrderedJson json;
  for (const Metric& metric : metrics()) {
    json[pointer_to(metric.named.name)] = metric.value(report);
  }
  return json;
}

}  // namespace gossip::sim
