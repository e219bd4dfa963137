#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "bench/node_bench.hpp"
#include "bench/node_cluster.hpp"
#include "core/random.hpp"
#include "tests/socket.hpp"

namespace gossip::bench {
namespace {

constexpr std::uint16_t storm_type = 4711;  // nobody subscribes to it
constexpr net::Endpoint attacker{.ip = 0x7f09'0909, .port = 0};
/// The victim is the first. Each is in a network of its own, and nobody is trusted for being near.
constexpr std::uint32_t honest_ip(std::size_t i) { return 0x7f01'0001 + (static_cast<std::uint32_t>(i) << 8); }

// An attacker's tools.

/// From the attacker's one address. It never blocks.
class Foe {
 public:
  explicit Foe(net::Endpoint to) : socket_(Socket::connect(attacker, to)), lost_(!socket_) {
    ::fcntl(socket_.number(), F_SETFL, O_NONBLOCK);
  }

  /// As much as goes; the rest with the next call, instead of `bytes`.
  void send(const net::Bytes& bytes) {
    if (rest_.empty()) rest_ = bytes;
    const ssize_t n = socket_.send(rest_);
    if (n > 0) rest_.erase(rest_.begin(), rest_.begin() + n);
    if (n < 0 && errno != EAGAIN) lost_ = true;
  }
  void read() {
    std::array<std::byte, 65'536> buffer;
    ssize_t n = 0;
    while ((n = socket_.receive(buffer)) > 0) {
    }
    if (n == 0 || errno != EAGAIN) lost_ = true;
  }
  bool lost() const { return lost_; }

 private:
  Socket socket_;
  bool lost_;
  net::Bytes rest_;
};

/// Somewhere that the attacker would like the victim to dial. All of 127/8 is this machine, so that it is dialled in earnest.
net::Endpoint chosen(Random& random, std::uint16_t port) {
  return {.ip = 0x7f40'0000 + random.below(0x3f'0000), .port = port};
}

struct Victim {
  net::Endpoint p2p, api;
};
using Attack = void (*)(const Victim& victim);

void wait(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

/// Addresses at which somebody accepts and closes at once, each told on a connection of its own.
void bait(const Victim& victim) {
  const Socket listener = Socket::listen({}, 1024);
  const std::uint16_t port = listener.local().port;
  std::thread closer([&] {
    while (true) ::close(listener.accept());
  });
  Random random(1);
  while (true) {
    Foe foe(victim.p2p);
    net::Bytes push;
    encode(push, net::Push{chosen(random, port)});
    foe.send(push);
    wait(5);
  }
}

/// RESPONSEs that nobody asked for, and one that was each time somebody does.
void responses(const Victim& victim) {
  Random random(2);
  std::vector<Foe> foes;
  for (int i = 0; i < 20; ++i) foes.emplace_back(victim.p2p);
  while (true) {
    for (Foe& foe : foes) {
      if (foe.lost()) foe = Foe(victim.p2p);
      net::Bytes bytes;
      std::vector<net::Endpoint> list;
      for (int i = 0; i < 200; ++i) list.push_back(chosen(random, 9));
      encode(bytes, net::Push{chosen(random, 9)});
      for (int i = 0; i < 8; ++i) net::encode_response(bytes, list);
      foe.read();
      foe.send(bytes);
    }
    wait(1);
  }
}

void pushes(const Victim& victim) {
  Random random(3);
  std::vector<Foe> foes;
  for (int i = 0; i < 20; ++i) foes.emplace_back(victim.p2p);
  while (true) {
    for (Foe& foe : foes) {
      if (foe.lost() || random.below(4) == 0) foe = Foe(victim.p2p);
      net::Bytes bytes;
      for (int i = 0; i < 500; ++i) encode(bytes, net::Push{chosen(random, 9)});
      foe.read();
      foe.send(bytes);
    }
    wait(1);
  }
}

/// Each asks, and stays for as long as it may.
void crowd(const Victim& victim) {
  std::vector<Foe> foes;
  std::uint16_t port = 1000;
  const auto come = [&] {
    Foe foe(victim.p2p);
    net::Bytes pull;
    encode(pull, net::Pull{{.ip = attacker.ip, .port = ++port}});
    foe.send(pull);
    return foe;
  };
  for (int i = 0; i < 250; ++i) foes.push_back(come());
  while (true) {
    for (Foe& foe : foes) {
      foe.read();
      if (foe.lost()) foe = come();
    }
    wait(50);
  }
}

void pulls(const Victim& victim) {
  std::vector<Foe> foes;
  net::Bytes bytes;
  for (int i = 0; i < 2000; ++i) encode(bytes, net::Pull{{.ip = attacker.ip, .port = 5}});
  for (int i = 0; i < 60; ++i) foes.emplace_back(victim.p2p);
  while (true) {
    for (Foe& foe : foes) {
      if (foe.lost()) foe = Foe(victim.p2p);
      foe.send(bytes);
    }
    wait(1);
  }
}

void storm(const Victim& victim) {
  node::FrameClient client(victim.p2p);
  for (std::uint32_t number = 0; number < 300'000;) {
    net::Bytes bytes;
    for (int i = 0; i < 100; ++i, ++number) {
      std::array<std::byte, 20> data{};
      std::memcpy(data.data(), &number, sizeof number);
      encode(bytes, net::SendContent{{.ttl = 0, .data_type = storm_type, .data = data}});
    }
    if (!client.send(bytes)) break;
  }
  client.end_output();
}

/// Subscribers that never read, and a module that announces to them what would fill all of their queues.
void deaf(const Victim& victim) {
  std::vector<std::unique_ptr<node::ModuleClient>> crowd;
  for (int i = 0; i < 200; ++i) {
    crowd.push_back(std::make_unique<node::ModuleClient>(victim.api));
    crowd.back()->subscribe(storm_type);
  }
  node::ModuleClient announcer(victim.api);
  net::Bytes data(60'000);
  for (std::uint32_t number = 0;; ++number) {
    std::memcpy(data.data(), &number, sizeof number);
    announcer.announce(1, storm_type, data);
    wait(30);
  }
}

struct Named {
  const char* name;
  Attack attack;
  bool ends = false;  // by itself; then the cluster must be silent soon
  long memory = 200;  // MiB, at most
  double p99 = 50;    // ms, likewise
};
constexpr std::array attacks{
    Named{"none", [](const Victim&) {}},
    Named{"redial bait", bait},
    Named{"RESPONSE flood", responses},
    Named{"PUSH flood", pushes},
    Named{"250 connections of one address", crowd},
    Named{"60 that ask and do not read", pulls},
    // total_queue is 256 MiB, and a buffer that grows is twice as large; a full queue holds up peers for `backpressure`.
    Named{.name = "200 subscribers that do not read", .attack = deaf, .memory = 600, .p99 = 200},
    Named{.name = "storm of 300,000 announces", .attack = storm, .ends = true},
};

// The cluster and what is seen of it.

bool is_honest(const nlohmann::json& address) { return address.get<std::string>().starts_with("127.1."); }

struct Row {
  std::uint64_t lost = 0, twice = 0;
  double p99 = 0, worst = 0;  // ms
  double status = 0;          // ms, the slowest answer
  long memory = 0;            // MiB
  std::uint64_t dials = 0;    // in the worst second
  double links = 100, list = 100;
  std::optional<double> silent;  // s after the last announce of the load
};

/// Six nodes that are all neighbours, the first the others' bootstrapper, the second the victim. Announces come from the
/// last; everybody subscribes to them.
class Cluster {
 public:
  explicit Cluster(int seconds) : total_(rate * static_cast<std::size_t>(seconds)), sent_at_(total_) {
    for (std::size_t i = 0; i < size; ++i) {
      node::Settings settings;
      settings.own.trust = node::Trust::none;
      settings.p2p_address = host(i, 0);
      settings.status_socket = path(i);
      if (i > 0) settings.bootstrapper = host(0, nodes_[0].first);
      nodes_.push_back(start_node(settings));
    }
    for (const Child& node : nodes_) subscribers_.emplace_back(node.second, true);
    const auto deadline = Clock::now() + std::chrono::seconds(20);
    for (std::size_t i = 0; i < size;) {
      if (status(i)["peers"].size() == size - 1) {
        ++i;
      } else if (Clock::now() > deadline) {
        throw std::runtime_error("the nodes do not connect");
      }
      wait(20);
    }
  }
  Cluster(const Cluster&) = delete;
  ~Cluster() {
    for (std::size_t i = 0; i < size; ++i) ::unlink(path(i).c_str());
  }

  Row run(const Named& what) {
    Row row;
    node::FrameClient client(loopback(nodes_.back().second));
    Announcer announcer(client, 64, 1);
    warm_up(announcer, subscribers_);
    std::atomic<bool> over{false};
    Child foe([&](const Child::Ready& ready) {
      ready(0, 0);
      const Child& it = nodes_[victim];
      what.attack({.p2p = {.ip = honest_ip(victim), .port = it.first}, .api = loopback(it.second)});
    });
    std::thread sender([&] { send(announcer); });
    std::thread watcher([&] {
      while (!over) look(row);
    });
    receive(row);
    sender.join();
    over = true;
    watcher.join();
    if (!what.ends) foe.end();
    row.silent = seconds_until_silent();
    for (const auto& seen : seen_) row.lost += static_cast<std::uint64_t>(std::ranges::count(seen, 0));
    std::ranges::sort(delays_);
    if (!delays_.empty()) row.p99 = delays_[delays_.size() * 99 / 100], row.worst = delays_.back();
    return row;
  }

 private:
  static constexpr std::size_t size = 6, victim = 1, rate = 1000;
  using Milliseconds = std::chrono::duration<double, std::milli>;

  static net::HostPort host(std::size_t i, std::uint16_t port) {
    return {.host = "127.1." + std::to_string(i) + ".1", .port = port, .kind = net::HostKind::v4};
  }
  static std::string path(std::size_t i) {
    return "/tmp/gossip-bench-" + std::to_string(::getpid()) + "-" + std::to_string(i) + ".sock";
  }
  nlohmann::json status(std::size_t i) const { return ask_status(path(i)); }

  void send(Announcer& announcer) {
    auto next = Clock::now();
    for (std::size_t i = 0; i < total_; ++i) {
      sent_at_[i] = Clock::now().time_since_epoch().count();
      announcer.send(i, 1);
      std::this_thread::sleep_until(next += std::chrono::microseconds(1'000'000 / rate));
    }
  }

  void receive(Row& row) {
    seen_.assign(size, std::vector<std::uint8_t>(total_));
    std::vector<pollfd> waiting;
    for (const Subscriber& one : subscribers_) waiting.push_back({.fd = one.socket(), .events = POLLIN, .revents = 0});
    std::size_t left = total_ * size;
    // What is delivered twice may be so late.
    while (::poll(waiting.data(), waiting.size(), left > 0 ? 5000 : 300) > 0) {
      for (std::size_t i = 0; i < size; ++i) {
        if ((waiting[i].revents & POLLIN) == 0) continue;
        subscribers_[i].read(std::chrono::milliseconds(0), [&](std::uint64_t number) {
          if (number >= total_) return;  // of the warm-up
          if (seen_[i][number]++ > 0) {
            ++row.twice;
            return;
          }
          --left;
          const Clock::time_point sent{Clock::duration(sent_at_[number].load())};
          delays_.push_back(Milliseconds(Clock::now() - sent).count());
        });
      }
    }
  }

  /// One look at the victim.
  void look(Row& row) {
    const auto asked = Clock::now();
    const nlohmann::json seen = status(victim);
    row.status = std::max(row.status, Milliseconds(Clock::now() - asked).count());
    wait(100);
    if (!seen.is_object()) return;
    row.memory = std::max(row.memory, nodes_[victim].resident_kib() / 1024);
    const auto share = [](const nlohmann::json& all, auto&& honest) {
      return all.empty()
                 ? 100.0
                 : 100.0 * static_cast<double>(std::ranges::count_if(all, honest)) / static_cast<double>(all.size());
    };
    row.links = std::min(row.links, share(seen["peers"], [](const auto& one) { return is_honest(one["address"]); }));
    row.list = std::min(row.list, share(seen["peer_list"], [](const auto& one) { return is_honest(one); }));
    const auto now = Clock::now();
    const std::uint64_t dials =
        seen["counters"]["dialled"].get<std::uint64_t>() + seen["counters"]["dial_failed"].get<std::uint64_t>();
    dials_.emplace_back(now, dials);
    while (now - dials_.front().first > std::chrono::milliseconds(1100)) dials_.erase(dials_.begin());
    row.dials = std::max(row.dials, dials - dials_.front().second);
  }

  std::uint64_t received() const {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < size; ++i) all += status(i)["counters"]["received"].get<std::uint64_t>();
    return all;
  }
  /// Nothing: not within ten.
  std::optional<double> seconds_until_silent() const {
    const auto begin = Clock::now();
    std::uint64_t before = received();
    while (seconds_since(begin) < 10) {
      const double then = seconds_since(begin);
      wait(250);
      const std::uint64_t now = received();
      if (now == before) return then;
      before = now;
    }
    return std::nullopt;
  }

  std::vector<Child> nodes_;
  std::vector<Subscriber> subscribers_;
  const std::size_t total_;
  std::vector<std::atomic<std::int64_t>> sent_at_;
  std::vector<std::vector<std::uint8_t>> seen_;  // by node and number
  std::vector<double> delays_;
  std::vector<std::pair<Clock::time_point, std::uint64_t>> dials_;
};

/// What is promised.
std::string missed(const Row& row, const Named& attack) {
  std::string all;
  const auto demand = [&](bool holds, const char* what) {
    if (!holds) all.append(all.empty() ? "" : ", ").append(what);
  };
  demand(row.lost == 0, "lost");
  demand(row.twice == 0, "twice");
  demand(row.p99 < attack.p99, "p99");
  demand(row.status < 500, "status");
  demand(row.memory < attack.memory, "memory");
  demand(row.dials <= 50, "dials");
  demand(row.links >= 50, "links");
  demand(row.list >= 50, "list");
  demand(row.silent && *row.silent <= 2, "silence");
  return all;
}

}  // namespace

int node_hostile(int seconds, const std::string& only) {
  std::printf("%-32s %6s %6s %8s %8s %9s %11s %8s %8s %8s %9s\n", "attack", "lost", "twice", "p99 ms", "max ms",
              "status ms", "memory MiB", "dials/s", "links %", "list %", "silent s");
  int result = 0;
  for (const Named& one : attacks) {
    if (std::string_view(one.name).find(only) == std::string_view::npos) continue;
    const Row row = Cluster(seconds).run(one);
    const std::string wrong = missed(row, one);
    std::printf("%-32s %6llu %6llu %8.1f %8.1f %9.1f %11ld %8llu %8.0f %8.0f %9s%s%s\n", one.name,
                static_cast<unsigned long long>(row.lost), static_cast<unsigned long long>(row.twice), row.p99,
                row.worst, row.status, row.memory, static_cast<unsigned long long>(row.dials), row.links, row.list,
                row.silent ? std::to_string(*row.silent).substr(0, 4).c_str() : "never",
                wrong.empty() ? "" : "   MISSED: ", wrong.c_str());
    std::fflush(stdout);
    if (!wrong.empty()) result = 1;
  }
  return result;
}

}  // namespace gossip::bench
