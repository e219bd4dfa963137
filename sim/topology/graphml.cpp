#include <algorithm>
#include <map>
#include <pugixml.hpp>

#include "sim/scenario/input_error.hpp"
#include "sim/topology/draft.hpp"

/// GraphML (Brandes et al. 2002) as Gephi, igraph, NetworkX and yEd write it. A group of yEd's is a node that holds a
/// graph: it is a peer like those in it, since links may lead to it. Ports and geometry say nothing of a graph.
namespace gossip::sim {
namespace {

/// Without its namespace.
std::string_view local(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return name.substr(name.find(':') + 1);
}

class GraphMl {
 public:
  explicit GraphMl(const GraphFile& spec) : spec_(spec), draft_(spec, "edge ") {}

  Graph graph() {
    std::string text = read_packed(spec_.path);
    pugi::xml_document document;
    const pugi::xml_parse_result result = document.load_buffer(text.data(), text.size());
    if (!result) {
      const auto end = text.begin() + std::clamp<std::ptrdiff_t>(result.offset, 0, std::ssize(text));
      throw InputError(spec_.path + ": line " + std::to_string(1 + std::count(text.begin(), end, '\n')),
                       std::string("is not XML: ") + result.description());
    }
    const pugi::xml_node root = document.document_element();
    if (local(root) != "graphml") throw InputError(spec_.path, "is not GraphML: its root is not <graphml>");
    pugi::xml_node graph;
    for (const pugi::xml_node part : root) {
      if (local(part) == "key") key(part);
      if (local(part) != "graph") continue;
      if (graph) throw InputError(spec_.path, "has several graphs; a topology is one");
      graph = part;
    }
    if (!graph) throw InputError(spec_.path, "has no <graph>");
    nodes(graph, 0);
    edges(graph, 0);
    return draft_.finish();
  }

 private:
  /// `for` may be left out, which is "all".
  void key(const pugi::xml_node& key) {
    const std::string of = key.attribute("for").value();
    if (!of.empty() && of != "edge" && of != "all") return;
    const std::string id = key.attribute("id").value(), name = key.attribute("attr.name").as_string(id.c_str());
    draft_.saw(name);
    if (name != draft_.attribute()) return;
    for (const pugi::xml_node part : key) {
      if (local(part) == "default") default_ = part.text().get();
    }
    latency_.push_back(id);
  }

  void nodes(const pugi::xml_node& graph, int depth) {
    if (depth > 100) throw InputError(spec_.path, "nests graphs deeper than 100 levels");
    for (const pugi::xml_node part : graph) {
      if (local(part) == "hyperedge") throw InputError(spec_.path, "has a <hyperedge>; links here have two ends");
      if (local(part) != "node") continue;
      const pugi::xml_attribute id = part.attribute("id");
      if (!id) throw InputError(spec_.path, "has a <node> without an id");
      draft_.declare(id.value(), spec_.path);
      for (const pugi::xml_node inner : part) {
        if (local(inner) == "graph") nodes(inner, depth + 1);
      }
    }
  }

  void edges(const pugi::xml_node& graph, int depth) {
    const bool directed = std::string_view(graph.attribute("edgedefault").value()) == "directed";
    for (const pugi::xml_node part : graph) {
      if (local(part) == "edge") edge(part, directed);
      if (local(part) != "node") continue;
      for (const pugi::xml_node inner : part) {
        if (local(inner) == "graph") edges(inner, depth + 1);
      }
    }
  }

  void edge(const pugi::xml_node& edge, bool directed) {
    ++edges_;
    const auto end = [&](const char* name) {
      const std::string id = edge.attribute(name).value();
      const auto found = draft_.find(id);
      if (!found) {
        throw InputError(draft_.where(edges_), "has an edge to a node that is not declared: " + std::string(name) +
                                                   " \"" + id + '"');
      }
      return *found;
    };
    std::optional<std::string> latency = default_;
    for (const pugi::xml_node part : edge) {
      const bool wanted = local(part) == "data" && std::ranges::count(latency_, part.attribute("key").value()) > 0;
      if (wanted) latency = part.text().get();
    }
    const bool forward = edge.attribute("directed").as_bool(directed);
    const std::uint32_t a = end("source");
    draft_.link(a, end("target"), forward ? GraphDraft::Direction::forward : GraphDraft::Direction::none, latency,
                edges_);
  }

  const GraphFile& spec_;
  GraphDraft draft_;
  std::vector<std::string> latency_;  // the ids of its keys
  std::optional<std::string> default_;
  std::size_t edges_ = 0;
};

}  // namespace

Graph read_graphml(const GraphFile& file) { return GraphMl(file).graph(); }

}  // namespace gossip::sim
