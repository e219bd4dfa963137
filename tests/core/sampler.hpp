#pragma once

#include <algorithm>
#include <string_view>

#include "tests/core/one_peer.hpp"

/// Peer 0 with the sampling overlay, and a driver's short sentences.
namespace gossip {

constexpr std::uint32_t bootstrapper = 100;

inline SamplingConfig small() {
  return {.bootstrapper = PeerId{bootstrapper},
          .degree = 3,
          .links = 4,
          .transient_links = 2,
          .peer_list = 8,
          .response_peers = 4,
          .retry_min = 500 * millisecond,
          .retry_max = 4 * second};
}
/// Knows nobody but whom it is told of.
inline SamplingConfig alone(std::uint32_t degree = 1, std::uint32_t links = 1) {
  SamplingConfig config = small();
  config.bootstrapper = no_peer;
  config.degree = degree;
  config.links = links;
  return config;
}

using Set = std::set<std::uint32_t>;

class Sampler : public OnePeer {
 public:
  explicit Sampler(const SamplingConfig& sampling = small(), std::uint32_t most_lists = 1)
      : Sampler(sampling, Setup{.lists = ListStore(most_lists)}) {}
  Sampler(const SamplingConfig& sampling, Setup setup, const Operations& kind = operations_of<Sampling, Flood>())
      : OnePeer(kind, config_with(sampling, IntakeConfig{.seen_capacity = 16}), std::move(setup)) {}

  Lines reached(std::uint32_t peer) { return step(PeerUp{PeerId{peer}, false}); }
  Lines called_by(std::uint32_t peer) { return step(PeerUp{PeerId{peer}, true}); }
  Lines lost(std::uint32_t peer) { return step(PeerDown{PeerId{peer}}); }
  Lines pull_from(std::uint32_t peer) { return step(Receive{PeerId{peer}, Frame::pull(PeerId{peer})}); }
  Lines push_from(std::uint32_t peer) { return step(Receive{PeerId{peer}, Frame::push(PeerId{peer})}); }
  Lines told(std::uint32_t from, const std::vector<std::uint32_t>& peers) { return receive_list(PeerId{from}, peers); }
  /// By the list of an earlier run, which nobody sends.
  Lines knows(const std::vector<std::uint32_t>& peers) { return told(index(no_peer), peers); }
  /// Anything that makes it look whom it may dial now.
  Lines look_around() { return knows({}); }
  /// The list in the response that was sent last.
  std::vector<std::uint32_t> answer() { return lists_sent.at(0); }
  Lines wake() {
    now = deadline;
    return step(Wake{});
  }
  /// The lines of all wakes until then.
  Lines wait(Duration duration) {
    const Time until = now + duration;
    Lines lines;
    while (deadline <= until) {
      now = std::max(now, deadline);
      for (std::string& line : step(Wake{})) lines.push_back(std::move(line));
    }
    now = until;
    return lines;
  }
  Set list() {
    Set listed;
    for (const PeerId peer : look().known) EXPECT_TRUE(listed.insert(index(peer)).second);
    return listed;
  }
  Set up() {
    Set up;
    for (const PeerId peer : neighbours()) up.insert(index(peer));
    return up;
  }
  /// In touch with the bootstrapper and, by its answer, with peers 1 and 2.
  void at_degree() {
    step(Start{});
    reached(bootstrapper);
    told(bootstrapper, {1, 2});
    reached(1);
    reached(2);
  }
  /// How long until it dials the peer, when it looks around every millisecond.
  Duration until_dialled(std::uint32_t peer) {
    const std::string dial = "connect peer " + std::to_string(peer);
    for (const Time from = now; now - from < 60 * second; now += millisecond) {
      if (std::ranges::count(look_around(), dial) > 0) return now - from;
    }
    return never;
  }
};

inline std::size_t count(const Lines& lines, std::string_view beginning) {
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [&](const std::string& line) { return line.starts_with(beginning); }));
}

inline bool any(const Lines& lines, const std::string& line) { return std::ranges::find(lines, line) != lines.end(); }

}  // namespace gossip
