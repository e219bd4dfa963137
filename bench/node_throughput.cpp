#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "bench/node_bench.hpp"
#include "bench/node_cluster.hpp"

namespace gossip::bench {
namespace {

constexpr std::size_t batch = 128;
constexpr std::size_t buffer_size = 256 * 1024;

struct Rate {
  double per_second = 0;
  std::uint64_t lost = 0;
  std::string where;  // it was lost
};

/// Two nodes, the second the first's only peer.
class Pair {
  std::vector<std::string> paths_;
  Child start(std::uint16_t bootstrapper) {
    node::Settings settings = brief_settings(bootstrapper, 1);
    paths_.push_back("/tmp/gossip-bench-" + std::to_string(::getpid()) + '-' + std::to_string(paths_.size()) + ".sock");
    settings.status_socket = paths_.back();
    return start_node(settings);
  }

 public:
  Pair() : a(start(0)), b(start(a.first)) {}
  Pair(const Pair&) = delete;
  ~Pair() {
    for (const std::string& path : paths_) ::unlink(path.c_str());
  }

  /// Every counter of something lost that is not 0.
  std::string losses() const {
    std::string text;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const nlohmann::json status = ask_status(paths_[i]);
      nlohmann::json all = status["drops"];
      for (const char* name : {"drop_peer_queue", "drop_module_queue", "store_full"})
        all[name] = status["counters"][name];
      for (const auto& [name, count] : all.items()) {
        if (count != 0) text += "  node " + std::to_string(i + 1) + ": " + name + ' ' + count.dump() + '\n';
      }
    }
    return text;
  }

  Child a, b;
};

Rate through_nodes(std::size_t size, std::uint64_t count, bool verdicts) {
  const Pair nodes;
  std::vector<Subscriber> subscriber;
  subscriber.emplace_back(nodes.b.second, verdicts);
  node::FrameClient client(loopback(nodes.a.second));
  Announcer announcer(client, size, batch);
  warm_up(announcer, subscriber);
  const auto begin = Clock::now();
  std::thread sender([&] { announcer.send_all(count); });
  std::uint64_t got = 0, out_of_order = 0;
  const auto on_number = [&](std::uint64_t number) { out_of_order += number != got++; };
  while (got < count && subscriber[0].read(std::chrono::seconds(5), on_number)) {
  }
  const double elapsed = seconds_since(begin);
  sender.join();
  if (out_of_order > 0) std::printf("  (%llu not in order)\n", static_cast<unsigned long long>(out_of_order));
  return {.per_second = static_cast<double>(got) / elapsed, .lost = count - got, .where = nodes.losses()};
}

/// Reads and writes, nothing else. What two hops cost without any gossip.
void relay(const Child::Ready& ready, std::uint16_t onward) {
  namespace asio = boost::asio;
  asio::io_context io(1);
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
  ready(acceptor.local_endpoint().port(), 0);
  asio::ip::tcp::socket in = acceptor.accept(), out(io);
  out.connect({asio::ip::make_address("127.0.0.1"), onward});
  std::vector<std::byte> buffer(buffer_size);
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

struct LocalListener {
  LocalListener() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(socket, reinterpret_cast<sockaddr*>(&address), length) != 0) throw std::runtime_error("cannot bind");
    ::listen(socket, 1);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
  }
  ~LocalListener() { ::close(socket); }
  LocalListener(const LocalListener&) = delete;

  int socket;
  std::uint16_t port;
};

Rate through_relays(std::size_t size, std::uint64_t count) {
  LocalListener listener;
  Child second([&](const Child::Ready& ready) { relay(ready, listener.port); });
  Child first([&](const Child::Ready& ready) { relay(ready, second.first); });
  node::FrameClient out(loopback(first.first));
  node::FrameClient in(::accept(listener.socket, nullptr, nullptr));
  const std::uint64_t total = count * net::announce_size(size);
  Announcer announcer(out, size, batch);
  const auto begin = Clock::now();
  std::thread sender([&] { announcer.send_all(count); });
  std::vector<std::byte> buffer(buffer_size);
  std::uint64_t got = 0;
  for (ssize_t n; got < total && (n = ::recv(in.socket(), buffer.data(), buffer.size(), 0)) > 0;)
    got += static_cast<std::uint64_t>(n);
  const double elapsed = seconds_since(begin);
  sender.join();
  return {.per_second = static_cast<double>(got) / static_cast<double>(net::announce_size(size)) / elapsed,
          .where = {}};
}

}  // namespace

int node_throughput(std::size_t size, std::uint64_t count, bool verdicts) {
  const Rate bare = through_relays(size, count);
  const Rate nodes = through_nodes(size, count, verdicts);
  std::printf("%zu-byte announces, module -> node -> node -> module, %llu of them\n", size,
              static_cast<unsigned long long>(count));
  std::printf("  nodes       %10.0f /s   lost %llu\n", nodes.per_second, static_cast<unsigned long long>(nodes.lost));
  if (nodes.lost > 0) std::printf("%s", nodes.where.c_str());
  std::printf("  bare relay  %10.0f /s\n  ratio       %10.3f\n", bare.per_second, nodes.per_second / bare.per_second);
  return nodes.lost == 0 ? 0 : 1;
}

}  // namespace gossip::bench
