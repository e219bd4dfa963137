#include "node/recorder.hpp"

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <vector>

#include "core/random.hpp"
#include "node/core_peer.hpp"

namespace gossip::node {
namespace {

constexpr int version = 1;
constexpr std::size_t record_size = 28;

std::uint64_t fold(std::uint64_t hash, std::uint64_t value) { return mix(hash, value); }

std::uint64_t fold_frame(std::uint64_t hash, const Frame& frame, const MessageStore& messages) {
  hash = fold(hash, std::uint64_t{frame.body} << 32 | std::uint64_t{frame.hops} << 16 |
                        static_cast<std::uint64_t>(frame.kind) << 8 | frame.ttl);
  if (frame.kind != FrameKind::response) return hash;
  for (PeerId peer : messages.peers(frame.message())) hash = fold(hash, index(peer));
  return hash;
}

std::uint64_t fold_action(std::uint64_t hash, const Action& action, const MessageStore& messages) {
  hash = fold(hash, action.index());
  const auto both = [&](std::uint64_t a, std::uint64_t b) { return fold(fold(hash, a), b); };
  if (const auto* send = std::get_if<Send>(&action))
    return fold_frame(fold(hash, index(send->to)), send->frame, messages);
  if (const auto* d = std::get_if<Deliver>(&action)) return fold(both(index(d->message), index(d->from)), d->hops);
  if (const auto* c = std::get_if<Connect>(&action)) return fold(hash, index(c->peer));
  if (const auto* d = std::get_if<Disconnect>(&action)) return fold(hash, index(d->peer));
  if (const auto* f = std::get_if<Forget>(&action)) return fold(hash, index(f->message));
  if (const auto* f = std::get_if<ForgetPeer>(&action)) return fold(hash, index(f->peer));
  const auto& drop = std::get<Drop>(action);
  return both(index(drop.message), static_cast<std::uint64_t>(drop.reason));
}

nlohmann::json to_json(const Config& config) {
  const FloodConfig& f = config.flood;
  const SamplingConfig& s = config.sampling;
  return {{"seen_capacity", f.seen_capacity},
          {"seen_ttl", f.seen_ttl},
          {"validation", f.validation},
          {"cache_size", f.cache_size},
          {"validation_deadline", f.validation_deadline},
          {"on_silence", static_cast<int>(f.on_silence)},
          {"relay", static_cast<int>(f.relay)},
          {"bootstrapper", index(s.bootstrapper)},
          {"degree", s.degree},
          {"max_connections", s.max_connections},
          {"transient_connections", s.transient_connections},
          {"peer_list", s.peer_list},
          {"response_peers", s.response_peers},
          {"retry_min", s.retry_min},
          {"retry_max", s.retry_max}};
}

Config config_from(const nlohmann::json& json) {
  Config config;
  FloodConfig& f = config.flood;
  SamplingConfig& s = config.sampling;
  json.at("seen_capacity").get_to(f.seen_capacity);
  json.at("seen_ttl").get_to(f.seen_ttl);
  json.at("validation").get_to(f.validation);
  json.at("cache_size").get_to(f.cache_size);
  json.at("validation_deadline").get_to(f.validation_deadline);
  f.on_silence = static_cast<OnSilence>(json.at("on_silence").get<int>());
  f.relay = static_cast<Relay>(json.at("relay").get<int>());
  s.bootstrapper = PeerId{json.at("bootstrapper").get<std::uint32_t>()};
  json.at("degree").get_to(s.degree);
  json.at("max_connections").get_to(s.max_connections);
  json.at("transient_connections").get_to(s.transient_connections);
  json.at("peer_list").get_to(s.peer_list);
  json.at("response_peers").get_to(s.response_peers);
  json.at("retry_min").get_to(s.retry_min);
  json.at("retry_max").get_to(s.retry_max);
  if (f.seen_capacity == 0 || f.seen_capacity > 1 << 22 || f.cache_size == 0 || f.cache_size > 1 << 16 ||
      s.peer_list > 1 << 16 || s.max_connections > 1 << 14 || s.transient_connections > 1 << 14) {
    throw std::runtime_error("the configuration is out of range");
  }
  return config;
}

/// What a record holds of an input; which fields mean what is decided by the kind.
struct Record {
  Time now = 0;
  std::uint8_t kind = 0, frame_kind = 0, ttl = 0, flag = 0;
  std::uint16_t hops = 0, peers = 0;
  std::uint32_t a = 0, body = 0, actions = 0;
};

template <class T>
void put(std::byte*& at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    *at++ = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> 8 * i);
}
template <class T>
void get(const std::byte*& at, T& value) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) bits |= static_cast<std::uint64_t>(*at++) << 8 * i;
  value = static_cast<T>(bits);
}

template <class F>
void each_field(Record& r, F&& f) {
  f(r.now), f(r.kind), f(r.frame_kind), f(r.ttl), f(r.flag), f(r.hops), f(r.peers), f(r.a), f(r.body), f(r.actions);
}

