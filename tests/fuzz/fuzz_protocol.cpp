// The node over real sockets and a clock of its own, played with move by move: see moves.hpp for what is said.
//
// The input is a choice of settings and then a list of moves, a byte a choice: which of three peers, each with up to two
// connections, and three modules connects (or takes a dial of the node), sends right and wrong frames, in one write or
// in pieces, ends, resets or does not read; how much time passes; what is reloaded; whether the node stops. The loop is
// polled until nothing happens.
// Between two moves everything that can be added up is; at the end everything must be forgotten, and two newcomers are
// served as if nothing had been. FUZZ_SAY=1 in the environment shows the moves.

#include <spdlog/spdlog.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <ctime>
#include <memory>

#include "net/framing.hpp"
#include "node/api.hpp"
#include "node/driver.hpp"
#include "node/p2p.hpp"
#include "tests/fuzz/moves.hpp"
#include "tests/fuzz/remote.hpp"
#include "tests/fuzz/witness.hpp"

namespace {
constexpr gossip::Time first_instant = 1000 * gossip::second;
gossip::Time virtual_now = first_instant;
}  // namespace

/// Comes before the library's: CLOCK_MONOTONIC, which std::chrono::steady_clock reads, stands still between moves.
extern "C" int clock_gettime(clockid_t clock, timespec* out) noexcept {
  if (clock != CLOCK_MONOTONIC) return static_cast<int>(::syscall(SYS_clock_gettime, clock, out));
  out->tv_sec = static_cast<time_t>(virtual_now / gossip::second);
  out->tv_nsec = static_cast<long>(virtual_now % gossip::second);
  return 0;
}

namespace {

using namespace gossip;
using namespace gossip::node;
using fuzz::Choices;
using fuzz::Content;
using fuzz::content_of;
using fuzz::Listening;
using fuzz::Remote;
using fuzz::Witness;
using net::Bytes;

const bool say = std::getenv("FUZZ_SAY") != nullptr;
#define SAY(...)                                \
  do {                                          \
    if (say) std::fprintf(stderr, __VA_ARGS__); \
  } while (false)

class Game {
 public:
  explicit Game(Choices& choices)
      : choices_(choices),
        network_(next_network()),
        listening_{Listening(network_ + 2), Listening(network_ + 3), Listening(network_ + 4)},
        settings_(chosen_settings()),
        initial_(settings_),
        loop_(io_, counters_),
        p2p_(loop_, settings_),
        api_(loop_, settings_),
        witness_(api_, loop_, settings_.intake().seen_ttl),
        driver_(*find_operations("sampling", "flood"), settings_.core, 1, p2p_, witness_, counters_) {
    p2p_.attach(driver_);
    api_.attach(driver_);
    loop_.backpressure = settings_.limits.backpressure;
    loop_.refresh();
    p2p_.listen();
    api_.listen();
    for (const Listening& one : listening_) addresses_.push_back(one.address);
    addresses_.insert(addresses_.end(), {p2p_address(),
                                         {0, 0},
                                         {0xe000'0001, 5},
                                         {network_ + 3, 9},
                                         {network_ + 9, 9},
                                         {network_ + 9, 10},
                                         {network_ + 10, 9}});
    driver_.start(loop_.now);
    settle();
  }

  void play() {
    while (!choices_.done()) {
      move();
      check();
    }
    finish();
  }

 private:
  /// Peers 0 to 2, three modules, and the peers' second connections.
  static constexpr std::size_t peers = 3, remotes = 9;
  static bool is_module(std::size_t who) { return who / 3 == 1; }

  /// Every game in a /24 of its own, so that connections of earlier ones are in nobody's way.
  static std::uint32_t next_network() {
    static std::uint32_t count = static_cast<std::uint32_t>(::getpid()) * 7919u;
    return 0x7f00'0000u | (1 + ++count % 65'000) << 8;
  }

