// The program as a person or a script uses it.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>

#include "tests/node/process.hpp"

namespace gossip::node::test {
namespace {

constexpr std::uint16_t type = 1337;

class Program : public testing::Test {
 protected:
  NodeProcess start(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--status-socket", folder / (std::to_string(++count) + ".sock")});
    return NodeProcess(arguments);
  }
  static std::vector<std::string> with_api(const NodeProcess& node, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--api", to_string(node.api)});
    return arguments;
  }
  bool subscribed(const NodeProcess& node) {
    return eventually(
        [&] { return node.status()["modules"].size() == 1 && node.status()["modules"][0]["types"].size() == 1; });
  }

  Folder folder;
  int count = 0;
};

TEST_F(Program, TwoTerminalsExchangeAMessage) {
  NodeProcess a = start(), b = start({"--bootstrapper", to_string(a.p2p)});
  Process subscriber(with_api(b, {"subscribe", "--type", "1337", "--count", "3", "--json"}));
  ASSERT_TRUE(subscribed(b));
  ASSERT_TRUE(eventually([&] { return b.status()["peers"].size() == 1; }));
  EXPECT_EQ(run_tool(with_api(a, {"announce", "--type", "1337", "--data", "hello"})).code, 0);
  EXPECT_EQ(run_tool(with_api(a, {"announce", "--type", "1337", "--ttl", "4", "-"}), "from stdin").code, 0);
  write_file(folder / "data", std::string("\0\xff", 2));
  const Finished json = run_tool(with_api(a, {"announce", "--type", "1337", "--file", folder / "data", "--json"}));
  EXPECT_EQ(nlohmann::json::parse(json.out)["bytes"], 2);
  const Finished result = subscriber.finish();
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            "{\"bytes\":5,\"hex\":\"68656c6c6f\",\"text\":\"hello\",\"type\":1337}\n"
            "{\"bytes\":10,\"hex\":\"66726f6d20737464696e\",\"text\":\"from stdin\",\"type\":1337}\n"
            "{\"bytes\":2,\"hex\":\"00ff\",\"type\":1337}\n");
}

TEST_F(Program, SubscribeCanRejectAndAsk) {
  NodeProcess a = start(), b = start({"--bootstrapper", to_string(a.p2p)});
  for (const std::string mode : {"reject", "ask"}) {
    const auto rejected = [&] { return b.status()["drops"]["rejected"].get<std::uint64_t>(); };
    const std::uint64_t before = rejected();
    const std::string answer = mode == "ask" ? "n\n" : "";
    Process subscriber(with_api(b, {"subscribe", "--type", "1337", "--count", "1", "--verdict", mode}), answer);
    ASSERT_TRUE(subscribed(b));
    ASSERT_TRUE(eventually([&] { return b.status()["peers"].size() == 1; }));
    run_tool(with_api(a, {"announce", "--type", "1337", "--data", mode}));
    EXPECT_EQ(subscriber.finish().out, "1337 " + mode + "\n");
    EXPECT_TRUE(eventually([&] { return rejected() == before + 1; }));
    ASSERT_TRUE(eventually([&] { return b.status()["modules"].empty(); }));
  }
}

TEST_F(Program, TheSeedsTestPeer) {
  NodeProcess a = start();
  Module subscriber(a.api);
  subscriber.subscribe(3352);
  Process known({"peer", "-a", "127.0.0.1", "-p", std::to_string(free_port()), "-pr", "127.0.0.1:8080",
                 "192.0.2.1:7777", "-ac", "pull", "-da", "127.0.0.1", "-dp", std::to_string(a.p2p.port), "--seconds",
                 "1"});
  Process announcer({"peer", "-a", "127.0.0.1", "-p", std::to_string(free_port()), "-ac", "send_announce", "-da",
                     "127.0.0.1", "-dp", std::to_string(a.p2p.port), "--seconds", "1"});
  EXPECT_EQ(subscriber.next(), "hello");
  const Finished announced = announcer.finish(), asked = known.finish();
  EXPECT_EQ(announced.code, 0);
  EXPECT_NE(announced.out.find("[001101fb000d01f404000d1868656c6c6f]"), std::string::npos) << announced.out;
  EXPECT_NE(asked.out.find("sent PULL from 127.0.0.1:"), std::string::npos) << asked.out;
  EXPECT_NE(asked.out.find("received RESPONSE with"), std::string::npos) << asked.out;
}

TEST_F(Program, SigtermFlushesAndExitsWithZero) {
  for (int number : {SIGTERM, SIGINT}) {
    NodeProcess node = start();
    Module subscriber(node.api), announcer(node.api);
    subscriber.subscribe(type);
    for (int i = 0; i < 1000; ++i) announcer.publish(type, std::to_string(i) + std::string(500, 'x'));
    ASSERT_TRUE(eventually([&] { return node.status()["counters"]["announced"] >= 1000; }));
    node.signal(number);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(std::atoi(subscriber.next().c_str()), i);
    EXPECT_TRUE(subscriber.closed_by_other_side());
    subscriber.end_output();
    EXPECT_EQ(node.finish().code, 0);
    EXPECT_NE(::access(node.status_path.c_str(), F_OK), 0) << "the status socket is left behind";
  }
}

TEST_F(Program, AModuleThatDoesNotReadDelaysTheEndForTwoSecondsAtMost) {
  NodeProcess node = start();
  Module stalled(node.api), announcer(node.api);
  stalled.subscribe(type);
  for (int i = 0; i < 3000; ++i) announcer.publish(type, std::to_string(i) + std::string(5000, 'x'));
  node.signal(SIGTERM);
  EXPECT_EQ(node.finish().code, 0);
}

TEST_F(Program, SighupReloadsWhatItCanAndSaysWhatItCannot) {
  const std::string file = folder / "node.ini";
  write_file(file, "[gossip]\nrelay = all\ndegree = 5\n");
  NodeProcess node = start({"-c", file});
  write_file(file, "[gossip]\nrelay = subscribed\ndegree = 6\n");
  node.signal(SIGHUP);
  const std::string said = node.wait_for_line("degree stays 5: it needs a restart");
  EXPECT_NE(said.find("relay is now subscribed"), std::string::npos) << said;
  write_file(file, "[gossip]\nrelay = nonsense\n");
  node.signal(SIGHUP);
  EXPECT_NE(node.wait_for_line("nothing was changed").find(":2: relay: `nonsense`"), std::string::npos);
  node.signal(SIGTERM);
  EXPECT_EQ(node.finish().code, 0);
}

TEST_F(Program, WhileRecordingTheRulesStay) {
  const std::string file = folder / "node.ini", recording = folder / "run.rec";
  write_file(file, "[gossip]\nrelay = all\n");
  NodeProcess node = start({"-c", file, "--record", recording});
  write_file(file, "[gossip]\nrelay = subscribed\n");
  node.signal(SIGHUP);
  node.wait_for_line("verdict rules stay as they are while recording");
  node.signal(SIGTERM);
  EXPECT_EQ(node.finish().code, 0);
  EXPECT_EQ(run_tool({"replay", "-q", recording}).code, 0);
}

TEST_F(Program, RecordAndReplay) {
  const std::string file = folder / "run.rec";
  {
    NodeProcess node = start({"--record", file});
    Module subscriber(node.api);
    subscriber.subscribe(type);
    node.signal(SIGTERM);
    EXPECT_EQ(node.finish().code, 0);
  }
  const Finished once = run_tool({"replay", file}), twice = run_tool({"replay", file});
  EXPECT_EQ(once.code, 0);
  EXPECT_EQ(once.out, twice.out);
  EXPECT_NE(once.out.find("publish 0 ttl"), std::string::npos) << once.out;
  EXPECT_EQ(run_tool({"replay", folder / "none"}).code, 2);
}

TEST_F(Program, Status) {
  NodeProcess node = start();
  const Finished text = run_tool({"status", "--socket", node.status_path});
  EXPECT_EQ(text.code, 0);
  EXPECT_NE(text.out.find("0 peers"), std::string::npos);
  const Finished json = run_tool({"status", "--socket", node.status_path, "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["p2p"], to_string(node.p2p));
  EXPECT_EQ(run_tool({"status", "--socket", folder / "none"}).code, 1);
  RawPeer peer(node.p2p, nowhere(5));
  const std::string with_peer = run_tool({"status", "--socket", node.status_path}).out;
  EXPECT_NE(with_peer.find("1 peers"), std::string::npos);
  const std::size_t line = with_peer.find("  " + to_string(nowhere(5)) + " ");
  ASSERT_NE(line, std::string::npos) << with_peer;
  EXPECT_NE(with_peer.substr(line, with_peer.find('\n', line) - line).find("inbound   0 bytes queued  0 dropped"),
            std::string::npos)
      << with_peer;
}

TEST_F(Program, LogsInJson) {
  NodeProcess node = start({"--log-format", "json"});
  const std::string line = node.wait_for_line("listening");
  EXPECT_EQ(nlohmann::json::parse(line.substr(0, line.find('\n')))["level"], "info");
  node.signal(SIGTERM);
  EXPECT_EQ(node.finish().code, 0);
}

TEST_F(Program, ExitCodesOfBadUsageAndInput) {
  write_file(folder / "bad.ini", "[gossip]\ndegre = 3\ncache_size = x\n");
  const Finished check = run_tool({"config", "--check", folder / "bad.ini"});
  EXPECT_EQ(check.code, 2);
  EXPECT_NE(check.err.find("bad.ini:2: unknown key `degre`; did you mean \"degree\"?"), std::string::npos) << check.err;
  EXPECT_NE(check.err.find("bad.ini:3: cache_size"), std::string::npos) << check.err;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"no-such-command"},
                                             {"run", "--degree", "x"},
                                             {"run", "-c", folder / "missing"},
                                             {"announce"},
                                             {"run", "-c", folder.path},
                                             {"run", "--overlay", "fixed"},
                                             {"config", "--check", folder.path},
                                             {"announce", "--type", "1", "--file", folder.path},
                                             {"replay", folder.path},
                                             {"announce", "--type", "70000", "--data", "x"},
                                             {"announce", "--type", "", "--data", "x"},
                                             {"subscribe", "--type", ""},
                                             {"announce", "--type", "1"},
                                             {"announce", "--type", "1", "--data", "x", "--api", "nowhere"},
                                             {"subscribe"},
                                             {"peer"},
                                             {"config"},
                                             {"replay"}}) {
    EXPECT_EQ(run_tool(arguments).code, 2) << testing::PrintToString(arguments);
  }
  EXPECT_EQ(run_tool({"announce", "--type", "1", "--data", "x", "--api", to_string(nowhere(1))}).code, 1);
  EXPECT_EQ(run_tool({"--help"}).code, 0);
  for (const char* command : {"run", "announce", "subscribe", "peer", "status", "config", "replay"}) {
    const Finished help = run_tool({command, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_NE(help.out.find("Examples:"), std::string::npos);
  }
  EXPECT_EQ(run_tool({"config", "--defaults"}).code, 0);
}

TEST_F(Program, AFileThatIsAFolderStopsNothing) {
  const std::string file = folder / "node.ini";
  write_file(file, "");
  NodeProcess node = start({"-c", file});
  ::unlink(file.c_str());
  std::filesystem::create_directory(file);
  node.signal(SIGHUP);
  EXPECT_NE(node.wait_for_line("nothing was changed").find("Is a directory"), std::string::npos);
  node.signal(SIGTERM);
  EXPECT_EQ(node.finish().code, 0);
}

TEST_F(Program, WhoReadsTheLogMayGo) {
  NodeProcess node = start({"--log-level", "debug"});
  node.stop_reading();
  RawPeer(node.p2p, nowhere(1)).ask_for_peers(nowhere(1));
  for (int i = 0; i < 3; ++i) node.signal(SIGHUP);  // each says something
  EXPECT_TRUE(eventually([&] { return node.status()["counters"]["accepted"] == 1; }));
  node.signal(SIGTERM);
  EXPECT_EQ(node.finish().code, 0);
}

TEST_F(Program, ToolsAtAPortThatIsNoApiSaySo) {
  NodeProcess node = start();
  Listener nobody;
  for (const net::Endpoint wrong : {node.p2p, nobody.endpoint()}) {
    for (const std::vector<std::string>& tool : {std::vector<std::string>{"announce", "--type", "1", "--data", "x"},
                                                 std::vector<std::string>{"subscribe", "--type", "1"}}) {
      std::vector<std::string> arguments = tool;
      arguments.insert(arguments.end(), {"--api", to_string(wrong)});
      const Finished result = run_tool(arguments);
      EXPECT_EQ(result.code, 1) << tool[0] << " at " << to_string(wrong);
      EXPECT_NE(result.err.find("no API port"), std::string::npos) << result.err;
    }
  }
}

TEST_F(Program, ARecordingThatCannotBeWrittenIsSaidAndCounted) {
  NodeProcess node = start({"--record", "/dev/full"});
  node.wait_for_line("the recording /dev/full ends here: No space left on device");
  EXPECT_EQ(node.status()["counters"]["record_error"], 1);
  node.signal(SIGTERM);
  EXPECT_EQ(node.finish().code, 0);
}

rlimit set_limit(pid_t of, decltype(RLIMIT_NOFILE) what, rlim_t soft) {
  rlimit before{};
  ::prlimit(of, what, nullptr, &before);
  const rlimit after{soft, before.rlim_max};
  EXPECT_EQ(::prlimit(of, what, &after, nullptr), 0);
  return before;
}

TEST_F(Program, OutOfDescriptorsItSaysSoPausesAndRecovers) {
  NodeProcess node = start();
  rlim_t free = 0;  // the first that is
  while (std::filesystem::is_symlink("/proc/" + std::to_string(node.pid()) + "/fd/" + std::to_string(free))) ++free;
  const rlimit before = set_limit(node.pid(), RLIMIT_NOFILE, free);
  const auto begin = Clock::now();
  Client peer(node.p2p);
  Module module(node.api);
  Process asks({"status", "--socket", node.status_path});
  for (const char* port : {"the P2P port", "the API port", "the status socket"}) {
    node.wait_for_line(std::string(port) + " cannot take connections: Too many open files");
  }
  set_limit(node.pid(), RLIMIT_NOFILE, before.rlim_cur);
  for (const char* port : {"the P2P port", "the API port", "the status socket"}) {
    node.wait_for_line(std::string(port) + " takes connections again");
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
  EXPECT_EQ(asks.finish().code, 0) << "who has waited is served";
  module.subscribe(type);
  peer.send(frame(net::Pull{nowhere(1)}));
  EXPECT_TRUE(peer.receive().has_value());
  const auto failed = node.status()["counters"]["accept_failed"].get<long>();
  EXPECT_GE(failed, 3);
  EXPECT_LE(failed, 3 * (took / 100 + 2)) << "a busy loop";
}

TEST_F(Program, AFloodOfBadVerdictsIsSaidInFewLines) {
  constexpr int flood = 300;
  NodeProcess node = start();
  const auto begin = Clock::now();
  for (int i = 0; i < flood; ++i) {
    Client module(node.api);
    module.send(frame(net::Validation{.message_id = 7, .valid = true}));
    EXPECT_TRUE(module.closed_by_other_side());
  }
  EXPECT_EQ(node.status()["counters"]["unknown_message_id"], flood);
  node.signal(SIGTERM);
  const std::string said = node.finish().err;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin).count() + 1;
  int lines = 0, more = 0;
  for (std::size_t at = 0; (at = said.find("a verdict on an unknown message id", at)) != std::string::npos; ++at) {
    const std::size_t line = said.rfind('\n', at) + 1, held = said.find("and ", line);
    if (held < at) {
      more += std::atoi(said.c_str() + held + 4);
    } else {
      ++lines;
    }
  }
  EXPECT_LE(lines, 10 * (seconds + 1));
  EXPECT_EQ(lines + more, flood) << said;
}

TEST_F(Program, OutputThatCannotBeWrittenIsNoSuccess) {
  NodeProcess node = start();
  Process subscriber(with_api(node, {"subscribe", "--type", "1337"}), "", "/dev/full");
  ASSERT_TRUE(subscribed(node));
  const Finished announced =
      run_tool(with_api(node, {"announce", "--type", "1337", "--data", "x", "--json"}), "", "/dev/full");
  EXPECT_EQ(announced.code, 1);
  const Finished result = subscriber.finish();
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("cannot write the output: No space left on device"), std::string::npos) << result.err;
  EXPECT_EQ(run_tool({"status", "--socket", node.status_path}, "", "/dev/full").code, 1);
  EXPECT_EQ(run_tool({"config", "--defaults"}, "", "/dev/full").code, 1);
}

TEST_F(Program, ARecordingOnAFullDiskEndsReadable) {
  const std::string file = folder / "run.rec";
  NodeProcess node = start({"--record", file});
  ASSERT_TRUE(eventually([&] { return !read_file(file).empty(); }));
  set_limit(node.pid(), RLIMIT_FSIZE, std::filesystem::file_size(file) + 100);
  Module announcer(node.api);
  for (int i = 0; i < 100; ++i) announcer.publish(type, std::to_string(i));
  node.wait_for_line("ends here: File too large");
  EXPECT_EQ(node.status()["counters"]["record_error"], 1);
  node.signal(SIGTERM);
  EXPECT_EQ(node.finish().code, 0);
  const Finished replayed = run_tool({"replay", "-q", file});
  EXPECT_EQ(replayed.code, 0) << replayed.err;
}

TEST_F(Program, WhatWasAnnouncedToNobodyReachesTheFirstPeerOnce) {
  NodeProcess a = start();
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(run_tool(with_api(a, {"announce", "--type", "1337", "--data", "early"})).code, 0);
  }
  Client peer(a.p2p);
  peer.send(frame(net::Pull{nowhere(1)}));
  const auto next = [&] {
    while (const auto received = peer.receive()) {
      const net::Decoded decoded = net::decode(*received);
      if (const auto* content = std::get_if<net::SendContent>(&decoded)) return text(content->announce.data);
    }
    return std::string("<closed>");
  };
  EXPECT_EQ(next(), "early");
  EXPECT_EQ(run_tool(with_api(a, {"announce", "--type", "1337", "--data", "later"})).code, 0);
  EXPECT_EQ(next(), "later") << "nothing twice";
  EXPECT_EQ(a.status()["counters"]["unsent"], 1);
}

