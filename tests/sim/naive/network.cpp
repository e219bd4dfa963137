#include "network.hpp"

#include <algorithm>
#include <cmath>

namespace gossip::sim::naive {

Network::Network(const Experiment& experiment)
    : experiment_(experiment), links_(experiment.scenario.links), partitions_(experiment.scenario) {
  const Graph& graph = experiment.graph;
  const std::uint32_t peers = experiment.scenario.peers;
  for (std::uint32_t i = 0; i < peers; ++i) random_.emplace_back(mix(experiment.scenario.seed, 'L'), i);
  if (!experiment.scenario.links_given()) return;
  for (std::uint32_t i = 0; i < peers; ++i) {
    for (std::uint64_t k = graph.offsets[i]; k < graph.offsets[i + 1]; ++k) {
      const std::pair link{PeerId{i}, graph.targets[k]};
      if (!graph.latency.empty() && graph.latency[k] >= 0) given_[link] = graph.latency[k];
      if (experiment.timeline.up(link.first, 0) && experiment.timeline.up(link.second, 0))
        ends_[link] = {true, 1, 0, 0, {}};
    }
  }
}

Duration Network::latency(PeerId a, PeerId b) const {
  const auto given = given_.find({a, b});
  return given == given_.end() ? experiment_.latency.between(a, b) : std::max(given->second, links_.min_latency);
}

Duration Network::shortest() const {
  const Duration drawn = experiment_.latency.floor();
  return experiment_.graph.latency.empty() ? drawn : std::min(drawn, links_.min_latency);
}

Duration Network::dial_time(PeerId from, PeerId to) const {
  return (2 * static_cast<Duration>(links_.handshake_round_trips) - 1) * news_way(from, to);
}

Duration Network::news_way(PeerId from, PeerId to) const { return latency(from, to) + links_.jitter; }

Duration Network::wait(PeerId from, Time now) const {
  const auto busy = sending_.find(from);
  return busy == sending_.end() || busy->second < now ? 0 : busy->second - now;
}

bool Network::cut(PeerId a, PeerId b, Time at) const {
  return std::ranges::any_of(partitions_.cuts(), [&](const Partitions::Cut& cut) {
    return cut.side[index(a)] != cut.side[index(b)] && at >= cut.from && at < cut.until;
  });
}

bool Network::give_up(PeerId peer, PeerId other) {
  if (!connected(peer, other)) return false;
  ends_.erase({peer, other});
  return true;
}

std::optional<Time> Network::arrival(PeerId a, PeerId b, Time sent, Duration way, bool connected) const {
  for (bool waited = true; waited;) {
    waited = false;
    for (const Partitions::Cut& cut : partitions_.cuts()) {
      if (cut.side[index(a)] == cut.side[index(b)] || cut.from > sent + way || cut.until <= sent) continue;
      const bool outlasts = cut.until == never || cut.until - cut.from > experiment_.scenario.detection;
      if ((connected && outlasts) || cut.until == never) return std::nullopt;
      sent = cut.until;
      waited = true;
    }
  }
  return sent + way;
}

Network::End* Network::find(PeerId from, PeerId to) {
  const auto end = ends_.find({from, to});
  return end == ends_.end() ? nullptr : &end->second;
}

bool Network::connected(PeerId from, PeerId to) const {
  if (experiment_.scenario.everyone_linked()) return true;
  const auto end = ends_.find({from, to});
  return end != ends_.end() && end->second.up;
}

bool Network::dialling(PeerId from, PeerId to) const {
  const auto end = ends_.find({from, to});
  return end != ends_.end() && !end->second.up;
}

std::vector<std::pair<PeerId, PeerId>> Network::dialled_before(Time time) const {
  std::vector<std::pair<PeerId, PeerId>> all;
  for (const auto& [pair, end] : ends_) {
    if (!end.up && end.dialled < time) all.push_back(pair);
  }
  return all;
}

Network::Sent Network::send(PeerId from, PeerId to, std::uint64_t bytes, Time now) {
  if (!connected(from, to)) return {Sent::Fate::not_connected, now};
  if (const std::uint64_t bits = experiment_.classes.upload(from); bits > 0) {
    const std::uint64_t nanoseconds = bytes * 8 * 1'000'000'000;
    sending_[from] = now + wait(from, now) + static_cast<Duration>(nanoseconds / bits + (nanoseconds % bits > 0));
    longest_wait_ = std::max(longest_wait_, sending_[from] - now);
  }
  Time arrival = now + wait(from, now) + latency(from, to);
  Random& random = random_[index(from)];
  if (links_.transport == LinkSpec::Carrier::stream) return send_stream(from, to, bytes, now);
  if (links_.transport == LinkSpec::Carrier::datagram) {
    const double packets = std::max(1.0, std::ceil(static_cast<double>(bytes) / 1'460));
    if (links_.loss > 0 && random.uniform() >= std::pow(1 - links_.loss, packets)) {
      return {Sent::Fate::lost, arrival};
    }
    if (links_.jitter > 0) arrival += static_cast<Duration>(random.uniform() * static_cast<double>(links_.jitter));
    const bool meets = std::ranges::any_of(partitions_.cuts(), [&](const Partitions::Cut& cut) {
      return cut.side[index(from)] != cut.side[index(to)] && cut.from <= arrival && now < cut.until;
    });
    return {meets ? Sent::Fate::cut : Sent::Fate::arrives, arrival};
  }
  if (links_.loss > 0 && random.uniform() < links_.loss) return {Sent::Fate::lost, arrival};
  if (links_.jitter > 0) {
    arrival += static_cast<Duration>(random.uniform() * static_cast<double>(links_.jitter));
    End& end = ends_.at({from, to});
    arrival = end.last_arrival = std::max(arrival, end.last_arrival);
  }
  if (partitions_.empty()) return {Sent::Fate::arrives, arrival};
  const std::optional<Time> after = this->arrival(from, to, now, arrival - now, true);
  if (!after) return {Sent::Fate::cut, arrival};
  End& end = ends_.at({from, to});
  return {Sent::Fate::arrives, end.last_arrival = std::max(*after, end.last_arrival)};
}

/// As sim/world/stream.hpp has it: packet by packet, and round trip by round trip.
Network::Sent Network::send_stream(PeerId from, PeerId to, std::uint64_t bytes, Time now) {
  End& end = ends_.at({from, to});
  const Duration round_trip = 2 * latency(from, to), timeout = round_trip + links_.retransmit_after;
  constexpr std::uint64_t least = 14'600, most = 3 * 1'024 * 1'024;
  if (end.rounds.empty()) {
    end.rounds = {{now, least, 0}};
  } else if (const auto& last = end.rounds.back(); now >= last.begin + round_trip) {
    const bool idle = now >= last.begin + round_trip + timeout;
    const std::uint64_t grown = std::min(last.window + last.sent, most);
    end.rounds.push_back({now, idle ? least : grown, 0});
  }
  for (std::uint64_t packet = 0; packet < bytes; ++packet) {
    if (end.rounds.back().sent == end.rounds.back().window) {
      end.rounds.push_back({end.rounds.back().begin + round_trip, std::min(2 * end.rounds.back().window, most), 0});
    }
    ++end.rounds.back().sent;
  }
  Time leaves = std::max({now, end.rounds.back().begin, now + wait(from, now)});
  Random& random = random_[index(from)];
  if (links_.loss > 0) {
    const double lot = random.uniform(), packets = std::max(1.0, std::ceil(static_cast<double>(bytes) / 1'460));
    int lost = 0;  // that often, the last of them with all packets together
    while (lost < 15 && lot >= std::pow(1 - std::pow(links_.loss, lost + 1), packets)) ++lost;
    Duration next = timeout;
    for (int i = 0; i < lost; ++i) {
      if (i == 0 && packets > 3) {
        leaves += round_trip;
        continue;
      }
      leaves += std::min(next, 60 * second);
      next = std::min(2 * next, 60 * second);
    }
    if (lost > 0) {
      auto& round = end.rounds.back();
      const std::uint64_t left = std::min(round.window - round.sent, least);
      round.window = least;
      round.sent = least - left;
    }
  }
  Time arrival = leaves + latency(from, to);
  if (links_.jitter > 0) arrival += static_cast<Duration>(random.uniform() * static_cast<double>(links_.jitter));
  end.last_arrival = arrival = std::max(arrival, end.last_arrival);
  longest_wait_ = std::max(longest_wait_, arrival - now);
  if (partitions_.empty()) return {Sent::Fate::arrives, arrival};
  const std::optional<Time> after = this->arrival(from, to, now, arrival - now, true);
  if (!after) return {Sent::Fate::cut, arrival};
  return {Sent::Fate::arrives, end.last_arrival = std::max(*after, end.last_arrival)};
}

News Network::dial(PeerId from, std::uint32_t session, PeerId to, Time now) {
  const Duration way = wait(from, now) + dial_time(from, to);
  const std::optional<Time> heard = arrival(from, to, now, way, false);
  const bool waits = !heard || *heard > now + way;
  if (waits && (!heard || *heard - way - now >= links_.connect_timeout)) {
    ends_[{from, to}] = {false, 0, 0, now, {}};
    return {News::Kind::unheard, now + std::max<Duration>(1, links_.connect_timeout), from, to, 0};
  }
  ends_[{from, to}] = {false, 0, *heard, now, {}};
  return {News::Kind::dialled, *heard, to, from, session};
}

std::optional<News> Network::close(PeerId from, std::uint32_t session, PeerId to, Time now) {
  const End* end = find(from, to);
  if (end == nullptr) return std::nullopt;
  ends_.erase({from, to});
  const std::optional<Time> heard = arrival(from, to, now, wait(from, now) + news_way(from, to), true);
  if (!heard) return std::nullopt;
  return News{News::Kind::closed, *heard, to, from, session};
}

std::vector<News> Network::leave(PeerId peer, std::uint32_t session, bool clean, Time now) {
  std::vector<News> all;
  for (std::uint32_t i = 0; i < experiment_.scenario.peers; ++i) {
    const PeerId other{i};
    const End* end = find(peer, other);
    if (end == nullptr) continue;
    std::optional<Time> heard = now + std::max(experiment_.scenario.detection, shortest());
    const Duration way = wait(peer, now) + news_way(peer, other);
    if (clean) heard = end->up ? arrival(peer, other, now, way, true) : now + way;
    if (!end->up) *heard += dial_time(peer, other);
    if (heard) all.push_back({News::Kind::closed, std::max(*heard, end->last_arrival), other, peer, session});
    ends_.erase({peer, other});
  }
  return all;
}

News Network::refuse(const News& dial) const {
  const Time started = dial.at - dial_time(dial.from, dial.to);
  const Time noticed = std::max(started + links_.connect_timeout, dial.at + news_way(dial.from, dial.to));
  return {News::Kind::refused, noticed, dial.from, dial.to, 0};
}

bool Network::replaces(const News& news) {
  const End* end = find(news.to, news.from);
  if (news.kind != News::Kind::dialled && news.kind != News::Kind::accepted) return false;
  if (end == nullptr || !end->up || end->session >= news.session) return false;
  ends_.erase({news.to, news.from});
  return true;
}

Network::Effect Network::on(const News& news, std::uint32_t session) {
  End* end = find(news.to, news.from);
  const std::optional<Time> heard =
      arrival(news.to, news.from, news.at, wait(news.to, news.at) + news_way(news.to, news.from), true);
  const auto reply = [&](News::Kind kind) { return News{kind, *heard, news.from, news.to, session}; };
  switch (news.kind) {
    case News::Kind::dialled: {
      if (end != nullptr && end->up) return {};
      if (!heard) return {false, false, refuse(news)};
      ends_[{news.to, news.from}] = {true, news.session, reply(News::Kind::accepted).at, 0, {}};
      return {true, false, reply(News::Kind::accepted)};
    }
    case News::Kind::accepted:
      if (end == nullptr && !heard) return {};
      if (end == nullptr) return {false, false, reply(News::Kind::closed)};
      if (end->up) return {};
      end->up = true;
      end->session = news.session;
      return {true, false, std::nullopt};
    case News::Kind::refused:
    case News::Kind::unheard:
      if (end == nullptr || end->up) return {};
      break;
    case News::Kind::closed:
      if (end == nullptr || !end->up || end->session != news.session) return {};
      break;
  }
  ends_.erase({news.to, news.from});
  return {false, true, std::nullopt};
}

}  // namespace gossip::sim::naive
