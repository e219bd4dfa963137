#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"

/// How long a message takes to reach everybody, and what it costs, as the network grows: the same question to every
/// protocol, with the spread over seeds, and the growth held against the law where there is one.
namespace gossip::bench::convergence {

/// One way to spread a message. A new one is a line in `setups`.
struct Setup {
  const char* name;
  const char* about;
  const char* unit;  // of its times
  Duration unit_time;
  bool ends;                   // by itself; of what would go on for ever the cost says nothing
  std::uint32_t most_peers;    // more would take too long
  const char* law;             // what is known of the time until everybody has it; may be empty,
  double (*law_at)(double n);  // and then null
  sim::Scenario (*make)(std::uint32_t peers);
};
std::span<const Setup> setups();

inline constexpr std::array<double, 4> shares = {0.5, 0.9, 0.99, 1};

/// A mean over seeds with its 95% confidence interval (Student's t).
struct Estimate {
  double mean = 0, half_width = 0;
  std::uint32_t count = 0;  // seeds that had such a value
};
Estimate estimate(std::span<const double> values);

struct Point {
  std::uint32_t peers = 0, seeds = 0;
  std::array<Estimate, shares.size()> times;  // in the set-up's unit; of the seeds that reached so many
  Estimate reached;                           // share of the peers
  Estimate frames, payload;                   // a peer; frames: control included
  Estimate rmr;                               // payload frames / (reached − 1) − 1 (Leitão et al., SRDS 2007)
};
struct Options {
  std::vector<std::string> protocols;  // empty: all
  std::vector<std::uint32_t> peers{100, 1'000, 10'000, 100'000};
  std::uint32_t seeds = 10;
  double loss = 0;
  std::string json, csv;  // files; empty: none
};
Point measure(const Setup& setup, std::uint32_t peers, std::uint32_t seeds, double loss);

/// Least squares of time against log2 of the peers.
struct Growth {
  double slope, intercept, r2;
};
std::optional<Growth> growth(std::span<const Point> points, std::size_t share);
/// Of the law, at the same sizes.
std::optional<Growth> growth_of_law(const Setup& setup, std::span<const Point> points);

/// Prints the table, says how far it is, and writes the files. Throws when an option names nothing.
void run(const Options& options);

}  // namespace gossip::bench::convergence