TEST_F(Program, AnAnnounceThatGoesNowhereSaysSo) {
  NodeProcess node = start({"--seen-capacity", "2"});
  const auto announce = [&](const char* data, std::vector<std::string> more) {
    more.insert(more.begin(), {"announce", "--type", "1337", "--data", data});
    return run_tool(with_api(node, std::move(more)));
  };
  const std::vector<std::string> asking{"--socket", node.status_path};
  EXPECT_EQ(announce("one", asking).err, "");
  const Finished again = announce("one", asking);
  EXPECT_EQ(again.code, 0) << "the data is known, as was wanted";
  EXPECT_NE(again.err.find("note: it goes nowhere: the node has had the same data"), std::string::npos) << again.err;
  const Finished json = announce("one", {"--json", "--socket", node.status_path});
  EXPECT_EQ(nlohmann::json::parse(json.out)["dropped"], true);
  EXPECT_EQ(announce("two", asking).err, "");
  EXPECT_NE(announce("three, and the memory is full", asking).err.find("no room"), std::string::npos);
  const Finished blind = announce("one", {"--json", "--socket", folder / "none"});
  EXPECT_EQ(blind.code, 0);
  EXPECT_EQ(blind.err, "") << "nobody says so";
  EXPECT_FALSE(nlohmann::json::parse(blind.out).contains("dropped"));
}

