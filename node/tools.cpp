#include "node/tools.hpp"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "net/classic.hpp"
#include "net/framing.hpp"
#include "node/asio.hpp"
#include "node/client.hpp"
#include "node/shown.hpp"

namespace gossip::node {
namespace {

using Read = FrameClient::Read;
constexpr FrameClient::Timeout answer_timeout{5000};
/// A node takes an announcement within a turn; at this socket may be another one.
constexpr std::chrono::seconds settle_timeout{1};
constexpr const char* no_api = "this is no API port, or the node is stopping";

int failed(std::ostream& err, const std::string& what, const std::exception& problem) {
  err << what << ": " << words(problem) << '\n';
  return 1;
}

std::string_view as_text(std::span<const std::byte> data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

/// Throws where what was printed has gone nowhere.
void check_written(const std::ostream& out) {
  if (!out) throw std::runtime_error(std::string("cannot write the output: ") + std::strerror(errno));
}

std::string to_hex(std::span<const std::byte> data) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::byte b : data) {
    text += digits[static_cast<unsigned>(b) >> 4];
    text += digits[static_cast<unsigned>(b) & 15];
  }
  return text;
}

void print(const net::Notification& message, const SubscribeOptions& options, std::ostream& out) {
  const std::string_view text = as_text(message.data);
  const std::optional<std::string> line_text = shown(text);
  errno = 0;
  if (options.json) {
    nlohmann::json line{{"type", message.data_type}, {"bytes", message.data.size()}, {"hex", to_hex(message.data)}};
    if (line_text) line["text"] = text;
    out << line.dump(-1, ' ', true) << std::endl;  // in ASCII: JSON's own escapes
  } else if (options.hex || !line_text) {
    out << message.data_type << ' ' << to_hex(message.data) << std::endl;
  } else {
    out << message.data_type << ' ' << *line_text << std::endl;
  }
  check_written(out);
}

/// The verdict to send, or nothing.
std::optional<bool> decide(const SubscribeOptions& options, std::istream& in, std::ostream& err) {
  switch (options.verdict) {
    case VerdictMode::accept:
      return true;
    case VerdictMode::reject:
      return false;
    case VerdictMode::none:
      return std::nullopt;
    case VerdictMode::ask:
      break;
  }
  err << "forward it? [y/n] " << std::flush;
  std::string answer;
  if (!std::getline(in, answer)) return std::nullopt;
  return !answer.empty() && (answer[0] == 'y' || answer[0] == 'Y');
}

std::string ask_status(const std::string& path) {
  asio::io_context io;
  asio::local::stream_protocol::socket socket(io);
  socket.connect({path});
  std::string answer;
  boost::system::error_code error;
  asio::read(socket, asio::dynamic_buffer(answer), error);
  if (error != asio::error::eof) throw boost::system::system_error(error);
  return answer;
}

/// Whether the node has dropped what this module has just announced; nothing: it cannot be asked.
std::optional<bool> is_dropped(const FrameClient& module, const std::string& status_socket) {
  const std::string port = ':' + std::to_string(module.port());
  const auto begin = std::chrono::steady_clock::now();
  try {
    while (std::chrono::steady_clock::now() - begin < settle_timeout) {
      const nlohmann::json status = nlohmann::json::parse(ask_status(status_socket));
      for (const nlohmann::json& one : status["modules"]) {
        if (!one["address"].get_ref<const std::string&>().ends_with(port) || one["announced"] == 0) continue;
        return one["dropped"] != 0;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  } catch (const std::exception&) {  // no node answers there, or another kind of one
  }
  return std::nullopt;
}

/// The node answers our FIN with its own when it has taken everything before it; a P2P port does not.
bool ends_well(FrameClient& client) {
  client.end_output();
  return client.read(answer_timeout, [](auto) { return true; }) == Read::closed;
}

}  // namespace

int announce(const AnnounceOptions& options, std::ostream& out, std::ostream& err) {
  const auto data = std::as_bytes(std::span(options.data));
  if (data.size() > net::max_send_content_data) {
    err << "the data has " << data.size() << " bytes; the classic dialect carries " << net::max_send_content_data
        << '\n';
    return 2;
  }
  try {
    ModuleClient client(options.api);
    client.announce(options.ttl, options.type, data);
    const std::optional<bool> dropped = is_dropped(client, options.socket);
    if (!ends_well(client)) throw std::runtime_error(no_api);
    if (dropped.value_or(false)) {
      err << "note: it goes nowhere: the node has had the same data within seen_ttl, or has no room for more\n";
    }
    if (options.json) {
      nlohmann::json answer{{"type", options.type}, {"ttl", options.ttl}, {"bytes", data.size()}};
      if (dropped) answer["dropped"] = *dropped;
      out << answer.dump() << '\n';
    }
    return 0;
  } catch (const std::exception& problem) {
    return failed(err, "announcing to " + to_string(options.api), problem);
  }
}

int subscribe(const SubscribeOptions& options, std::istream& in, std::ostream& out, std::ostream& err) {
  std::uint64_t seen = 0;
  const auto enough = [&] { return options.count != 0 && seen == options.count; };
  try {
    ModuleClient client(options.api);
    // To subscribe again changes nothing, but a P2P port closes at the third frame that it does not take.
    for (int times = 0; times < 3; ++times) {
      for (std::uint16_t type : options.types) client.subscribe(type);
    }
    FrameClient probe(options.api);
    if (!ends_well(probe)) throw std::runtime_error(no_api);
    const auto begin = std::chrono::steady_clock::now();
    if (!options.json) err << "subscribed at " << to_string(options.api) << std::endl;
    auto result = Read::frames;
    while (result == Read::frames) {
      result = client.read_notifications(ModuleClient::forever, [&](const net::Notification& message) {
        print(message, options, out);
        if (const auto valid = decide(options, in, err)) client.answer(message.message_id, *valid);
        ++seen;
        return !enough();
      });
      client.send_answers();
    }
    if (enough()) return 0;
    if (result != Read::closed) throw std::runtime_error("the connection broke, or what came is no notification");
    if (seen == 0 && std::chrono::steady_clock::now() - begin < answer_timeout) throw std::runtime_error(no_api);
    err << "the node has closed the connection\n";
    return options.count == 0 ? 0 : 1;
  } catch (const std::exception& problem) {
    return failed(err, "subscribing at " + to_string(options.api), problem);
  }
}

namespace {

struct Describe {
  std::string operator()(net::DecodeError error) const { return std::string("malformed: ") + to_string(error); }
  std::string operator()(const net::Announce& m) const {
    const std::optional<std::string> text = shown(as_text(m.data));
    return "GOSSIP ANNOUNCE type " + std::to_string(m.data_type) + ", ttl " + std::to_string(m.ttl) + ", " +
           std::to_string(m.data.size()) + " bytes" + (text ? ": " + *text : "");
  }
  std::string operator()(const net::Notify& m) const { return "GOSSIP NOTIFY type " + std::to_string(m.data_type); }
  std::string operator()(const net::Notification& m) const {
    return "GOSSIP NOTIFICATION type " + std::to_string(m.data_type);
  }
  std::string operator()(const net::Validation& m) const {
    return m.valid ? "GOSSIP VALIDATION good" : "GOSSIP VALIDATION bad";
  }
  std::string operator()(const net::Pull& m) const { return "PULL from " + to_string(m.sender); }
  std::string operator()(const net::Push& m) const { return "PUSH of " + to_string(m.sender); }
  std::string operator()(const net::Response& m) const {
    std::string text = "RESPONSE with " + std::to_string(m.count()) + " peers:";
    for (std::size_t i = 0; i < m.count(); ++i) text += " " + to_string(m[i]);
    return text;
  }
  std::string operator()(const net::SendContent& m) const { return "SEND_CONTENT: " + (*this)(m.announce); }
};

/// The seed's test peer.
class TestPeer {
 public:
  TestPeer(const PeerOptions& options, std::ostream& out) : options_(options), out_(out), acceptor_(io_) {}

  int run() {
    listen();
    if (options_.action != PeerAction::none) act();
    if (options_.seconds == 0) {
      io_.run();
    } else {
      io_.run_for(std::chrono::seconds(options_.seconds));
    }
    return 0;
  }

 private:
  struct Talk : std::enable_shared_from_this<Talk> {
    explicit Talk(tcp::socket s) : socket(std::move(s)) {}
    tcp::socket socket;
    std::array<std::byte, 65536> buffer;
    net::FrameReader reader;
  };

  void listen() {
    const tcp::endpoint endpoint = resolve(io_, options_.listen);
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen();
    self_ = to_endpoint(acceptor_.local_endpoint())
                .value_or(net::Endpoint{.ip = 0, .port = acceptor_.local_endpoint().port()});
    out_ << "listening on " << acceptor_.local_endpoint() << std::endl;
    accept();
  }

  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (error) return;
      out_ << "connection from " << socket.remote_endpoint() << std::endl;
      receive(std::make_shared<Talk>(std::move(socket)));
      accept();
    });
  }

