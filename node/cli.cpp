#include "node/cli.hpp"

#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "net/classic.hpp"
#include "node/file.hpp"
#include "node/log.hpp"
#include "node/node.hpp"
#include "node/tools.hpp"

namespace gossip::node {
namespace {

constexpr int fine = 0, did_not_work = 1, bad_input = 2;

/// The whole file, or nothing and a line on `err`.
std::optional<std::string> read_whole(const std::string& path, std::ostream& err) {
  std::string text;
  const std::string problem = read_file(path, [&](std::string_view piece) { return text += piece, true; });
  if (problem.empty()) return text;
  err << path << ": " << problem << '\n';
  return std::nullopt;
}

std::string flag_of(std::string_view key) {
  std::string flag("--");
  for (char c : key) flag += c == '_' ? '-' : c;
  return flag;
}

/// A file and the flags that override it.
struct SettingsSource {
  std::string file;
  std::map<std::string_view, std::string> flags;  // by key

  /// Each problem is a line on `err`.
  std::optional<Settings> load(std::ostream& err) const {
    Settings settings;
    std::vector<SettingsError> errors;
    if (!file.empty()) {
      const auto text = read_whole(file, err);
      if (!text) return std::nullopt;
      errors = parse_ini(*text, settings);
    }
    for (const Key& key : keys_of(settings)) {
      const auto flag = flags.find(key.name);
      if (flag == flags.end()) continue;
      const std::string problem = key.assign(flag->second);
      if (!problem.empty()) errors.push_back({0, flag_of(key.name) + problem.substr(key.name.size())});
    }
    if (errors.empty()) errors = check_relations(settings);
    for (const auto& [line, text] : errors) {
      if (!file.empty() && line > 0) err << file << ':' << line << ": ";
      err << text << '\n';
    }
    if (!errors.empty()) return std::nullopt;
    return settings;
  }

  void add_to(CLI::App& app) {
    app.add_option("-c,--config", file, "INI file (docs/node.md)");
    Settings defaults;
    for (const Key& key : keys_of(defaults)) {
      app.add_option_function<std::string>(
             flag_of(key.name), [this, name = key.name](const std::string& value) { flags[name] = value; },
             std::string(key.help))
          ->group("Keys of the file");
    }
  }
};

/// Of text that `is_address`.
net::HostPort parse_api(const std::string& text) { return std::get<net::HostPort>(net::parse_host_port(text)); }

/// CLI11 reads empty text as 0.
const CLI::Validator is_given{[](std::string& text) { return std::string(text.empty() ? "is empty" : ""); }, ""};

const CLI::Validator is_address{[](std::string& text) -> std::string {
                                  const auto parsed = net::parse_host_port(text);
                                  const auto* error = std::get_if<net::AddressError>(&parsed);
                                  return error == nullptr ? "" : text + ": " + to_string(*error);
                                },
                                "HOST:PORT"};

int run_node(const SettingsSource& source, const std::string& record) {
  const auto settings = source.load(std::cerr);
  if (!settings) return bad_input;
  set_up_log(settings->own.log_level, settings->own.log_format);
  std::signal(SIGPIPE, SIG_IGN);  // who reads the log may go
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is a write error
  try {
    RunOptions options;
    options.record = record;
    options.signals = true;
    options.reload = [&source] { return source.load(std::cerr); };
    Node(*settings, options).run();
    return fine;
  } catch (const std::exception& problem) {
    spdlog::error("{}", words(problem));
    return did_not_work;
  }
}

int replay_file(const std::string& path, bool quiet, bool json) {
  const Replayer::Result result = replay(path, quiet || json ? nullptr : &std::cout);
  if (!result.error.empty()) {
    std::cerr << path << ": " << result.error << '\n';
    return bad_input;
  }
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(result.hash));
  if (json) {
    std::cout << nlohmann::json{{"inputs", result.inputs},
                                {"actions", result.actions},
                                {"hash", hash},
                                {"first_wrong", result.first_wrong}}
                     .dump()
              << '\n';
  } else {
    std::cout << result.inputs << " inputs, " << result.actions << " actions, hash " << hash << '\n';
  }
  if (result.first_wrong == 0) return fine;
  std::cerr << "input " << result.first_wrong << " caused other actions than when it was recorded\n";
  return did_not_work;
}

/// Options live as long as the parser that points to them.
class Program {
 public:
  Program() {
    app_.require_subcommand(1);
    add_run();
    add_announce();
    add_subscribe();
    add_peer();
    add_status();
    add_config();
    add_replay();
  }

