#include <map>
#include <set>

#include "sim/scenario/reader.hpp"
#include "sim/topology/graph.hpp"
#include "sim/world/latency.hpp"
#include "sim/world/trace.hpp"
#include "tests/sim/input_files.hpp"

/// Every file in tests/data/broken is broken in its own way and must be answered by its own message.
namespace gossip::sim {
namespace {

using Expectations = std::map<std::string, std::string>;

/// Reads each file of a folder; the message must start with the file's name and hold what is expected.
template <class Read>
void expect_errors(const std::string& folder, const Expectations& expected, Read read) {
  std::set<std::string> files, messages;
  for (const auto& entry : std::filesystem::directory_iterator(source_file(folder))) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().filename().string();
    files.insert(name);
    const std::string error = error_of([&] { read(entry.path().string()); });
    const std::string start = entry.path().string() + ": ";
    ASSERT_TRUE(error.starts_with(start)) << name << " gave: " << error;
    ASSERT_TRUE(expected.contains(name)) << name << " gave: " << error;
    EXPECT_NE(error.find(expected.at(name)), std::string::npos) << name << " gave: " << error;
    const std::string message = entry.path().extension().string() + error.substr(start.size());
    EXPECT_TRUE(messages.insert(message).second) << name << " has no message of its own: " << error;
  }
  EXPECT_EQ(files.size(), expected.size()) << "a file is missing";
}

TEST(BrokenInput, Scenarios) {
  const Expectations expected{
      {"cut_off.json", R"(broken JSON at line 3, column 1)"},
      {"missing_comma.json", R"(broken JSON at line 3, column 8)"},
      {"empty.json", R"(broken JSON at line 2, column 1)"},
      {"key_twice.json", R"(the key "peers" stands twice in one object)"},
      {"a_list.json", R"(/: expected a gossip scenario, got [{"peers":10}])"},
      {"unknown_key.json", R"(/peer: is not known; did you mean "peers"?)"},
      {"unknown_section.json", R"(/adversaries: is not known; known here:)"},
      {"unknown_topology_key.json", R"(/topology/degre: is not known; did you mean "degree"?)"},
      {"peers_as_text.json", R"(/peers: expected an integer, got "ten")"},
      {"half_a_peer.json", R"(/peers: expected an integer, got 10.5)"},
      {"no_peer.json", R"(/peers: 0 is below 1, the least allowed)"},
      {"negative_seed.json", R"(/seed: -1 is below 0, the least allowed)"},
      {"peers_left_out.json", R"(/: misses "peers")"},
      {"topology_left_out.json", R"(/: misses "topology")"},
      {"topology_misspelt.json", R"(/topology/type: "rndom_regular" is not known; did you mean "random_regular"?)"},
      {"topology_without_type.json", R"(/topology: expected an object with "type", one of complete, ring)"},
      {"topology_as_text.json",
       R"(one of complete, ring, grid, star, random_regular, random_out, erdos_renyi, small_world, scale_free, edge_list, graphml, dot, node_link, gml; got "ring")"},
      {"degree_left_out.json", R"(/topology: misses "degree": neighbours of every peer)"},
      {"degree_too_high.json", R"(/topology/degree: 12 is not below /peers (10))"},
      {"degree_odd.json", R"(/topology/degree: 3 times /peers (11) is odd)"},
      {"links_too_many.json", R"(/topology/links: 8 is not below /peers (8))"},
      {"grid_not_full.json", R"(/topology/width: 4 does not divide /peers (10))"},
      {"neighbours_odd.json", R"(/topology/neighbours: 3 is odd)"},
      {"nobody_to_rewire_to.json", R"(/topology/neighbours: 10 leaves nobody to rewire to)"},
      {"certain_link.json", R"(/topology/probability: 1 is not below 1)"},
      {"topology_file_missing.json", R"(/topology/file: the file )"},
      {"unit_missing.json", R"(/duration: "80" is not a duration)"},
      {"duration_as_number.json", R"(/duration: expected a duration such as "80ms", got 80)"},
      {"unit_unknown.json", R"(/links/jitter: "5msec" is not a duration)"},
      {"below_a_nanosecond.json", R"(/links/jitter: "0.5ns" is finer than a nanosecond)"},
      {"latency_reversed.json", R"(/links/latency/max: 10ms is below min (20ms))"},
      {"latency_of_days.json", R"(/links/latency/value: "48h" is above 1h, the most allowed)"},
      {"no_min_latency.json", R"(/links/min_latency: "0s" is below 1ns, the least allowed)"},
      {"everything_lost.json", R"(/links/loss: 1 is not below 1)"},
      {"matrix_of_what.json", R"(/links/latency: misses "measures")"},
      {"measures_unknown.json", R"(/links/latency/measures: "roundtrip" is not a choice; did you mean "round_trip"?)"},
      {"sampling_for_ever.json", R"(/: misses "duration")"},
      {"sampling_with_topology.json", R"(/topology: has no effect)"},
      {"pull_for_ever.json", R"(/: misses "duration": with this rumor)"},
      {"everyone_comes_and_goes.json", R"(/churn: the everyone overlay has nobody come or go)"},
      {"everyone_dies.json", R"(/faults: the everyone overlay has nobody come or go)"},
      {"everyone_jitters.json", R"(/links/jitter: the everyone overlay keeps no connections)"},
      {"everyone_streams.json", R"(/links/transport: the everyone overlay keeps no connections; choose datagram)"},
      {"transport_of_what.json", R"(/links/transport: "tcp" is not a choice; known here: sequenced)"},
      {"retransmit_without_stream.json", R"(/links/retransmit_after: has no effect: only of a stream)"},
      {"retransmit_as_number.json", R"(/links/retransmit_after: expected a duration)"},
      {"everyone_spreads_out.json", R"(/protocol/start_spread: has no effect with the everyone overlay)"},
      {"fanout_too_wide.json", R"(/protocol/broadcast/fanout: 65 is above 64, the most allowed)"},
      {"bootstrapper_unknown.json", R"(/protocol/overlay/bootstrapper: 10 is not below /peers (10))"},
      {"degree_above_connections.json",
       R"(/protocol/overlay/degree: 70 is above /protocol/overlay/max_connections (60))"},
      {"degree_above_list.json", R"(/protocol/overlay/degree: 30 is above /protocol/overlay/peer_list (20))"},
      {"older_and_newer.json",
       R"(/protocol/overlay/max_connections: stands beside /protocol/overlay/links; choose one of them)"},
      {"deadline_without_validation.json",
       R"(/protocol/broadcast/validation_deadline: "5s" has no effect without validation)"},
      {"waits_too_long.json",
       R"(/protocol/broadcast/validation_deadline: 2s is above /protocol/broadcast/seen_ttl (1s): what waits must)"},
      {"retry_reversed.json", R"(/protocol/overlay/retry_min: 1min is above /protocol/overlay/retry_max (30s))"},
      {"fixed_with_start_spread.json", R"(/protocol/start_spread: has no effect with the fixed overlay)"},
      {"subscribed_without_validation.json",
       R"(/protocol/broadcast/relay: "subscribed" has no effect without validation)"},
      {"verdicts_above_one.json", R"(/protocol/broadcast/validation/silent: and reject make more than 1 together)"},
      {"share_above_one.json", R"(/protocol/broadcast/validation/subscribers: 50 is above 1, the most allowed)"},
      {"sender_unknown.json", R"(/workload/1/from/1: 10 is not below /peers (10))"},
      {"sender_misspelt.json", R"(/workload/0/from: "everyone" is not a choice; known here: random, all)"},
      {"sender_as_object.json",
       R"(/workload/0/from: expected a random peer each time, or every peer once a round, or one peer, or these peers in turn; got {"peer":1})"},
      {"no_senders.json", R"(/workload/0/from: is empty; expected a list of peers)"},
      {"workload_as_object.json", R"(/workload: expected an array, got {"from":1})"},
      {"ttl_too_high.json", R"(/workload/0/ttl: 300 is above 255, the most allowed)"},
      {"data_too_large.json", R"(/workload/0/size: "9MiB" is above 8MiB, the most allowed)"},
      {"size_without_unit.json", R"(/workload/0/size: expected a size such as "64KiB", got 64)"},
      {"rate_and_interval.json", R"(/workload/0/rate: stands beside /workload/0/interval; choose one of them)"},
      {"rate_per_day.json", R"(/workload/0/rate: "5/day" is not a rate)"},
      {"after_the_end.json", R"(/workload/0/at: 1min is not before the end, /duration (1min))"},
      {"longer_than_the_run.json", R"(/workload/0/count: puts the last message at 1min)"},
      {"a_century_of_messages.json", R"(/workload/0/count: lasts longer than a century)"},
      {"churn_says_nothing.json", R"(/churn: says nothing)"},
      {"churn_without_downtime.json", R"(/churn: misses "downtime")"},
      {"churn_for_ever.json", R"(/: misses "duration": /churn never ends)"},
      {"churn_model_and_trace.json", R"(/churn/trace: stands beside session or downtime)"},
      {"spared_unknown.json", R"(/churn/spared/1: 11 is not below /peers (10))"},
      {"kill_nobody.json", R"(/faults/0/kill: 0 is not above 0)"},
      {"kill_without_time.json", R"(/faults/0: misses "at")"},
      {"kill_twice.json", R"(/faults/0/kill: names peer 3 twice)"},
      {"kill_after_the_end.json", R"(/faults/0/at: 2min is not before the end)"},
      {"class_unnamed.json", R"(/classes/0: misses "name")"},
      {"class_of_nobody.json", R"(/classes/0: misses "peers")"},
      {"class_name_empty.json", R"(/classes/0/name: is empty)"},
      {"class_name_twice.json", R"(/classes/1/name: "a" is another class's name, too)"},
      {"class_shares.json", R"(/classes/1/peers: makes the shares of all classes more than 1 together)"},
      {"class_peer_unknown.json", R"(/classes/0/peers/0: 10 is not below /peers (10))"},
      {"class_peer_twice.json", R"(/classes/1/peers: has peer 1, which stands twice)"},
      {"class_silent_number.json", R"(/classes/0/silent: expected true or false, got 1)"},
      {"class_dialable_text.json", R"(/classes/0/dialable: expected true or false, got "no")"},
      {"class_hidden_bootstrapper.json", R"(/classes/0/dialable: peer 3 is the bootstrapper, which others dial)"},
      {"class_hidden_everyone.json", R"(/classes/0/dialable: has no effect with the everyone overlay)"},
      {"class_share_zero.json", R"(/classes/0/peers: 0 is not above 0)"},
      {"upload_number.json", R"(/links/upload: expected a bandwidth such as "38Mbit/s", got 38)"},
      {"upload_unit.json", R"(/links/upload: "38MB" is not a bandwidth; write a number and a unit as in "38Mbit/s")"},
      {"upload_none.json", R"(/links/upload: "0bit/s" sends nothing)"},
      {"upload_fine.json", R"(/classes/0/upload: "0.5bit/s" is finer than a bit a second)"},
      {"kill_for.json", R"(/faults/0/for: stands beside /faults/0/kill; choose one of them)"},
      {"fault_of_nothing.json", R"(/faults/0: says nothing; give kill or partition)"},
      {"partition_of_all.json", R"(/faults/0/partition: names everybody, and so parts nobody)"},
      {"partition_whole.json", R"(/faults/0/partition: 1 is not below 1)"},
      {"partition_unknown.json", R"(/faults/0/partition/1: 10 is not below /peers (10))"},
      {"partition_twice.json", R"(/faults/0/partition: names peer 3 twice)"},
      {"partition_late.json", R"(/faults/0/at: 6s is not before the end)"},
      {"partition_and_kill.json", R"(/faults/0/partition: stands beside /faults/0/kill; choose one of them)"},
      {"partition_back.json", R"(/faults/0/back_after: stands beside /faults/0/partition; choose one of them)"},
      {"partition_for_no_time.json", R"(/faults/0/for: "0s" is below 1ns, the least allowed)"},
      {"partition_in_partition.json", R"(/faults/1/at: 3s is before the end of another partition, /faults/0)"},
      {"partition_by_name.json",
       R"(/faults/0/partition: expected a share of all peers, above 0 and below 1, or these peers; got "half")"},
      {"kill_by_name.json",
       R"(/faults/0/kill: expected a share of the peers that are up, above 0 up to 1, or these peers; got "half")"},
      {"peers_null.json", R"(/peers: expected an integer, got null)"},
  };
  expect_errors("tests/data/broken", expected, [](const std::string& file) { read_scenario(file); });
}

void read_latency(const LatencySpec& spec) {
  LinkSpec links;
  links.latency = spec;
  LatencyModel(links, 1, "here");
}

void read_data(const std::string& file) {
  using Format = GraphFile::Format;
  const std::string name = std::filesystem::path(file).filename().string();
  const std::string kind = name.substr(0, name.find_first_of("_."));
  if (kind == "matrix") return read_latency(Matrix{file, true});
  if (kind == "regions") return read_latency(Regions{file, "earth"});
  if (kind == "trace") return void(read_trace(file, 10));
  const std::map<std::string, Format> formats{
      {"edges", Format::edge_list}, {"gml", Format::gml}, {"graphml", Format::graphml}, {"dot", Format::dot}, {"node", Format::node_link}};
  make_graph(GraphFile{formats.at(kind), file}, 0, 1, "here");
}

TEST(BrokenInput, DataFiles) {
  const Expectations expected{
      {"edges_only_comments.txt", R"(has no links)"},
      {"edges_one_column.txt", R"(line 3: has 1 columns; expected two nodes)"},
      {"edges_four_columns.txt", R"(line 1: has 4 columns)"},
      {"edges_latency_word.txt", R"(line 2: the latency "fast" is not a number of milliseconds)"},
      {"edges_latency_negative.txt", R"(line 1: the latency "-1" is not a number of milliseconds)"},
      {"edges_quote.txt", R"(line 2: has a quote that does not end)"},
      {"edges_attributes.txt", R"(line 1: has attributes that are not of the form)"},
      {"edges_packed.txt", R"(is damaged or cut off: it cannot be unpacked as gzip)"},
      {"gml_cut_off.gml", R"(line 3: is not GML: a [ does not end)"},
      {"gml_unknown_node.gml", R"(line 1: is an edge whose target "2" is the id of no node)"},
      {"gml_no_graph.gml", R"(is not GML: it has no graph)"},
      {"node_link_both.json", R"(/edges: stands beside /links, and both have entries)"},
      {"graphml_hyperedge.graphml", R"(has a <hyperedge>; links here have two ends)"},
      {"graphml_not_xml.graphml", R"(line 3: is not XML: No document element found)"},
      {"graphml_cut_off.graphml", R"(line 6: is not XML: )"},
      {"graphml_unknown_node.graphml", R"(has an edge to a node that is not declared)"},
      {"graphml_no_nodes.graphml", R"(has 0 peers)"},
      {"graphml_latency.graphml", R"(edge 1: the latency "slow" is not a number of milliseconds)"},
      {"dot_not_dot.dot", R"(is not DOT)"},
      {"dot_cut_off.dot", R"(is not DOT)"},
      {"dot_wrong_arrow.dot", R"(is not DOT)"},
      {"dot_latency.dot", R"(edge 1: the latency "slow" is not a number)"},
      {"dot_no_nodes.dot", R"(has 0 peers)"},
      {"node_link_cut_off.json", R"(broken JSON at line 2)"},
      {"node_link_no_nodes.json", R"(misses the list "nodes")"},
      {"node_link_no_links.json", R"(misses the list "edges")"},
      {"node_link_unknown_end.json", R"(/links/0/target: 2 is the id of no node)"},
      {"node_link_no_target.json", R"(/edges/0: misses "target")"},
      {"node_link_no_id.json", R"(/nodes/0: misses "id")"},
      {"node_link_id_twice.json", R"(/nodes/1/id: "a" stands twice)"},
      {"node_link_latency.json", R"(/links/0/latency_ms: the latency "5" is not a number)"},
      {"matrix_empty.txt", R"(has no rows; expected a square)"},
      {"matrix_ragged.txt", R"(line 2: has 2 columns, but the first row has 3)"},
      {"matrix_not_square.txt", R"(has 2 rows of 3 columns)"},
      {"matrix_word.txt", R"(line 2: "zero" is not a number of milliseconds)"},
      {"matrix_infinite.txt", R"(line 1: "inf" is not a number of milliseconds)"},
      {"matrix_negative.txt", R"(line 1: "-1" is negative)"},
      {"matrix_all_missing.txt", R"(has no measurement between two hosts)"},
      {"regions_other_model.json", R"(/: misses the model "earth"; the file has "mars")"},
      {"regions_no_weights.json", R"(/earth: misses "weights")"},
      {"regions_none.json", R"(/earth/weights: names no region)"},
      {"regions_all_zero.json", R"(/earth/weights: are all zero)"},
      {"regions_negative_weight.json", R"(/earth/weights/a: -1 is not a number from 0)"},
      {"regions_row_missing.json", R"(/earth/one_way_ms: misses "b")"},
      {"regions_entry_missing.json", R"(/earth/one_way_ms/b: misses "a")"},
      {"regions_latency_word.json", R"(/earth/one_way_ms/a/a: "near" is not a number)"},
      {"trace_header_only.csv", R"(has no rows)"},
      {"trace_two_columns.csv", R"(line 1: has 2 columns; expected peer,up_seconds,down_seconds)"},
      {"trace_word.csv", R"(line 2: down_seconds "soon" is not a number of seconds)"},
      {"trace_negative.csv", R"(line 1: up_seconds "-1" is not a number of seconds)"},
      {"trace_peer_word.csv", R"(line 1: the peer "bob" is not a whole number)"},
      {"trace_peer_unknown.csv", R"(line 2: peer 10 is not below the number of peers, 10)"},
      {"trace_reversed.csv", R"(line 1: goes down before it comes up)"},
      {"trace_overlap.csv", R"(line 1: peer 0 comes up while line 3 has it up already)"},
  };
  expect_errors("tests/data/broken/data", expected, read_data);
}

TEST(BrokenInput, FilesThatCannotBeRead) {
  EXPECT_EQ(error_of([] { read_scenario("no/such.json"); }), "no/such.json: cannot be opened; is the name right?");
  EXPECT_EQ(error_of([] { read_trace("no/such.csv", 1); }), "no/such.csv: cannot be opened; is the name right?");
  EXPECT_EQ(error_of([] { read_latency(Matrix{source_file("tests"), true}); }), source_file("tests") + ": is a folder");
}

TEST(BrokenInput, AGraphFileOfAnotherSizeThanTheScenario) {
  const TestFile file("0 1\n1 2\n");
  const GraphFile graph{GraphFile::Format::edge_list, file.name()};
  EXPECT_EQ(error_of([&] { make_graph(graph, 4, 1, "x.json: /topology"); }),
            "x.json: /topology: the file has 3 peers, but /peers says 4; leave /peers out to take the file's");
}

}  // namespace
}  // namespace gossip::sim
