#include "sim/scenario/reader.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <tuple>

#include "core/config/text.hpp"
#include "sim/scenario/input_error.hpp"
#include "sim/scenario/json_input.hpp"
#include "sim/scenario/keys.hpp"
#include "sim/topology/graph.hpp"

namespace gossip::sim {
namespace {

/// The value in a message, shortened when it is a whole section.
std::string shown(const Json& value) {
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return value.is_structured() && text.size() > 40 ? "an " + std::string(value.type_name()) : text;
}

/// A name as one token of a JSON path.
std::string escaped(const std::string& name) {
  std::string token;
  for (const char c : name) token += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return token;
}

bool is_whole(const Json& value) {
  if (!value.is_number_float()) return value.is_number_integer();
  const double number = value;
  return std::abs(number) < 9e15 && number == std::floor(number);
}

std::int64_t whole_of(const Json& value) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const bool above = value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{most};
  return above ? most : value.get<std::int64_t>();
}

/// Whether a value is of the JSON type that a kind of parameter is written in, and what that is called.
struct Written {
  bool right;
  const char* expected;
};

Written written(const Field& field, const Json& value) {
  switch (field.unit) {
    case Unit::count:
    case Unit::peer:
      return {is_whole(value), "an integer"};
    case Unit::size:
      return {value.is_string(), "a size such as \"64KiB\""};
    case Unit::duration:
      return {value.is_string(), "a duration such as \"80ms\""};
    case Unit::flag:
      return {value.is_boolean(), "true or false"};
    case Unit::choice:
      return {value.is_string(), "a name"};
    case Unit::share:
    case Unit::number:
      return {value.is_number(), "a number"};
  }
  return {false, ""};
}
Written written(const PeerList&, const Json& value) { return {value.is_array(), "a list of peers"}; }
Written written(const auto&, const Json&) { return {false, ""}; }

/// Walks over a document and the tables at once: checks each value and puts it where the table says.
class Reader {
 public:
  Reader(Scenario& scenario, const Json& document)
      : scenario_(scenario), document_(document), folder_(std::filesystem::path(scenario.file).parent_path()) {}

  void read() { read_object(document_, scenario_format(), "a gossip scenario", &scenario_, ""); }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& what) const {
    throw InputError(json_where(scenario_.file, path), what);
  }
  void expect(bool right, const std::string& expected, const Json& value, const std::string& path) const {
    if (!right) fail(path, "expected " + expected + ", got " + shown(value));
  }

  void read_object(const Json& value, const Section& section, const char* expected, void* around,
                   const std::string& path) {
    expect(value.is_object(), expected, value, path);
    check_names(value, section, path);
    void* object = section.open(around);
    for (const Key& key : section.keys) {
      const auto found = value.find(key.name);
      if (found == value.end()) continue;
      const std::string at = path + '/' + std::string(key.name);
      if (!key.instead_of.empty()) check_spelling(key, path, at);
      std::visit([&](const auto& shape) { read_value(*found, shape, key.in(object), at); }, key.shape);
    }
  }

  void check_names(const Json& value, const Section& section, const std::string& path) const {
    for (const auto& [name, member] : value.items()) {
      if (std::ranges::find(section.keys, name, &Key::name) != section.keys.end()) continue;
      if (name == "type" && !section.type.empty()) continue;
      std::vector<std::string_view> known;
      if (!section.type.empty()) known.emplace_back("type");
      for (const Key& key : section.keys) {
        if (!key.older) known.push_back(key.name);
      }
      fail(path + '/' + name, "is not known; " + suggest(name, known));
    }
    for (const Key& key : section.keys) {
      if (!key.required || value.contains(key.name)) continue;
      fail(path, "misses \"" + std::string(key.name) + "\": " + std::string(key.help));
    }
  }

