#include "bench/node_bench.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

#include "net/framing.hpp"
#include "node/log.hpp"
#include "node/node.hpp"

namespace gossip::bench {
namespace {

using Clock = std::chrono::steady_clock;
using net::Bytes;
constexpr std::uint16_t data_type = 1337;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// A process that says two ports and then works until it is killed; it dies with us.
class Child {
 public:
  using Work = std::function<void(const std::function<void(std::uint16_t, std::uint16_t)>& ready)>;

  explicit Child(const Work& work) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(ends[0]);
      work([&](std::uint16_t a, std::uint16_t b) {
        const std::array ports{a, b};
        if (::write(ends[1], ports.data(), sizeof ports) != sizeof ports) ::_exit(1);
      });
      ::_exit(0);
    }
    ::close(ends[1]);
    std::array<std::uint16_t, 2> ports{};
    const bool said = ::read(ends[0], ports.data(), sizeof ports) == sizeof ports;
    ::close(ends[0]);
    if (!said) throw std::runtime_error("a node did not start");
    first = ports[0], second = ports[1];
  }
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(Child&& other) noexcept : first(other.first), second(other.second), pid_(std::exchange(other.pid_, -1)) {}

  /// Resident memory that is its own, in KiB.
  long resident_kib() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
    long size = 0, resident = 0, shared = 0;
    file >> size >> resident >> shared;
    return (resident - shared) * (::sysconf(_SC_PAGESIZE) / 1024);
  }

  std::uint16_t first = 0, second = 0;  // a node: P2P, API

 private:
  pid_t pid_;
};

Child start_node(std::uint16_t bootstrapper, std::uint32_t degree) {
  node::Settings settings;
  settings.p2p_address.port = settings.api_address.port = 0;
  settings.degree = degree;
  settings.retry_min = 20 * millisecond;
  if (bootstrapper != 0) settings.bootstrapper = net::HostPort{"127.0.0.1", bootstrapper, net::HostKind::v4};
  return Child([&](const auto& ready) {
    node::set_up_log(node::LogLevel::error, node::LogFormat::text);
    settings.status_socket = "/tmp/gossip-bench-" + std::to_string(::getpid()) + ".sock";
    node::Node node(settings, {});
    ready(node.p2p_address().port, node.api_address().port);
    ::unlink(settings.status_socket.c_str());  // nobody asks, and SIGKILL would leave it
    node.run();
  });
}

int dial(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect");
  return socket;
}

void send_all(int socket, std::span<const std::byte> data) {
  while (!data.empty()) {
    const ssize_t n = ::send(socket, data.data(), data.size(), MSG_NOSIGNAL);
    if (n <= 0) throw std::runtime_error("a node has closed the connection");
    data = data.subspan(static_cast<std::size_t>(n));
  }
}

/// ANNOUNCEs that differ in a number at the beginning of their data.
class Announcer {
 public:
  Announcer(int socket, std::size_t size, std::size_t batch) : socket_(socket), frame_(net::announce_size(size)) {
    const std::vector<std::byte> data(size, std::byte{'x'});
    for (std::size_t i = 0; i < batch; ++i) encode(bytes_, net::Announce{0, 0, data_type, data});
  }
  void send(std::uint64_t from, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t number = from + i;
      std::memcpy(bytes_.data() + i * frame_ + net::announce_header, &number, sizeof number);
    }
    send_all(socket_, std::span(bytes_).first(count * frame_));
  }

 private:
  int socket_;
  std::size_t frame_;
  Bytes bytes_;
};

/// A subscriber that counts, and says of everything that it is good.
class Subscriber {
 public:
  Subscriber(std::uint16_t api, bool verdicts) : socket(dial(api)), verdicts_(verdicts) {
    Bytes notify;
    encode(notify, net::Notify{0, data_type});
    send_all(socket, notify);
  }
  Subscriber(Subscriber&&) = default;