TEST_F(Program, AnAnnounceFindsTheStatusSocketByItsPort) {
  NodeProcess node({});
  for (const bool again : {false, true}) {
    const Finished result = run_tool(with_api(node, {"announce", "--type", "1337", "--data", "x"}));
    EXPECT_EQ(result.err.find("note: it goes nowhere") != std::string::npos, again) << result.err;
  }
}

TEST_F(Program, TheTestPeerSaysWhatItIsToldAndAnswersAPull) {
  const net::Endpoint there = nowhere(free_port());
  Process tool(
      {"peer", "-a", "127.0.0.1", "-p", std::to_string(there.port), "-pr", "192.0.2.1:8080", "--seconds", "3"});
  std::optional<Client> client;
  ASSERT_TRUE(eventually([&] {
    try {
      client.emplace(there);
    } catch (const std::runtime_error&) {  // it does not listen yet
    }
    return client.has_value();
  }));
  client->send(frame(net::Pull{nowhere(1)}));
  const std::vector<net::Endpoint> list{{0xc0000201, 8080}};
  Bytes response;
  net::encode_response(response, list);
  EXPECT_EQ(*client->receive(), response);
  const Bytes unknown{std::byte{0}, std::byte{4}, std::byte{3}, std::byte{0xe7}};
  for (const Bytes& one : {frame(net::Push{nowhere(2)}), frame(net::Notify{.data_type = 7}),
                           frame(net::Notification{.message_id = 1, .data_type = 8, .data = {}}),
                           frame(net::Validation{.message_id = 1, .valid = true}),
                           frame(net::Validation{.message_id = 1, .valid = false}), announce(9, "a\nb", 3), unknown}) {
    client->send(one);
  }
  client->end_output();
  const Finished result = tool.finish();
  EXPECT_EQ(result.code, 0);
  std::size_t at = 0;
  for (const char* line :
       {"listening on 127.0.0.1:", "connection from 127.0.0.1:", "received PULL from 127.0.0.1:1 [",
        "sent RESPONSE with 1 peers: 192.0.2.1:8080 [", "received PUSH of 127.0.0.1:2 [",
        "received GOSSIP NOTIFY type 7 [", "received GOSSIP NOTIFICATION type 8 [", "received GOSSIP VALIDATION good [",
        "received GOSSIP VALIDATION bad [", "received GOSSIP ANNOUNCE type 9, ttl 3, 3 bytes: a\\nb [",
        "received malformed: ", "connection closed: End of file\n"}) {
    const std::size_t found = result.out.find(line, at);
    ASSERT_NE(found, std::string::npos) << line << "\nin\n" << result.out;
    at = found;
  }
}