  /// Of two keys that say the same there may be one.
  void check_spelling(const Key& key, const std::string& path, const std::string& at) {
    const bool outside = key.instead_of.starts_with("../");
    const std::string other =
        outside ? path.substr(0, path.rfind('/')) + key.instead_of.substr(2) : path + '/' + key.instead_of;
    if (document_.contains(Json::json_pointer(other))) fail(at, "stands beside " + other + "; choose one of them");
    if (key.older) scenario_.spelling[other] = at;
  }

  void read_value(const Json& value, const Field& field, void* object, const std::string& path) {
    field.set(object, field_value(value, field, path));
  }
  Value field_value(const Json& value, const Field& field, const std::string& path) {
    if (field.unit == Unit::peer) {
      if (const auto peer = named_peer(value, path)) return Value{std::int64_t{*peer}};
    }
    const auto [right, expected] = written(field, value);
    if (field.unit == Unit::choice && !right) {
      fail(path, shown(value) + " is not a choice; " + suggest("", {field.choices.begin(), field.choices.end()}));
    }
    expect(right, expected, value, path);
    if (value.is_string()) {
      Field constant = field;
      constant.derived = {};  // what is left out is not written as ""
      const Parsed<Value> parsed = parse(constant, value.get_ref<const std::string&>());
      if (!parsed.value) fail(path, shown(value) + ' ' + parsed.problem);
      return *parsed.value;
    }
    if (value.is_boolean()) return Value{std::int64_t{value.get<bool>()}};
    const Value number = field.is_real() ? Value{value.get<double>()} : Value{whole_of(value)};
    if (const auto problem = check(field, number)) fail(path, shown(value) + ' ' + *problem);
    return number;
  }

  /// The peer that a value names, where the topology's file has names; a number is a name then too.
  std::optional<std::uint32_t> named_peer(const Json& value, const std::string& path) {
    const auto* file = std::get_if<GraphFile>(&scenario_.topology);
    const bool number = value.is_number_integer();
    if (file == nullptr || !(number || value.is_string())) return std::nullopt;
    if (!nodes_) {
      const Graph graph = make_graph(*file, 0, 0, file->path);
      nodes_ = {graph.names, graph.peers()};
    }
    const auto& [names, peers] = *nodes_;
    if (number && names.empty()) return std::nullopt;
    const std::string name = value.is_string() ? value.get<std::string>() : value.dump();
    if (const auto peer = names.find(name, peers)) return peer;
    fail(path, shown(value) + " is no node of " + file->path + ", which has " + names.some(peers));
  }

