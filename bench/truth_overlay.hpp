#pragma once

#include "sim/engine/engine.hpp"
#include "sim/report/overlay.hpp"

/// What was published of overlays, as experiments on the shipped core: for gossip-bench and for tests.
namespace gossip::bench {

/// HyParView §5: peers join one after the other through one contact, then 50 shuffles each. The paper's simulation takes
/// no time; here links do, and peers join a second and more apart.
inline sim::Scenario hyparview_scenario(std::uint32_t peers, std::uint64_t seed) {
  sim::Scenario scenario;
  scenario.file = "hyparview";
  scenario.peers = peers;
  scenario.seed = seed;
  scenario.overlay = HyParView::name;
  scenario.protocol.of<HyParView>().bootstrapper = PeerId{0};
  scenario.links.latency = sim::Uniform{millisecond, 5 * millisecond};
  scenario.links.connect_timeout = 10 * millisecond;
  scenario.detection = 0;
  scenario.start_spread = peers / 20 * second;
  scenario.duration = scenario.start_spread + 50 * HyParViewConfig{}.shuffle_interval * 5 / 4;
  return scenario;
}

/// HyParView Table 1: average path, clustering, hops; §5.2: in-degrees.
inline sim::OverlayFacts hyparview_overlay(std::uint32_t peers, std::uint64_t seed, std::uint32_t sources = 500) {
  const sim::Experiment experiment(hyparview_scenario(peers, seed));
  const sim::EngineOptions options;
  sim::Engine engine(experiment, options);
  engine.run();
  return sim::describe_overlay(engine, sources, seed);
}

}  // namespace gossip::bench