  /// Reads once; false: nothing came for `wait`.
  bool read(std::chrono::milliseconds wait, const std::function<void(std::uint64_t)>& on_number) {
    pollfd wanted{socket, POLLIN, 0};
    if (::poll(&wanted, 1, static_cast<int>(wait.count())) <= 0) return false;
    const ssize_t n = ::recv(socket, buffer().data(), buffer().size(), 0);
    if (n <= 0) throw std::runtime_error("a node has closed the connection");
    answers_.clear();
    reader_.feed(std::span(buffer()).first(static_cast<std::size_t>(n)), [&](std::span<const std::byte> frame) {
      const net::Decoded decoded = net::decode(frame);
      const auto& message = std::get<net::Notification>(decoded);
      std::uint64_t number = 0;
      if (message.data.size() >= sizeof number) std::memcpy(&number, message.data.data(), sizeof number);
      on_number(number);
      if (verdicts_) encode(answers_, net::Validation{message.message_id, 0, true});
      return true;
    });
    send_all(socket, answers_);
    return true;
  }

  int socket;

 private:
  static std::vector<std::byte>& buffer() {
    static thread_local std::vector<std::byte> bytes(256 * 1024);
    return bytes;
  }
  bool verdicts_;
  net::FrameReader reader_;
  Bytes answers_;
};

/// Announces until all subscribers have one: then the nodes are connected and the subscriptions stand.
void warm_up(Announcer& announcer, std::vector<Subscriber>& subscribers) {
  std::uint64_t number = ~std::uint64_t{0};
  std::vector<bool> there(subscribers.size());
  const auto deadline = Clock::now() + std::chrono::seconds(30);
  while (std::ranges::count(there, true) < static_cast<std::ptrdiff_t>(there.size())) {
    if (Clock::now() > deadline) throw std::runtime_error("the nodes do not connect");
    announcer.send(number--, 1);
    for (std::size_t i = 0; i < there.size(); ++i) {
      while (subscribers[i].read(std::chrono::milliseconds(20), [&](std::uint64_t) {})) there[i] = true;
    }
  }
  for (Subscriber& subscriber : subscribers) {
    while (subscriber.read(std::chrono::milliseconds(300), [](std::uint64_t) {})) {
    }
  }
}

struct Rate {
  double per_second = 0;
  std::uint64_t lost = 0;
};

Rate through_nodes(std::size_t size, std::uint64_t count, bool verdicts) {
  Child a = start_node(0, 1), b = start_node(a.first, 1);
  std::vector<Subscriber> subscriber;
  subscriber.emplace_back(b.second, verdicts);
  const int socket = dial(a.second);
  Announcer first(socket, size, 1);
  warm_up(first, subscriber);
  const auto begin = Clock::now();
  std::thread sender([&] {
    Announcer announcer(socket, size, 128);
    for (std::uint64_t sent = 0; sent < count; sent += 128)
      announcer.send(sent, std::min<std::uint64_t>(128, count - sent));
  });
  std::uint64_t got = 0, out_of_order = 0;
  const auto on_number = [&](std::uint64_t number) { out_of_order += number != got++; };
  while (got < count && subscriber[0].read(std::chrono::seconds(5), on_number)) {
  }
  const double elapsed = seconds_since(begin);
  sender.join();
  ::close(socket);
  if (out_of_order > 0) std::printf("  (%llu not in order)\n", static_cast<unsigned long long>(out_of_order));
  return {static_cast<double>(got) / elapsed, count - got};
}

/// Reads and writes, nothing else. What two hops cost without any gossip.
void relay(const std::function<void(std::uint16_t, std::uint16_t)>& ready, std::uint16_t onward) {
  namespace asio = boost::asio;
  asio::io_context io(1);
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
  ready(acceptor.local_endpoint().port(), 0);
  asio::ip::tcp::socket in = acceptor.accept(), out(io);
  out.connect({asio::ip::make_address("127.0.0.1"), onward});
  std::vector<std::byte> buffer(256 * 1024);
  std::function<void()> read = [&] {
    in.async_read_some(asio::buffer(buffer), [&](const boost::system::error_code& error, std::size_t n) {
      if (error) return;
      asio::async_write(out, asio::buffer(buffer.data(), n),
                        [&](const boost::system::error_code& problem, std::size_t) {
                          if (!problem) read();
                        });
    });
  };
  read();
  io.run();
}

