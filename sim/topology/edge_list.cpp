#include <algorithm>
#include <cctype>

#include "sim/scenario/input_error.hpp"
#include "sim/scenario/text_input.hpp"
#include "sim/topology/draft.hpp"

namespace gossip::sim {
namespace {

using Fields = std::vector<std::string>;
using Direction = GraphDraft::Direction;

constexpr std::string_view blank = " \t\r";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// One line's fields. Quotes hold a name together, twice a quote is one; braces hold attributes together.
class LineSplitter {
 public:
  LineSplitter(std::string_view line, bool commas, const std::string& where)
      : line_(line), commas_(commas), where_(where) {}

  Fields fields() {
    Fields found;
    for (skip(); at_ < line_.size(); skip()) {
      found.push_back(field());
      skip();
      if (!commas_ || at_ == line_.size()) continue;
      if (line_[at_++] != ',') throw InputError(where_, "has something after a quote that is no comma");
      skip();
      if (at_ == line_.size()) found.emplace_back();
    }
    return found;
  }

 private:
  void skip() {
    while (at_ < line_.size() && blank.find(line_[at_]) != std::string_view::npos) ++at_;
  }
  std::string field() {
    if (line_[at_] == '"') return quoted();
    if (line_[at_] == '{') return braces();
    const std::size_t end = std::min(commas_ ? line_.find(',', at_) : line_.find_first_of(blank, at_), line_.size());
    std::string text(line_.substr(at_, end - at_));
    at_ = end;
    text.erase(text.find_last_not_of(blank) + 1);
    return text;
  }
  std::string quoted() {
    std::string text;
    for (++at_; at_ < line_.size(); ++at_) {
      if (line_[at_] != '"') {
        text += line_[at_];
      } else if (at_ + 1 < line_.size() && line_[at_ + 1] == '"') {
        text += line_[at_++];
      } else {
        ++at_;
        return text;
      }
    }
    throw InputError(where_, "has a quote that does not end");
  }
  std::string braces() {
    const std::size_t end = line_.rfind('}');
    if (end == std::string_view::npos || end < at_) throw InputError(where_, "has a { that does not end");
    std::string text(line_.substr(at_, end + 1 - at_));
    at_ = end + 1;
    return text;
  }

  std::string_view line_;
  bool commas_;
  const std::string& where_;
  std::size_t at_ = 0;
};

/// NetworkX's attributes, as Python writes a dictionary of numbers and texts.
class Attributes {
 public:
  Attributes(std::string_view text, const std::string& where) : text_(text.substr(1)), where_(where) {}

  template <class Visit>
  void each(Visit visit) {
    for (skip(); !take('}'); skip()) {
      const std::string key = value();
      if (!take(':')) fail();
      visit(key, value());
      if (!take(',') && (text_.empty() || text_[0] != '}')) fail();
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw InputError(where_, "has attributes that are not of the form {'name': value, …}");
  }
  void skip() { text_.remove_prefix(std::min(text_.find_first_not_of(blank), text_.size())); }
  bool take(char c) {
    skip();
    if (text_.empty()) fail();
    if (text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string value() {
    skip();
    if (text_.empty()) fail();
    const char quote = text_[0];
    const bool quoted = quote == '\'' || quote == '"';
    const std::size_t end = quoted ? text_.find(quote, 1) : text_.find_first_of(",:} \t");
    if (end == std::string_view::npos || end == 0) fail();
    const std::string found(quoted ? text_.substr(1, end - 1) : text_.substr(0, end));
    text_.remove_prefix(quoted ? end + 1 : end);
    return found;
  }

  std::string_view text_;
  const std::string& where_;
};

class EdgeList {
 public:
  explicit EdgeList(const GraphFile& spec) : spec_(spec), draft_(spec, "line ") {}

  Graph graph() {
    const std::string text = read_packed(spec_.path);
    each_line(spec_.path, text, '\n', [&](const TextLine& line) {
      const std::string where = line.where();
      const std::string_view whole = line.fields[0];
      if (!begun_) commas_ = whole.substr(0, whole.find('{')).find(',') != std::string_view::npos;
      Fields fields = LineSplitter(whole, commas_, where).fields();
      if (!begun_ && header(fields)) return;
      begun_ = true;
      row(fields, line.number, where);
    });
    if (!some_) throw InputError(spec_.path, "has no links: every line is empty or a comment");
    return draft_.finish(true);
  }

 private:
  static constexpr std::size_t none = ~std::size_t{0};

  /// Gephi's "Source,Target,…"; the columns are known by name then.
  bool header(const Fields& fields) {
    begun_ = true;
    if (fields.size() < 2) return false;
    const std::string first = lower(fields[0]), second = lower(fields[1]);
    if (!(first == "source" && second == "target") && !(first == "from" && second == "to")) return false;
    columns_ = fields.size();
    for (std::size_t i = 2; i < fields.size(); ++i) {
      draft_.saw(fields[i]);
      if (fields[i] == draft_.attribute()) latency_ = i;
      if (lower(fields[i]) == "type") type_ = i;
    }
    return true;
  }

  void row(Fields& fields, std::size_t number, const std::string& where) {
    std::optional<std::string> latency;
    if (fields.size() > 2 && fields.back().starts_with('{')) {
      Attributes(fields.back(), where).each([&](const std::string& key, const std::string& value) {
        draft_.saw(key);
        if (key == draft_.attribute()) latency = value;
      });
      fields.pop_back();
    }
    check_columns(fields, where);
    const std::size_t column = columns_ != 0 ? latency_ : named_column();
    if (column < fields.size() && !fields[column].empty()) latency = fields[column];
    if (fields[0].empty() || fields[1].empty()) throw InputError(where, "has a node without a name");
    const std::uint32_t a = draft_.node(fields[0]);
    draft_.link(a, draft_.node(fields[1]), direction(fields), latency, number);
    some_ = true;
  }

  /// Without a header: the one that the scenario numbers, or the third.
  std::size_t named_column() const {
    if (spec_.latency.empty()) return 2;
    const auto number = parse_number<std::uint32_t>(spec_.latency);
    return number && *number > 2 ? *number - 1 : none;
  }
  void check_columns(const Fields& fields, const std::string& where) const {
    const std::string has = "has " + std::to_string(fields.size()) + " columns; expected ";
    if (columns_ != 0) {
      if (fields.size() != columns_) throw InputError(where, has + std::to_string(columns_) + ", as the header has");
      return;
    }
    if (fields.size() >= 2 && (fields.size() <= 3 || !spec_.latency.empty())) return;
    throw InputError(where, has + "two nodes and perhaps a latency in ms; a name with blanks in it stands in quotes, and "
                                  "/topology/latency says which of more columns is the latency");
  }
  Direction direction(const Fields& fields) const {
    if (type_ == none) return Direction::unsaid;
    return lower(fields[type_]) == "directed" ? Direction::forward : Direction::none;
  }

  const GraphFile& spec_;
  GraphDraft draft_;
  bool begun_ = false, commas_ = false, some_ = false;
  std::size_t columns_ = 0;  // of the header
  std::size_t latency_ = none, type_ = none;
};

}  // namespace

Graph read_edge_list(const GraphFile& file) { return EdgeList(file).graph(); }

}  // namespace gossip::sim
