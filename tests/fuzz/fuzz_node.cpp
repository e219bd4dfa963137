// The node's input path without sockets: frames of four peers and two modules, in any order, with time passing.
//
// The input is a list of steps: one byte says who (0–3 peers, 4–5 modules, 6 time, 7 the connection of peer 0 ends),
// one how much, then that many bytes for the frame reader of that connection. The loop never runs, so that nothing is
// dialled.

#include <spdlog/spdlog.h>

#include <array>
#include <cstdint>

#include "node/api.hpp"
#include "node/driver.hpp"
#include "node/p2p.hpp"

namespace {

using namespace gossip;
using namespace gossip::node;

class FuzzedNode {
 public:
  FuzzedNode()
      : loop_(io_, counters_),
        p2p_(loop_, settings()),
        api_(loop_, settings()),
        driver_(*find_operations("sampling", "flood"), settings().core, 1, p2p_, api_, counters_) {
    p2p_.attach(driver_);
    api_.attach(driver_);
    loop_.now = second;
    driver_.start(loop_.now);
    for (auto& peer : peers_) {
      peer.connection = std::make_shared<PeerConnection>(loop_, settings(), p2p_, tcp::socket(io_), true);
    }
    std::uint64_t last = 0;
    for (auto& module : modules_) {
      module.connection = std::make_shared<ModuleConnection>(loop_, tcp::socket(io_), settings().limits.module_queue,
                                                             api_, ModuleId{++last});
    }
  }
  ~FuzzedNode() {
    for (auto& module : modules_) api_.on_end(*module.connection);
  }

  void step(std::uint8_t who, std::span<const std::byte> bytes) {
    loop_.now += millisecond;
    if (who < 4) {
      feed(peers_[who], p2p_, bytes);
    } else if (who < 6) {
      feed(modules_[who - 4u], api_, bytes);
    } else if (who == 6) {
      loop_.now += static_cast<Time>(bytes.size()) * second;
      driver_.wake(loop_.now);
    } else {
      p2p_.on_end(*peers_[0].connection);
    }
    driver_.tick(loop_.now);
    GOSSIP_ASSERT(driver_.messages_waiting() <= settings().intake().cache_size);
    GOSSIP_ASSERT(driver_.messages_known() <= settings().intake().seen_capacity);
    GOSSIP_ASSERT(driver_.look().known.size() <= settings().sampling().peer_list);
  }

 private:
  template <class C>
  struct Source {
    std::shared_ptr<C> connection;
    net::FrameReader reader;
  };

  template <class C, class Owner>
  void feed(Source<C>& source, Owner& owner, std::span<const std::byte> bytes) {
    if (source.connection->state() != Connection::State::open) return;
    const auto result =
        source.reader.feed(bytes, [&](auto frame) { return owner.on_frame(*source.connection, frame); });
    if (result == net::FrameReader::Result::bad_size) owner.on_bad_size(*source.connection);
  }

  static const Settings& settings() {
    static const Settings small = [] {
      Settings s;
      s.intake().cache_size = 3;
      s.intake().seen_capacity = 16;
      s.sampling().peer_list = 4;
      s.sampling().degree = 2;
      s.own.anonymous_links = 3;
      s.limits.api_subscriptions = 3;
      s.intake().validation_deadline = 2 * second;
      s.intake().seen_ttl = 10 * second;
      s.intake().validation = true;
      return s;
    }();
    return small;
  }

  asio::io_context io_;
  Counters counters_;
  Loop loop_;
  P2p p2p_;
  Api api_;
  Driver driver_;
  std::array<Source<PeerConnection>, 4> peers_;
  std::array<Source<ModuleConnection>, 2> modules_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  spdlog::set_level(spdlog::level::off);
  FuzzedNode node;
  auto rest = std::span(data, size);
  while (rest.size() >= 2) {
    const std::uint8_t who = rest[0] % 8;
    const std::size_t n = std::min<std::size_t>(rest[1], rest.size() - 2);
    node.step(who, std::as_bytes(rest.subspan(2, n)));
    rest = rest.subspan(2 + n);
  }
  return 0;
}
