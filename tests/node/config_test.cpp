#include <gtest/gtest.h>

#include "node/peer_file.hpp"
#include "node/settings.hpp"
#include "tests/node/process.hpp"

namespace gossip::node::test {
namespace {

std::vector<std::string> errors_of(std::string_view text) {
  Settings settings;
  std::vector<std::string> lines;
  for (const auto& [line, what] : parse_ini(text, settings)) lines.push_back(std::to_string(line) + ": " + what);
  return lines;
}

TEST(Configuration, TheSampleOfTheSeed) {
  Settings settings;
  const auto errors = parse_ini(
      "hostkey = /hostkey.pem\n"
      "\n"
      "[gossip]\n"
      "cache_size = 50\n"
      "degree = 30\n"
      "bootstrapper = p2psec.net.in.tum.de:6001\n"
      "p2p_address = 131.159.15.61:6001\n"
      "api_address = [::1]:7001\n",
      settings);
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(settings.hostkey, "/hostkey.pem");
  EXPECT_EQ(settings.intake().cache_size, 50u);
  EXPECT_EQ(settings.sampling().degree, 30u);
  EXPECT_EQ(settings.bootstrapper, (net::HostPort{"p2psec.net.in.tum.de", 6001, net::HostKind::name}));
  EXPECT_EQ(settings.p2p_address, (net::HostPort{"131.159.15.61", 6001, net::HostKind::v4}));
  EXPECT_EQ(settings.api_address, (net::HostPort{"::1", 7001, net::HostKind::v6}));
}

TEST(Configuration, OlderSpellings) {
  Settings settings;
  const auto errors =
      parse_ini("[GLOBAL]\nhostkey=k\n[gossip]\nmax_connections=7\nlisten_address=1.2.3.4:5\n", settings);
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(settings.hostkey, "k");
  EXPECT_EQ(settings.sampling().degree, 7u);
  EXPECT_EQ(to_string(settings.p2p_address), "1.2.3.4:5");
}

TEST(Configuration, AllErrorsAtOnceWithTheirLines) {
  EXPECT_EQ(
      errors_of("degree = 3\n"
                "[gosip]\n"
                "whatever = 1\n"
                "[gossip]\n"
                "degre = 4\n"
                "seen_ttl = 3\n"
                "relay = foo\n"
                "cache_size = 0\n"
                "cache_size = 5\n"
                "p2p_address = 1.2.3.4\n"
                "bootstrapper = host:0\n"
                "advertise = 224.0.0.1:5\n"
                "no equals sign\n"
                "[limits\n"
                "[limits]\n"
                "peer_queue = 9PB\n"
                "module_stall = 99999999999999999h\n"),
      (std::vector<std::string>{
          "1: `degree` belongs in [gossip]",
          "2: unknown section [gosip]; did you mean [gossip]?",
          "5: unknown key `degre`; did you mean \"degree\"?",
          "6: seen_ttl: `3` is not a duration; write a number and a unit as in \"80ms\", with one of ns us ms s min h",
          "7: relay: `foo` is not a choice; known here: all, subscribed",
          "8: cache_size: `0` is below 1, the least allowed",
          "9: `cache_size` was set in line 8 already",
          "10: p2p_address: `1.2.3.4` is no address: the port is missing (write host:port)",
          "11: bootstrapper: `host:0` names port 0, where nobody listens",
          "12: advertise: `224.0.0.1:5` is no IPv4 address and port where somebody can listen",
          "13: expected `key = value` or `[section]`",
          "14: the bracket of the section is not closed",
          "16: peer_queue: `9PB` is not a size; write a number and a unit as in \"64KiB\", with one of B kB MB GB KiB "
          "MiB GiB",
          "17: module_stall: `99999999999999999h` is too long or too large",
      }));
}

TEST(Configuration, WhatIsShownIsReadBack) {
  Settings settings;
  settings.sampling().degree = 8;
  settings.bootstrapper = net::HostPort{"::1", 5, net::HostKind::v6};
  settings.advertise = net::Endpoint{0x01020304, 5};
  settings.intake().seen_ttl = 1500 * millisecond;
  settings.intake().on_silence = OnSilence::drop;
  settings.limits.peer_queue = 65'536;
  settings.own.log_level = LogLevel::debug;
  for (bool comments : {false, true}) {
    Settings again;
    EXPECT_TRUE(parse_ini(to_ini(settings, comments), again).empty());
    EXPECT_EQ(to_ini(again, false), to_ini(settings, false));
  }
}

TEST(Configuration, OtherModulesSectionsAreTheirs) {
  Settings settings;
  const auto errors = parse_ini(
      "\xef\xbb\xbfHOSTKEY = /key.pem\r\n"
      "[dht]\r\nlisten_address = 1.2.3.4:5\r\nwhat is this\r\n"
      "[GOSSIP]\r\nDegree = 7\r\nSeen_TTL = 1.5s\r\n"
      "[nse]\r\ndegree = x\r\n"
      "[Global]\r\nsomething = else\r\n",
      settings);
  EXPECT_EQ(errors.size(), 0u) << errors.front().text;
  EXPECT_EQ(settings.hostkey, "/key.pem");
  EXPECT_EQ(settings.sampling().degree, 7u);
  EXPECT_EQ(settings.intake().seen_ttl, 1500 * millisecond);
}

TEST(Configuration, AByteOrderMarkIsNoPartOfTheFirstLine) {
  const std::string mark = "\xef\xbb\xbf";
  for (const std::string text : {"hostkey = k\n[gossip]\ndegree = 7\n", "[gossip]\r\ndegree = 7\r\n",
                                 "# by Notepad\n[gossip]\ndegree = 7\n", "\n[gossip]\ndegree = 7", ""}) {
    Settings with, without;
    EXPECT_EQ(parse_ini(mark + text, with).size(), 0u) << text;
    EXPECT_EQ(parse_ini(text, without).size(), 0u) << text;
    EXPECT_EQ(to_ini(with, false), to_ini(without, false)) << text;
    EXPECT_EQ(with.sampling().degree, text.empty() ? Settings().sampling().degree : 7u);
  }
  EXPECT_EQ(errors_of(mark + "[gossip]\ndegre = 4\n"),
            std::vector<std::string>{"2: unknown key `degre`; did you mean \"degree\"?"});
  EXPECT_EQ(errors_of(mark + mark + "[gossip]\n"), std::vector<std::string>{"1: expected `key = value` or `[section]`"})
      << "anywhere else it is a character like others";
}

TEST(Configuration, AnAdvertisedIpv6AddressIsRefusedWithTheReason) {
  const auto errors = errors_of("[gossip]\nadvertise = [2001:db8::1]:5\n");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("the classic dialect carries IPv4 only"), std::string::npos) << errors[0];
}

TEST(Configuration, KeysAreFoundOnceWhateverTheirCase) {
  EXPECT_EQ(errors_of("[gossip]\ndegree = 3\nDEGREE = 4\n"),
            std::vector<std::string>{"3: `degree` was set in line 2 already"});
}

TEST(Configuration, Protocols) {
  Settings settings;
  EXPECT_TRUE(parse_ini("[gossip]\noverlay = sampling\nbroadcast = flood\nrepair = none\n", settings).empty());
  EXPECT_EQ(errors_of("[gossip]\noverlay = fixed\nbroadcast = floot\nrepair = magnets\n"),
            (std::vector<std::string>{
                "2: overlay: `fixed` needs a topology, as a simulation has; a node finds its neighbours",
                "3: broadcast: `floot` is not known; did you mean \"flood\"?",
                "4: repair: `magnets` is not known; known here: none"}));
}

TEST(Configuration, AutomaticValuesAreEmpty) {
  Settings settings;
  EXPECT_NE(to_ini(settings, false).find("\nlinks =\n"), std::string::npos);
  EXPECT_TRUE(parse_ini("[gossip]\nlinks = 40\ntransient_links =\n", settings).empty());
  EXPECT_EQ(settings.sampling().links, 40u);
  EXPECT_EQ(settings.sampling().transient_links, automatic);
}

TEST(Configuration, ExampleFileIsGood) {
  Settings settings;
  EXPECT_TRUE(parse_ini(read_file(GOSSIP_SOURCE_DIR "/node/node.ini"), settings).empty());
  EXPECT_TRUE(check_relations(settings).empty());
}

TEST(Configuration, RelationsBetweenKeys) {
  Settings settings;
  settings.sampling().retry_max = settings.sampling().retry_min - 1;
  settings.sampling().links = settings.sampling().degree - 1;
  settings.intake().validation_deadline = settings.intake().seen_ttl + 1;
  settings.api_address = settings.p2p_address;
  EXPECT_EQ(check_relations(settings).size(), 4u);
}

TEST(PeerFile, SurvivesAndIsSetAsideWhenDamaged) {
  Folder folder;
  const std::string path = folder / "peers";
  EXPECT_TRUE(load_peers(path, 10).problem.empty()) << "a first start is no problem";
  const std::vector<net::Endpoint> peers{{0x01020304, 5}, {0x7f000001, 6001}};
  EXPECT_EQ(save_peers(path, peers), "");
  EXPECT_EQ(load_peers(path, 10).peers, peers);
  EXPECT_EQ(load_peers(path, 1).peers.size(), 1u);

  const std::string good = read_file(path);
  for (std::size_t cut = 0; cut + 1 < good.size(); ++cut) {
    write_file(path, good.substr(0, cut));
    const PeerFile file = load_peers(path, 10);
    EXPECT_FALSE(file.problem.empty()) << "cut to " << cut;
    EXPECT_TRUE(file.peers.empty());
    EXPECT_EQ(read_file(path + ".damaged"), good.substr(0, cut));
  }
  EXPECT_TRUE(load_peers(path, 10).problem.empty()) << "set aside";
}

TEST(PeerFile, SaysWhyItCannotBeWritten) {
  Folder folder;
  EXPECT_NE(save_peers(folder / "missing/peers", {}).find("cannot write"), std::string::npos);
}

}  // namespace
}  // namespace gossip::node::test
