#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string_view>

#include "bench/convergence/convergence.hpp"
#include "bench/engine_bench.hpp"
#include "bench/node_bench.hpp"
#include "bench/phold.hpp"
#include "bench/scale_bench.hpp"
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
  gossip::bench::PholdOptions phold_options;
  CLI::App* phold = app.add_subcommand("phold", "The engine's time alone, on the usual benchmark of such engines");
  phold->add_option("--processes", phold_options.processes)->check(CLI::Range(2u, 100'000'000u))->capture_default_str();
  phold->add_option("--events", phold_options.events, "In flight, of each")
      ->check(CLI::Range(1u, 1'000u))
      ->capture_default_str();
  phold->add_option("--increments", phold_options.mean_increments, "How long it runs, in mean increments")
      ->check(CLI::Range(0.1, 1e6))
      ->capture_default_str();
  phold->add_option("--threads", phold_options.threads, "As 1,2 (the default)")
      ->delimiter(',')
      ->check(CLI::Range(1u, 1'024u));
  gossip::bench::ScaleOptions scale_options;
  scale_options.program = (std::filesystem::path(argv[0]).parent_path() / "gossip-sim").string();
  scale_options.scenario = "scenarios/million.json";
  std::vector<double> scale_peers(scale_options.peers.begin(), scale_options.peers.end());
  CLI::App* scale = app.add_subcommand("scale", "A scenario on more and more peers, threads and processes");
  scale->add_option("--scenario", scale_options.scenario)->check(CLI::ExistingFile)->capture_default_str();
  scale->add_option("--peers", scale_peers, "Sizes, as 1e4,1e5,1e6 (the default)")
      ->delimiter(',')
      ->check(CLI::Validator(peers_error, "N"));
  scale->add_option("--threads", scale_options.threads, "As 1,2 (the default)")
      ->delimiter(',')
      ->check(CLI::Range(1u, 1'024u));
  scale->add_option("--ranks", scale_options.ranks, "Processes, by mpirun: as 1,2 (default: 1)")
      ->delimiter(',')
      ->check(CLI::Range(1u, 1'024u));
  scale->add_option("--repeat", scale_options.repeat)->check(CLI::Range(1, 100))->capture_default_str();
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
    if (*phold) return gossip::bench::run_phold(phold_options) ? 0 : 1;
    scale_options.peers.assign(scale_peers.begin(), scale_peers.end());
    if (*scale) return gossip::bench::run_scale_bench(scale_options) ? 0 : 1;
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
