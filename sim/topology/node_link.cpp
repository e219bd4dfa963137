#include "sim/scenario/input_error.hpp"
#include "sim/scenario/json_input.hpp"
#include "sim/topology/draft.hpp"

namespace gossip::sim {
namespace {

/// NetworkX's node-link JSON, of its versions with `links` and with `edges`. Nodes are numbered in the order of `nodes`.
class NodeLink {
 public:
  explicit NodeLink(const GraphFile& spec)
      : spec_(spec), document_(read_json_text(read_packed(spec.path), spec.path)), draft_(spec, "/links/") {}

  Graph graph() {
    const Json& nodes = list("nodes");
    for (std::size_t i = 0; i < nodes.size(); ++i) node(nodes[i], "/nodes/" + std::to_string(i));
    const bool links = filled("links"), edges = filled("edges");
    if (links && edges) fail("/edges", "stands beside /links, and both have entries; a graph has its links in one of them");
    const std::string key = document_.contains("links") && !edges ? "links" : "edges";
    const Json& found = list(key);
    draft_.set_place('/' + key + '/');
    const auto flag = document_.find("directed");
    const bool directed = flag != document_.end() && flag->is_boolean() && flag->get<bool>();
    for (std::size_t i = 0; i < found.size(); ++i) link(found[i], '/' + key + '/' + std::to_string(i), i, directed);
    return draft_.finish();
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& what) const {
    throw InputError(json_where(spec_.path, path), what);
  }
  bool filled(const char* key) const {
    const auto found = document_.find(key);
    return found != document_.end() && found->is_array() && !found->empty();
  }
  const Json& list(const std::string& key) const {
    if (!document_.is_object() || !document_.contains(key) || !document_[key].is_array()) {
      fail("", "misses the list \"" + key + "\"; node-link JSON has nodes, and links or edges");
    }
    return document_[key];
  }
  static std::string name(const Json& id) { return id.is_string() ? id.get<std::string>() : id.dump(); }
  void node(const Json& node, const std::string& path) {
    if (!node.is_object() || !node.contains("id")) fail(path, "misses \"id\"");
    const std::string id = name(node["id"]);
    if (draft_.find(id)) fail(path + "/id", node["id"].dump() + " stands twice");
    draft_.declare(id, spec_.path);
  }
  std::uint32_t end(const Json& link, const char* key, const std::string& path) const {
    if (!link.is_object() || !link.contains(key)) fail(path, std::string("misses \"") + key + '"');
    const auto found = draft_.find(name(link[key]));
    if (!found) fail(path + '/' + key, link[key].dump() + " is the id of no node");
    return *found;
  }
  void link(const Json& link, const std::string& path, std::size_t number, bool directed) {
    const std::uint32_t a = end(link, "source", path), b = end(link, "target", path);
    std::optional<std::string> latency;
    for (const auto& [key, value] : link.items()) {
      if (number == 0) draft_.saw(key);
      if (key != draft_.attribute() || value.is_null()) continue;
      latency = name(value);
      if (value.is_string() && spec_.latency.empty()) fail(path + '/' + key, "the latency " + value.dump() + " is not a number");
    }
    draft_.link(a, b, directed ? GraphDraft::Direction::forward : GraphDraft::Direction::none, latency, number);
  }

  const GraphFile& spec_;
  Json document_;
  GraphDraft draft_;
};

}  // namespace

Graph read_node_link(const GraphFile& file) { return NodeLink(file).graph(); }

}  // namespace gossip::sim
