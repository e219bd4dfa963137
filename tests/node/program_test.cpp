// The daemon as a person, a script or a supervisor uses it.

#include "tests/node/program.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>

namespace gossip::node::test {
namespace {

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
  const Finished program = run_tool({"--help"});
  EXPECT_EQ(program.code, 0);
  for (const char* code :
       {"Exit codes: 0 fine", "1 it did not work (nobody answers, a replay differs)", "2 bad usage or input"}) {
    EXPECT_NE(program.out.find(code), std::string::npos) << program.out;
    EXPECT_NE(read_file(GOSSIP_SOURCE_DIR "/docs/node.md").find(code), std::string::npos) << code;
  }
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
