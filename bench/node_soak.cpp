#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "bench/node_bench.hpp"
#include "bench/node_cluster.hpp"

namespace gossip::bench {
namespace {

class Soak {
 public:
  explicit Soak(const SoakOptions& options)
      : options_(options), total_(options.rate * static_cast<std::uint64_t>(options.seconds)) {}

  int run() {
    start();
    node::FrameClient client(loopback(cluster_.front().second));
    Announcer announcer(client, options_.size, options_.rate / ticks_per_second);
    warm_up(announcer, subscribers_);
    std::thread sender([&] { send(announcer); });
    receive();
    sender.join();
    std::printf(
        "%llu announces of %zu bytes, %llu/s, %zu nodes of degree %u, %.1f s: lost %llu, delivered twice %llu, %ld "
        "MiB\n",
        static_cast<unsigned long long>(total_), options_.size, static_cast<unsigned long long>(options_.rate),
        options_.nodes, options_.degree, seconds_since(begin_), static_cast<unsigned long long>(missing()),
        static_cast<unsigned long long>(twice_), resident_mib());
    return missing() == 0 && twice_ == 0 ? 0 : 1;
  }

 private:
  static constexpr std::uint64_t ticks_per_second = 100;

  void start() {
    for (std::size_t i = 0; i < options_.nodes; ++i) {
      node::Settings settings;  // the defaults, for they must do
      settings.p2p_address.port = 0;
      settings.sampling().degree = options_.degree;
      if (i > 0)
        settings.bootstrapper =
            net::HostPort{.host = "127.0.0.1", .port = cluster_.front().first, .kind = net::HostKind::v4};
      cluster_.push_back(start_node(settings));
    }
    for (const Child& node : cluster_) subscribers_.emplace_back(node.second, true);
    seen_.assign(options_.nodes, std::vector<std::uint8_t>(total_));
  }

  void send(Announcer& announcer) const {
    const std::uint64_t batch = options_.rate / ticks_per_second;
    auto next = Clock::now();
    for (std::uint64_t sent = 0; sent < total_; sent += batch) {
      announcer.send(sent, batch);
      std::this_thread::sleep_until(next += std::chrono::milliseconds(10));
    }
  }

  void receive() {
    std::vector<pollfd> waiting;
    for (const Subscriber& one : subscribers_) waiting.push_back({.fd = one.socket(), .events = POLLIN, .revents = 0});
    begin_ = Clock::now();
    auto report = begin_;
    while (missing() > 0 && ::poll(waiting.data(), waiting.size(), 5000) > 0) {
      for (std::size_t i = 0; i < waiting.size(); ++i) {
        if ((waiting[i].revents & POLLIN) == 0) continue;
        subscribers_[i].read(std::chrono::milliseconds(0), [&](std::uint64_t number) { count(seen_[i], number); });
      }
      if (Clock::now() < report) continue;
      report += std::chrono::seconds(10);
      std::printf("  %4.0f s   %ld MiB resident in all nodes   %llu delivered\n", seconds_since(begin_), resident_mib(),
                  static_cast<unsigned long long>(got_));
      std::fflush(stdout);
    }
  }

  /// Numbers from `total_` on are those of the warm-up.
  void count(std::vector<std::uint8_t>& seen, std::uint64_t number) {
    if (number < total_) ++(seen[number]++ == 0 ? got_ : twice_);
  }

  std::uint64_t missing() const { return total_ * options_.nodes - got_; }

  long resident_mib() const {
    long kib = 0;
    for (const Child& node : cluster_) kib += node.resident_kib();
    return kib / 1024;
  }

  const SoakOptions& options_;
  const std::uint64_t total_;
  std::vector<Child> cluster_;
  std::vector<Subscriber> subscribers_;
  std::vector<std::vector<std::uint8_t>> seen_;  // by node and number
  std::uint64_t got_ = 0, twice_ = 0;
  Clock::time_point begin_;
};

}  // namespace

int node_soak(const SoakOptions& options) { return Soak(options).run(); }

}  // namespace gossip::bench
