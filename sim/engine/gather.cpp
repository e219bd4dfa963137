#include "sim/engine/engine.hpp"

/// What rank 0 learns from the others at the end, so that it can report on all peers.
namespace gossip::sim {
namespace {

struct Put {
  Packet& packet;
  template <class T>
  void operator()(const std::vector<T>& values) const {
    packet.put(std::span(values));
  }
  template <class T>
  void operator()(const T& value) const {
    packet.put(value);
  }
};

struct Take {
  Packet& packet;
  template <class T>
  void operator()(std::vector<T>& values) const {
    const auto taken = packet.take<T>();
    values.assign(taken.begin(), taken.end());
  }
  template <class T>
  void operator()(T& value) const {
    value = packet.take_one<T>();
  }
};

}  // namespace

void Engine::gather() {
  if (ranks_.size() == 1) return;
  std::vector<Packet> out(ranks_.size()), in(ranks_.size());
  if (!ranks_.first()) {
    Ledger mine = ledger();
    mine.each_part(Put{out[0]});
    send_peers(out[0]);
  }
  ranks_.exchange(out, in);
  if (!ranks_.first()) return;
  known_rows_.assign(peers_ + std::uint64_t{1}, 0);
  for (std::uint32_t rank = 1; rank < ranks_.size(); ++rank) {
    Ledger theirs;
    theirs.class_latency.resize(class_count());
    theirs.each_part(Take{in[rank]});
    others_.add(theirs);
    take_peers(in[rank], rank);
    in[rank] = {};
  }
}

void Engine::send_peers(Packet& packet) {
  const std::size_t count = own_.last - own_.first;
  for (std::uint32_t i = 0; i < experiment_.plan.messages.size(); ++i) {
    packet.put(statuses(MessageRef{i}).subspan(own_.first, count));
  }
  if (sessions_.empty() && experiment_.scenario.links_given()) return;
  if (!sessions_.empty()) packet.put(std::span<const SessionState>(&sessions_[own_.first], count));
  std::vector<std::uint32_t> degrees;
  std::vector<PeerId> all;
  for (std::uint32_t i = own_.first; i < own_.last; ++i) {
    const auto row = neighbours(PeerId{i}, true);
    degrees.push_back(static_cast<std::uint32_t>(row.size()));
    all.insert(all.end(), row.begin(), row.end());
  }
  packet.put(std::span<const std::uint32_t>(degrees));
  packet.put(std::span<const PeerId>(all));
}

void Engine::take_peers(Packet& packet, std::uint32_t rank) {
  const std::uint32_t first = rank * ranks_.share(peers_);
  for (std::uint32_t i = 0; i < experiment_.plan.messages.size(); ++i) {
    const auto theirs = packet.take<std::uint8_t>();
    if (!theirs.empty()) std::ranges::copy(theirs, &status(MessageRef{i}, PeerId{first}));
  }
  if (sessions_.empty() && experiment_.scenario.links_given()) return;
  if (!sessions_.empty()) {
    const auto theirs = packet.take<SessionState>();
    if (!theirs.empty()) std::ranges::copy(theirs, &sessions_[first]);
  }
  std::uint32_t peer = first;
  for (const std::uint32_t degree : packet.take<std::uint32_t>()) {
    known_rows_[peer + 1ull] = known_rows_[peer] + degree;
    ++peer;
  }
  const auto theirs = packet.take<PeerId>();
  known_.insert(known_.end(), theirs.begin(), theirs.end());
}

}  // namespace gossip::sim
