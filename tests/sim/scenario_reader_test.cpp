#include <map>

#include "core/random.hpp"
#include "sim/scenario/json_input.hpp"
#include "sim/scenario/reader.hpp"
#include "tests/sim/input_files.hpp"

namespace gossip::sim {
namespace {

Scenario read(const std::string& text, const std::vector<std::string>& sets = {}) {
  const TestFile file(text, ".json");
  return read_scenario(file.name(), sets);
}

const std::string ring = R"({"peers": 10, "topology": {"type": "ring"}})";

/// Every key of a sampling scenario, none at its default.
const std::string full_sampling = R"({
  // Comments are fine.
  "$schema": "x", "name": "n", "question": "q", "answer": "a", "peers": 100, "seed": 18446744073709551615,
  "duration": "10min",
  "links": {"latency": {"type": "uniform", "min": "1ms", "max": "2ms"}, "min_latency": "3us", "jitter": "4us",
            "loss": 0.25, "handshake_round_trips": 2, "connect_timeout": "5s"},
  "protocol": {
    "overlay": {"type": "sampling", "bootstrapper": 99, "degree": 11, "links": 12,
                "transient_links": 13, "peer_list": 14, "response_peers": 15, "retry_min": "16ms",
                "retry_max": "17ms"},
    "broadcast": {"type": "flood", "seen_capacity": 18, "seen_ttl": "29s", "relay": "subscribed",
                  "validation_deadline": "21s", "on_silence": "drop", "cache_size": 22,
                  "validation": {"subscribers": 0.5, "delay": "20ms", "reject": 0.125, "silent": 0.0625}},
    "start_spread": "23s", "detection": "24s"},
  "workload": [{"at": "25s", "from": [3, 1], "count": 26, "interval": "27ms", "size": "28B", "type": 29, "ttl": 30},
               {"from": "all", "rate": "10/s"}, {"from": 7}, {"from": "random"}, {}],
  "churn": {"session": "31s", "downtime": "32s", "start": "up", "after": "33s", "clean": 0.75, "spared": [4, 5]},
  "faults": [{"at": "34s", "kill": 0.375, "back_after": "35s"}, {"at": "36s", "kill": [8, 9]},
             {"at": "37s", "partition": 0.25, "for": "38s"}, {"at": "76s", "partition": [6, 7]}]
})";

TEST(ScenarioReader, ReadsEveryKeyOfASamplingScenario) {
  const Scenario s = read(full_sampling);
  EXPECT_EQ(s.name, "n");
  EXPECT_EQ(s.question, "q");
  EXPECT_EQ(s.answer, "a");
  EXPECT_EQ(s.peers, 100u);
  EXPECT_EQ(s.seed, 18446744073709551615ull);
  EXPECT_EQ(s.duration, 600 * second);
  EXPECT_TRUE(std::holds_alternative<NoLinks>(s.topology));
  EXPECT_EQ(std::get<Uniform>(s.links.latency).min, 1 * millisecond);
  EXPECT_EQ(std::get<Uniform>(s.links.latency).max, 2 * millisecond);
  EXPECT_EQ(s.links.min_latency, 3 * microsecond);
  EXPECT_EQ(s.links.jitter, 4 * microsecond);
  EXPECT_EQ(s.links.loss, 0.25);
  EXPECT_EQ(s.links.handshake_round_trips, 2u);
  EXPECT_EQ(s.links.connect_timeout, 5 * second);
  EXPECT_EQ(s.overlay, Sampling::name);
  const SamplingConfig& sampling = s.protocol.of<Sampling>();
  EXPECT_EQ(index(sampling.bootstrapper), 99u);
  EXPECT_EQ(sampling.degree, 11u);
  EXPECT_EQ(sampling.links, 12u);
  EXPECT_EQ(sampling.transient_links, 13u);
  EXPECT_EQ(sampling.peer_list, 14u);
  EXPECT_EQ(sampling.response_peers, 15u);
  EXPECT_EQ(sampling.retry_min, 16 * millisecond);
  EXPECT_EQ(sampling.retry_max, 17 * millisecond);
  EXPECT_EQ(s.start_spread, 23 * second);
  EXPECT_EQ(s.detection, 24 * second);
}

