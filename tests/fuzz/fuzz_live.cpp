// Real programs, real signals: fuzz_live [--seconds N] [--seed S].
//
// Three daemons in a row, A – T – B, each with a module that announces and hears what the others' modules announce: the
// witnesses. Meanwhile six connections do to T's two ports what moves.hpp can think of, and T gets SIGHUP with right,
// wrong and missing files, SIGPIPE, is suspended for a moment, and is asked for its status.
//
// Nobody may die, every witness has each of the others' messages once, T's counters add up, it stays below 300 MiB, its
// queues are empty in the end, and with hostile connections open it ends within 3 s of SIGTERM with 0.
//
// The attackers come from other addresses than 127.0.0.1: who shares a host's address can claim its port, docs/node.md.
// What loses messages by design is not played here: queues of 64 KiB, a memory of seen ids that is too small, a
// subscriber of the witnesses' type that rejects.

#include <fcntl.h>
#include <spawn.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "core/random.hpp"
#include "node/client.hpp"
#include "tests/fuzz/moves.hpp"
#include "tests/fuzz/remote.hpp"

extern char** environ;

namespace {

using namespace gossip;
using fuzz::Choices;
using fuzz::Remote;
using net::Bytes;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::uint16_t witness_type = 1337;
constexpr std::uint32_t loopback = 0x7f00'0001;

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Failed {
  std::string what;
};
void require(bool condition, const std::string& what) {
  if (!condition) throw Failed{what};
}

bool eventually(const auto& condition, Clock::duration patience) {
  const auto deadline = Clock::now() + patience;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// `gossip-node run` with a configuration file and a log in a folder.
class Daemon {
 public:
  Daemon(const std::string& folder, const std::string& name, const std::string& gossip_section)
      : name_(name),
        config_(folder + "/" + name + ".ini"),
        log_(folder + "/" + name + ".log"),
        socket_(folder + "/" + name + ".sock"),
        gossip_(gossip_section) {
    configure({});
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    for (int output : {1, 2})
      posix_spawn_file_actions_addopen(&files, output, log_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const char* argv[] = {GOSSIP_NODE_PROGRAM, "run", "-c", config_.c_str(), nullptr};
    require(::posix_spawn(&pid_, argv[0], &files, nullptr, const_cast<char**>(argv), environ) == 0, "no process");
    posix_spawn_file_actions_destroy(&files);
    require(eventually([&] { return read_text(log_).find("listening p2p=") != std::string::npos; }, 30s),
            name_ + " does not listen:\n" + read_text(log_));
    p2p = address_after("p2p=");
    api = address_after("api=");
  }
  ~Daemon() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Daemon(const Daemon&) = delete;

  void configure(const std::string& more) const {
    std::ofstream(config_) << "[gossip]\np2p_address = 127.0.0.1:0\napi_address = 127.0.0.1:0\n"
                           << "seen_capacity = 1000000\ncache_size = 5000\nvalidation_deadline = 2s\nexplore = 1h\n"
                           << gossip_ << "[node]\nlog_level = info\nseed = 1\nstatus_socket = " << socket_
                           << "\n[limits]\n"
                           << more;
  }
  void write_config(const std::string& text) const { std::ofstream(config_) << text; }
  void lose_config() const { std::filesystem::remove(config_); }
  void signal(int number) const { ::kill(pid_, number); }

  nlohmann::json status() const {
    const int socket = ask();
    std::string answer;
    char buffer[4096];
    for (ssize_t n; (n = ::read(socket, buffer, sizeof buffer)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(n));
    ::close(socket);
    require(!answer.empty(), name_ + " says no status:\n" + log_end());
    return nlohmann::json::parse(answer);
  }
  int ask() const {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
    ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
    return socket;
  }
  void must_live() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
    pid_ = -1;
    throw Failed{name_ + " died with wait status " + std::to_string(status) + ":\n" + log_end()};
  }
  /// The most memory it ever had, in MiB.
  long memory() const {
    const std::string text = read_text("/proc/" + std::to_string(pid_) + "/status");
    return std::atol(text.c_str() + text.find("VmHWM:") + 6) / 1024;
  }
  void end() {
    signal(SIGTERM);
    int status = -1;
    require(eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, 3s),
            name_ + " does not end within 3 s of SIGTERM");
    pid_ = -1;
    require(WIFEXITED(status) && WEXITSTATUS(status) == 0,
            name_ + " ends with wait status " + std::to_string(status) + ":\n" + log_end());
  }

  net::Endpoint p2p, api;

 private:
  net::Endpoint address_after(const std::string& key) const {
    const std::string text = read_text(log_);
    const std::size_t at = text.find(key) + key.size();
    return net::parse_endpoint(text.substr(at, text.find_first_of(" \n", at) - at)).value();
  }
  std::string log_end() const {
    const std::string text = read_text(log_);
    return text.substr(text.size() - std::min<std::size_t>(text.size(), 4000));
  }

  std::string name_, config_, log_, socket_, gossip_;
  pid_t pid_ = -1;
};

/// A well-behaved module.
class Witness {
 public:
  Witness(const Daemon& daemon, char name) : name_(name), module_(daemon.api) { module_.subscribe(witness_type); }

  std::string announce() {
    const std::string data = name_ + std::to_string(++announced_);
    require(module_.announce(0, witness_type, std::as_bytes(std::span(data))), "a witness was cut off");
    return data;
  }
  /// What is there now.
  void listen() {
    using Read = node::FrameClient::Read;
    auto result = Read::frames;
    while (result == Read::frames) {
      result = module_.read_notifications(0ms, [&](const net::Notification& message) {
        const auto* text = reinterpret_cast<const char*>(message.data.data());
        ++heard[{text, message.data.size()}];
        module_.answer(message.message_id, true);
        return true;
      });
    }
    require(result == Read::nothing, "a witness was cut off");
    module_.send_answers();
  }

  std::map<std::string, int> heard;

 private:
  char name_;
  int announced_ = 0;
  node::ModuleClient module_;
};

class Live {
 public:
  Live(std::uint64_t seed, const std::string& folder)
      : random_(seed),
        target_(folder, "t", ""),
        a_(folder, "a", edge(target_)),
        b_(folder, "b", edge(target_)),
        listening_{fuzz::Listening(loopback + 1), fuzz::Listening(loopback + 2), fuzz::Listening(loopback + 3)} {
    require(eventually([&] { return target_.status()["peers"].size() == 2; }, 30s), "A – T – B are not connected");
    witnesses_.emplace_back(a_, 'a');
    witnesses_.emplace_back(target_, 't');
    witnesses_.emplace_back(b_, 'b');
    for (const Daemon* daemon : {&a_, &target_, &b_}) {
      require(eventually(
                  [&] {
                    const auto modules = daemon->status()["modules"];
                    return modules.size() == 1 && modules[0]["types"].size() == 1;
                  },
                  30s),
              "no subscription");
    }
    for (const auto& one : listening_) addresses_.push_back(one.address);
    addresses_.insert(
        addresses_.end(),
        {target_.p2p, target_.api, a_.p2p, b_.p2p, {0, 0}, {0xe000'0001, 5}, {loopback + 8, 9}, {loopback + 9, 9}});
  }

  void play(std::chrono::seconds duration) {
    const auto end = Clock::now() + duration;
    while (Clock::now() < end) {
      turn(true);
      if (moves_ % 256 == 0) check_alive();
    }
    for (auto& remote : remotes_) remote.reset();
    target_.configure("");
    target_.signal(SIGHUP);
    settle();
    check();
    for (int i = 0; i < 100; ++i) turn(false);  // it is to end in the middle of it
    std::printf("%d moves, %d signals, %zu messages of each other's witnesses, %ld MiB\n", moves_, signals_,
                said_.size(), memory_);
    for (Daemon* daemon : {&target_, &a_, &b_}) daemon->end();
  }

 private:
  static constexpr std::size_t peers = 3, remotes = 6;

  /// It has one link, and that is to the target.
  static std::string edge(const Daemon& target) {
    return "bootstrapper = " + to_string(target.p2p) + "\ndegree = 1\nlinks = 1\ntransient_links = 0\n";
  }

  void turn(bool witnessed) {
    std::array<std::uint8_t, 64> bytes;
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_.below(256));
    Choices choices(bytes);
    ++moves_;
    move(choices);
    for (auto& remote : remotes_) {
      while (remote && remote->reads && remote->read([&](auto frame) { return on_frame(*remote, frame); })) {
      }
    }
    if (!witnessed) return;
    if (moves_ % 4 == 0) said_.insert(witnesses_[random_.below(3)].announce());
    for (Witness& witness : witnesses_) witness.listen();
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }

  bool on_frame(Remote& remote, std::span<const std::byte> frame) {
    const net::Decoded decoded = net::decode(frame);
    require(!std::holds_alternative<net::DecodeError>(decoded), "T says what does not decode");
    if (const auto* notification = std::get_if<net::Notification>(&decoded)) {
      remote.world.asked.push_back(notification->message_id);
      if (remote.world.asked.size() > 16) remote.world.asked.erase(remote.world.asked.begin());
    }
    return true;
  }

  void move(Choices& choices) {
    const std::size_t what = choices.below(64);
    if (what >= 60) return signal(choices);
    const std::size_t who = choices.below(remotes);
    auto& remote = remotes_[who];
    const bool module = who >= peers;
    if (!remote) {
      if (!module) remote = listening_[who].accept();
      if (!remote) {
        const std::uint32_t from = loopback + 1 + static_cast<std::uint32_t>(who);
        remote = Remote::dial(from, module ? target_.api : target_.p2p, module);
      }
      if (remote) remote->world.addresses = addresses_;
      return;
    }
    const auto frame = [&] { return fuzz::some_frame(choices, remote->world, module); };
    Bytes bytes;
    if (what < 36) {
      bytes = frame();
    } else if (what < 42) {
      for (std::size_t n = 2 + choices.below(3); n > 0; --n) {
        const Bytes one = frame();
        bytes.insert(bytes.end(), one.begin(), one.end());
      }
    } else if (what < 48) {
      bytes = frame();
      fuzz::damage(choices, bytes);
    } else if (what < 50) {  // the rest never comes, or after another move
      bytes = frame();
      bytes.resize(1 + choices.below(std::min<std::size_t>(bytes.size(), 256)));
    } else if (what < 53) {
      for (std::size_t n = choices.below(60); n > 0; --n) {
        const Bytes one = fuzz::fresh_frame(fresh_, module, choices.of(fuzz::data_types), 8 + choices.below(256));
        bytes.insert(bytes.end(), one.begin(), one.end());
      }
    } else if (what == 53) {
      for (int n = 0; n < 10; ++n) remote->send(fuzz::fresh_frame(fresh_, module, 1, 60'000));
      return;
    } else if (what == 54) {
      remote->reads = !remote->reads;
      return;
    } else if (what < 57) {
      return remote->end_output();
    } else {
      return remote.reset();
    }
    remote->send(bytes);
  }

  void signal(Choices& choices) {
    ++signals_;
    switch (choices.below(8)) {
      case 0: {
        static const std::vector<std::string> keys = {
            "p2p_connections = 3",  "p2p_per_address = 1",  "api_connections = 3",    "api_subscriptions = 1",
            "peer_queue = 16MiB",   "backpressure = 0ms",   "backpressure = 500ms",   "module_stall = 2s",
            "peer_stall = 2s",      "idle_timeout = 300ms", "identify_timeout = 1ms", "identify_timeout = 10s",
            "response_timeout = 5s"};
        target_.configure(choices.of(keys) + "\n");
        break;
      }
      case 1:
        target_.write_config("[gossip]\ndegree = many\n[limts]\npeer_queue = 1\n");
        break;
      case 2:
        target_.write_config(std::string("\0\xff[gossip\n=", 11));
        break;
      case 3:
        target_.lose_config();
        break;
      case 4:
        return target_.signal(SIGPIPE);
      case 5: {
        target_.signal(SIGSTOP);
        std::this_thread::sleep_for(std::chrono::milliseconds(choices.below(60)));
        return target_.signal(SIGCONT);
      }
      case 6:
        target_.status();
        return;
      default:  // asks, and does not read
        ::close(target_.ask());
        return;
    }
    for (std::size_t n = 1 + choices.below(3); n > 0; --n) target_.signal(SIGHUP);
  }

  void check_alive() {
    for (Daemon* daemon : {&target_, &a_, &b_}) daemon->must_live();
    memory_ = std::max(memory_, target_.memory());
    require(memory_ < 300, "T has had " + std::to_string(memory_) + " MiB");
  }

  /// Until every witness has what the others said.
  void settle() {
    const bool all = eventually(
        [&] {
          bool whole = true;
          for (Witness& witness : witnesses_) {
            witness.listen();
            whole = whole && missing(witness).empty();
          }
          return whole;
        },
        10s);
    check_alive();
    std::string lost;
    for (const Witness& witness : witnesses_) lost += missing(witness);
    require(all, "lost" + lost);
    const bool quiet = eventually(
        [&] {
          const auto status = target_.status();
          for (const char* kind : {"peers", "modules"}) {
            for (const auto& one : status[kind]) {
              if (one["queued_bytes"] != 0) return false;
            }
          }
          return status["modules"].size() == 1 && status["messages"]["waiting"] == 0;
        },
        30s);
    require(quiet, "T does not come to rest: " + target_.status().dump());
  }
  std::string missing(const Witness& witness) const {
    const char self = "atb"[&witness - witnesses_.data()];
    std::string lost;
    for (const std::string& data : said_) {
      if (data[0] != self && !witness.heard.contains(data)) lost += ' ' + data + " by " + self;
    }
    return lost;
  }

  void check() {
    for (const Witness& witness : witnesses_) {
      for (const auto& [data, times] : witness.heard) require(times == 1 && said_.contains(data), "twice: " + data);
    }
    const auto status = target_.status();
    const auto& c = status["counters"];
    const auto n = [](const nlohmann::json& value) { return value.get<std::uint64_t>(); };
    const auto& drops = status["drops"];
    const std::uint64_t came = n(c["received"]) + n(c["announced"]);
    const std::uint64_t refused = n(drops["duplicate"]) + n(drops["memory_full"]) + n(c["store_full"]);
    require(came >= refused + said_.size() && n(drops["memory_full"]) + n(c["store_full"]) == 0,
            "counters do not add up: " + status.dump());
    // Nothing has expired meanwhile, so that what is new is what is known.
    require(seconds_since_start() > 100 || came - refused == n(status["messages"]["known"]),
            "counters do not add up: " + status.dump());
  }
  double seconds_since_start() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  Random random_;
  const Clock::time_point start_ = Clock::now();
  Daemon target_, a_, b_;
  std::array<fuzz::Listening, peers> listening_;
  std::vector<net::Endpoint> addresses_;
  std::vector<Witness> witnesses_;
  std::array<std::unique_ptr<Remote>, remotes> remotes_;
  fuzz::World fresh_;
  std::set<std::string> said_;
  int moves_ = 0, signals_ = 0;
  long memory_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seed = std::random_device()(), seconds = 5;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--seconds") seconds = std::strtoull(argv[i + 1], nullptr, 10);
  }
  std::printf("fuzz_live --seed %llu --seconds %llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(seconds));
  std::fflush(stdout);
  // The sanitizer keeps 256 MiB of what was freed; that is not the node's.
  ::setenv("ASAN_OPTIONS", "quarantine_size_mb=8", 0);
  std::string folder = "/tmp/gossip-fuzz-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 2;
  try {
    Live(seed, folder).play(std::chrono::seconds(seconds));
  } catch (const Failed& failure) {
    std::printf("FAILED: %s\nlogs are in %s\n", failure.what.c_str(), folder.c_str());
    return 1;
  } catch (const std::exception& failure) {
    std::printf("FAILED: %s\nlogs are in %s\n", failure.what(), folder.c_str());
    return 1;
  }
  std::filesystem::remove_all(folder);
  return 0;
}
