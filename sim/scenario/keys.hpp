#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/field.hpp"

/// The format of scenarios as data: every key, once. The reader, the JSON Schema and the tables in docs/scenario.md are
/// made from it. To add a key, add a member to a struct in scenario.hpp and a line to its table in keys.cpp; a protocol
/// registered in core/protocols.hpp is here by itself.
namespace gossip::sim {

struct Key;
struct SweepAxis;

/// An object of the document: the keys that it may have, and how to come from the struct of the object around it to its
/// own, which is made if need be.
struct Section {
  std::string_view type;  // what its key "type" says, where there are several kinds
  std::string_view help;
  std::vector<Key> keys;
  void* (*open)(void* around);
};

// What a key may hold besides core's fields. `in` finds the member of the struct.
struct Text {
  std::string* (*in)(void* object);  // none: the text is for others
};
struct FileName {
  std::string* (*in)(void* object);  // in the document relative to the scenario's folder
};
struct PeerList {
  std::vector<std::uint32_t>* (*in)(void* object);
};
struct Rate {
  Duration* (*in)(void* object);  // the time between two
};
struct Bandwidth {
  std::uint64_t* (*in)(void* object);  // bits a second
};
struct Seed {
  std::uint64_t* (*in)(void* object);
};
struct Axes {
  std::vector<SweepAxis>* (*in)(void* object);
};
struct Either {
  std::vector<Key> kinds;  // no two of the same JSON type; without names
};
struct OneOf {
  std::vector<Section> kinds;                           // by the key "type"
  std::size_t (*chosen)(const void* object) = nullptr;  // which one it is now; none: no kind is the default
};
struct List {
  Section entry;  // opened anew for each
};

struct Key {
  using Shape =
      std::variant<Field, Text, FileName, PeerList, Rate, Bandwidth, Seed, Axes, Either, Section, OneOf, List>;

  std::string_view name, help;
  Shape shape;
  std::string_view source = {};  // where the default comes from
  std::string_view absent = {};  // what holds when it is left out, where that is no constant
  bool required = false;
  void* (*in)(void* object) = [](void* object) { return object; };  // from the section's struct to the key's
  std::string instead_of = {};  // the key that says the same, beside it or ("../key") in the object around
  bool older = false;           // a spelling that is read, but not to be written
};

const Section& scenario_format();

/// Whether such values are text in JSON.
constexpr bool is_text(Unit unit) { return unit == Unit::size || unit == Unit::duration || unit == Unit::choice; }
nlohmann::ordered_json json_of(const Field& field, const Value& value);

/// What a key that is left out says, taken from the struct, which should be a fresh one; null where there is nothing
/// to show.
nlohmann::ordered_json default_of(const Key& key, void* object);

}  // namespace gossip::sim