TEST(ScenarioReader, ReadsEveryKeyOfTheBroadcast) {
  const Scenario s = read(full_sampling);
  const IntakeConfig& flood = s.protocol.of<Intake>();
  EXPECT_EQ(flood.seen_capacity, 18u);
  EXPECT_EQ(flood.seen_ttl, 29 * second);
  EXPECT_EQ(flood.relay, Relay::subscribed);
  EXPECT_TRUE(flood.validation);
  EXPECT_EQ(flood.validation_deadline, 21 * second);
  EXPECT_EQ(flood.on_silence, OnSilence::drop);
  EXPECT_EQ(flood.cache_size, 22u);
  ASSERT_TRUE(s.validation);
  EXPECT_EQ(s.validation->subscribers, 0.5);
  EXPECT_EQ(s.validation->delay, 20 * millisecond);
  EXPECT_EQ(s.validation->reject, 0.125);
  EXPECT_EQ(s.validation->silent, 0.0625);
}

TEST(ScenarioReader, ReadsEveryKeyOfWhatHappens) {
  using Peers = std::vector<std::uint32_t>;
  const Scenario s = read(full_sampling);
  ASSERT_EQ(s.workload.size(), 5u);
  const Workload& first = s.workload[0];
  EXPECT_EQ(first.at, 25 * second);
  EXPECT_EQ(first.from, Workload::From::peers);
  EXPECT_EQ(first.peers, (Peers{3, 1}));
  EXPECT_EQ(first.count, 26u);
  EXPECT_EQ(first.interval, 27 * millisecond);
  EXPECT_EQ(first.size, 28u);
  EXPECT_EQ(first.data_type, 29);
  EXPECT_EQ(first.ttl, 30);
  EXPECT_EQ(s.workload[1].from, Workload::From::all);
  EXPECT_EQ(s.workload[1].interval, 100 * millisecond);
  EXPECT_EQ(s.workload[2].from, Workload::From::peers);
  EXPECT_EQ(s.workload[2].peers, (Peers{7}));
  EXPECT_EQ(s.workload[3].from, Workload::From::random);
  EXPECT_EQ(s.workload[4].from, Workload::From::random);
  ASSERT_TRUE(s.churn);
  EXPECT_EQ(s.churn->session, 31 * second);
  EXPECT_EQ(s.churn->downtime, 32 * second);
  EXPECT_FALSE(s.churn->stationary);
  EXPECT_EQ(s.churn->start, 33 * second);
  EXPECT_EQ(s.churn->clean, 0.75);
  EXPECT_EQ(s.churn->spared, (Peers{4, 5}));
  ASSERT_EQ(s.faults.size(), 4u);
  const Kill& share = std::get<Kill>(s.faults[0]);
  const Kill& named = std::get<Kill>(s.faults[1]);
  EXPECT_EQ(share.at, 34 * second);
  EXPECT_EQ(share.fraction, 0.375);
  EXPECT_EQ(share.back_after, 35 * second);
  EXPECT_EQ(named.peers, (Peers{8, 9}));
  EXPECT_EQ(named.back_after, std::nullopt);
  const Partition& quarter = std::get<Partition>(s.faults[2]);
  const Partition& two = std::get<Partition>(s.faults[3]);
  EXPECT_EQ(quarter.at, 37 * second);
  EXPECT_EQ(quarter.fraction, 0.25);
  EXPECT_EQ(quarter.lasts, 38 * second);
  EXPECT_EQ(two.at, 76 * second);
  EXPECT_EQ(two.peers, (Peers{6, 7}));
  EXPECT_EQ(two.lasts, std::nullopt);
}

TEST(ScenarioReader, WhatIsLeftOutTakesItsDefault) {
  const TestFile file(ring, ".json");
  const Scenario s = read_scenario(file.name());
  EXPECT_EQ(s.name, std::filesystem::path(file.name()).stem().string());
  EXPECT_EQ(s.file, file.name());
  EXPECT_EQ(s.seed, 1u);
  EXPECT_EQ(s.duration, 0);
  EXPECT_EQ(s.overlay, Fixed::name);
  EXPECT_EQ(std::get<Uniform>(s.links.latency).max, 100 * millisecond);
  EXPECT_FALSE(s.validation);
  EXPECT_FALSE(s.protocol.of<Intake>().validation);
  EXPECT_FALSE(s.churn);
  EXPECT_TRUE(s.workload.empty());
  EXPECT_TRUE(s.faults.empty());
}

template <class T>
T topology(const std::string& text) {
  return std::get<T>(read(R"({"peers": 100, "topology": )" + text + "}").topology);
}

