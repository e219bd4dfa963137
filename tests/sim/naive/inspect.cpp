#include <algorithm>

#include "core/config/units.hpp"
#include "simulator.hpp"

/// What must hold of the whole world at any time.
namespace gossip::sim::naive {
namespace {

constexpr std::size_t most_problems = 10;

bool twice(std::vector<PeerId> peers) {
  std::ranges::sort(peers);
  return std::ranges::adjacent_find(peers) != peers.end();
}

}  // namespace

void Simulator::problem(PeerId peer, const std::string& what) {
  if (outcome_.problems.size() >= most_problems) return;
  outcome_.problems.push_back("at " + duration_text(now_) + " peer " + std::to_string(index(peer)) + ' ' + what);
}

/// Views are bounded, without oneself, nobody is in one twice, and a neighbour is one to whom there is a connection.
void Simulator::inspect(PeerId peer) {
  if (scenario_.everyone_linked()) return;
  const std::vector<PeerId> neighbours = at(peer).program->neighbours();
  const View view = at(peer).program->look();
  std::size_t most_neighbours = scenario_.peers, most_known = scenario_.peers;
  if (scenario_.overlay == Sampling::name) {
    most_neighbours = config_.of<Sampling>().places();
    most_known = config_.of<Sampling>().peer_list;
  } else if (scenario_.overlay == HyParView::name) {
    most_neighbours = config_.of<HyParView>().active_view;
    most_known = config_.of<HyParView>().passive_view;
  }
  if (neighbours.size() > most_neighbours) problem(peer, "has " + std::to_string(neighbours.size()) + " neighbours");
  if (view.known.size() > most_known) problem(peer, "knows " + std::to_string(view.known.size()) + " peers");
  if (std::ranges::find(neighbours, peer) != neighbours.end()) problem(peer, "is a neighbour of its own");
  if (std::ranges::find(view.known, peer) != view.known.end()) problem(peer, "knows itself");
  if (twice(neighbours)) problem(peer, "has a neighbour twice");
  if (twice({view.known.begin(), view.known.end()})) problem(peer, "knows somebody twice");
  for (const PeerId neighbour : neighbours) {
    if (!network_.connected(peer, neighbour)) {
      problem(peer, "has the neighbour " + std::to_string(index(neighbour)) + " without a connection");
    }
  }
  if (view.remembered > config_.of<Intake>().seen_capacity) problem(peer, "remembers more than it may");
  if (at(peer).program->waiting().size() > config_.of<Intake>().cache_size) problem(peer, "has too many wait");
}

/// Links are symmetric, but for as long as news of a change takes. Looked at now and then.
void Simulator::inspect_links() {
  if (scenario_.everyone_linked()) return;
  // A frame each way with the longest delays, somebody's crash, a dial in vain, and a stranger that is silent.
  const Duration way = experiment_.latency.ceiling() + scenario_.links.jitter;
  Duration given = 0;
  for (const Duration latency : experiment_.graph.latency) given = std::max(given, latency);
  Duration longest = 8 * (std::max(way, given) + scenario_.links.jitter) * scenario_.links.handshake_round_trips +
                     scenario_.detection + scenario_.links.connect_timeout + 10 * second;
  // Each partition may hold up a dial for its timeout, and what is on a connection for as long as that lasts.
  const auto cuts = static_cast<Duration>(network_.partitions().cuts().size());
  longest += 2 * cuts * (scenario_.detection + scenario_.links.connect_timeout);
  next_look_ = now_ + longest / 16;
  for (const auto& [from, to] : network_.dialled_before(now_ - longest)) {
    problem(from, "has dialled " + std::to_string(index(to)) + " long ago, and heard nothing");
  }
  std::map<std::pair<PeerId, PeerId>, Time> one_sided;
  for (std::uint32_t i = 0; i < scenario_.peers; ++i) {
    if (peers_[i].program == nullptr) continue;
    for (const PeerId other : peers_[i].program->neighbours()) {
      std::vector<PeerId> others;
      if (at(other).program != nullptr) others = at(other).program->neighbours();
      if (std::ranges::find(others, PeerId{i}) != others.end()) continue;
      const auto before = one_sided_.find({PeerId{i}, other});
      const Time since = before == one_sided_.end() ? now_ : before->second;
      one_sided[{PeerId{i}, other}] = since;
      if (now_ - since <= longest) continue;
      problem(PeerId{i},
              "has had the neighbour " + std::to_string(index(other)) + " alone since " + duration_text(since));
    }
  }
  one_sided_ = std::move(one_sided);
}

/// Books are balanced, and nobody holds what it does not need.
void Simulator::finish() {
  if (scenario_.duration > 0) outcome_.ended = scenario_.duration;
  for (; !queue_.empty(); queue_.pop()) outcome_.under_way += queue_.top().what == What::letter;
  std::uint64_t sent = outcome_.control;
  for (const std::uint64_t announces : outcome_.announces) sent += announces;
  const std::uint64_t ended = outcome_.arrived + outcome_.lost + outcome_.cut + outcome_.down + outcome_.not_connected;
  if (sent != ended + outcome_.under_way) problem(no_peer, "has books that are not balanced");
  for (std::uint32_t i = 0; i < scenario_.peers; ++i) {
    Peer& peer = peers_[i];
    outcome_.neighbours.emplace_back();
    if (peer.program == nullptr) continue;
    outcome_.neighbours.back() = peer.program->neighbours();
    if (const std::string held = peer.program->leaks(); !held.empty()) problem(PeerId{i}, "keeps " + held);
  }
  std::ranges::sort(outcome_.receipts);
}

}  // namespace gossip::sim::naive
