#include "sim/scenario/json_input.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include "sim/scenario/input_error.hpp"
#include "core/config/units.hpp"

namespace gossip::sim {
namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

/// `did you mean "degree"?` when one is near, otherwise the whole choice.
std::string suggest(const std::string& wrong, const std::vector<std::string>& known) {
  const auto nearer = [&](const std::string& a, const std::string& b) {
    return edit_distance(wrong, a) < edit_distance(wrong, b);
  };
  const auto nearest = std::ranges::min_element(known, nearer);
  if (nearest != known.end() && edit_distance(wrong, *nearest) <= 1 + nearest->size() / 3) {
    return "did you mean \"" + *nearest + "\"?";
  }
  std::string text = "known here:";
  for (const std::string& name : known) text += (name == known.front() ? " " : ", ") + name;
  return text;
}

bool is_whole(const Json& value) {
  if (!value.is_number_float()) return value.is_number_integer();
  const double number = value;
  return std::abs(number) < 9e15 && number == std::floor(number);
}

bool has_type(const Json& value, const std::string& type) {
  if (type == "integer") return is_whole(value);
  if (type == "number") return value.is_number();
  return type == value.type_name();
}

std::string with_article(const std::string& type) {
  return (type == "integer" || type == "object" || type == "array" ? "an " : "a ") + type;
}

/// The value in a message, shortened when it is a whole section.
std::string shown(const Json& value) {
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return value.is_structured() && text.size() > 40 ? "an " + std::string(value.type_name()) : text;
}

std::string expectation(const Json& schema) {
  if (schema.contains("title")) return schema["title"];
  return schema.contains("type") ? with_article(schema["type"]) : "another value";
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [key, value] : object.items()) names.push_back(key);
  return names;
}

class Checker {
 public:
  Checker(const Json& root, const std::string& file) : root_(root), file_(file) {}

  void check(const Json& value, const Json& schema, const std::string& path) const {
    if (schema.contains("$ref")) {
      check(value, resolve(schema, root_), path);
      if (value.is_string()) check_unit(value, schema["$ref"], path);
      return;
    }
    if (schema.contains("oneOf")) return check_choice(value, schema, path);
    if (schema.contains("enum")) check_enum(value, schema, path);
    if (!schema.contains("type")) return;
    if (!has_type(value, schema["type"])) fail(path, "expected " + expectation(schema) + ", got " + shown(value));
    if (value.is_number()) check_bounds(value, schema, path);
    if (value.is_object()) check_object(value, schema, path);
    if (value.is_array()) check_array(value, schema, path);
    if (value.is_string() && schema.contains("minLength") && value.get_ref<const std::string&>().empty()) {
      fail(path, "is empty; expected " + expectation(schema));
    }
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& what) const {
    throw InputError(json_where(file_, path), what);
  }

  void check_unit(const std::string& text, const std::string& ref, const std::string& path) const {
    const std::string where = json_where(file_, path);
    if (ref.ends_with("/duration")) parse_duration(text, where);
    if (ref.ends_with("/size")) parse_size(text, where);
    if (ref.ends_with("/rate")) parse_rate(text, where);
  }

  void check_enum(const Json& value, const Json& schema, const std::string& path) const {
    const std::vector<std::string> names = schema["enum"];
    const std::string got = value.is_string() ? value.get<std::string>() : value.dump();
    if (value.is_string() && std::ranges::find(names, got) != names.end()) return;
    fail(path, shown(value) + " is not a choice; " + suggest(got, names));
  }

  void check_bounds(const Json& value, const Json& schema, const std::string& path) const {
    if (schema.contains("minimum") && value < schema["minimum"]) {
      fail(path, shown(value) + " is below " + shown(schema["minimum"]) + ", the least allowed");
    }
    if (schema.contains("maximum") && value > schema["maximum"]) {
      fail(path, shown(value) + " is above " + shown(schema["maximum"]) + ", the most allowed");
    }
    if (schema.contains("exclusiveMinimum") && value <= schema["exclusiveMinimum"]) {
      fail(path, shown(value) + " is not above " + shown(schema["exclusiveMinimum"]));
    }
    if (schema.contains("exclusiveMaximum") && value >= schema["exclusiveMaximum"]) {
      fail(path, shown(value) + " is not below " + shown(schema["exclusiveMaximum"]));
    }
  }