  Settings chosen_settings() {
    Settings s;
    const auto here = [&](std::uint8_t last) {
      return net::HostPort{"127." + std::to_string(network_ >> 16 & 255) + '.' + std::to_string(network_ >> 8 & 255) +
                               '.' + std::to_string(last),
                           0, net::HostKind::v4};
    };
    s.p2p_address = s.api_address = here(1);
    s.intake().validation = true;
    s.intake().cache_size = choices_.of<std::uint32_t>({3, 1, 50});
    s.intake().seen_capacity = choices_.of<std::uint32_t>({256, 16, 4, 256});
    s.intake().seen_ttl = 10 * second;
    s.intake().validation_deadline = 2 * second;
    s.intake().on_silence = choices_.of({OnSilence::forward, OnSilence::drop});
    s.intake().relay = choices_.of({Relay::all, Relay::subscribed});
    s.sampling().degree = choices_.of<std::uint32_t>({3, 2, 8});
    s.sampling().peer_list = choices_.of<std::uint32_t>({4, 16});
    s.sampling().response_peers = choices_.of<std::uint32_t>({3, 64});
    s.own.anonymous_links = choices_.of<std::uint32_t>({2, 1, 8});
    s.limits.api_subscriptions = 3;
    s.limits.peer_queue = s.limits.module_queue = choices_.of<std::uint64_t>({8u << 20, 64u << 10});
    const std::size_t bootstrapper = choices_.below(3);
    if (bootstrapper > 0) {
      s.bootstrapper = here(bootstrapper == 1 ? 2 : 9);
      s.bootstrapper->port = bootstrapper == 1 ? listening_[0].address.port : 9;
      s.sampling().bootstrapper = bootstrapper_id;
    }
    return s;
  }

  net::Endpoint p2p_address() const { return to_endpoint(p2p_.local()).value(); }
  net::Endpoint api_address() const { return to_endpoint(api_.local()).value(); }

  // What the process does.

