#pragma once

#include <array>
#include <memory>
#include <queue>
#include <set>

#include "network.hpp"
#include "program.hpp"

namespace gossip::sim::naive {

struct Receipt {
  Time time;
  std::uint32_t peer, message, from;
  std::uint32_t hops;
  friend auto operator<=>(const Receipt&, const Receipt&) = default;
};

/// What became of a scenario.
struct Outcome {
  std::vector<Receipt> receipts;                    // sorted
  std::vector<std::uint64_t> announces;             // frames sent of each message
  std::vector<Time> last_receipt;                   // of each message but at its origin; 0: none
  std::uint64_t control = 0;                        // all other frames sent
  std::uint64_t arrived = 0, under_way = 0;         // frames that a peer was given; that were on their way at the end
  std::array<std::uint64_t, reason_count> drops{};  // by peers
  std::uint64_t lost = 0, cut = 0, down = 0, not_connected = 0;  // frames that no peer was given
  std::uint64_t connections = 0, redelivered = 0;
  std::vector<std::vector<PeerId>> neighbours;  // of each peer at the end
  Time ended = 0;
  bool too_long = false;              // more happened than was allowed: the rest means nothing
  std::vector<std::string> problems;  // what must never be, and was; the first few
};

/// A scenario once more: one queue of everything, one event after the other, every frame to the peer, every list and
/// message copied. Of the simulator it has only what the engine is given: the Experiment, and so its graph, latencies,
/// sessions and plan. The order of events, connections and random draws follow docs/design.md.
///
/// After every step it looks at the whole world for what must never be (`inspect`).
class Simulator {
 public:
  Simulator(const Experiment& experiment, std::uint64_t most_events);
  Simulator(const Simulator&) = delete;

  Outcome run();

 private:
  enum class What : std::uint8_t { letter, loss, news, publish, up, down, verdict, wake, silence, healed };
  struct Event {
    Time at;
    PeerId peer;
    std::uint32_t source;  // 0: the world; otherwise a peer's number + 1
    std::uint64_t emitted;
    What what;
    Letter letter = {};
    std::optional<News> news = {};
    std::uint32_t number = 0;  // of a message, or a session
    std::uint32_t session = 0;
    Opinion opinion = Opinion::accept;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return std::tie(a.at, a.peer, a.source, a.emitted) > std::tie(b.at, b.peer, b.source, b.emitted);
    }
  };
  struct Peer {
    std::unique_ptr<Program> program;  // null: down
    std::uint32_t session = 0;
    Time wake = never;
    std::vector<Time> delivered;  // each message, in this session; never: not
  };

  void emit(Event event);
  void emit(const News& news);
  void happen(const Event& event);
  void on_letter(const Event& event);
  void on_news(const News& news);
  void on_silence(PeerId peer, const Partitions::Cut& cut);
  void on_healed(PeerId peer, const Partitions::Cut& cut);
  void go_up(PeerId peer, std::uint32_t session);
  void go_down(PeerId peer);
  void start(PeerId peer);
  void begin(PeerId peer, std::uint32_t session, std::uint64_t seed);

  void carry_out(PeerId peer, std::vector<Program::Wish> wishes);
  void act(PeerId peer, const Program::Wish& wish, const Send& command);
  void act(PeerId peer, const Program::Wish& wish, const SendAll& command);
  void act(PeerId peer, const Program::Wish& wish, const Deliver& command);
  void act(PeerId peer, const Program::Wish& wish, const Connect& command);
  void act(PeerId peer, const Program::Wish& wish, const Disconnect& command);
  void act(PeerId, const Program::Wish&, const Forget&) {}
  void act(PeerId, const Program::Wish&, const ForgetPeer&) {}
  void act(PeerId peer, const Program::Wish& wish, const Drop& command);
  void send(PeerId from, PeerId to, const Letter& letter);
  void judge(PeerId peer, std::uint32_t message);

  void inspect(PeerId peer);
  void inspect_links();
  void finish();
  void problem(PeerId peer, const std::string& what);

  Peer& at(PeerId peer) { return peers_[index(peer)]; }

  const Experiment& experiment_;
  const Scenario& scenario_;
  std::uint64_t most_events_, events_ = 0, emitted_ = 0;
  const Operations& kind_;
  Config config_;
  std::vector<PeerId> rows_;  // of given links
  Network network_;
  std::vector<Peer> peers_;
  std::priority_queue<Event, std::vector<Event>, Later> queue_;
  Time now_ = 0;
  std::optional<std::uint32_t> asked_;  // the message on which the last step wants a verdict
  Time next_look_ = 0;
  std::map<std::pair<PeerId, PeerId>, Time> one_sided_;    // neighbours of one side only, and since when
  std::set<std::pair<std::uint32_t, std::uint32_t>> had_;  // peer, message: ever
  Outcome outcome_;
};

}  // namespace gossip::sim::naive