Rate through_relays(std::size_t size, std::uint64_t count) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0) throw std::runtime_error("cannot bind");
  ::listen(listener, 1);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  const std::uint16_t end = ntohs(address.sin_port);
  Child second([&](const auto& ready) { relay(ready, end); });
  Child first([&](const auto& ready) { relay(ready, second.first); });
  const int out = dial(first.first);
  const int in = ::accept(listener, nullptr, nullptr);
  const std::uint64_t total = count * net::announce_size(size);
  const auto begin = Clock::now();
  std::thread sender([&] {
    Announcer announcer(out, size, 128);
    for (std::uint64_t sent = 0; sent < count; sent += 128)
      announcer.send(sent, std::min<std::uint64_t>(128, count - sent));
  });
  std::vector<std::byte> buffer(256 * 1024);
  std::uint64_t got = 0;
  for (ssize_t n; got < total && (n = ::recv(in, buffer.data(), buffer.size(), 0)) > 0;)
    got += static_cast<std::uint64_t>(n);
  const double elapsed = seconds_since(begin);
  sender.join();
  for (int socket : {out, in, listener}) ::close(socket);
  return {static_cast<double>(got) / static_cast<double>(net::announce_size(size)) / elapsed, 0};
}

int throughput(std::size_t size, std::uint64_t count, bool verdicts) {
  const Rate bare = through_relays(size, count);
  const Rate nodes = through_nodes(size, count, verdicts);
  std::printf("%zu-byte announces, module -> node -> node -> module, %llu of them\n", size,
              static_cast<unsigned long long>(count));
  std::printf("  nodes       %10.0f /s   lost %llu\n", nodes.per_second, static_cast<unsigned long long>(nodes.lost));
  std::printf("  bare relay  %10.0f /s\n  ratio       %10.3f\n", bare.per_second, nodes.per_second / bare.per_second);
  return nodes.lost == 0 ? 0 : 1;
}

int latency(std::size_t hops, int rounds) {
  std::vector<Child> line;
  // Of degree 1: each keeps the connection to the one before it and seeks no other.
  for (std::size_t i = 0; i < hops; ++i) line.push_back(start_node(i == 0 ? 0 : line.back().first, 1));
  std::vector<Subscriber> end;
  end.emplace_back(line.back().second, true);
  const int socket = dial(line.front().second);
  Announcer announcer(socket, 64, 1);
  warm_up(announcer, end);
  std::vector<double> microseconds;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = Clock::now();
    announcer.send(static_cast<std::uint64_t>(i), 1);
    bool there = false;
    while (!there) {
      if (!end[0].read(std::chrono::seconds(5), [&](std::uint64_t) { there = true; }))
        throw std::runtime_error("one was lost");
    }
    microseconds.push_back(seconds_since(begin) * 1e6 / static_cast<double>(hops));
  }
  ::close(socket);
  std::ranges::sort(microseconds);
  const auto at = [&](double p) {
    return microseconds[static_cast<std::size_t>(p * static_cast<double>(microseconds.size() - 1))];
  };
  std::printf("one announce over a line of %zu idle nodes: p50 %.1f us a hop, p99 %.1f us, max %.1f us\n", hops,
              at(0.5), at(0.99), at(1));
  return 0;
}