  void read_value(const Json& value, const Text& text, void* object, const std::string& path) {
    expect(value.is_string(), "a string", value, path);
    if (text.in != nullptr) *text.in(object) = value;
  }
  void read_value(const Json& value, const FileName& file, void* object, const std::string& path) {
    expect(value.is_string(), "a file's name", value, path);
    const std::string name = value;
    if (name.empty()) fail(path, "is empty; expected a file's name");
    const std::string found = (folder_ / name).lexically_normal().string();
    const std::string problem = file_problem(found);
    if (!problem.empty()) fail(path, "the file " + found + ' ' + problem);
    *file.in(object) = found;
    scenario_.files.push_back(found);
  }
  void read_value(const Json& value, const PeerList& list, void* object, const std::string& path) {
    static constexpr Field peer{{},      Unit::peer, whole(0, index(no_peer) - std::int64_t{1}), {}, {}, {}, {},
                                nullptr, nullptr};
    const auto [right, expected] = written(list, value);
    expect(right, expected, value, path);
    if (value.empty()) fail(path, "is empty; expected a list of peers");
    std::vector<std::uint32_t>& peers = *list.in(object);
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Value number = field_value(value[i], peer, path + '/' + std::to_string(i));
      peers.push_back(static_cast<std::uint32_t>(std::get<std::int64_t>(number)));
    }
  }
  void read_value(const Json& value, const Rate& rate, void* object, const std::string& path) {
    expect(value.is_string(), "a rate such as \"10/s\"", value, path);
    const Parsed<Duration> parsed = parse_rate(value.get_ref<const std::string&>());
    if (!parsed.value) fail(path, shown(value) + ' ' + parsed.problem);
    *rate.in(object) = *parsed.value;
  }
  void read_value(const Json& value, const Bandwidth& bandwidth, void* object, const std::string& path) {
    expect(value.is_string(), "a bandwidth such as \"38Mbit/s\"", value, path);
    const Parsed<std::uint64_t> parsed = parse_bandwidth(value.get_ref<const std::string&>());
    if (!parsed.value) fail(path, shown(value) + ' ' + parsed.problem);
    if (*parsed.value == 0) fail(path, shown(value) + " sends nothing; leave it out for no limit");
    *bandwidth.in(object) = *parsed.value;
  }
  void read_value(const Json& value, const Axes& axes, void* object, const std::string& path) {
    expect(value.is_object() && !value.empty(), "an object of JSON paths with a list of values each", value, path);
    std::vector<SweepAxis>& list = *axes.in(object);
    for (const auto& [name, values] : value.items()) {
      const std::string at = path + '/' + escaped(name);
      if (!name.starts_with('/')) fail(at, "is no JSON path: it begins with /, as in \"/links/loss\"");
      if (name == "/sweep" || name.starts_with("/sweep/")) fail(at, "cannot be swept: it is the sweep itself");
      expect(values.is_array() && !values.empty(), "a list of values", values, at);
      SweepAxis& axis = list.emplace_back(SweepAxis{name, {}});
      for (std::size_t i = 0; i < values.size(); ++i) {
        const std::string text = values[i].dump();
        if (std::ranges::find(axis.values, text) != axis.values.end()) {
          fail(at + '/' + std::to_string(i), shown(values[i]) + " stands twice");
        }
        axis.values.push_back(text);
      }
    }
  }
  void read_value(const Json& value, const Seed& seed, void* object, const std::string& path) {
    expect(is_whole(value), "an integer", value, path);
    if (value.get<double>() < 0) fail(path, shown(value) + " is below 0, the least allowed");
    *seed.in(object) = value;
  }

  /// The list of peers that a text names one of: where there may be one, and the text is no word of the format's.
  const PeerList* list_for_name(const Json& value, const Either& either) const {
    if (!value.is_string() || !std::holds_alternative<GraphFile>(scenario_.topology)) return nullptr;
    const PeerList* list = nullptr;
    for (const Key& kind : either.kinds) {
      const Field* field = std::get_if<Field>(&kind.shape);
      const auto is_word = [&](std::string_view word) { return word == value.get_ref<const std::string&>(); };
      if (field != nullptr && std::ranges::any_of(field->choices, is_word)) return nullptr;
      if (const auto* found = std::get_if<PeerList>(&kind.shape)) list = found;
    }
    return list;
  }
  void read_value(const Json& value, const Either& either, void* object, const std::string& path) {
    if (const PeerList* list = list_for_name(value, either)) {
      const auto peer = named_peer(value, path);
      list->in(object)->push_back(*peer);
      return;
    }
    std::string choice;
    for (const Key& kind : either.kinds) {
      const auto right = [&](const auto& shape) { return written(shape, value).right; };
      if (std::visit(right, kind.shape)) {
        return std::visit([&](const auto& shape) { read_value(value, shape, object, path); }, kind.shape);
      }
      choice.append(choice.empty() ? "" : ", or ").append(kind.help);
    }
    fail(path, "expected " + choice + "; got " + shown(value));
  }

  void read_value(const Json& value, const Section& section, void* object, const std::string& path) {
    read_object(value, section, "an object", object, path);
  }
  void read_value(const Json& value, const OneOf& choice, void* object, const std::string& path) {
    std::vector<std::string_view> types;
    for (const Section& kind : choice.kinds) types.push_back(kind.type);
    const auto type = value.is_object() ? value.find("type") : value.end();
    if (!value.is_object() || type == value.end() || !type->is_string()) {
      std::string names;
      for (const std::string_view name : types) names.append(names.empty() ? "" : ", ").append(name);
      fail(path, "expected an object with \"type\", one of " + names + "; got " + shown(value));
    }
    const std::string& name = type->get_ref<const std::string&>();
    const auto kind = std::ranges::find(choice.kinds, name, &Section::type);
    if (kind == choice.kinds.end()) fail(path + "/type", shown(*type) + " is not known; " + suggest(name, types));
    read_object(value, *kind, "an object", object, path);
  }
  void read_value(const Json& value, const List& list, void* object, const std::string& path) {
    expect(value.is_array(), "an array", value, path);
    for (std::size_t i = 0; i < value.size(); ++i) {
      read_object(value[i], list.entry, "an object", object, path + '/' + std::to_string(i));
    }
  }

  Scenario& scenario_;
  const Json& document_;
  std::filesystem::path folder_;
  std::optional<std::pair<NodeNames, std::uint32_t>> nodes_;  // of the topology's file, once a peer is named
};

