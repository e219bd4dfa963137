#pragma once

#include "sim/engine/engine.hpp"
#include "sim/report/overlay.hpp"

/// HyParView as its paper set it up, on the shipped core.
namespace gossip::sim::test {

/// HyParView §5: peers join one after the other through one contact, then 50 shuffles each. The paper's simulation takes
/// no time; here links do, and twenty peers join a second.
inline Scenario hyparview_scenario(std::uint32_t peers, std::uint64_t seed) {
  Scenario scenario;
  scenario.file = "hyparview";
  scenario.peers = peers;
  scenario.seed = seed;
  scenario.overlay = HyParView::name;
  scenario.protocol.of<HyParView>().bootstrapper = PeerId{0};
  scenario.links.latency = Uniform{millisecond, 5 * millisecond};
  scenario.links.connect_timeout = 10 * millisecond;
  scenario.detection = 0;
  scenario.start_spread = peers / 20 * second;
  scenario.duration = scenario.start_spread + 50 * HyParViewConfig{}.shuffle_interval * 5 / 4;
  return scenario;
}

/// HyParView Table 1: average path, clustering, hops; §5.2: in-degrees.
inline OverlayFacts hyparview_overlay(std::uint32_t peers, std::uint64_t seed, std::uint32_t sources = 500) {
  const Experiment experiment(hyparview_scenario(peers, seed));
  const EngineOptions options;
  Engine engine(experiment, options);
  engine.run();
  return describe_overlay(engine, sources, seed);
}

}  // namespace gossip::sim::test
