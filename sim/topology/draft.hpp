#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/topology/graph.hpp"

/// What the readers of graph files share.
namespace gossip::sim {

/// A graph while its file is read. Nothing that the file says is lost in silence: a link to itself, a second link
/// between two nodes and a link in one direction are errors that name the key that allows them.
class GraphDraft {
 public:
  /// Whether a link says a direction. `unsaid`: an edge list, where a link may stand once for each direction.
  enum class Direction : std::uint8_t { none, forward, unsaid };

  /// `place`: what comes before a link's number in messages: "line ", "edge " or "/links/".
  GraphDraft(const GraphFile& spec, std::string place) : spec_(spec), place_(std::move(place)) {}

  /// A new node. Throws InputError when the name stands twice.
  std::uint32_t declare(const std::string& name, const std::string& where);
  /// The node of that name, new or known.
  std::uint32_t node(const std::string& name);
  std::optional<std::uint32_t> find(const std::string& name) const;

  void link(std::uint32_t a, std::uint32_t b, Direction direction, std::optional<std::string_view> latency,
            std::size_t number);

  /// The attribute that is the latency, empty for none; "latency_ms" unless the scenario names another.
  const std::string& attribute() const { return attribute_; }
  /// For the message when the attribute is nowhere.
  void saw(const std::string& attribute) { seen_.insert(attribute); }

  void set_place(std::string place) { place_ = std::move(place); }
  std::string where(std::size_t number) const { return spec_.path + ": " + place_ + std::to_string(number); }
  const std::string& file() const { return spec_.path; }

  /// Nodes in the order in which they were declared, or of their numbers, where all names are whole numbers and
  /// `by_number` says so.
  Graph finish(bool by_number = false);

 private:
  struct Link {
    std::uint32_t a, b, number;
    Direction direction;
    Duration latency;
  };
  Duration read_latency(std::string_view text, const std::string& where) const;
  void number_nodes();
  void merge();
  void check_group(const Link* first, const Link* last) const;
  void check_latencies() const;

  const GraphFile& spec_;
  std::string place_;
  std::string attribute_ = spec_.latency.empty() ? "latency_ms" : spec_.latency == "none" ? "" : spec_.latency;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<Link> links_;
  std::set<std::string> seen_;
};

// A reader each, in a file of its own. They throw InputError naming the file, and the place where that is known.
Graph read_edge_list(const GraphFile& file);
Graph read_graphml(const GraphFile& file);
Graph read_gml(const GraphFile& file);
Graph read_dot(const GraphFile& file);
Graph read_node_link(const GraphFile& file);

/// The file's bytes, unpacked where it is gzip's. Throws InputError when it is damaged, or larger than 2 GiB.
std::string read_packed(const std::string& file);

}  // namespace gossip::sim