TEST(ScenarioReader, Topologies) {
  topology<Complete>(R"({"type": "complete"})");
  topology<Ring>(R"({"type": "ring"})");
  topology<Star>(R"({"type": "star"})");
  EXPECT_EQ(topology<Grid>(R"({"type": "grid"})").width, 0u);
  EXPECT_EQ(topology<Grid>(R"({"type": "grid", "width": 20, "wrap": true})").width, 20u);
  EXPECT_TRUE(topology<Grid>(R"({"type": "grid", "wrap": true})").wrap);
  EXPECT_EQ(topology<RandomRegular>(R"({"type": "random_regular", "degree": 8})").degree, 8u);
  EXPECT_EQ(topology<RandomOut>(R"({"type": "random_out", "links": 9})").links, 9u);
  EXPECT_EQ(topology<ErdosRenyi>(R"({"type": "erdos_renyi", "probability": 0.5})").probability, 0.5);
  EXPECT_EQ(topology<SmallWorld>(R"({"type": "small_world", "neighbours": 4, "rewire": 0.5})").neighbours, 4u);
  EXPECT_EQ(topology<SmallWorld>(R"({"type": "small_world", "neighbours": 4, "rewire": 0.5})").rewire, 0.5);
  EXPECT_EQ(topology<ScaleFree>(R"({"type": "scale_free", "alpha": 0.5, "beta": 60})").alpha, 0.5);
  EXPECT_EQ(topology<ScaleFree>(R"({"type": "scale_free", "alpha": 0.5, "beta": 60})").beta, 60);
}

TEST(ScenarioReader, FilesAreFoundFromTheScenariosFolder) {
  const TestFile data("0 1\n");
  const std::string name = std::filesystem::path(data.name()).filename().string();
  using Format = GraphFile::Format;
  for (const auto& [type, format] : std::map<std::string, Format>{{"edge_list", Format::edge_list},
                                                                  {"graphml", Format::graphml},
                                                                  {"dot", Format::dot},
                                                                  {"node_link", Format::node_link}}) {
    const auto spec = topology<GraphFile>(R"({"type": ")" + type + R"(", "file": ")" + name + "\"}");
    EXPECT_EQ(spec.path, data.name());
    EXPECT_EQ(spec.format, format);
  }
  const Scenario traced = read(ring, {"/churn/trace=./" + name});
  EXPECT_EQ(traced.churn->trace, data.name());
}

template <class T>
T latency(const std::string& text) {
  return std::get<T>(read(ring, {"/links/latency=" + text}).links.latency);
}

TEST(ScenarioReader, Latencies) {
  const TestFile data("{}");
  EXPECT_EQ(latency<Constant>(R"({"type": "constant", "value": "7ms"})").value, 7 * millisecond);
  EXPECT_EQ(latency<Uniform>(R"({"type": "uniform", "min": "7ms", "max": "8ms"})").min, 7 * millisecond);
  EXPECT_EQ(latency<Normal>(R"({"type": "normal", "mean": "7ms", "deviation": "2ms"})").mean, 7 * millisecond);
  EXPECT_EQ(latency<Normal>(R"({"type": "normal", "mean": "7ms", "deviation": "2ms"})").deviation, 2 * millisecond);
  EXPECT_EQ(latency<LogNormal>(R"({"type": "log_normal", "median": "7ms", "sigma": 0.5})").median, 7 * millisecond);
  EXPECT_EQ(latency<LogNormal>(R"({"type": "log_normal", "median": "7ms", "sigma": 0.5})").sigma, 0.5);
  const std::string file = R"("file": ")" + data.name() + '"';
  EXPECT_TRUE(latency<Matrix>(R"({"type": "matrix", "measures": "round_trip", )" + file + "}").round_trip);
  EXPECT_FALSE(latency<Matrix>(R"({"type": "matrix", "measures": "one_way", )" + file + "}").round_trip);
  EXPECT_EQ(latency<Regions>(R"({"type": "regions", "model": "m", )" + file + "}").model, "m");
  EXPECT_EQ(latency<Regions>(R"({"type": "regions", "model": "m", )" + file + "}").path, data.name());
}

