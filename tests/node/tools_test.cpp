// The tools beside the daemon as a person or a script uses them.

#include <csignal>
#include <optional>

#include "tests/node/program.hpp"

namespace gossip::node::test {
namespace {

class Tools : public Program {};

TEST_F(Tools, TwoTerminalsExchangeAMessage) {
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

TEST_F(Tools, SubscribeCanRejectAndAsk) {
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

TEST_F(Tools, TheSeedsTestPeer) {
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

TEST_F(Tools, Status) {
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

TEST_F(Tools, ToolsAtAPortThatIsNoApiSaySo) {
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

TEST_F(Tools, OutputThatCannotBeWrittenIsNoSuccess) {
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

TEST_F(Tools, AnAnnounceThatGoesNowhereSaysSo) {
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

TEST_F(Tools, AnAnnounceFindsTheStatusSocketByItsPort) {
  NodeProcess node({});
  for (const bool again : {false, true}) {
    const Finished result = run_tool(with_api(node, {"announce", "--type", "1337", "--data", "x"}));
    EXPECT_EQ(result.err.find("note: it goes nowhere") != std::string::npos, again) << result.err;
  }
}

TEST_F(Tools, TheTestPeerSaysWhatItIsToldAndAnswersAPull) {
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

TEST_F(Tools, SubscribeInHexAndWithoutAVerdict) {
  NodeProcess a = start({"--validation-deadline", "60s"}), b = start({"--bootstrapper", to_string(a.p2p)});
  Process subscriber(with_api(a, {"subscribe", "--type", "1337", "--count", "1", "--hex", "--verdict", "none"}));
  ASSERT_TRUE(subscribed(a));
  ASSERT_TRUE(eventually([&] { return b.status()["peers"].size() == 1; }));
  Module(b.api).publish(type, "hi");
  EXPECT_EQ(subscriber.finish().out, "1337 6869\n");
  EXPECT_EQ(a.status()["messages"]["waiting"], 1) << "nobody has said what it is worth";
}

TEST_F(Tools, ASubscriberWhoseNodeEndsSaysSo) {
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

TEST_F(Tools, WhatIsTooLargeIsRefusedBeforeItIsSent) {
  write_file(folder / "large", std::string(net::max_send_content_data + 1, 'x'));
  const Finished result = run_tool({"announce", "--type", "1", "--file", folder / "large"});
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("the classic dialect carries " + std::to_string(net::max_send_content_data)),
            std::string::npos)
      << result.err;
}

TEST_F(Tools, WatchSurvivesARestart) {
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

}  // namespace
}  // namespace gossip::node::test