/// The member that one token of a JSON pointer names, created where it is missing.
Json& step_into(Json& value, const std::string& token, const std::string& where) {
  if (value.is_null()) value = Json::object();
  if (value.is_object()) return value[token];
  if (!value.is_array())
    throw InputError(where, std::string("a ") + value.type_name() + " has nothing below it to set");
  const bool number = !token.empty() && token.size() < 10 && token.find_first_not_of("0123456789") == std::string::npos;
  const std::size_t index = token == "-" ? value.size() : number ? std::stoul(token) : value.size() + 1;
  if (index > value.size()) {
    throw InputError(where, '"' + token + "\" is no place in a list of " + std::to_string(value.size()) +
                                "; write a number, or - to append");
  }
  if (index == value.size()) value.push_back(nullptr);
  return value[index];
}

void apply(Json& document, const std::string& set) {
  const std::string where = "--set " + set;
  const std::size_t equals = set.find('=');
  if (set.empty() || set[0] != '/' || equals == std::string::npos) {
    throw InputError(where, "is not of the form /json/pointer=value, as in /links/loss=0.1");
  }
  Json* target = &document;
  try {
    std::ignore = Json(set).dump();  // throws what is not UTF-8
    Json::json_pointer pointer(set.substr(0, equals));
    std::vector<std::string> tokens;
    for (; !pointer.empty(); pointer.pop_back()) tokens.insert(tokens.begin(), pointer.back());
    for (const std::string& token : tokens) target = &step_into(*target, token, where);
  } catch (const Json::parse_error&) {
    throw InputError(where, "has a ~ that is neither ~0 nor ~1");
  } catch (const Json::type_error&) {
    throw InputError(where, "is not UTF-8");
  }
  const std::string value = set.substr(equals + 1);
  *target = Json::parse(value, nullptr, false);
  if (target->is_discarded()) *target = value;
}

Json document_of(const std::string& file, const std::vector<std::string>& sets) {
  Json document = read_json(file);
  for (const std::string& set : sets) apply(document, set);
  return document;
}

}  // namespace

std::string document_text(const std::string& file, const std::vector<std::string>& sets,
                          const std::vector<std::string>& without) {
  Json document = document_of(file, sets);
  for (const std::string& key : without) document.erase(key);
  return document.dump();
}

Scenario read_scenario(const std::string& file, const std::vector<std::string>& sets) {
  const Json document = document_of(file, sets);
  Scenario scenario;
  scenario.file = file;
  Reader(scenario, document).read();
  if (scenario.name.empty()) scenario.name = valid_utf8(std::filesystem::path(file).stem().string());
  check_scenario(scenario);
  return scenario;
}

}  // namespace gossip::sim
