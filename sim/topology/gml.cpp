#include <array>
#include <cctype>

#include "core/config/units.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/topology/draft.hpp"

/// GML (Himsolt 1997): keys with numbers, texts or lists of keys in brackets, as igraph, NetworkX and Shadow write it. A
/// node's name is its `label`, or `name`, where every node has one and no two the same; otherwise its `id`.
namespace gossip::sim {
namespace {

struct Node {
  std::string id, label, name;
  std::size_t line;
};
struct Edge {
  std::string source, target;
  std::optional<std::string> latency;
  std::size_t line;
};

class Gml {
 public:
  explicit Gml(const GraphFile& spec) : spec_(spec), draft_(spec, "line "), text_(read_packed(spec.path)) {}

  Graph graph() {
    document();
    name_nodes();
    for (const Edge& edge : edges_) {
      const std::uint32_t a = end(edge.source, "source", edge.line);
      draft_.link(a, end(edge.target, "target", edge.line),
                  directed_ ? GraphDraft::Direction::forward : GraphDraft::Direction::none, edge.latency, edge.line);
    }
    return draft_.finish();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw InputError(draft_.where(line_), what); }

  void document() {
    bool found = false;
    for (std::string key = word(); !key.empty(); key = word()) {
      if (key == "]") fail("is not GML: a ] without its [");
      if (key != "graph" || !opens()) {
        skip_value(0);
        continue;
      }
      if (found) fail("has several graphs; a topology is one");
      found = true;
      members([&](const std::string& name) { member(name); });
    }
    if (!found) throw InputError(spec_.path, "is not GML: it has no graph [ … ]");
  }

  void member(const std::string& name) {
    if (name == "node" && opens()) return node();
    if (name == "edge" && opens()) return edge();
    if (name == "directed") {
      directed_ = value() == "1";
    } else {
      skip_value(0);
    }
  }

  void node() {
    Node& made = nodes_.emplace_back(Node{{}, {}, {}, line_});
    members([&](const std::string& name) {
      std::string* const place = name == "id" ? &made.id : name == "label" ? &made.label : name == "name" ? &made.name : nullptr;
      if (place != nullptr && !peek('[')) {
        *place = value();
      } else {
        skip_value(0);
      }
    });
    if (made.id.empty()) throw InputError(draft_.where(made.line), "is a node without an id");
  }

  void edge() {
    Edge& made = edges_.emplace_back(Edge{{}, {}, {}, line_});
    members([&](const std::string& name) {
      if (peek('[')) return skip_value(0);
      const std::string text = value();
      if (name == "source") {
        made.source = text;
      } else if (name == "target") {
        made.target = text;
      } else {
        draft_.saw(name);
        if (name == draft_.attribute()) made.latency = text;
      }
    });
  }

  /// Each "name value" up to the closing bracket.
  template <class Member>
  void members(Member member) {
    for (std::string name = word(); name != "]"; name = word()) {
      if (name.empty()) fail("is not GML: a [ does not end");
      member(name);
    }
  }

  void name_nodes() {
    const auto usable = [&](std::string Node::*which) {
      std::unordered_map<std::string_view, bool> once;
      for (const Node& node : nodes_) {
        if ((node.*which).empty() || !once.emplace(node.*which, true).second) return false;
      }
      return true;
    };
    const auto which = usable(&Node::label) ? &Node::label : usable(&Node::name) ? &Node::name : &Node::id;
    for (const Node& node : nodes_) {
      if (!ids_.emplace(node.id, static_cast<std::uint32_t>(ids_.size())).second) {
        throw InputError(draft_.where(node.line), "the id " + node.id + " stands twice");
      }
      draft_.declare(node.*which, draft_.where(node.line));
    }
  }

  std::uint32_t end(const std::string& id, const char* which, std::size_t line) const {
    const auto found = ids_.find(id);
    if (found != ids_.end()) return found->second;
    throw InputError(draft_.where(line), std::string("is an edge whose ") + which + " \"" + id + "\" is the id of no node");
  }

  // Words.

  void skip_blanks() {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '#') at_ = std::min(text_.find('\n', at_), text_.size());
      if (at_ == text_.size()) return;
      if (text_[at_] == '\n') ++line_;
      if (std::isspace(static_cast<unsigned char>(text_[at_])) == 0) return;
    }
  }
  bool peek(char c) {
    skip_blanks();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool opens() {
    if (!peek('[')) return false;
    ++at_;
    return true;
  }
  /// A key, a number, or a bracket; empty at the end.
  std::string word() {
    skip_blanks();
    if (at_ == text_.size()) return "";
    if (text_[at_] == '[' || text_[at_] == ']') return std::string(1, text_[at_++]);
    if (text_[at_] == '"') fail("is not GML: a text stands where a key should");
    const std::size_t end = std::min(text_.find_first_of(" \t\r\n[]\"#", at_), text_.size());
    std::string found = text_.substr(at_, end - at_);
    at_ = end;
    return found;
  }
  std::string value() {
    if (!peek('"')) {
      const std::string found = word();
      if (found.empty() || found == "]" || found == "[") fail("is not GML: a key without a value");
      return found;
    }
    const std::size_t begin = at_ + 1, end = text_.find('"', begin);
    if (end == std::string::npos) fail("is not GML: a text does not end");
    at_ = end + 1;
    const std::string raw = text_.substr(begin, end - begin);
    for (const char c : raw) line_ += c == '\n' ? 1 : 0;
    return plain(raw);
  }
  /// GML writes quotes, ampersands and what is not ASCII as HTML does.
  std::string plain(const std::string& raw) const {
    static constexpr std::array<std::pair<std::string_view, char>, 5> entities{
        {{"&quot;", '"'}, {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&apos;", '\''}}};
    std::string text;
    for (std::size_t i = 0; i < raw.size();) {
      const auto found = std::ranges::find_if(entities, [&](const auto& entity) {
        return std::string_view(raw).substr(i).starts_with(entity.first);
      });
      const std::size_t end = raw.find(';', i);
      if (found != entities.end()) {
        text += found->second;
        i += found->first.size();
      } else if (raw[i] == '&' && i + 1 < raw.size() && raw[i + 1] == '#' && end != std::string::npos) {
        const auto code = parse_number<std::uint32_t>(std::string_view(raw).substr(i + 2, end - i - 2));
        if (!code || *code == 0 || *code > 0x10'ffff) fail("has " + raw.substr(i, end + 1 - i) + ", which is no character");
        append_utf8(text, *code);
        i = end + 1;
      } else {
        text += raw[i++];
      }
    }
    return text;
  }
  static void append_utf8(std::string& text, std::uint32_t code) {
    const auto rest = [&](int shift) { text += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xc0 | code >> 6);
      rest(0);
    } else if (code < 0x1'0000) {
      text += static_cast<char>(0xe0 | code >> 12);
      rest(6);
      rest(0);
    } else {
      text += static_cast<char>(0xf0 | code >> 18);
      rest(12);
      rest(6);
      rest(0);
    }
  }
  void skip_value(int depth) {
    if (depth > 100) fail("nests deeper than 100 levels");
    if (!opens()) return void(value());
    members([&](const std::string&) { skip_value(depth + 1); });
  }

  const GraphFile& spec_;
  GraphDraft draft_;
  std::string text_;
  std::size_t at_ = 0, line_ = 1;
  bool directed_ = false;
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::unordered_map<std::string, std::uint32_t> ids_;
};

}  // namespace

Graph read_gml(const GraphFile& file) { return Gml(file).graph(); }

}  // namespace gossip::sim