  int main(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
      return app_.exit(problem) == 0 ? fine : bad_input;
    }
    const int code = action_();
    errno = 0;
    if (std::cout << std::flush || code != fine) return code;
    std::cerr << "cannot write the output: " << std::strerror(errno) << '\n';
    return did_not_work;
  }

 private:
  CLI::App* add(const char* name, const char* about, const char* examples) {
    CLI::App* command = app_.add_subcommand(name, about);
    command->footer(std::string("Examples:\n") + examples);
    return command;
  }
  static void add_api(CLI::App* command, std::string& api) {
    command->add_option("--api", api, "the node's api_address")->capture_default_str()->check(is_address);
  }

  void add_run() {
    CLI::App* run = add("run", "Run a node",
                        "  gossip-node run -c node.ini\n  gossip-node run --p2p-address 127.0.0.1:6002 "
                        "--api-address 127.0.0.1:7002 --bootstrapper 127.0.0.1:6001");
    source_.add_to(*run);
    run->add_option("--record", record_, "write the core's inputs to a file, for replay");
    run->callback([this] { action_ = [this] { return run_node(source_, record_); }; });
  }

  void add_announce() {
    CLI::App* command = add(
        "announce", "Spread data",
        "  gossip-node announce --type 1337 --data hello\n  gossip-node announce --type 1337 --ttl 4 --file note.txt\n"
        "  date | gossip-node announce --type 1337 -\nThe protocol has no reply: that the node has had the same "
        "data within seen_ttl is asked at its status socket.");
    add_api(command, api_);
    command->add_option("--type", announce_.type, "data type")->required()->check(is_given);
    command->add_option("--ttl", announce_.ttl, "hops that the data may travel; 0: unlimited")
        ->capture_default_str()
        ->check(is_given);
    auto* data = command->add_option("--data", announce_.data, "the data");
    auto* file = command->add_option("--file", file_, "the data is in a file; - is the standard input");
    auto* stdin_flag =
        command->add_option("stdin", stdin_, "- : the data is the standard input")->check(CLI::IsMember({"-"}));
    data->excludes(file)->excludes(stdin_flag);
    file->excludes(stdin_flag);
    command->add_option("--socket", announce_.socket,
                        "the node's status_socket; otherwise the one that follows from its api_address");
    command->add_flag("--json", announce_.json, "answer in JSON");
    command->callback([this, data] { action_ = [this, given = data->count() > 0] { return run_announce(given); }; });
  }

  int run_announce(bool data_given) {
    announce_.api = parse_api(api_);
    if (announce_.socket.empty()) {
      Settings other;
      other.api_address = announce_.api;
      announce_.socket = default_status_socket(other);
    }
    const std::string file = !stdin_.empty() ? "-" : file_;
    if (!data_given && file.empty()) {
      std::cerr << "announce: one of --data, --file and - is needed\n";
      return bad_input;
    }
    if (!file.empty()) {
      auto text = read_whole(file, std::cerr);
      if (!text) return bad_input;
      announce_.data = std::move(*text);
    }
    return announce(announce_, std::cout, std::cerr);
  }

  void add_subscribe() {
    CLI::App* command =
        add("subscribe", "Print what arrives",
            "  gossip-node subscribe --type 1337\n  gossip-node subscribe --type 1 --type 2 --count 10 --json\n"
            "  gossip-node subscribe --type 1337 --verdict ask");
    add_api(command, api_);
    command->add_option("--type", subscribe_.types, "data type; may be given more than once")
        ->required()
        ->check(is_given);
    const std::map<std::string, VerdictMode> modes{{"accept", VerdictMode::accept},
                                                   {"reject", VerdictMode::reject},
                                                   {"ask", VerdictMode::ask},
                                                   {"none", VerdictMode::none}};
    command->add_option("--verdict", subscribe_.verdict, "accept (default), reject, ask or none")
        ->transform(CLI::CheckedTransformer(modes));
    command->add_option("--count", subscribe_.count, "end after so many; 0: never")
        ->capture_default_str()
        ->check(is_given);
    command->add_flag("--json", subscribe_.json, "one JSON object a line");
    command->add_flag("--hex", subscribe_.hex, "print the data in hex, text too");
    command->callback([this] {
      action_ = [this] {
        subscribe_.api = parse_api(api_);
        return subscribe(subscribe_, std::cin, std::cout, std::cerr);
      };
    });
  }

