#include "sim/world/timeline.hpp"

#include <algorithm>

#include "core/random.hpp"
#include "sim/world/real.hpp"
#include "sim/world/trace.hpp"

namespace gossip::sim {
namespace {

/// Takes every peer through its time, all of them up to the next kill, until the end.
class Builder {
 public:
  explicit Builder(const Scenario& scenario)
      : scenario_(scenario), churn_(scenario.churn.value_or(Churn{})), peers_(scenario.peers) {
    const auto bootstrapper = index(scenario.bootstrapper());
    if (bootstrapper < scenario.peers) peers_[bootstrapper].spared = true;
    for (const std::uint32_t peer : churn_.spared) peers_[peer].spared = true;
    if (!churn_.trace.empty()) trace_ = read_trace(churn_.trace, scenario.peers);
    for (std::uint32_t i = 0; i < scenario.peers; ++i) begin(i);
  }

  void run() {
    std::vector<const Kill*> kills;
    for (const Fault& fault : scenario_.faults) {
      if (const Kill* kill = std::get_if<Kill>(&fault)) kills.push_back(kill);
    }
    std::vector<std::uint32_t> order(kills.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, {}, [&](std::uint32_t i) { return kills[i]->at; });
    for (const std::uint32_t i : order) {
      advance_all(kills[i]->at);
      kill(*kills[i], i);
    }
    advance_all(scenario_.duration > 0 ? scenario_.duration : never);
  }

  const std::vector<Session>& sessions(std::uint32_t peer) const { return peers_[peer].sessions; }

 private:
  struct Peer {
    std::vector<Session> sessions;
    Time next = never;           // change, from up to down or back
    std::uint32_t interval = 0;  // of the trace
    bool up = false, spared = false;
  };

  const std::vector<Interval>* trace(std::uint32_t peer) const {
    return trace_.empty() || trace_[peer].empty() ? nullptr : &trace_[peer];
  }
  bool has_model(std::uint32_t peer) const { return churn_.session > 0 && !peers_[peer].spared; }
  Duration exponential(std::uint32_t peer, char use, Duration mean) const {
    const std::uint64_t session = peers_[peer].sessions.size();
    Random random(mix(scenario_.seed, static_cast<std::uint64_t>(use)), session << 32 | peer);
    return static_cast<Duration>(-real::log(1 - random.uniform()) * static_cast<double>(mean));
  }

  void begin(std::uint32_t peer) {
    const Time first = first_up(peer);
    // Given links are there from the beginning; who has to find its neighbours comes up like any other.
    if (first == 0 && scenario_.links_given()) {
      rise(peer, before_start);
    } else {
      peers_[peer].next = first;
    }
  }

  Time first_up(std::uint32_t peer) const {
    if (const auto* intervals = trace(peer)) return intervals->front().up;
    Random random(mix(scenario_.seed, 'U'), peer);
    if (has_model(peer) && churn_.stationary) {
      const double availability =
          static_cast<double>(churn_.session) / static_cast<double>(churn_.session + churn_.downtime);
      if (random.uniform() >= availability) return churn_.start + exponential(peer, 'D', churn_.downtime);
    }
    if (scenario_.start_spread == 0 || peer == index(scenario_.bootstrapper())) return 0;
    return static_cast<Time>(random.uniform() * static_cast<double>(scenario_.start_spread));
  }

  void rise(std::uint32_t number, Time now) {
    Peer& peer = peers_[number];
    peer.up = true;
    peer.next = never;
    peer.sessions.push_back({now, never, false});
    if (const auto* intervals = trace(number)) {
      while (peer.interval < intervals->size() && (*intervals)[peer.interval].down <= now) ++peer.interval;
      if (peer.interval < intervals->size()) peer.next = (*intervals)[peer.interval++].down;
    } else if (has_model(number)) {
      peer.next = std::max(now, churn_.start) + exponential(number, 'S', churn_.session);
    }
  }

  void fall(std::uint32_t number, Time now) {
    Peer& peer = peers_[number];
    Random random(mix(scenario_.seed, 'C'), std::uint64_t{peer.sessions.size()} << 32 | number);
    end_session(peer, now, random.uniform() < churn_.clean);
    peer.next = never;
    if (const auto* intervals = trace(number)) {
      if (peer.interval < intervals->size()) peer.next = std::max(now, (*intervals)[peer.interval].up);
    } else if (has_model(number)) {
      peer.next = now + exponential(number, 'D', churn_.downtime);
    }
  }