TEST(ScenarioReader, SetsReplaceAndAdd) {
  EXPECT_EQ(read(ring, {"/peers=12"}).peers, 12u);
  EXPECT_EQ(read(ring, {"/peers=1e3"}).peers, 1'000u);
  EXPECT_EQ(read(ring, {"/duration=2min"}).duration, 120 * second);
  EXPECT_EQ(read(ring, {"/name=two words"}).name, "two words");
  EXPECT_EQ(read(ring, {"/links/loss=0.5", "/links/jitter=1ms"}).links.loss, 0.5);
  EXPECT_EQ(read(ring, {"/workload=[{},{}]", "/workload/1/ttl=9", "/workload/-/ttl=8"}).workload.size(), 3u);
  EXPECT_EQ(read(ring, {"/workload=[{},{}]", "/workload/1/ttl=9"}).workload[1].ttl, 9);
  EXPECT_EQ(std::get<Grid>(read(ring, {R"(/topology={"type": "grid", "width": 5})"}).topology).width, 5u);
}

std::string set_error(const std::string& set) {
  return error_of([&] { read(ring, {set}); });
}

TEST(ScenarioReader, SetsThatMakeNoSense) {
  for (const std::string set : {"", "peers=5", "/peers", "="}) {
    EXPECT_EQ(set_error(set), "--set " + set + ": is not of the form /json/pointer=value, as in /links/loss=0.1");
  }
  EXPECT_EQ(set_error("/peers/x=5"), "--set /peers/x=5: a number has nothing below it to set");
  EXPECT_EQ(set_error("/a~2b=5"), "--set /a~2b=5: has a ~ that is neither ~0 nor ~1");
  EXPECT_EQ(error_of([] {
              read(ring, {"/workload=[]", "/workload/1/ttl=5"});
            }),
            "--set /workload/1/ttl=5: \"1\" is no place in a list of 0; write a number, or - to append");
  EXPECT_EQ(error_of([] {
              read(ring, {"/workload=[]", "/workload/x/ttl=5"});
            }),
            "--set /workload/x/ttl=5: \"x\" is no place in a list of 0; write a number, or - to append");
  EXPECT_TRUE(set_error("/link/loss=0.1").ends_with("/link: is not known; did you mean \"links\"?"));
  EXPECT_TRUE(set_error("/links/loss=half").ends_with("/links/loss: expected a number, got \"half\""));
  EXPECT_TRUE(set_error("=5").starts_with("--set =5: is not of the form"));
}

TEST(ScenarioReader, NumbersAndNestingWithoutMeasure) {
  const auto error = [](const std::string& text) { return error_of([&] { read(text); }); };
  EXPECT_TRUE(error(R"({"peers": 1e999})").ends_with(": broken JSON: number overflow parsing '1e999'"));
  EXPECT_TRUE(
      error(R"({"seed": 18446744073709551616})").ends_with("/seed: expected an integer, got 1.8446744073709552e+19"));
  EXPECT_TRUE(error(std::string(1'000'000, '[')).ends_with(": nests deeper than 100 levels"));
  EXPECT_TRUE(set_error("/name=\xff").ends_with(": is not UTF-8"));
}

/// Damage of any kind ends in an InputError or in a scenario.
TEST(ScenarioReader, DamageIsAnErrorOrAScenario) {
  Random random(4);
  const std::string alphabet = "{}[]\",:0123456789.-eE/* abtru\\\n\xc3";
  int scenarios = 0;
  constexpr int rounds = 2'000;
  for (int round = 0; round < rounds; ++round) {
    std::string text = full_sampling;
    for (std::uint32_t changes = random.below(3); changes > 0; --changes) {
      text[random.below(static_cast<std::uint32_t>(text.size()))] =
          alphabet[random.below(static_cast<std::uint32_t>(alphabet.size()))];
    }
    const TestFile file(text, ".json");
    const std::string error = error_of([&] { read_scenario(file.name()); });
    EXPECT_TRUE(error == "no error" || error.starts_with(file.name())) << error << "\n" << text;
    scenarios += error == "no error" ? 1 : 0;
  }
  EXPECT_GT(scenarios, rounds / 3);
  EXPECT_LT(scenarios, rounds);
}

/// A scenario whose peers come from a file is checked against their number later.
TEST(ScenarioReader, PeersOfATopologyFileAreCheckedByTheEngine) {
  const TestFile data("0 1\n1 2\n");
  const std::string text =
      R"({"topology": {"type": "edge_list", "file": ")" + data.name() + R"("}, "workload": [{"from": 3}]})";
  const TestFile file(text, ".json");
  const Scenario s = read_scenario(file.name());
  EXPECT_EQ(s.peers, 0u);
  EXPECT_EQ(error_of([&] { check_peers(s, 4); }), "no error");
  EXPECT_EQ(error_of([&] { check_peers(s, 3); }),
            file.name() + ": /workload/0/from: 3 is not below /peers (3); peers are counted from 0");
}

TEST(ScenarioReader, ShippedScenariosAreRightAndSayWhatTheyAreFor) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_file("scenarios"))) {
    if (entry.path().extension() != ".json" || entry.path().filename() == "scenario.schema.json") continue;
    ++count;
    const Scenario s = read_scenario(entry.path().string());
    EXPECT_EQ(s.name, entry.path().stem());
    EXPECT_FALSE(s.question.empty()) << s.name;
    EXPECT_FALSE(s.answer.empty()) << s.name;
    EXPECT_FALSE(s.workload.empty()) << s.name;
    EXPECT_EQ(read_json(s.file).at("$schema"), "scenario.schema.json") << s.name;
  }
  EXPECT_GE(count, 5);
}