  void add_peer() {
    // The seed's options have one dash and two letters, which CLI11 would read as two flags: see `seed_spelling`.
    CLI::App* command = add("peer", "Be the seed's test peer: print what is sent and received",
                            "  gossip-node peer -a 127.0.0.1 -p 8888 -pr 127.0.0.1:8080 192.0.0.1:7777\n"
                            "  gossip-node peer -a 127.0.0.1 -p 7777 -da 127.0.0.1 -dp 6001 -ac send_announce");
    command->add_option("-a,--address", peer_host_, "its own address")->required();
    command->add_option("-p,--port", peer_.listen.port, "its own port")->required()->check(is_given);
    command->add_option("--peers", peer_list_, "ip:port that it pretends to know (-pr)");
    const std::map<std::string, PeerAction> actions{
        {"push", PeerAction::push}, {"pull", PeerAction::pull}, {"send_announce", PeerAction::send_announce}};
    auto* action = command->add_option("--action", peer_.action, "push, pull or send_announce (-ac)")
                       ->transform(CLI::CheckedTransformer(actions));
    auto* host = command->add_option("--dest-address", peer_.destination.host, "where to (-da)");
    auto* port = command->add_option("--dest-port", peer_.destination.port, "where to (-dp)")->check(is_given);
    action->needs(host)->needs(port);
    command->add_option("--seconds", peer_.seconds, "end after so long; 0: never")
        ->capture_default_str()
        ->check(is_given);
    command->callback([this] { action_ = [this] { return run_peer(); }; });
  }

  int run_peer() {
    peer_.listen.host = peer_host_;
    for (const std::string& text : peer_list_) {
      const auto endpoint = net::parse_endpoint(text);
      if (!endpoint) {
        std::cerr << "-pr: `" << text << "` is no ip:port\n";
        return bad_input;
      }
      peer_.peers.push_back(*endpoint);
    }
    return peer(peer_, std::cout, std::cerr);
  }

  void add_status() {
    CLI::App* command = add("status", "Ask a running node",
                            "  gossip-node status\n  gossip-node status -c node.ini --json\n  gossip-node status "
                            "--socket /run/gossip/status.sock --watch");
    source_.add_to(*command);
    command->add_option("--socket", status_.socket,
                        "the node's status_socket; otherwise it follows from the configuration");
    command->add_flag("--json", status_.json, "as the node says it");
    command->add_flag("--watch", status_.watch, "again every second");
    command->callback([this] {
      action_ = [this] {
        if (status_.socket.empty()) {
          const auto settings = source_.load(std::cerr);
          if (!settings) return bad_input;
          status_.socket = default_status_socket(*settings);
        }
        return status(status_, std::cout, std::cerr);
      };
    });
  }

  void add_config() {
    CLI::App* command = add("config", "Show or check a configuration",
                            "  gossip-node config --defaults > node.ini\n  gossip-node config --check node.ini");
    auto* choice = command->add_option_group("what")->require_option(1);
    choice->add_flag("--defaults", defaults_, "every key with its default and reason");
    choice->add_option("--check", source_.file, "name everything that is wrong in a file");
    command->callback([this] {
      action_ = [this] {
        if (defaults_) {
          std::cout << to_ini(Settings{}, true);
          return fine;
        }
        return source_.load(std::cerr) ? fine : bad_input;
      };
    });
  }

  void add_replay() {
    CLI::App* command = add("replay", "Feed a recording to the core again",
                            "  gossip-node run --record run.rec ...\n  gossip-node replay run.rec");
    command->add_option("file", file_, "what run --record wrote")->required();
    command->add_flag("-q,--quiet", quiet_, "the summary only");
    command->add_flag("--json", json_, "the summary in JSON");
    command->callback([this] { action_ = [this] { return replay_file(file_, quiet_, json_); }; });
  }

  CLI::App app_{
      "A gossip daemon and its tools.\n"
      "Exit codes: 0 fine, 1 it did not work (nobody answers, a replay differs), 2 bad usage or input.",
      "gossip-node"};
  std::function<int()> action_;
  SettingsSource source_;
  std::string record_, file_, stdin_, peer_host_, api_ = "127.0.0.1:7001";
  AnnounceOptions announce_;
  SubscribeOptions subscribe_;
  PeerOptions peer_;
  std::vector<std::string> peer_list_;
  StatusOptions status_;
  bool defaults_ = false, quiet_ = false, json_ = false;
};

/// The seed's `-pr -ac -da -dp`, as `peer` knows them.
const char* seed_spelling(const char* argument) {
  const std::string_view text = argument;
  if (text == "-pr") return "--peers";
  if (text == "-ac") return "--action";
  if (text == "-da") return "--dest-address";
  if (text == "-dp") return "--dest-port";
  return argument;
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  std::vector<const char*> arguments(argv, argv + argc);
  if (argc > 1 && std::string_view(argv[1]) == "peer")
    std::ranges::transform(arguments, arguments.begin(), seed_spelling);
  return Program().main(argc, arguments.data());
}

}  // namespace gossip::node
