#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/engine/engine.hpp"

/// What the literature published, run again on the shipped core in the shipped simulator.
///
/// A block is one experiment of one source: it says how it is set up, runs it as often as it is told, and gives a row
/// for each published number. A new one is a function in a file of this folder and a line in `blocks`.
namespace gossip::bench::truth {

/// Of runs that are alike but for the seed.
class Mean {
 public:
  void add(double value) {
    const double before = value - mean_;
    mean_ += before / static_cast<double>(++count_);
    squares_ += before * (value - mean_);
  }
  double mean() const { return mean_; }
  /// The standard error of the mean.
  double error() const {
    if (count_ < 2) return 0;
    const auto n = static_cast<double>(count_);
    return std::sqrt(squares_ / (n - 1) / n);
  }

 private:
  std::uint64_t count_ = 0;
  double mean_ = 0, squares_ = 0;
};

enum class Kind : std::uint8_t {
  hard,   // within 4 standard errors and half of the last digit that was published
  band,   // within the tolerance stated
  shown,  // no claim
};

/// A number as somebody gave it, with its digits: "3.1e-2"; empty where nobody did.
struct Given {
  std::string text;
  double value() const { return std::stod(text); }
  /// Half of the last digit.
  double half_digit() const;
};

struct Row {
  std::string what;
  Kind kind;
  Given paper, checked;  // checked: a law, or an independent simulation of the stated definition
  Mean ours;
  double slack = -1;  // besides 4 standard errors; negative: half of the last digit of the coarser of the two

  double least_error = 0;  // of the mean, where what is counted is so rare that few runs show any

  double tolerance() const;
  /// Of the check where there is one: published figures are means of few runs, or round.
  bool holds() const;
  bool agrees_with(const Given& given) const;
  const char* verdict() const;
};

struct Block {
  int number;
  const char* name;  // of the test
  const char* title;
  const char* how;
  std::uint32_t runs;       // for the table
  std::uint32_t test_runs;  // for the tests: a few seconds
  std::vector<Row> (*run)(std::uint32_t runs);
};
std::span<const Block> blocks();

std::string rounded(double value, int digits);
std::string text_row(const Row& row);
std::string markdown(const Block& block, std::uint32_t runs, std::span<const Row> rows);

// What blocks are made of.

struct Outcome {
  sim::Ledger ledger;
  std::uint64_t reached = 0;  // by the first message, its origin included
};
/// Until nothing happens any more, or the scenario's end.
Outcome simulate(const sim::Experiment& experiment, bool record_deliveries = false);
/// `peers` peers, all neighbours of all, every link as slow as `latency`; peer 0 announces one message at 0.
sim::Scenario on_complete_graph(std::uint32_t peers, std::uint64_t seed, Duration latency);

// The blocks, each in its file.
std::vector<Row> demers_push_feedback(std::uint32_t runs);
std::vector<Row> demers_push_blind(std::uint32_t runs);
std::vector<Row> demers_pull(std::uint32_t runs);
std::vector<Row> demers_connection_limit(std::uint32_t runs);
std::vector<Row> synchronous_spreading(std::uint32_t runs);
std::vector<Row> asynchronous_spreading(std::uint32_t runs);
std::vector<Row> fanout_reach(std::uint32_t runs);
std::vector<Row> ttl_flood(std::uint32_t runs);
std::vector<Row> relay_network(std::uint32_t runs);
std::vector<Row> flood_duplicates(std::uint32_t runs);

}  // namespace gossip::bench::truth
