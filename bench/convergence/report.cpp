#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/convergence/convergence.hpp"
#include "sim/machine/process.hpp"

namespace gossip::bench::convergence {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* share_names[] = {"50", "90", "99", "100"};

std::string with_interval(const Estimate& value, int digits) {
  if (value.count == 0) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f ±%.*f", digits, value.mean, digits, value.half_width);
  return text;
}

/// printf counts bytes, and ± has two.
std::string right(std::string text, std::size_t width) {
  const std::size_t shown = text.size() - (text.find("±") == std::string::npos ? 0 : 1);
  return shown < width ? std::string(width - shown, ' ') + text : text;
}

void print_head(const Setup& setup) {
  std::printf("\n%s: %s; times in %s\n%9s %6s", setup.name, setup.about, setup.unit, "peers", "seeds");
  for (const char* share : share_names) std::printf(" %15s", (std::string("to ") + share + "%").c_str());
  std::printf(" %9s %15s %15s\n", "reached", "frames a peer", "RMR");
}

void print(const Point& point) {
  std::printf("%9u %6u", point.peers, point.seeds);
  for (const Estimate& time : point.times) {
    std::string text = with_interval(time, 1);
    if (time.count > 0 && time.count < point.seeds) text += '*';
    std::printf(" %s", right(text, 15).c_str());
  }
  std::printf(" %8.3f%% %s %s\n", 100 * point.reached.mean, right(with_interval(point.frames, 2), 15).c_str(),
              right(with_interval(point.rmr, 3), 15).c_str());
  std::fflush(stdout);
}

void print_growth(const Setup& setup, std::span<const Point> points) {
  for (const std::size_t share : {std::size_t{2}, std::size_t{3}}) {
    const auto fit = growth(points, share);
    if (!fit) continue;
    std::printf("  to %s%%: %.2f %s for each doubling of the peers (R2 %.3f)", share_names[share], fit->slope,
                setup.unit, fit->r2);
    const auto law = share + 1 == shares.size() ? growth_of_law(setup, points) : std::nullopt;
    if (law) std::printf("; the law %s: %.2f at these sizes", setup.law, law->slope);
    std::printf("\n");
  }
}

Json to_json(const Estimate& value) {
  if (value.count == 0) return nullptr;
  return {{"mean", value.mean}, {"ci95", value.half_width}, {"seeds", value.count}};
}

Json to_json(const Setup& setup, std::span<const Point> points) {
  Json json{{"protocol", setup.name}, {"about", setup.about}, {"unit", setup.unit}, {"points", Json::array()}};
  for (const Point& point : points) {
    Json one{{"peers", point.peers}, {"seeds", point.seeds}};
    for (std::size_t i = 0; i < shares.size(); ++i) one["to_" + std::string(share_names[i])] = to_json(point.times[i]);
    one["reached"] = to_json(point.reached);
    one["frames_a_peer"] = to_json(point.frames);
    one["payload_frames_a_peer"] = to_json(point.payload);
    one["rmr"] = to_json(point.rmr);
    json["points"].push_back(one);
  }
  const auto fit = growth(points, shares.size() - 1);
  if (fit) json["growth_to_100"] = {{"slope", fit->slope}, {"intercept", fit->intercept}, {"r2", fit->r2}};
  const auto law = growth_of_law(setup, points);
  if (law) json["law"] = {{"formula", setup.law}, {"slope", law->slope}};
  return json;
}

std::string csv_lines(const Setup& setup, std::span<const Point> points) {
  std::string text;
  const auto add = [&](const Estimate& value) {
    text += value.count == 0 ? ",," : ',' + std::to_string(value.mean) + ',' + std::to_string(value.half_width);
  };
  for (const Point& point : points) {
    text += std::string(setup.name) + ',' + setup.unit + ',' + std::to_string(point.peers) + ',' +
            std::to_string(point.seeds);
    for (const Estimate& time : point.times) add(time);
    add(point.reached), add(point.frames), add(point.payload), add(point.rmr);
    text += '\n';
  }
  return text;
}

std::string csv_head() {
  std::string head = "protocol,unit,peers,seeds";
  for (const char* share : share_names) head += std::string(",to_") + share + ",to_" + share + "_ci95";
  for (const char* name : {"reached", "frames_a_peer", "payload_frames_a_peer", "rmr"}) {
    head += std::string(",") + name + ',' + name + "_ci95";
  }
  return head + '\n';
}

void write(const std::string& path, const std::string& text) {
  std::ofstream out(path);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

bool chosen(const Options& options, const Setup& setup) {
  return options.protocols.empty() || std::ranges::find(options.protocols, setup.name) != options.protocols.end();
}

void check(const Options& options) {
  for (const std::string& name : options.protocols) {
    const auto known = [&](const Setup& setup) { return name == setup.name; };
    if (std::ranges::none_of(setups(), known)) throw std::runtime_error("no protocol is called " + name);
  }
}

}  // namespace

void run(const Options& options) {
  check(options);
  std::printf(
      "One message, links of 10 to 100 ms; means over seeds with 95%% confidence intervals.\n"
      "*: of the seeds that reached so many. RMR: payload frames / (reached - 1) - 1.\n");
  const sim::Stopwatch watch;
  std::string csv = csv_head();
  Json json{
      {"benchmark", "convergence"}, {"seeds", options.seeds}, {"loss", options.loss}, {"protocols", Json::array()}};
  for (const Setup& setup : setups()) {
    if (!chosen(options, setup)) continue;
    print_head(setup);
    std::vector<Point> points;
    for (const std::uint32_t peers : options.peers) {
      if (peers > setup.most_peers) continue;
      // A large network is its own average.
      const std::uint32_t seeds = peers >= 100'000 ? std::max(options.seeds / 3, 2u) : options.seeds;
      points.push_back(measure(setup, peers, seeds, options.loss));
      print(points.back());
    }
    print_growth(setup, points);
    json["protocols"].push_back(to_json(setup, points));
    csv += csv_lines(setup, points);
  }
  std::printf("\n%.1f s\n", watch.seconds());
  if (!options.json.empty()) write(options.json, json.dump(2) + '\n');
  if (!options.csv.empty()) write(options.csv, csv);
}

}  // namespace gossip::bench::convergence