  void check_object(const Json& value, const Json& schema, const std::string& path) const {
    const Json& properties = schema["properties"];
    for (const auto& [key, member] : value.items()) {
      if (!properties.contains(key)) fail(path + '/' + key, "is not known; " + suggest(key, keys(properties)));
    }
    for (const std::string key : schema.value("required", Json::array())) {
      if (!value.contains(key)) fail(path, "misses \"" + key + "\": " + describe(properties[key]));
    }
    for (const auto& [key, member] : value.items()) check(member, properties[key], path + '/' + key);
  }

  std::string describe(const Json& property) const {
    if (property.contains("description")) return property["description"];
    return expectation(resolve(property, root_));
  }

  void check_array(const Json& value, const Json& schema, const std::string& path) const {
    if (value.size() < schema.value("minItems", 0u)) fail(path, "is empty; expected " + expectation(schema));
    for (std::size_t i = 0; i < value.size(); ++i) check(value[i], schema["items"], path + '/' + std::to_string(i));
  }

  void check_choice(const Json& value, const Json& schema, const std::string& path) const {
    if (const Json* branch = find_branch(schema, root_, value)) return check(value, *branch, path);
    std::vector<std::string> names;
    for (const Json& branch : schema["oneOf"]) {
      if (branch.contains("properties")) names.push_back(branch["properties"]["type"]["const"]);
    }
    if (!names.empty() && value.is_object() && value.contains("type") && value["type"].is_string()) {
      fail(path + "/type", shown(value["type"]) + " is not known; " + suggest(value["type"], names));
    }
    std::string choice;
    for (const std::string& name : names) choice += (choice.empty() ? "" : ", ") + name;
    if (!names.empty()) fail(path, "expected an object with \"type\", one of " + choice + "; got " + shown(value));
    for (const Json& branch : schema["oneOf"]) {
      choice += (choice.empty() ? "" : ", or ") + expectation(branch);
    }
    fail(path, "expected " + choice + "; got " + shown(value));
  }

  const Json& root_;
  const std::string& file_;
};

/// What nlohmann_json lets pass: it keeps the last of two equal keys in silence, and nests without an end, which later
/// recursions would not survive.
class Strictness {
 public:
  explicit Strictness(const std::string& file) : file_(file) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > most_depth) throw InputError(file_, "nests deeper than " + std::to_string(most_depth) + " levels");
    if (event == Json::parse_event_t::object_start) open_.emplace_back();
    if (event == Json::parse_event_t::object_end) open_.pop_back();
    if (event == Json::parse_event_t::key && !open_.back().insert(parsed.get<std::string>()).second) {
      throw InputError(file_, "the key " + parsed.dump() + " stands twice in one object");
    }
    return true;
  }

 private:
  static constexpr int most_depth = 100;
  const std::string& file_;
  std::vector<std::set<std::string>> open_;
};

}  // namespace

std::string json_where(const std::string& file, const std::string& path) {
  return file + ": " + (path.empty() ? "/" : path);
}

std::string read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw InputError(file, "cannot be opened; is the name right?");
  std::ostringstream text;
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (in.bad() || text.fail()) throw InputError(file, "cannot be read; is it a folder?");
  return std::move(text).str();
}

Json read_json(const std::string& file) {
  const std::string text = read_text(file);
  try {
    return Json::parse(text, Strictness(file), true, true);
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: syntax error while …"
    const std::string message = error.what();
    const std::size_t start = message.find("at line");
    throw InputError(file, "broken JSON " + (start == std::string::npos ? message : message.substr(start)));
  } catch (const Json::out_of_range& error) {
    const std::string message = error.what();  // "[json.exception.out_of_range.406] number overflow parsing '1e999'"
    throw InputError(file, "broken JSON:" + message.substr(message.find(']') + 1));
  }
}

const Json& resolve(const Json& schema, const Json& root) {
  const auto ref = schema.find("$ref");
  return ref == schema.end() ? schema : root[Json::json_pointer(ref->get<std::string>().substr(1))];
}

const Json* find_branch(const Json& schema, const Json& root, const Json& value) {
  for (const Json& entry : schema["oneOf"]) {
    const Json& branch = resolve(entry, root);
    if (branch.contains("properties")) {
      if (value.is_object() && value.contains("type") && value["type"] == branch["properties"]["type"]["const"]) {
        return &branch;
      }
    } else if (branch.contains("enum") ? value.is_string() : has_type(value, branch["type"])) {
      return &branch;
    }
  }
  return nullptr;
}

void check_json(const Json& document, const Json& schema, const std::string& file) {
  Checker(schema, file).check(document, schema, "");
}

}  // namespace gossip::sim
