#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/graphml.hpp>
#include <boost/graph/graphviz.hpp>
#include <boost/property_tree/detail/xml_parser_error.hpp>
#include <map>
#include <sstream>

#include "core/assert.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/json_input.hpp"
#include "sim/scenario/text_input.hpp"
#include "sim/topology/build.hpp"

namespace gossip::sim {
namespace {

constexpr Duration no_latency = -1;

template <class Id>
struct Link {
  Id a, b;
  Duration latency;
};

Duration read_latency(std::string_view field, const std::string& where) {
  const auto latency = parse_time(field, millisecond, longest_latency);
  if (!latency) {
    throw InputError(where,
                     "the latency \"" + std::string(field) + "\" is not a number of milliseconds from 0 to an hour");
  }
  return *latency;
}

/// A link that stands in the file twice, once for each direction perhaps, takes the shorter latency.
void set_latency(Graph& graph, std::uint32_t a, std::uint32_t b, Duration latency) {
  const auto row = graph.targets.begin() + static_cast<std::ptrdiff_t>(graph.offsets[a]);
  const auto end = graph.targets.begin() + static_cast<std::ptrdiff_t>(graph.offsets[a + 1ull]);
  const auto slot = std::lower_bound(row, end, PeerId{b});
  Duration& known = graph.latency[static_cast<std::size_t>(slot - graph.targets.begin())];
  known = known == no_latency ? latency : std::min(known, latency);
}

Graph build(std::size_t peers, const std::vector<Link<std::uint32_t>>& links, const std::string& file) {
  if (peers == 0 || peers >= index(no_peer)) throw InputError(file, "has " + std::to_string(peers) + " peers");
  Graph graph = from_links(static_cast<std::uint32_t>(peers), [&](auto add) {
    for (const auto& link : links) add(link.a, link.b);
  });
  for (const auto& link : links) {
    if (link.latency == no_latency || link.a == link.b) continue;
    if (graph.latency.empty()) graph.latency.assign(graph.targets.size(), no_latency);
    set_latency(graph, link.a, link.b, link.latency);
    set_latency(graph, link.b, link.a, link.latency);
  }
  return graph;
}

/// SNAP's format. The peers are numbered in the order of their ids.
Graph read_edge_list(const std::string& file) {
  std::vector<Link<std::int64_t>> links;
  std::vector<std::int64_t> ids;
  each_line(file, read_text(file), ' ', [&](const TextLine& line) {
    if (line.fields.size() < 2 || line.fields.size() > 3) {
      throw InputError(line.where(), "has " + std::to_string(line.fields.size()) +
                                         " columns; expected two peer ids and perhaps a latency in ms");
    }
    std::int64_t ends[2];
    for (int i = 0; i < 2; ++i) {
      const auto id = parse_number<std::int64_t>(line.fields[i]);
      if (!id)
        throw InputError(line.where(), "the peer id \"" + std::string(line.fields[i]) + "\" is not a whole number");
      ids.push_back(ends[i] = *id);
    }
    const bool timed = line.fields.size() == 3;
    links.push_back({ends[0], ends[1], timed ? read_latency(line.fields[2], line.where()) : no_latency});
  });
  if (links.empty()) throw InputError(file, "has no links: every line is empty or a comment");
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  const auto number = [&](std::int64_t id) {
    return static_cast<std::uint32_t>(std::ranges::lower_bound(ids, id) - ids.begin());
  };
  std::vector<Link<std::uint32_t>> numbered;
  for (const auto& link : links) numbered.push_back({number(link.a), number(link.b), link.latency});
  return build(ids.size(), numbered, file);
}

/// What Boost's GraphML parser finds. The peers are numbered in the order of the file's nodes.
class GraphMl : public boost::mutate_graph {
 public:
  explicit GraphMl(const std::string& file) : file_(file) {}

  bool is_directed() const override { return false; }
  boost::any do_add_vertex() override { return peers_++; }
  std::pair<boost::any, bool> do_add_edge(boost::any source, boost::any target) override {
    links_.push_back({boost::any_cast<std::uint32_t>(source), boost::any_cast<std::uint32_t>(target), no_latency});
    return {links_.size() - 1, true};
  }
  void set_graph_property(const std::string&, const std::string&, const std::string&) override {}
  void set_vertex_property(const std::string&, boost::any, const std::string&, const std::string&) override {}
  void set_edge_property(const std::string& name, boost::any edge, const std::string& value,
                         const std::string&) override {
    if (name != "latency_ms") return;
    auto& link = links_[boost::any_cast<std::size_t>(edge)];
    link.latency = read_latency(value, file_ + ": edge " + std::to_string(links_.size()));
  }
  std::uint32_t peers() const { return peers_; }
  Graph graph() const { return build(peers_, links_, file_); }