TEST_F(Program, SubscribeInHexAndWithoutAVerdict) {
  NodeProcess a = start({"--validation-deadline", "60s"}), b = start({"--bootstrapper", to_string(a.p2p)});
  Process subscriber(with_api(a, {"subscribe", "--type", "1337", "--count", "1", "--hex", "--verdict", "none"}));
  ASSERT_TRUE(subscribed(a));
  ASSERT_TRUE(eventually([&] { return b.status()["peers"].size() == 1; }));
  Module(b.api).publish(type, "hi");
  EXPECT_EQ(subscriber.finish().out, "1337 6869\n");
  EXPECT_EQ(a.status()["messages"]["waiting"], 1) << "nobody has said what it is worth";
}

TEST_F(Program, ASubscriberWhoseNodeEndsSaysSo) {
  for (const char* wanted : {"0", "2"}) {
    NodeProcess node = start();
    Process subscriber(with_api(node, {"subscribe", "--type", "1337", "--count", wanted}));
    ASSERT_TRUE(subscribed(node));
    EXPECT_EQ(run_tool(with_api(node, {"announce", "--type", "1337", "--data", "one"})).code, 0);
    node.signal(SIGTERM);
    const Finished result = subscriber.finish();
    EXPECT_EQ(result.out, "1337 one\n");
    EXPECT_EQ(result.code, *wanted == '0' ? 0 : 1) << "one of " << wanted;
    EXPECT_NE(result.err.find("the node has closed the connection"), std::string::npos) << result.err;
  }
}

