#include "sim/world/timeline.hpp"

#include "core/random.hpp"
#include "sim/world/real.hpp"
#include "sim/world/trace.hpp"

namespace gossip::sim {

Lives::Lives(const Scenario& scenario) : seed_(scenario.seed) {
  const bool sampling = scenario.overlay == OverlayKind::sampling;
  if (!sampling && !scenario.churn && scenario.kills.empty()) return;
  peers_ = BigArray<Peer>(scenario.peers);
  if (sampling) {
    start_spread_ = scenario.start_spread;
    bootstrapper_ = scenario.protocol.sampling.bootstrapper;
    if (bootstrapper_ != no_peer) peers_[index(bootstrapper_)].spared = true;
  }
  if (!scenario.churn) return;
  churn_ = *scenario.churn;
  for (const std::uint32_t peer : churn_.spared) peers_[peer].spared = true;
  if (!churn_.trace.empty()) trace_ = read_trace(churn_.trace, scenario.peers);
}

const std::vector<Interval>* Lives::trace(PeerId peer) const {
  if (trace_.empty() || trace_[index(peer)].empty()) return nullptr;
  return &trace_[index(peer)];
}

Duration Lives::exponential(PeerId peer, char use, Duration mean) const {
  Random random(mix(seed_, static_cast<std::uint64_t>(use)), std::uint64_t{life(peer)} << 32 | index(peer));
  return static_cast<Duration>(-real::log(1 - random.uniform()) * static_cast<double>(mean));
}

std::optional<Time> Lives::first_up(PeerId peer) const {
  if (const auto* intervals = trace(peer)) return intervals->front().up;
  Random random(mix(seed_, 'U'), index(peer));
  if (has_model(peer) && churn_.stationary) {
    const double availability =
        static_cast<double>(churn_.session) / static_cast<double>(churn_.session + churn_.downtime);
    if (random.uniform() >= availability) return churn_.start + exponential(peer, 'D', churn_.downtime);
  }
  if (start_spread_ == 0 || peer == bootstrapper_) return 0;
  return static_cast<Time>(random.uniform() * static_cast<double>(start_spread_));
}

std::optional<Time> Lives::rise(PeerId peer, Time now) {
  Peer& state = peers_[index(peer)];
  state.up = true;
  state.buried = false;
  ++state.life;
  changes_.push_back({now, peer, true});
  if (const auto* intervals = trace(peer)) {
    while (state.interval < intervals->size() && (*intervals)[state.interval].down <= now) ++state.interval;
    if (state.interval == intervals->size()) return std::nullopt;
    return (*intervals)[state.interval++].down;
  }
  if (!has_model(peer)) return std::nullopt;
  return std::max(now, churn_.start) + exponential(peer, 'S', churn_.session);
}

std::optional<Time> Lives::fall(PeerId peer, Time now) {
  Peer& state = peers_[index(peer)];
  state.up = false;
  changes_.push_back({now, peer, false});
  if (const auto* intervals = trace(peer)) {
    if (state.interval == intervals->size()) return std::nullopt;
    return std::max(now, (*intervals)[state.interval].up);
  }
  if (!has_model(peer)) return std::nullopt;
  return now + exponential(peer, 'D', churn_.downtime);
}

bool Lives::clean(PeerId peer) const {
  Random random(mix(seed_, 'C'), std::uint64_t{life(peer)} << 32 | index(peer));
  return random.uniform() < churn_.clean;
}

}  // namespace gossip::sim
