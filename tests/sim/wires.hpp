#pragma once

#include <utility>
#include <vector>

#include "sim/world/transport.hpp"
#include "tests/sim/world.hpp"

/// Connections against arithmetic, without an engine.
namespace gossip::sim::test {

inline constexpr PeerId a{0}, b{1}, c{2};
inline constexpr Duration latency = 10 * millisecond;

/// Three peers that find each other, all of them up: nothing but what a transport needs.
struct Wires {
  explicit Wires(const LinkSpec& links = {}, Duration detection = 500 * millisecond, std::vector<Fault> faults = {})
      : scenario(scenario_for(links, detection, std::move(faults))) {}
  static Scenario scenario_for(const LinkSpec& links, Duration detection, std::vector<Fault> faults) {
    Scenario made = sampling(3, 2, 100'000 * second);
    made.links = links;
    made.links.latency = Constant{latency};
    made.detection = detection;
    made.faults = std::move(faults);
    return made;
  }
  /// a dials b, from its session to b's.
  void connect(std::uint32_t session_a = 1, std::uint32_t session_b = 1, Time at = 0) {
    const Event dial = transport.dial(a, session_a, b, at);
    const Transport::Change accepted = transport.on(dial, session_b);
    EXPECT_TRUE(accepted.up);
    EXPECT_TRUE(transport.on(*accepted.reply, session_a).up);
  }

  const Scenario scenario;
  Graph graph;
  LatencyModel model{scenario.links, 1, "test"};
  Timeline timeline{scenario};
  Transport transport{scenario, graph, model, timeline, {0, scenario.peers}};
};

/// a and b have a connection.
struct ConnectedWires : Wires {
  explicit ConnectedWires(const LinkSpec& links = {}, Duration detection = 500 * millisecond,
                          std::vector<Fault> faults = {})
      : Wires(links, detection, std::move(faults)) {
    connect();
  }
};

}  // namespace gossip::sim::test
