#include <graphviz/cgraph.h>

#include <memory>

#include "sim/scenario/input_error.hpp"
#include "sim/topology/draft.hpp"

/// DOT, read by Graphviz itself. Nodes are numbered as the file names them first.
namespace gossip::sim {
namespace {

thread_local std::string first_problem;

int note_problem(char* text) {
  if (first_problem.size() < 300) first_problem += text;
  return 0;
}

struct Close {
  void operator()(Agraph_t* graph) const { agclose(graph); }
};

/// One line, without the name of the input that Graphviz makes up.
std::string problem() {
  std::string text = first_problem;
  for (const std::string_view made_up : {"Error: ", "<unknown>: ", "(null): "}) {
    if (const std::size_t at = text.find(made_up); at != std::string::npos) text.erase(at, made_up.size());
  }
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text.empty() ? "no graph in it" : text;
}

}  // namespace

Graph read_dot(const GraphFile& file) {
  const std::string text = read_packed(file.path);
  if (text.find('\0') != std::string::npos) throw InputError(file.path, "is not DOT: it has a zero byte");
  first_problem.clear();
  agseterrf(note_problem);
  const std::unique_ptr<Agraph_t, Close> dot(agmemread(text.c_str()));
  if (!dot) throw InputError(file.path, "is not DOT: " + problem());
  GraphDraft draft(file, "edge ");
  for (Agnode_t* node = agfstnode(dot.get()); node != nullptr; node = agnxtnode(dot.get(), node)) {
    draft.declare(agnameof(node), file.path);
  }
  for (Agsym_t* known = nullptr; (known = agnxtattr(dot.get(), AGEDGE, known)) != nullptr;) draft.saw(known->name);
  std::string attribute = draft.attribute();
  Agsym_t* latency = attribute.empty() ? nullptr : agattr(dot.get(), AGEDGE, attribute.data(), nullptr);
  const auto direction = agisdirected(dot.get()) ? GraphDraft::Direction::forward : GraphDraft::Direction::none;
  std::size_t number = 0;
  for (Agnode_t* node = agfstnode(dot.get()); node != nullptr; node = agnxtnode(dot.get(), node)) {
    for (Agedge_t* edge = agfstout(dot.get(), node); edge != nullptr; edge = agnxtout(dot.get(), edge)) {
      const std::string value = latency == nullptr ? "" : agxget(edge, latency);
      const auto given = value.empty() ? std::nullopt : std::optional<std::string_view>(value);
      const std::uint32_t a = *draft.find(agnameof(agtail(edge)));
      draft.link(a, *draft.find(agnameof(aghead(edge))), direction, given, ++number);
    }
  }
  return draft.finish();
}

}  // namespace gossip::sim