int soak(std::size_t nodes, std::uint32_t degree, std::size_t size, std::uint64_t rate, int duration) {
  std::vector<Child> cluster;
  for (std::size_t i = 0; i < nodes; ++i) cluster.push_back(start_node(i == 0 ? 0 : cluster.front().first, degree));
  std::vector<Subscriber> subscribers;
  for (const Child& node : cluster) subscribers.emplace_back(node.second, true);
  const int socket = dial(cluster.front().second);
  Announcer announcer(socket, size, 1);
  warm_up(announcer, subscribers);

  const std::uint64_t total = rate * static_cast<std::uint64_t>(duration);
  std::thread sender([&] {
    Announcer batch(socket, size, rate / 100);
    auto next = Clock::now();
    for (std::uint64_t sent = 0; sent < total; sent += rate / 100) {
      batch.send(sent, rate / 100);
      std::this_thread::sleep_until(next += std::chrono::milliseconds(10));
    }
  });
  const auto resident = [&] {
    long sum = 0;
    for (const Child& node : cluster) sum += node.resident_kib();
    return sum;
  };
  std::vector<std::vector<std::uint8_t>> seen(nodes, std::vector<std::uint8_t>(total));
  std::vector<pollfd> waiting;
  for (const Subscriber& subscriber : subscribers) waiting.push_back({subscriber.socket, POLLIN, 0});
  std::uint64_t got = 0, twice = 0;
  const auto begin = Clock::now();
  auto report = begin;
  while (got<total * nodes&& ::poll(waiting.data(), waiting.size(), 5000)> 0) {
    for (std::size_t i = 0; i < nodes; ++i) {
      if ((waiting[i].revents & POLLIN) == 0) continue;
      subscribers[i].read(std::chrono::milliseconds(0), [&](std::uint64_t number) {
        if (number >= total) return;
        if (seen[i][number]++ == 0)
          ++got;
        else
          ++twice;
      });
    }
    if (Clock::now() < report) continue;
    report += std::chrono::seconds(10);
    std::printf("  %4.0f s   %ld MiB resident in all nodes   %llu delivered\n", seconds_since(begin), resident() / 1024,
                static_cast<unsigned long long>(got));
    std::fflush(stdout);
  }
  sender.join();
  ::close(socket);
  std::printf(
      "%llu announces of %zu bytes, %llu/s, %zu nodes of degree %u, %.1f s: lost %llu, delivered twice %llu, %ld MiB\n",
      static_cast<unsigned long long>(total), size, static_cast<unsigned long long>(rate), nodes, degree,
      seconds_since(begin), static_cast<unsigned long long>(total * nodes - got),
      static_cast<unsigned long long>(twice), resident() / 1024);
  return got == total * nodes && twice == 0 ? 0 : 1;
}

}  // namespace

int node_bench(int argc, const char* const* argv) {
  CLI::App app("Real nodes over loopback, each a process.");
  std::string what = "all";
  std::size_t size = 1024, nodes = 10;
  std::uint64_t count = 1'500'000, rate = 10'000;
  std::uint32_t degree = 3;
  int duration = 60, rounds = 2000;
  bool no_verdicts = false;
  app.add_option("what", what, "throughput, latency, soak or all (the first two)")
      ->check(CLI::IsMember({"all", "throughput", "latency", "soak"}));
  app.add_option("--size", size, "bytes of data in a message")->check(CLI::Range(8, 65'000))->capture_default_str();
  app.add_option("--count", count, "messages of throughput")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_flag("--no-verdicts", no_verdicts, "the subscriber of throughput never validates");
  app.add_option("--nodes", nodes, "of latency and soak")->check(CLI::Range(2, 100))->capture_default_str();
  app.add_option("--degree", degree, "of soak")->check(CLI::Range(1, 100))->capture_default_str();
  app.add_option("--rate", rate, "announces a second of soak")
      ->check(CLI::Range(100, 1'000'000))
      ->capture_default_str();
  app.add_option("--seconds", duration, "of soak")->check(CLI::Range(1, 3600))->capture_default_str();
  app.add_option("--rounds", rounds, "of latency")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  try {
    int result = 0;
    if (what == "all" || what == "throughput") result |= throughput(size, count, !no_verdicts);
    if (what == "all" || what == "latency") result |= latency(nodes, rounds);
    if (what == "soak") result |= soak(nodes, degree, size, rate, duration);
    return result;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}

}  // namespace gossip::bench