TEST_F(Program, WhatIsTooLargeIsRefusedBeforeItIsSent) {
  write_file(folder / "large", std::string(net::max_send_content_data + 1, 'x'));
  const Finished result = run_tool({"announce", "--type", "1", "--file", folder / "large"});
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("the classic dialect carries " + std::to_string(net::max_send_content_data)),
            std::string::npos)
      << result.err;
}

TEST_F(Program, WatchSurvivesARestart) {
  const std::string socket = folder / "watched.sock";
  const std::vector<std::string> same{"--status-socket", socket};
  std::optional<NodeProcess> node(std::in_place, same);
  const std::string out = folder / "out";
  write_file(out, "");
  Process watch({"status", "--watch", "--json", "--socket", socket}, "", out.c_str());
  ASSERT_TRUE(eventually([&] { return !read_file(out).empty(); }));
  node->signal(SIGTERM);
  node->finish();
  watch.wait_for_line("still trying");
  node.emplace(same);
  watch.wait_for_line("a node answers again");
  EXPECT_EQ(run_tool({"status", "--watch", "--socket", folder / "none"}).code, 1) << "there never was one";
}

TEST_F(Program, ALongStateDirStopsNothing) {
  const std::string state = folder / std::string(100, 'd');
  NodeProcess node({"--state-dir", state});
  EXPECT_FALSE(node.status_path.starts_with(state));
  EXPECT_EQ(node.status()["peers"].size(), 0u);
  node.signal(SIGTERM);
  const Finished result = node.finish();
  EXPECT_EQ(result.code, 0);
  EXPECT_NE(result.err.find("state_dir is too long for a Unix socket"), std::string::npos) << result.err;
  EXPECT_EQ(::access((state + "/peers").c_str(), F_OK), 0);
  const Finished asked_for =
      run_tool({"run", "--status-socket", state, "--p2p-address", "127.0.0.1:0", "--api-address", "127.0.0.1:0"});
  EXPECT_EQ(asked_for.code, 1);
  EXPECT_NE(asked_for.err.find("too long for a Unix socket"), std::string::npos) << asked_for.err;
}

TEST_F(Program, ErrorsShowNoSources) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"status", "--socket", folder / "none"},
           {"peer", "-a", "127.0.0.1", "-p", "0", "-ac", "pull", "-da", "127.0.0.1", "-dp", "1", "--seconds", "1"},
           {"run", "--p2p-address", "192.0.2.1:1", "--api-address", "127.0.0.1:0"},
           {"run", "--status-socket", folder / "no/such/folder", "--p2p-address", "127.0.0.1:0", "--api-address",
            "127.0.0.1:0"}}) {
    const Finished result = run_tool(arguments);
    EXPECT_EQ(result.code, 1) << testing::PrintToString(arguments);
    EXPECT_EQ(result.err.find("boost"), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find(".hpp"), std::string::npos) << result.err;
  }
}

TEST_F(Program, AnAddressInUseIsSaidInWords) {
  NodeProcess node = start();
  const Finished second = run_tool({"run", "--p2p-address", to_string(node.p2p), "--api-address", "127.0.0.1:0"});
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.err.find("Address already in use"), std::string::npos) << second.err;
}

}  // namespace
}  // namespace gossip::node::test
