#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/protocols.hpp"
#include "core/types.hpp"

/// A scenario is the whole experiment, as docs/scenario.md describes it: this is what the reader makes of the file. The
/// keys, their ranges and what they mean are in keys.cpp; a default is the member's.
/// Every number here has been checked; names of files are already resolved against the scenario's folder.
namespace gossip::sim {

// Who is linked to whom at the start.
struct Complete {};
struct Ring {};
struct Grid {
  std::uint32_t width = 0;  // 0: the most square one
  bool wrap = false;
};
struct Star {};  // peer 0 is the hub
struct RandomRegular {
  std::uint32_t degree;
};
struct RandomOut {
  std::uint32_t links;
};  // each peer picks this many others; made undirected
struct ErdosRenyi {
  double probability;
};
struct SmallWorld {
  std::uint32_t neighbours;
  double rewire;
};  // Watts and Strogatz 1998
struct ScaleFree {
  double alpha;
  double beta;
};  // power-law out-degree (Palmer and Steffan 2000), as Boost's plod_iterator
struct GraphFile {
  enum class Format : std::uint8_t { edge_list, graphml, dot, node_link, gml } format;
  std::string path;
  std::string latency = {};  // the column or attribute that is one; "none"; empty: what the format has by itself
  enum class Unit : std::uint8_t { in_value, ns, us, ms, s } unit = Unit::in_value;
  bool round_trip = false;
  // What links here cannot be, and a file may have.
  enum class Directed : std::uint8_t { error, both_ways } directed = Directed::error;
  enum class Parallel : std::uint8_t { error, fastest } parallel = Parallel::error;
  enum class SelfLoops : std::uint8_t { error, drop } self_loops = SelfLoops::error;
};
struct NoLinks {};  // an overlay that finds its own neighbours
using TopologySpec = std::variant<NoLinks, Complete, Ring, Grid, Star, RandomRegular, RandomOut, ErdosRenyi, SmallWorld,
                                  ScaleFree, GraphFile>;

// One-way latency of a link. Symmetric, and constant over time but for the jitter.
struct Constant {
  Duration value;
};
struct Uniform {
  Duration min, max;
};
struct Normal {
  Duration mean, deviation;
};
struct LogNormal {
  Duration median;
  double sigma;
};  // sigma of the logarithm
/// Milliseconds between measured hosts.
struct Matrix {
  std::string path;
  bool round_trip;
  std::string missing = {};  // a value that says that there is none, beside nan and -
};
struct Regions {
  std::string path;
  std::string model;
};  // one-way milliseconds between regions, and their weights
/// The longest latency that a link may have: sums of a few stay far from overflow.
inline constexpr Duration longest_latency = 3'600 * second;
using LatencySpec = std::variant<Constant, Uniform, Normal, LogNormal, Matrix, Regions>;

struct LinkSpec {
  LatencySpec latency = Uniform{10 * millisecond, 100 * millisecond};
  Duration min_latency = 100 * microsecond;  // floor of every link: no window of time is shorter; guess: a switched LAN
  Duration jitter = 0;  // each frame: uniform in [0, jitter) on top; frames of one link stay in order
  double loss = 0;      // each frame, independently
  std::uint32_t handshake_round_trips = 1;  // TCP; 2 with TLS 1.3
  Duration connect_timeout = 3 * second;    // a dial to a peer that is down; guess
  std::uint64_t upload = 0;                 // bits a second, of each peer; 0: no limit
  /// What carries frames. `sequenced` is what models in papers have, and nothing real: what is lost leaves no trace, and
  /// the others keep their order.
  enum class Carrier : std::uint8_t { sequenced, stream, datagram } transport = Carrier::sequenced;
  Duration retransmit_after = 200 * millisecond;  // of `stream`, beside a round trip: Linux, TCP_RTO_MIN
};

struct ValidationSpec {
  double subscribers = 1;  // share of the peers with a local program that gives verdicts
  Duration delay = 0;      // until the verdict
  double reject = 0;       // share of verdicts that reject
  double silent = 0;       // share of verdicts that never come
};

/// Messages: `count` of them from `at` on, `interval` apart.
struct Workload {
  enum class From : std::uint8_t { random, all, peers } from = From::random;
  std::vector<std::uint32_t> peers;  // From::peers: in turn
  Time at = 0;
  std::uint32_t count = 1;  // From::all: rounds, in each of which every peer announces once
  Duration interval = 0;
  std::uint32_t size = 1024;  // bytes of data
  std::uint16_t data_type = 1337;
  std::uint8_t ttl = 0;
};

struct Interval {
  Time up, down;
};

struct Churn {
  Duration session = 0;  // mean of an exponential; 0: no model
  Duration downtime = 0;
  bool stationary = true;  // at 0 each peer is up with probability session / (session + downtime); otherwise all are up
  Time start = 0;          // no departures before
  double clean = 0;        // share of departures that say goodbye; the others crash
  std::vector<std::uint32_t> spared;  // never leave; the bootstrapper always is one
  std::string trace;                  // file `peer,up_seconds,down_seconds`; peers not in it stay up
};

// What goes wrong.
struct Kill {
  Time at = 0;
  double fraction = 0;                 // of the peers that are up, chosen by the seed
  std::vector<std::uint32_t> peers;    // or these
  std::optional<Duration> back_after;  // otherwise they stay down
};
/// Nothing passes between these peers and all others.
struct Partition {
  Time at = 0;
  double fraction = 0;               // of all peers, chosen by the seed
  std::vector<std::uint32_t> peers;  // or these
  std::optional<Duration> lasts;     // otherwise it does not heal
};
using Fault = std::variant<Kill, Partition>;

/// Peers that are not as the others.
struct ClassSpec {
  std::string name;
  double fraction = 0;               // of all peers, chosen by the seed among those that no other class has
  std::vector<std::uint32_t> peers;  // or these
  std::uint64_t upload = 0;          // bits a second; 0: as all others
  bool dialable = true;              // otherwise it can dial, but nobody can dial it
  bool silent = false;               // passes nothing on that others announced
};

/// Values that a JSON path takes in turn.
struct SweepAxis {
  std::string path;
  std::vector<std::string> values;  // JSON
};
struct SweepSpec {
  std::vector<SweepAxis> over;  // by path
  std::uint32_t repeat = 1;
};

struct Scenario {
  /// Whether links are given by the topology; otherwise peers find each other through a bootstrapper.
  bool links_given() const { return overlay == Fixed::name; }
  /// Whether everybody may send to everybody at any time: nothing is dialled, and nobody comes or goes.
  bool everyone_linked() const { return overlay == Everyone::name; }
  /// The peer that all others know at the start; no_peer where the overlay has none.
  PeerId bootstrapper() const {
    PeerId found = no_peer;
    Overlays::each([&]<class Overlay>() {
      if constexpr (requires { protocol.of<Overlay>().bootstrapper; }) {
        if (overlay == Overlay::name) found = protocol.of<Overlay>().bootstrapper;
      }
    });
    return found;
  }

  std::string file, name, question, answer;
  std::uint32_t peers = 0;  // 0: as many as the topology file has
  std::uint64_t seed = 1;
  Time duration = 0;  // 0: until nothing happens any more
  TopologySpec topology;
  LinkSpec links;
  std::string overlay = "fixed", broadcast = "flood", repair = "none";  // as core/protocols.hpp names them
  Config protocol;                                                      // core's, complete
  std::optional<ValidationSpec> validation;
  Duration start_spread = 0;    // overlays that find their neighbours: peers start uniformly within this
  Duration detection = second;  // a crash is noticed by its neighbours after this
  std::vector<Workload> workload;
  std::vector<ClassSpec> classes;
  std::optional<Churn> churn;
  std::vector<Fault> faults;
  std::optional<SweepSpec> sweep;               // runs of this scenario; each has none itself
  std::vector<std::string> files;               // that it names
  std::map<std::string, std::string> spelling;  // JSON paths for which the file has an older one, for messages
};

}  // namespace gossip::sim