  void act() {
    tcp::resolver resolver(io_);
    const auto talk = std::make_shared<Talk>(tcp::socket(io_));
    asio::connect(talk->socket, resolver.resolve(options_.destination.host, std::to_string(options_.destination.port)));
    net::Bytes frame;
    // What the seed's test peer announces.
    constexpr std::string_view hello = "hello";
    if (options_.action == PeerAction::push) encode(frame, net::Push{self_});
    if (options_.action == PeerAction::pull) encode(frame, net::Pull{self_});
    if (options_.action == PeerAction::send_announce) {
      encode(frame, net::SendContent{{.ttl = 4, .data_type = 3352, .data = std::as_bytes(std::span(hello))}});
    }
    send(*talk, frame);
    receive(talk);
  }

  void send(Talk& talk, const net::Bytes& frame) {
    show("sent", frame);
    boost::system::error_code error;
    asio::write(talk.socket, asio::buffer(frame), error);
    if (error) out_ << "cannot send: " << error.message() << std::endl;
  }

  void show(const char* what, std::span<const std::byte> frame) {
    out_ << what << ' ' << std::visit(Describe{}, net::decode(frame)) << " [" << to_hex(frame) << ']' << std::endl;
  }

  void receive(const std::shared_ptr<Talk>& talk) {
    talk->socket.async_read_some(asio::buffer(talk->buffer), [this, talk](const boost::system::error_code& error,
                                                                          std::size_t n) {
      if (error) {
        out_ << "connection closed: " << error.message() << std::endl;
        return;
      }
      const auto result = talk->reader.feed(std::span(talk->buffer).first(n), [&](std::span<const std::byte> frame) {
        show("received", frame);
        if (std::holds_alternative<net::Pull>(net::decode(frame))) respond(*talk);
        return true;
      });
      if (result == net::FrameReader::Result::ok) receive(talk);
    });
  }