  /// Whatever is ready is done, on both sides, until nothing is.
  void settle() {
    bool busy = true;
    for (int turns = 0; busy; ++turns) {
      GOSSIP_ASSERT(turns < 20'000);  // a loop that finds no end
      if (io_.stopped()) io_.restart();
      busy = io_.poll() > 0;
      for (const auto& remote : remotes_) {
        while (remote && remote->reads && remote->read([&](auto frame) { return on_frame(*remote, frame); }))
          busy = true;
      }
    }
  }

  void tick() {
    loop_.refresh();
    p2p_.tick(loop_.now);
    api_.tick(loop_.now);
    driver_.tick(loop_.now);
    for (int wakes = 0; driver_.deadline() <= loop_.now; ++wakes) {
      GOSSIP_ASSERT(wakes < 10'000);
      driver_.wake(loop_.now);
    }
    settle();
  }

  /// At most 16 turns on the way: an hour may also pass while the process is suspended.
  void pass(Duration duration) {
    const Time until = virtual_now + duration;
    for (int turn = 0; virtual_now < until; ++turn) {
      const Time next = std::min(until, virtual_now + std::max(duration / 8, millisecond));
      virtual_now = turn < 8 ? std::clamp(driver_.deadline(), virtual_now + 1, next) : next;
      // Timers are looked at when the earliest is due by the kernel's clock: this one is.
      asio::steady_timer due(io_, asio::steady_timer::time_point::min());
      due.async_wait([](const boost::system::error_code&) {});
      settle();
      tick();
    }
  }

  /// As Node::reload: what cannot be reloaded, or is wrong, changes nothing.
  void reload(const fuzz::KeyText& text) {
    Settings fresh = settings_;
    set(fresh, text);
    if (!check_relations(fresh).empty()) return;
    set(settings_, text);
    loop_.backpressure = settings_.limits.backpressure;
    GOSSIP_ASSERT(driver_.reconfigure(settings_.intake()));
  }
  static void set(Settings& settings, const fuzz::KeyText& text) {
    for (Key& key : keys_of(settings)) {
      if (key.name != text.key) continue;
      GOSSIP_ASSERT(key.reloadable);
      key.assign(text.value);
    }
  }

  // What the others do.

  bool on_frame(Remote& remote, std::span<const std::byte> frame) {
    const net::Decoded decoded = net::decode(frame);
    if (const auto* notification = std::get_if<net::Notification>(&decoded)) {
      GOSSIP_ASSERT(remote.module);
      remote.world.asked.push_back(notification->message_id);
      if (remote.world.asked.size() > 16) remote.world.asked.erase(remote.world.asked.begin());
      count(remote, notification->data_type, notification->data);
    } else if (const auto* content = std::get_if<net::SendContent>(&decoded)) {
      GOSSIP_ASSERT(!remote.module && content->announce.reserved == 0);
      count(remote, content->announce.data_type, content->announce.data);
      ++contents_;
    } else {
      const bool pull = std::holds_alternative<net::Pull>(decoded);
      if (pull && remote.answers) {
        Bytes answer;
        net::encode_response(answer, std::span(addresses_).first(peers));
        remote.send(answer);
      }
      remote.responses += std::holds_alternative<net::Response>(decoded);
      GOSSIP_ASSERT(!remote.module && (pull || std::holds_alternative<net::Push>(decoded) ||
                                       std::holds_alternative<net::Response>(decoded)));
    }
    return true;
  }
  /// Nobody is told a message more often than it was new.
  void count(Remote& remote, std::uint16_t type, std::span<const std::byte> data) {
    const Content content = content_of(type, data);
    GOSSIP_ASSERT(++remote.heard[content] <= witness_.times(content));
  }

  void move() {
    const std::size_t what = choices_.below(32);
    if (what >= 26) return move_of_the_process(what);
    const std::size_t who = choices_.below(remotes);
    if (!remotes_[who]) return connect(who);
    move_of(who, what);
    settle();
  }

  void connect(std::size_t who) {
    auto& remote = remotes_[who];
    const bool module = is_module(who);
    const std::size_t peer = who % peers;
    if (!module && !choices_.one_in(4)) remote = listening_[peer].accept();
    const bool was_dialled = remote != nullptr;
    if (!remote) {
      const auto from = network_ + 2 + static_cast<std::uint32_t>(peer);
      remote = Remote::dial(from, module ? api_address() : p2p_address(), module);
    }
    SAY("%zu connects: %d, dialled by the node: %d\n", who, remote != nullptr, was_dialled);
    if (!remote) return;
    remote->world.addresses = addresses_;
    settle();
    if (module) return;
    remote->answers = !choices_.one_in(4);
    if (was_dialled || choices_.one_in(4)) return;
    Bytes introduction;
    encode(introduction, net::Pull{listening_[peer].address});
    remote->send(introduction);
    settle();
  }

  void move_of(std::size_t who, std::size_t what) {
    Remote& remote = *remotes_[who];
    const auto frame = [&] { return fuzz::some_frame(choices_, remote.world, remote.module); };
    Bytes bytes;
    if (what < 10) {
      bytes = frame();
    } else if (what < 13) {  // several in one write
      for (std::size_t n = 2 + choices_.below(3); n > 0; --n) append(bytes, frame());
    } else if (what < 16) {
      bytes = frame();
      fuzz::damage(choices_, bytes);
    } else if (what < 18) {
      return send_in_pieces(who, frame());
    } else if (what == 18) {
      for (std::uint16_t id : remote.world.asked) encode(bytes, net::Validation{.message_id = id, .valid = true});
      remote.world.asked.clear();
    } else if (what == 19 || what == 20) {
      const std::uint16_t type = choices_.of(fuzz::data_types);
      for (std::size_t n = choices_.of<std::size_t>({2, 20, 60}); n > 0; --n) {
        append(bytes, fuzz::fresh_frame(fresh_, remote.module, type, 8));
      }
    } else if (what == 21) {  // more than queues and the kernel hold, if somebody does not read
      const std::uint16_t type = choices_.of(fuzz::data_types);
      SAY("%zu sends 6 MB\n", who);
      for (int n = 0; n < 100; ++n) {
        remote.send(fuzz::fresh_frame(fresh_, remote.module, type, 60'000));
        settle();
      }
      return;
    } else if (what == 22) {
      remote.reads = !remote.reads;
      SAY("%zu reads: %d\n", who, remote.reads);
      return;
    } else if (what == 23) {
      SAY("%zu ends\n", who);
      return remote.end_output();
    } else {
      SAY("%zu resets\n", who);
      return remotes_[who].reset();
    }
    SAY("%zu sends %zu bytes (%zu), type %d\n", who, bytes.size(), what,
        bytes.size() > 3 ? std::to_integer<int>(bytes[3]) + 256 : 0);
    remote.send(bytes);
  }

  static void append(Bytes& bytes, const Bytes& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

  void send_in_pieces(std::size_t who, std::span<const std::byte> bytes) {
    SAY("%zu sends %zu bytes in pieces\n", who, bytes.size());
    for (std::size_t n = 1 + choices_.below(4); n > 0 && !bytes.empty(); --n) {
      const std::size_t piece = n == 1 ? bytes.size() : std::min(bytes.size(), 1 + choices_.below(16));
      remotes_[who]->send(bytes.first(piece));
      settle();
      bytes = bytes.subspan(piece);
    }
  }

  void move_of_the_process(std::size_t what) {
    if (what < 30) {
      const auto duration = choices_.of<Duration>({millisecond, 50 * millisecond, 150 * millisecond, 250 * millisecond,
                                                   second, 3 * second, 11 * second, 61 * second, 3600 * second});
      SAY("%lld ms pass\n", static_cast<long long>(duration / millisecond));
      pass(duration);
    } else if (what == 30) {
      const fuzz::KeyText text = fuzz::reload_of(choices_);
      SAY("reload %s = %s\n", text.key.c_str(), text.value.c_str());
      reload(text);
      tick();
    } else if (choices_.one_in(16)) {
      SAY("accepts nobody any more\n");
      stopped_ = true;
      stop_accepting();
      settle();
    } else {
      tick();
    }
  }

  void stop_accepting() {
    p2p_.stop_accepting();
    api_.stop_accepting();
  }

  // What must hold.

  void check() {
    const auto& c = counters_;
    GOSSIP_ASSERT(c[Counter::received] + c[Counter::announced] ==
                  witness_.deliveries + c[Reason::duplicate] + c[Reason::memory_full] + c[Counter::store_full]);
    GOSSIP_ASSERT(c[Counter::notifications] + c[Counter::drop_module_queue] == witness_.told);
    GOSSIP_ASSERT(contents_ <= c[Counter::sent]);
    GOSSIP_ASSERT(driver_.messages_waiting() <= settings_.intake().cache_size);
    GOSSIP_ASSERT(driver_.messages_known() <= settings_.intake().seen_capacity);
    GOSSIP_ASSERT(driver_.messages().bodies() <= settings_.intake().cache_size + driver_.messages_unsent());
    GOSSIP_ASSERT(driver_.look().known.size() <= settings_.sampling().peer_list);
    GOSSIP_ASSERT(p2p_.queued() <= p2p_.connections() * initial_.limits.peer_queue);
    GOSSIP_ASSERT(api_.queued() <= api_.connections() * initial_.limits.module_queue);
    GOSSIP_ASSERT(p2p_.links().size() <= p2p_.connections());
  }

  template <class Names, class Counts>
  static void say_all(const Names& names, const Counts& counts) {
    for (std::size_t i = 0; i < names.size(); ++i) SAY("%s %zu\n", names[i].name.data(), std::size_t{counts[i]});
  }

  /// Everybody leaves, and nothing stays.
  void finish() {
    say_all(known_counters, counters_.values);
    say_all(reasons, counters_.drops);
    SAY("everybody leaves\n");
    for (auto& remote : remotes_) remote.reset();
    for (Listening& one : listening_) one.close();
    settle();
    restore();
    pass(3 * second);
    pass(settings_.intake().seen_ttl);
    for (int i = 0; i < 5; ++i) tick();  // each forgets some
    check_nobody_is_here();
    GOSSIP_ASSERT(loop_.congested[0] == 0 && loop_.congested[1] == 0);
    GOSSIP_ASSERT(driver_.messages_waiting() == 0);
    GOSSIP_ASSERT(driver_.messages_known() == 0 && driver_.messages().size() == 0 && driver_.messages().bytes() == 0);
    if (!stopped_) serve_newcomers();
    stop_accepting();
    p2p_.close_all();
    api_.close_all();
    settle();
    for (auto& remote : remotes_) remote.reset();
    pass(3 * second);
    check_nobody_is_here();
  }
  void check_nobody_is_here() {
    check();
    GOSSIP_ASSERT(p2p_.connections() == 0 && api_.connections() == 0);
  }

  /// Reloads what the node was started with.
  void restore() {
    settings_.limits = initial_.limits;
    settings_.intake() = initial_.intake();
    loop_.backpressure = settings_.limits.backpressure;
    driver_.reconfigure(settings_.intake());
  }

  /// A peer with an address, an anonymous one and two modules: each is told what the others say, once.
  void serve_newcomers() {
    constexpr std::uint16_t type = 4242;
    const Listening here(network_ + 200);
    const auto dial = [&](std::size_t slot, std::uint32_t from, bool module) {
      remotes_[slot] = Remote::dial(from, module ? api_address() : p2p_address(), module);
      GOSSIP_ASSERT(remotes_[slot] != nullptr);
      settle();
    };
    const auto send = [&](std::size_t slot, const auto& message) {
      Bytes bytes;
      encode(bytes, message);
      remotes_[slot]->send(bytes);
      settle();
    };
    dial(0, here.address.ip, false);
    send(0, net::Pull{here.address});
    GOSSIP_ASSERT(remotes_[0]->responses == 1);
    dial(1, network_ + 201, false);
    pass(2 * settings_.limits.identify_timeout);
    for (std::size_t slot : {3u, 4u}) {
      dial(slot, network_ + 1, true);
      send(slot, net::Notify{.data_type = type});
    }
    const std::array<std::size_t, 4> all = {0, 1, 3, 4};
    for (const std::size_t speaker : all) {
      const std::byte data[] = {std::byte{0x77}, static_cast<std::byte>(speaker)};
      const net::Announce announce{.data_type = type, .data = data};
      if (remotes_[speaker]->module) {
        send(speaker, announce);
      } else {
        send(speaker, net::SendContent{announce});
      }
      for (const std::size_t listener : {3u, 4u}) {
        if (listener == speaker || remotes_[speaker]->module) continue;
        GOSSIP_ASSERT(!remotes_[listener]->world.asked.empty());
        send(listener, net::Validation{.message_id = remotes_[listener]->world.asked.back(), .valid = true});
      }
      for (const std::size_t listener : all) {
        GOSSIP_ASSERT(remotes_[listener]->heard[content_of(type, data)] == (listener == speaker ? 0u : 1u));
      }
    }
  }

  Choices& choices_;
  const std::uint32_t network_;
  std::array<Listening, peers> listening_;
  Settings settings_;
  const Settings initial_;
  asio::io_context io_{1};
  Counters counters_;
  Loop loop_;
  P2p p2p_;
  Api api_;
  Witness witness_;
  Driver driver_;
  std::vector<net::Endpoint> addresses_;
  std::array<std::unique_ptr<Remote>, remotes> remotes_;
  fuzz::World fresh_;
  std::uint64_t contents_ = 0;
  bool stopped_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  spdlog::set_level(spdlog::level::off);
  virtual_now = first_instant;
  Choices choices({data, size});
  Game(choices).play();
  return 0;
}
