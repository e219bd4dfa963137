#include "bench/node_cluster.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <string>
#include <utility>

#include "node/log.hpp"
#include "node/node.hpp"

namespace gossip::bench {
namespace {

constexpr std::uint16_t data_type = 1337;

}  // namespace

Child::Child(const std::function<void(const Ready&)>& work) {
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

Child::~Child() { end(); }

void Child::end() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

Child::Child(Child&& other) noexcept : first(other.first), second(other.second), pid_(std::exchange(other.pid_, -1)) {}

long Child::resident_kib() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  long size = 0, resident = 0, shared = 0;
  file >> size >> resident >> shared;
  return (resident - shared) * (::sysconf(_SC_PAGESIZE) / 1024);
}

Child start_node(const node::Settings& wanted) {
  node::Settings settings = wanted;
  settings.api_address.port = 0;
  return Child([&](const Child::Ready& ready) {
    node::set_up_log(node::LogLevel::error, node::LogFormat::text);
    const bool asked = !settings.status_socket.empty();
    if (!asked) settings.status_socket = "/tmp/gossip-bench-" + std::to_string(::getpid()) + ".sock";
    node::Node node(settings, {});
    ready(node.p2p_address().port, node.api_address().port);
    if (!asked) ::unlink(settings.status_socket.c_str());  // nobody asks, and SIGKILL would leave it
    node.run();
  });
}

node::Settings brief_settings(std::uint16_t bootstrapper, std::uint32_t degree) {
  node::Settings settings;
  settings.p2p_address.port = 0;
  settings.sampling().degree = degree;
  settings.sampling().retry_min = 20 * millisecond;
  settings.limits.link_rate = 10'000'000;  // what is measured is how fast a node is, not what it lets a peer do
  settings.intake().seen_ttl = settings.intake().validation_deadline = 250 * millisecond;
  if (bootstrapper != 0) {
    settings.bootstrapper = net::HostPort{.host = "127.0.0.1", .port = bootstrapper, .kind = net::HostKind::v4};
  }
  return settings;
}

nlohmann::json ask_status(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  std::string answer;
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    std::array<char, 4096> buffer;
    for (ssize_t n; (n = ::read(socket, buffer.data(), buffer.size())) > 0;)
      answer.append(buffer.data(), static_cast<std::size_t>(n));
  }
  ::close(socket);
  return nlohmann::json::parse(answer, nullptr, false);
}

Announcer::Announcer(node::FrameClient& client, std::size_t size, std::size_t batch)
    : client_(client), frame_(net::announce_size(size)), batch_(batch) {
  const net::Bytes data(size, std::byte{'x'});
  for (std::size_t i = 0; i < batch; ++i) encode(bytes_, net::Announce{.data_type = data_type, .data = data});
}

void Announcer::send(std::uint64_t from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t number = from + i;
    std::memcpy(bytes_.data() + i * frame_ + net::announce_header, &number, sizeof number);
  }
  if (!client_.send(std::span(bytes_).first(count * frame_))) {
    throw std::runtime_error("a node has closed the connection");
  }
}

void Announcer::send_all(std::uint64_t count) {
  for (std::uint64_t sent = 0; sent < count; sent += batch_) send(sent, std::min<std::uint64_t>(batch_, count - sent));
}

Subscriber::Subscriber(std::uint16_t api, bool verdicts) : client_(loopback(api)), verdicts_(verdicts) {
  client_.subscribe(data_type);
}

void warm_up(Announcer& announcer, std::vector<Subscriber>& subscribers) {
  std::uint64_t number = ~std::uint64_t{0};
  std::vector<bool> there(subscribers.size());
  const auto deadline = Clock::now() + std::chrono::seconds(30);
  while (std::ranges::count(there, true) < static_cast<std::ptrdiff_t>(there.size())) {
    if (Clock::now() > deadline) throw std::runtime_error("the nodes do not connect");
    announcer.send(number--, 1);
    for (std::size_t i = 0; i < there.size(); ++i) {
      while (subscribers[i].read(std::chrono::milliseconds(20), [](std::uint64_t) {})) there[i] = true;
    }
  }
  for (Subscriber& subscriber : subscribers) {
    while (subscriber.read(std::chrono::milliseconds(300), [](std::uint64_t) {})) {
    }
  }
}

}  // namespace gossip::bench