  static void end_session(Peer& peer, Time now, bool clean) {
    peer.up = false;
    peer.sessions.back().down = now;
    peer.sessions.back().clean = clean;
  }

  void advance_all(Time until) {
    for (std::uint32_t i = 0; i < peers_.size(); ++i) {
      while (peers_[i].next < until) peers_[i].up ? fall(i, peers_[i].next) : rise(i, peers_[i].next);
    }
  }

  void kill(const Kill& kill, std::uint32_t number) {
    std::vector<std::uint32_t> victims = kill.peers;
    if (kill.fraction > 0) {
      for (std::uint32_t i = 0; i < peers_.size(); ++i) {
        if (peers_[i].up && !peers_[i].spared) victims.push_back(i);
      }
      Random(mix(scenario_.seed, 'K'), number).shuffle(std::span(victims));
      victims.resize(static_cast<std::size_t>(kill.fraction * static_cast<double>(victims.size()) + 0.5));
    }
    for (const std::uint32_t i : victims) {
      if (peers_[i].up) end_session(peers_[i], kill.at, false);
      peers_[i].next = kill.back_after ? kill.at + *kill.back_after : never;
    }
  }

  const Scenario& scenario_;
  Churn churn_;
  Trace trace_;  // empty, or one a peer; no interval: always up
  std::vector<Peer> peers_;
};

constexpr Session always{before_start, never, false};

}  // namespace

Timeline::Timeline(const Scenario& scenario) : peers_(scenario.peers), seed_(scenario.seed) {
  const bool links_stand = scenario.links_given() || scenario.everyone_linked();
  if (links_stand && !scenario.churn && scenario.faults.empty()) return;
  Builder builder(scenario);
  builder.run();
  first_.resize(peers_ + std::size_t{1});
  for (std::uint32_t i = 0; i < peers_; ++i) {
    const auto& sessions = builder.sessions(i);
    sessions_.insert(sessions_.end(), sessions.begin(), sessions.end());
    first_[i + std::size_t{1}] = sessions_.size();
  }
}

std::span<const Session> Timeline::sessions(PeerId peer) const {
  if (constant()) return {&always, 1};
  return std::span(sessions_).subspan(first_[index(peer)], first_[index(peer) + std::size_t{1}] - first_[index(peer)]);
}

/// The last session that began before `time`; null: none.
const Session* Timeline::last_before(PeerId peer, Time time) const {
  const auto all = sessions(peer);
  const auto after = std::ranges::lower_bound(all, time, {}, &Session::up);
  return after == all.begin() ? nullptr : &*(after - 1);
}

bool Timeline::up(PeerId peer, Time time) const {
  const Session* session = last_before(peer, time);
  return session != nullptr && time <= session->down;
}

bool Timeline::throughout(PeerId peer, Time from, Time to) const {
  const Session* session = last_before(peer, from + 1);
  return session != nullptr && to < session->down;
}

PeerId Timeline::random_up(std::uint64_t use, Time time) const {
  Random random(mix(seed_, 'O'), use);
  const std::uint32_t start = random.below(peers_);
  if (up(PeerId{start}, time)) return PeerId{start};
  for (int tries = 0; tries < 64; ++tries) {
    const PeerId peer{random.below(peers_)};
    if (up(peer, time)) return peer;
  }
  for (std::uint32_t i = 0; i < peers_; ++i) {
    const PeerId peer{(start + i) % peers_};
    if (up(peer, time)) return peer;
  }
  return no_peer;
}

double Timeline::availability(PeerId peer, Time end) const {
  if (constant() || end == 0) return 1;
  Time up_for = 0;
  for (const Session& session : sessions(peer)) {
    if (session.up < end) up_for += std::min(session.down, end) - std::max<Time>(session.up, 0);
  }
  return static_cast<double>(up_for) / static_cast<double>(end);
}

std::uint64_t Timeline::departures(Time end) const {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(sessions_, [&](const Session& session) { return session.down <= end; }));
}

}  // namespace gossip::sim