Record to_record(const Input& input) {
  Record r;
  r.kind = static_cast<std::uint8_t>(input.index());
  if (const auto* up = std::get_if<PeerUp>(&input)) r.a = index(up->peer), r.flag = up->inbound;
  if (const auto* down = std::get_if<PeerDown>(&input)) r.a = index(down->peer);
  if (const auto* receive = std::get_if<Receive>(&input)) {
    const Frame& frame = receive->frame;
    r.a = index(receive->from), r.body = frame.body, r.hops = frame.hops, r.ttl = frame.ttl;
    r.frame_kind = static_cast<std::uint8_t>(frame.kind);
  }
  if (const auto* publish = std::get_if<Publish>(&input)) r.body = index(publish->message), r.ttl = publish->ttl;
  if (const auto* verdict = std::get_if<Verdict>(&input)) {
    r.body = index(verdict->message), r.flag = static_cast<std::uint8_t>(verdict->opinion);
  }
  return r;
}

std::optional<Input> to_input(const Record& r) {
  switch (r.kind) {
    case 0:
      return Start{};
    case 1:
      return PeerUp{PeerId{r.a}, r.flag != 0};
    case 2:
      return PeerDown{PeerId{r.a}};
    case 3:
      if (r.frame_kind > static_cast<std::uint8_t>(FrameKind::push)) return std::nullopt;
      return Receive{PeerId{r.a}, Frame{r.body, r.hops, static_cast<FrameKind>(r.frame_kind), r.ttl}};
    case 4:
      return Publish{MessageRef{r.body}, r.ttl};
    case 5:
      if (r.flag > static_cast<std::uint8_t>(Opinion::nobody)) return std::nullopt;
      return Verdict{MessageRef{r.body}, static_cast<Opinion>(r.flag)};
    case 6:
      return Wake{};
    default:
      return std::nullopt;
  }
}

constexpr std::array<const char*, 7> input_names{"start", "up", "down", "receive", "publish", "verdict", "wake"};
constexpr std::array<const char*, 4> frame_names{"announce", "pull", "response", "push"};
constexpr std::array<const char*, 3> opinion_names{"accept", "reject", "nobody"};

std::string numbered(const char* prefix, std::uint32_t number) {
  return std::string(prefix).append(std::to_string(number));
}
std::string peer_name(PeerId peer) { return peer == no_peer ? "here" : numbered("p", index(peer)); }
std::string message_name(MessageRef message) { return numbered("m", index(message)); }

std::string describe(const Frame& frame, const MessageStore& messages) {
  std::string text = frame_names[static_cast<std::size_t>(frame.kind)];
  if (frame.kind == FrameKind::announce)
    return text + " " + message_name(frame.message()) + " ttl " + std::to_string(frame.ttl);
  if (frame.kind != FrameKind::response) return text + " of " + peer_name(frame.subject());
  for (PeerId peer : messages.peers(frame.message())) text += " " + peer_name(peer);
  return text;
}

std::string describe(const Input& input, const MessageStore& messages) {
  std::string text = input_names[input.index()];
  if (const auto* up = std::get_if<PeerUp>(&input))
    text += " " + peer_name(up->peer) + (up->inbound ? " inbound" : " dialled");
  if (const auto* down = std::get_if<PeerDown>(&input)) text += " " + peer_name(down->peer);
  if (const auto* r = std::get_if<Receive>(&input))
    text += " from " + peer_name(r->from) + ": " + describe(r->frame, messages);
  if (const auto* p = std::get_if<Publish>(&input))
    text += " " + message_name(p->message) + " ttl " + std::to_string(p->ttl);
  if (const auto* v = std::get_if<Verdict>(&input)) {
    text += " " + message_name(v->message) + " " + opinion_names[static_cast<std::size_t>(v->opinion)];
  }
  return text;
}

std::string describe(const Action& action, const MessageStore& messages) {
  if (const auto* s = std::get_if<Send>(&action))
    return "send to " + peer_name(s->to) + ": " + describe(s->frame, messages);
  if (const auto* d = std::get_if<Deliver>(&action))
    return "deliver " + message_name(d->message) + " from " + peer_name(d->from);
  if (const auto* c = std::get_if<Connect>(&action)) return "connect " + peer_name(c->peer);
  if (const auto* d = std::get_if<Disconnect>(&action)) return "disconnect " + peer_name(d->peer);
  if (const auto* f = std::get_if<Forget>(&action)) return "forget " + message_name(f->message);
  if (const auto* f = std::get_if<ForgetPeer>(&action)) return "forget peer " + peer_name(f->peer);
  const auto& drop = std::get<Drop>(action);
  std::string text("drop ");
  text += reason_names[static_cast<std::size_t>(drop.reason)];
  if (drop.message != no_message) text.append(" ").append(message_name(drop.message));
  return text;
}

