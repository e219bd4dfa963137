#include "core/assert.hpp"
#include "sim/topology/build.hpp"
#include "sim/topology/draft.hpp"

namespace gossip::sim {

Graph read_graph(const GraphFile& file) {
  switch (file.format) {
    case GraphFile::Format::edge_list:
      return read_edge_list(file);
    case GraphFile::Format::graphml:
      return read_graphml(file);
    case GraphFile::Format::gml:
      return read_gml(file);
    case GraphFile::Format::dot:
      return read_dot(file);
    case GraphFile::Format::node_link:
      return read_node_link(file);
  }
  GOSSIP_ASSERT(false && "a format that the reader does not know");
}

}  // namespace gossip::sim