  void respond(Talk& talk) {
    net::Bytes frame;
    net::encode_response(frame, options_.peers);
    send(talk, frame);
  }

  const PeerOptions& options_;
  std::ostream& out_;
  asio::io_context io_;
  tcp::acceptor acceptor_;
  net::Endpoint self_;
};

void print_status(const nlohmann::json& status, std::ostream& out) {
  out << "p2p " << status["p2p"].get<std::string>() << "   api " << status["api"].get<std::string>() << "   up "
      << std::fixed << std::setprecision(1) << status["uptime_seconds"].get<double>() << " s\n";
  out << status["peers"].size() << " peers (" << status["peer_list"].size() << " addresses known)\n";
  for (const auto& peer : status["peers"]) {
    out << "  " << std::left << std::setw(32) << peer["address"].get<std::string>()
        << (peer["inbound"].get<bool>() ? "inbound " : "outbound") << "  " << peer["queued_bytes"] << " bytes queued  "
        << peer["dropped"] << " dropped\n";
  }
  out << status["modules"].size() << " modules\n";
  for (const auto& module : status["modules"]) {
    out << "  " << std::left << std::setw(32) << module["address"].get<std::string>() << "types "
        << module["types"].dump() << "  " << module["queued_bytes"] << " bytes queued  " << module["announced"]
        << " announced  " << module["dropped"] << " dropped\n";
  }
  out << "messages: " << status["messages"]["known"] << " known, " << status["messages"]["waiting"]
      << " waiting for a verdict\n";
  for (const char* group : {"counters", "drops"}) {
    out << group << '\n';
    for (const auto& [name, value] : status[group].items()) {
      if (value != 0) out << "  " << std::left << std::setw(24) << name << value << '\n';
    }
  }
  out << std::flush;
}

}  // namespace

int peer(const PeerOptions& options, std::ostream& out, std::ostream& err) {
  try {
    return TestPeer(options, out).run();
  } catch (const std::exception& problem) {
    return failed(err, "test peer", problem);
  }
}

int status(const StatusOptions& options, std::ostream& out, std::ostream& err) {
  const auto say = [&](const std::string& answer) {
    if (options.watch && !options.json) out << "\x1b[H\x1b[2J";
    errno = 0;
    if (options.json) {
      out << answer << std::flush;
    } else {
      print_status(nlohmann::json::parse(answer), out);
    }
    check_written(out);
  };
  const auto no_answer = "no node answers at " + options.socket;
  std::string answer;
  bool ever = false, gone = false;
  do {
    try {
      answer = ask_status(options.socket);
    } catch (const std::exception& problem) {
      if (!ever) return failed(err, no_answer, problem);
      // It may be about to start again.
      if (!std::exchange(gone, true)) err << no_answer << ": " << words(problem) << "; still trying" << std::endl;
      answer.clear();
    }
    try {
      if (!answer.empty()) {
        if (std::exchange(gone, false)) err << "a node answers again" << std::endl;
        say(answer);
        ever = true;
      }
    } catch (const std::exception& problem) {
      return failed(err, "status", problem);
    }
    if (options.watch) std::this_thread::sleep_for(std::chrono::seconds(1));
  } while (options.watch);
  return 0;
}

}  // namespace gossip::node
