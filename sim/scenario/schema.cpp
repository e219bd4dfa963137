#include <algorithm>

#include "core/config/text.hpp"
#include "sim/scenario/keys.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/scenario/scenario.hpp"

namespace gossip::sim {
namespace {

using Schema = nlohmann::ordered_json;

Schema definition(const char* name) { return {{"$ref", std::string("#/$defs/") + name}}; }

Schema of_number(const Field& field) {
  const Range& range = field.range;
  return {{"type", field.is_real() ? "number" : "integer"},
          {range.open_least ? "exclusiveMinimum" : "minimum", json_of(field, range.least)},
          {range.open_most ? "exclusiveMaximum" : "maximum", json_of(field, range.most)}};
}

Schema of_section(const Section& section, void* around);

/// What JSON Schema has for each kind of value. `object` is the struct that the key is in, with its defaults.
struct SchemaOf {
  void* object;

  Schema operator()(const Field& field) const {
    if (field.unit == Unit::size) return definition("size");
    if (field.unit == Unit::duration) return definition("duration");
    if (field.unit == Unit::flag) return {{"type", "boolean"}};
    if (field.unit != Unit::choice) return of_number(field);
    Schema names = Schema::array();
    for (const std::string_view name : field.choices) names.push_back(name);
    return {{"enum", names}};
  }
  Schema operator()(const Text&) const { return {{"type", "string"}}; }
  Schema operator()(const FileName&) const { return definition("file"); }
  Schema operator()(const PeerList&) const { return definition("peers"); }
  Schema operator()(const Rate&) const { return definition("rate"); }
  Schema operator()(const Bandwidth&) const { return definition("bandwidth"); }
  Schema operator()(const Axes&) const {
    const Schema values{{"type", "array"}, {"minItems", 1}, {"uniqueItems", true}};
    return {{"type", "object"},
            {"minProperties", 1},
            {"additionalProperties", false},
            {"patternProperties", {{"^/", values}}}};
  }
  Schema operator()(const Seed&) const { return {{"type", "integer"}, {"minimum", 0}, {"maximum", ~std::uint64_t{0}}}; }
  Schema operator()(const Section& section) const { return of_section(section, object); }
  Schema operator()(const List& list) const { return {{"type", "array"}, {"items", of_section(list.entry, object)}}; }
  Schema operator()(const Either& either) const {
    Schema kinds = Schema::array();
    for (const Key& kind : either.kinds) {
      if (std::holds_alternative<PeerList>(kind.shape)) kinds.push_back(of_name(either));
      kinds.push_back({{"title", kind.help}});
      kinds.back().update(std::visit(*this, kind.shape));
    }
    return {{"oneOf", kinds}};
  }
  /// Where peers may be listed, a node's name is one of them; other words mean what they say.
  static Schema of_name(const Either& either) {
    Schema name{{"title", "a node of the topology's file"}, {"type", "string"}};
    for (const Key& kind : either.kinds) {
      const Field* field = std::get_if<Field>(&kind.shape);
      if (field == nullptr || field->unit != Unit::choice) continue;
      name["not"] = {{"enum", Schema::array()}};
      for (const std::string_view word : field->choices) name["not"]["enum"].push_back(word);
    }
    return name;
  }
  Schema operator()(const OneOf& choice) const {
    Schema kinds = Schema::array();
    for (const Section& kind : choice.kinds) kinds.push_back(of_section(kind, object));
    return {{"oneOf", kinds}};
  }
};

/// A pattern cannot say what the bounds of a duration or a size are; a person can read it.
std::string bounds(const Key& key) {
  const Field* field = std::get_if<Field>(&key.shape);
  const bool said = field != nullptr && (field->unit == Unit::size || field->unit == Unit::duration);
  return said && field->range.least != field->range.most ? " (" + range_text(*field) + ')' : "";
}

Schema of_key(const Key& key, void* object) {
  const Schema standard = default_of(key, object);
  const std::string absent = key.absent.empty() ? "" : "; left out: " + std::string(key.absent);
  Schema schema{{"description", std::string(key.help) + bounds(key) + absent}};
  schema.update(std::visit(SchemaOf{key.in(object)}, key.shape));
  if (key.older) {
    schema["description"] = "older spelling of " + key.instead_of;
    schema["deprecated"] = true;
  } else if (!standard.is_null()) {
    schema["default"] = standard;
  }
  return schema;
}

Schema of_section(const Section& section, void* around) {
  void* object = section.open(around);
  Schema required = Schema::array(), properties = Schema::object();
  if (!section.type.empty()) {
    required.push_back("type");
    properties["type"] = {{"const", section.type}};
  }
  for (const Key& key : section.keys) {
    if (key.required) required.push_back(key.name);
    properties[std::string(key.name)] = of_key(key, object);
  }
  Schema schema{{"title", section.help}, {"type", "object"}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = required;
  schema["properties"] = properties;
  return schema;
}

Schema definitions() {
  const auto text = [](const char* title, const char* pattern) {
    return Schema{{"title", title}, {"type", "string"}, {"pattern", pattern}};
  };
  const Schema number{{"type", "integer"}, {"minimum", 0}, {"maximum", index(no_peer) - 1}};
  const Schema peer{{"oneOf", {number, {{"title", "a node of the topology's file"}, {"type", "string"}}}}};
  return {{"duration", text("a duration such as \"80ms\"", duration_pattern)},
          {"size", text("a size such as \"64KiB\"", size_pattern)},
          {"rate", text("a rate such as \"10/s\"", rate_pattern)},
          {"bandwidth", text("a bandwidth such as \"38Mbit/s\"", bandwidth_pattern)},
          {"file", {{"title", "a file's name"}, {"type", "string"}, {"minLength", 1}}},
          {"peers", {{"title", "a list of peers"}, {"type", "array"}, {"minItems", 1}, {"items", peer}}}};
}

}  // namespace

std::string scenario_schema() {
  Scenario defaults;
  Schema schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}};
  schema.update(of_section(scenario_format(), &defaults));
  schema["$defs"] = definitions();
  return schema.dump(2) + '\n';
}

}  // namespace gossip::sim