/// A recording that is being fed to a new core.
class Replayer {
 public:
  Replayer(std::istream& file, std::ostream* trace) : file_(file), trace_(trace) {}

  ReplayResult run() {
    try {
      read_header();
      while (read_record()) step();
    } catch (const std::exception& problem) {
      result_.error = problem.what();
    }
    return result_;
  }

 private:
  void read_header() {
    std::string line;
    if (!std::getline(file_, line)) throw std::runtime_error("there is no first line");
    const auto header = nlohmann::json::parse(line);
    if (header.at("gossip_recording").get<int>() != version) throw std::runtime_error("the version is not known");
    config_ = config_from(header.at("config"));
    memory_.resize((CorePeer::bytes(config_) + 7) / 8);
    CorePeer::init(bytes(), self_id, header.at("seed").get<std::uint64_t>(), env_);
  }

  bool read_record() {
    std::array<std::byte, record_size> raw;
    if (!file_.read(reinterpret_cast<char*>(raw.data()), record_size)) {
      if (file_.gcount() != 0) throw std::runtime_error("the last record is cut off");
      return false;
    }
    const std::byte* at = raw.data();
    each_field(record_, [&](auto& field) { get(at, field); });
    peers_.resize(record_.peers);
    for (PeerId& peer : peers_) {
      std::array<std::byte, 4> number;
      if (!file_.read(reinterpret_cast<char*>(number.data()), 4))
        throw std::runtime_error("the last record is cut off");
      const std::byte* digits = number.data();
      std::uint32_t value = 0;
      get(digits, value);
      peer = PeerId{value};
    }
    return true;
  }

  void step() {
    auto input = to_input(record_);
    if (!input) throw std::runtime_error(numbered("damaged record ", static_cast<std::uint32_t>(result_.inputs + 1)));
    auto* receive = std::get_if<Receive>(&*input);
    const bool lists = receive != nullptr && receive->frame.kind == FrameKind::response;
    MessageRef list = no_message;
    if (lists) {
      list = *store_.add_peers(peers_);
      receive->frame = Frame::response(list);
    }
    env_.now = record_.now;
    actions_.clear();
    CorePeer::step(bytes(), *input, env_, actions_);
    count(*input);
    release_responses();
    if (lists) store_.release(list);
  }

  void count(const Input& input) {
    ++result_.inputs;
    result_.actions += actions_.size();
    const std::uint32_t hash = hash_actions(actions_, store_);
    result_.hash = fold(result_.hash, hash);
    if (hash != record_.actions && result_.first_wrong == 0) result_.first_wrong = result_.inputs;
    if (trace_ == nullptr) return;
    *trace_ << record_.now << ' ' << describe(input, store_) << '\n';
    for (const Action& action : actions_) *trace_ << "    " << describe(action, store_) << '\n';
  }

  void release_responses() {
    for (const Action& action : actions_) {
      const auto* send = std::get_if<Send>(&action);
      if (send != nullptr && send->frame.kind == FrameKind::response) store_.release(send->frame.message());
    }
  }

  std::byte* bytes() { return reinterpret_cast<std::byte*>(memory_.data()); }

  std::istream& file_;
  std::ostream* trace_;
  Config config_;
  MessageStore store_;
  Env env_{0, store_, config_, {}};
  std::vector<std::uint64_t> memory_;
  Actions actions_;
  Record record_;
  std::vector<PeerId> peers_;
  ReplayResult result_;
};

}  // namespace

std::uint32_t hash_actions(const Actions& actions, const MessageStore& messages) {
  std::uint64_t hash = 0;
  for (const Action& action : actions) hash = fold_action(hash, action, messages);
  return static_cast<std::uint32_t>(hash);
}

Recorder::Recorder(const std::string& path, std::uint64_t seed, const Config& config)
    : file_(path, std::ios::binary | std::ios::trunc) {
  if (!file_) throw std::runtime_error("cannot write " + path);
  const nlohmann::json header{{"gossip_recording", version}, {"seed", seed}, {"config", to_json(config)}};
  file_ << header.dump() << '\n';
}

void Recorder::write(Time now, const Input& input, std::span<const PeerId> peers, std::uint32_t actions) {
  Record record = to_record(input);
  record.now = now;
  record.peers = static_cast<std::uint16_t>(peers.size());
  record.actions = actions;
  std::array<std::byte, record_size> raw;
  std::byte* at = raw.data();
  each_field(record, [&](auto field) { put(at, field); });
  GOSSIP_ASSERT(at == raw.data() + record_size);
  file_.write(reinterpret_cast<const char*>(raw.data()), record_size);
  for (PeerId peer : peers) {
    std::array<std::byte, 4> number;
    at = number.data();
    put(at, index(peer));
    file_.write(reinterpret_cast<const char*>(number.data()), 4);
  }
}

ReplayResult replay(const std::string& path, std::ostream* trace) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {.error = "cannot read " + path};
  return Replayer(file, trace).run();
}

}  // namespace gossip::node
