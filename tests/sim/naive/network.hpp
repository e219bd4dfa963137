#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/random.hpp"
#include "sim/world/experiment.hpp"
#include "sim/world/partitions.hpp"

namespace gossip::sim::naive {

/// What one peer's end of a connection is told. Comes to `to` at `at`.
struct News {
  enum class Kind : std::uint8_t { dialled, accepted, refused, closed, unheard } kind;  // unheard: to oneself
  Time at;
  PeerId to, from;
  std::uint32_t session;  // of `from`; of `to` where it is refused
};

/// Connections and what becomes of frames, written again from the rules of sim/world/transport.hpp: maps, and nothing
/// that is fast.
class Network {
 public:
  explicit Network(const Experiment& experiment);

  Duration latency(PeerId a, PeerId b) const;
  bool connected(PeerId from, PeerId to) const;
  /// Whether `from` has dialled `to` and waits.
  bool dialling(PeerId from, PeerId to) const;
  /// Dials from before `time` that have no answer yet: who dialled whom.
  std::vector<std::pair<PeerId, PeerId>> dialled_before(Time time) const;

  struct Sent {
    enum class Fate : std::uint8_t { arrives, lost, cut, not_connected } fate;
    Time at;
  };
  Sent send(PeerId from, PeerId to, std::uint64_t bytes, Time now);
  /// The longest that anything has waited for its sender's upload.
  Duration longest_wait() const { return longest_wait_; }

  News dial(PeerId from, std::uint32_t session, PeerId to, Time now);
  std::optional<News> close(PeerId from, std::uint32_t session, PeerId to, Time now);
  std::vector<News> leave(PeerId peer, std::uint32_t session, bool clean, Time now);

  /// Whether a dial or its answer shows that the connection that is up here has ended, since the other side began anew:
  /// it is gone then, and the peer is told before `on` is called.
  bool replaces(const News& news);
  struct Effect {
    bool up = false, down = false;  // what the peer is told
    std::optional<News> reply;      // under way before the peer says anything
  };
  /// News for a peer that is up, in its session `session`.
  Effect on(const News& news, std::uint32_t session);
  // Partitions; who is on which side is the simulator's.
  const Partitions& partitions() const { return partitions_; }
  bool cut(PeerId a, PeerId b, Time at) const;
  bool give_up(PeerId peer, PeerId other);
  /// A dial at a peer that is down.
  News refuse(const News& dial) const;

 private:
  struct End {
    bool up;                // otherwise it is being dialled
    std::uint32_t session;  // the other side's
    Time last_arrival;      // of what was sent from here
    Time dialled;
    struct Round {
      Time begin;
      std::uint64_t window, sent;  // bytes
    };
    std::vector<Round> rounds;  // of a stream's slow start
  };
  /// When what sets out at `sent` and takes `way` arrives, if it waits for every partition that meets it.
  /// `connected`: none where one is longer than connections last.
  std::optional<Time> arrival(PeerId a, PeerId b, Time sent, Duration way, bool connected) const;
  Sent send_stream(PeerId from, PeerId to, std::uint64_t bytes, Time now);
  Duration wait(PeerId from, Time now) const;
  End* find(PeerId from, PeerId to);
  Duration shortest() const;
  Duration news_way(PeerId from, PeerId to) const;
  Duration dial_time(PeerId from, PeerId to) const;

  const Experiment& experiment_;
  const LinkSpec& links_;
  std::map<std::pair<PeerId, PeerId>, End> ends_;
  std::map<std::pair<PeerId, PeerId>, Duration> given_;  // latencies of a graph's file
  std::vector<Random> random_;
  const Partitions partitions_;
  std::map<PeerId, Time> sending_;  // until when each peer's upload is busy
  Duration longest_wait_ = 0;
};

}  // namespace gossip::sim::naive