 private:
  const std::string& file_;
  std::uint32_t peers_ = 0;
  std::vector<Link<std::uint32_t>> links_;
};

/// Boost's parser makes a peer of every name that an edge uses, so a misspelt one would pass; this counts the real
/// ones.
std::uint32_t declared_nodes(const std::string& text) {
  constexpr std::string_view tag = "<node";
  std::uint32_t count = 0;
  for (std::size_t at = text.find(tag); at != std::string::npos; at = text.find(tag, at + 1)) {
    count += text.find_first_of(" \t\r\n/>", at) == at + tag.size() ? 1 : 0;
  }
  return count;
}

Graph read_graphml_file(const std::string& file) {
  const std::string text = read_text(file);
  std::istringstream stream(text);
  GraphMl found(file);
  try {
    boost::read_graphml(stream, found, 0);
  } catch (const boost::property_tree::xml_parser::xml_parser_error& error) {
    throw InputError(file + ": line " + std::to_string(error.line()), "is not XML: " + error.message());
  } catch (const InputError&) {
    throw;
  } catch (const std::exception& error) {  // Boost lets those of its property tree and its casts through
    throw InputError(file, std::string("is not GraphML: ") + error.what());
  }
  if (found.peers() > declared_nodes(text)) throw InputError(file, "has an edge to a node that is not declared");
  return found.graph();
}

struct DotPeer {
  std::string name;
};
struct DotLink {
  std::string latency;
};

/// The peers are numbered in the order of their names, as Boost's reader does.
template <class Direction>
Graph read_dot_as(const std::string& text, const std::string& file) {
  using Dot = boost::adjacency_list<boost::vecS, boost::vecS, Direction, DotPeer, DotLink>;
  Dot dot;
  boost::dynamic_properties properties(boost::ignore_other_properties);
  properties.property("node_id", boost::get(&DotPeer::name, dot));
  properties.property("latency_ms", boost::get(&DotLink::latency, dot));
  boost::read_graphviz(text, dot, properties, "node_id");
  std::vector<Link<std::uint32_t>> links;
  for (auto [edge, end] = boost::edges(dot); edge != end; ++edge) {
    const auto a = static_cast<std::uint32_t>(source(*edge, dot));
    const auto b = static_cast<std::uint32_t>(target(*edge, dot));
    const std::string& latency = dot[*edge].latency;
    const std::string where = file + ": edge " + dot[a].name + " - " + dot[b].name;
    links.push_back({a, b, latency.empty() ? no_latency : read_latency(latency, where)});
  }
  return build(num_vertices(dot), links, file);
}

Graph read_dot(const std::string& file) {
  const std::string text = read_text(file);
  try {
    try {
      return read_dot_as<boost::undirectedS>(text, file);
    } catch (const boost::directed_graph_error&) {
      return read_dot_as<boost::directedS>(text, file);
    }
  } catch (const InputError&) {
    throw;
  } catch (const std::exception& error) {
    throw InputError(file, std::string("is not DOT: ") + error.what());
  }
}

/// NetworkX's node-link JSON. The peers are numbered in the order of `nodes`.
class NodeLink {
 public:
  explicit NodeLink(const std::string& file) : file_(file), document_(read_json(file)) {}

  Graph graph() {
    const Json& nodes = list("nodes");
    for (std::size_t i = 0; i < nodes.size(); ++i) add_node(nodes[i], "/nodes/" + std::to_string(i));
    const std::string key = document_.contains("links") ? "links" : "edges";
    const Json& links = list(key);
    std::vector<Link<std::uint32_t>> found;
    for (std::size_t i = 0; i < links.size(); ++i) {
      const std::string path = '/' + key + '/' + std::to_string(i);
      found.push_back({end(links[i], "source", path), end(links[i], "target", path), latency(links[i], path)});
    }
    return build(numbers_.size(), found, file_);
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& what) const {
    throw InputError(json_where(file_, path), what);
  }
  const Json& list(const std::string& key) const {
    if (!document_.is_object() || !document_.contains(key) || !document_[key].is_array()) {
      fail("", "misses the list \"" + key + "\"; node-link JSON has nodes, and links or edges");
    }
    return document_[key];
  }
  void add_node(const Json& node, const std::string& path) {
    if (!node.is_object() || !node.contains("id")) fail(path, "misses \"id\"");
    const auto number = static_cast<std::uint32_t>(numbers_.size());
    if (!numbers_.emplace(node["id"], number).second) fail(path + "/id", node["id"].dump() + " stands twice");
  }
  std::uint32_t end(const Json& link, const std::string& key, const std::string& path) const {
    if (!link.is_object() || !link.contains(key)) fail(path, "misses \"" + key + '"');
    const auto found = numbers_.find(link[key]);
    if (found == numbers_.end()) fail(path + '/' + key, link[key].dump() + " is the id of no node");
    return found->second;
  }
  Duration latency(const Json& link, const std::string& path) const {
    const auto value = link.find("latency_ms");
    if (value == link.end()) return no_latency;
    return read_latency(value->dump(), json_where(file_, path + "/latency_ms"));
  }

  const std::string& file_;
  Json document_;
  std::map<Json, std::uint32_t> numbers_;
};

}  // namespace

Graph read_graph(const GraphFile& file) {
  switch (file.format) {
    case GraphFile::Format::edge_list:
      return read_edge_list(file.path);
    case GraphFile::Format::graphml:
      return read_graphml_file(file.path);
    case GraphFile::Format::dot:
      return read_dot(file.path);
    case GraphFile::Format::node_link:
      return NodeLink(file.path).graph();
  }
  GOSSIP_ASSERT(false && "a format that the reader does not know");
}

}  // namespace gossip::sim