TEST(ScenarioReader, TheDocumentationsExampleWorks) {
  const std::string text = read_text(source_file("docs/scenario.md"));
  const std::size_t start = text.find("```json\n") + 8;
  const Scenario s = read(text.substr(start, text.find("```", start) - start));
  EXPECT_EQ(s.peers, 1'000u);
  EXPECT_EQ(s.workload.at(0).ttl, 3);
}

TEST(ScenarioReader, OlderSpellings) {
  std::string text = full_sampling;
  const auto replace = [&](const std::string& now, const std::string& old) {
    text.replace(text.find(now), now.size(), old);
  };
  replace("\"links\": 12", "\"max_connections\": 12");
  replace("transient_links", "transient_connections");
  replace("\"validation_deadline\": \"21s\", \"on_silence\": \"drop\", \"cache_size\": 22,", "");
  replace("\"silent\": 0.0625",
          "\"silent\": 0.0625, \"deadline\": \"21s\", \"on_silence\": \"drop\", \"cache_size\": 22");
  const Scenario s = read(text);
  EXPECT_EQ(s.protocol.of<Sampling>().links, 12u);
  EXPECT_EQ(s.protocol.of<Sampling>().transient_links, 13u);
  EXPECT_EQ(s.protocol.of<Intake>().validation_deadline, 21 * second);
  EXPECT_EQ(s.protocol.of<Intake>().on_silence, OnSilence::drop);
  EXPECT_EQ(s.protocol.of<Intake>().cache_size, 22u);

  const auto error = [&](const std::string& set) { return error_of([&] { read(text, {set}); }); };
  EXPECT_TRUE(
      error("/protocol/overlay/links=12")
          .ends_with("/protocol/overlay/max_connections: stands beside /protocol/overlay/links; choose one of them"));
  EXPECT_TRUE(error("/protocol/broadcast/cache_size=5")
                  .ends_with("/protocol/broadcast/validation/cache_size: stands beside /protocol/broadcast/cache_size; "
                             "choose one of them"));
  EXPECT_TRUE(
      error("/protocol/overlay/max_connections=0").ends_with("max_connections: 0 is below 1, the least allowed"));
  EXPECT_TRUE(
      error("/protocol/broadcast/validation/deadline=30s")
          .ends_with("/protocol/broadcast/validation/deadline: 30s is above /protocol/broadcast/seen_ttl (29s): "
                     "what waits must not be forgotten"));
}

TEST(ScenarioReader, WhatIsLeftOutOfAnOverlayStaysAutomatic) {
  const Scenario s =
      read(R"({"peers": 9, "duration": "1s", "protocol": {"overlay": {"type": "sampling", "bootstrapper": 0}}})");
  EXPECT_EQ(s.protocol.of<Sampling>().links, automatic);
  EXPECT_EQ(s.protocol.of<Sampling>().transient_links, automatic);
}

TEST(ScenarioReader, ALongListTakesTimeInProportion) {
  std::string list = "[{}";
  for (int i = 1; i < 100'000; ++i) list += ",{\"ttl\": 3}";
  const Scenario s = read(R"({"peers": 10, "topology": {"type": "ring"}, "workload": )" + list + "]}");
  EXPECT_EQ(s.workload.size(), 100'000u);
}

TEST(ScenarioReader, WhatIsNoFileOfData) {
  const auto error = [](const std::string& file) {
    return error_of([&] { read(R"({"topology": {"type": "edge_list", "file": ")" + file + "\"}}"); });
  };
  EXPECT_TRUE(error("/tmp").ends_with("/topology/file: the file /tmp is a folder")) << error("/tmp");
  EXPECT_TRUE(error("/dev/null").ends_with("/topology/file: the file /dev/null is not a regular file"));
  EXPECT_TRUE(error("/no/such").ends_with("/topology/file: the file /no/such does not exist"));
  EXPECT_TRUE(error(std::string(5'000, 'x')).ends_with(" cannot be found: File name too long"));
}

TEST(ScenarioReader, ANameThatIsNotUtf8) {
  const std::string name = testing::TempDir() + "caf\xe9.json";
  std::ofstream(name) << ring;
  const Scenario s = read_scenario(name);
  std::filesystem::remove(name);
  EXPECT_EQ(s.file, name);
  EXPECT_EQ(s.name, "caf\xef\xbf\xbd");
}

}  // namespace
}  // namespace gossip::sim
