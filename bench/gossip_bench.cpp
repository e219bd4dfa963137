#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <exception>
#include <string_view>

#include "bench/convergence/convergence.hpp"
#include "bench/engine_bench.hpp"
#include "bench/node_bench.hpp"
#include "bench/truth_bench.hpp"

namespace {

/// 1e6 as well as 1000000; what is no whole number of peers, or too few for eight links each, is refused.
std::string peers_error(const std::string& text) {
  double peers = 0;
  if (!CLI::detail::lexical_cast(text, peers) || peers != std::floor(peers) || peers < 10 || peers > 1e8) {
    return "'" + text + "' is not a whole number from 10 to 1e8";
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  // The node's benchmark has a command line of its own.
  if (argc > 1 && std::string_view(argv[1]) == "node") return gossip::bench::node_bench(argc - 1, argv + 1);
  CLI::App app{"Measures what gossip does a second, and what it costs"};
  app.footer("gossip-bench node --help: real nodes over loopback");
  app.require_subcommand(1);
  gossip::bench::EngineBenchOptions options;
  std::vector<double> peers(options.peers.begin(), options.peers.end());
  CLI::App* engine =
      app.add_subcommand("engine", "A flood through the engine, next to a bare std::priority_queue loop");
  engine->add_option("--peers", peers, "Sizes, as 1e4,1e5,1e6 (the default); 1e7 takes about 7 GB and minutes")
      ->delimiter(',')
      ->check(CLI::Validator(peers_error, "N"));
  engine->add_option("--repeat", options.repeat, "Repetitions of which the median counts")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  engine->add_option("--json", options.json, "Also write the figures to this file");
  engine->add_option("--bound", options.bound, "Also run this program, a flood without any core, for each size")
      ->check(CLI::ExistingFile);
  gossip::bench::TruthOptions truth_options;
  CLI::App* truth = app.add_subcommand("truth", "What the literature published, run again; exits 1 where it misses");
  truth->add_option("--block", truth_options.block, "Only this one");
  truth->add_option("--runs", truth_options.runs, "Of each simulation, instead of each block's own number")
      ->check(CLI::Range(2, 1'000'000));
  truth->add_option("--write", truth_options.document, "Also put the tables into this file, docs/truth.md")
      ->check(CLI::ExistingFile);
  gossip::bench::convergence::Options growth;
  std::vector<double> growth_peers(growth.peers.begin(), growth.peers.end());
  bool full = false;
  CLI::App* convergence =
      app.add_subcommand("convergence", "Time until everybody has a message, and its cost, as the network grows");
  convergence->add_option("--protocol", growth.protocols, "Only these, by name")->delimiter(',');
  convergence->add_option("--peers", growth_peers, "Sizes, as 1e2,1e3,1e4,1e5 (the default)")
      ->delimiter(',')
      ->check(CLI::Validator(peers_error, "N"));
  convergence->add_option("--seeds", growth.seeds, "Runs of each size; a third of them from 1e5 peers on")
      ->check(CLI::Range(2, 10'000))
      ->capture_default_str();
  convergence->add_option("--loss", growth.loss, "Probability that a frame is lost")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  convergence->add_flag("--full", full, "Up to 1e6 peers too, where the protocol can");
  convergence->add_option("--json", growth.json, "Also write the figures to this file");
  convergence->add_option("--csv", growth.csv, "Also write the figures to this file");
  try {
    app.parse(argc, argv);
    if (full) growth_peers.push_back(1e6);
    growth.peers.assign(growth_peers.begin(), growth_peers.end());
    if (*convergence) return gossip::bench::convergence::run(growth), 0;
    if (*truth) return gossip::bench::run_truth_bench(truth_options) ? 0 : 1;
    options.peers.assign(peers.begin(), peers.end());
    gossip::bench::run_engine_bench(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gossip-bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
