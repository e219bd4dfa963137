#include <algorithm>
#include <functional>

#include "core/config/text.hpp"
#include "sim/scenario/json_input.hpp"
#include "sim/scenario/keys.hpp"
#include "sim/scenario/reader.hpp"
#include "tests/docs.hpp"
#include "tests/sim/input_files.hpp"

/// What is made from the tables of keys: scenarios/scenario.schema.json, and the tables of docs/scenario.md.
namespace gossip::sim {
namespace {

/// What may be written, in a cell of a table.
struct Written {
  std::string operator()(const Field& field) const {
    const auto ranged = [&](const char* what) {
      return field.range.least == field.range.most ? what : what + (", " + range_text(field));
    };
    switch (field.unit) {
      case Unit::choice: {
        std::string names;
        for (const std::string_view name : field.choices)
          names.append(names.empty() ? "`\"" : ", `\"").append(name) += "\"`";
        return names;
      }
      case Unit::flag:
        return "`true`, `false`";
      case Unit::peer:
        return "peer";
      case Unit::size:
        return ranged("size");
      case Unit::duration:
        return ranged("duration");
      case Unit::share:
        return field.range.open_least ? ranged("share") : "share";
      default:
        return ranged("number");
    }
  }
  std::string operator()(const Text&) const { return "text"; }
  std::string operator()(const FileName&) const { return "file"; }
  std::string operator()(const PeerList&) const { return "list of peers"; }
  std::string operator()(const Rate&) const { return "rate"; }
  std::string operator()(const Bandwidth&) const { return "bandwidth"; }
  std::string operator()(const Axes&) const { return "object of lists"; }
  std::string operator()(const Seed&) const { return "number, 0 to 18446744073709551615"; }
  std::string operator()(const Section&) const { return "object"; }
  std::string operator()(const OneOf&) const { return "object"; }
  std::string operator()(const List&) const { return "list"; }
  std::string operator()(const Either& either) const {
    std::string text;
    for (const Key& kind : either.kinds) text += (text.empty() ? "" : ", or ") + std::visit(*this, kind.shape);
    return text;
  }
};

std::string default_cell(const Key& key, void* object) {
  if (key.required) return "needed";
  const nlohmann::ordered_json value = default_of(key, object);
  return value.is_null() ? std::string(key.absent) : '`' + value.dump() + '`';
}

class Table {
 public:
  explicit Table(std::string type)
      : rows_{{std::move(type), "key", "value", "default", "meaning", "the default is from"}} {}

  void add(const Section& section, void* around, const auto& listed) {
    void* object = section.open(around);
    if (!section.type.empty()) add_title('`' + std::string(section.type) + '`', section.help);
    for (const Key& key : section.keys) {
      if (key.older || !listed(key)) continue;
      rows_.push_back({"", '`' + std::string(key.name) + '`', std::visit(Written{}, key.shape),
                       default_cell(key, object), std::string(key.help), std::string(key.source)});
    }
  }
  void add(const Section& section, void* around) {
    add(section, around, [](const Key&) { return true; });
  }
  /// What all kinds have comes first, once.
  void add(const OneOf& choice, void* around) {
    const auto has = [](const Section& kind, const Key& key) {
      return std::ranges::any_of(kind.keys, [&](const Key& k) { return k.name == key.name && k.help == key.help; });
    };
    const auto shared = [&](const Key& key) {
      return choice.kinds.size() > 1 &&
             std::ranges::all_of(choice.kinds, [&](const auto& kind) { return has(kind, key); });
    };
    if (std::ranges::any_of(choice.kinds.front().keys, shared)) {
      Section all = choice.kinds.front();
      all.type = {};
      add_title("every one", "what all of them have");
      add(all, around, shared);
    }
    for (const Section& kind : choice.kinds) add(kind, around, std::not_fn(shared));
  }
  std::string text() const { return gossip::test::markdown(rows_); }

 private:
  void add_title(const std::string& type, std::string_view help) {
    rows_.push_back({type, "", "", "", std::string(help), ""});
  }
  gossip::test::Rows rows_;
};

/// The table of the section at a path such as "/protocol/overlay"; of "/", the whole file's.
std::string table_at(const std::string& path) {
  Scenario defaults;
  void* object = &defaults;
  const Section* section = &scenario_format();
  const OneOf* choice = nullptr;
  std::string name;
  std::istringstream names(path.substr(1));
  while (std::getline(names, name, '/')) {
    if (choice != nullptr) section = &choice->kinds.front();
    object = section->open(object);
    const auto key = std::ranges::find(section->keys, name, &Key::name);
    if (key == section->keys.end()) return "nothing stands at " + path + '\n';
    object = key->in(object);
    choice = std::get_if<OneOf>(&key->shape);
    const List* list = std::get_if<List>(&key->shape);
    section = list != nullptr ? &list->entry : std::get_if<Section>(&key->shape);
  }
  Table table(choice == nullptr ? "" : '`' + name + ".type`");
  choice == nullptr ? table.add(*section, object) : table.add(*choice, object);
  return table.text();
}

TEST(ScenarioTables, AreThoseOfTheDocumentation) {
  gossip::test::expect_tables(source_file("docs/scenario.md"),
                              [](const std::string& name) -> std::optional<std::string> {
                                if (!name.starts_with('/')) return std::nullopt;
                                return table_at(name);
                              });
}

TEST(ScenarioTables, MakeTheShippedSchema) {
  gossip::test::expect_file(source_file("scenarios/scenario.schema.json"), scenario_schema());
}

/// Calls visit(key) for every key, on all levels.
void each_key(const Section& section, const auto& visit) {
  for (const Key& key : section.keys) {
    visit(key);
    if (const auto* inner = std::get_if<Section>(&key.shape)) each_key(*inner, visit);
    if (const auto* list = std::get_if<List>(&key.shape)) each_key(list->entry, visit);
    if (const auto* choice = std::get_if<OneOf>(&key.shape)) {
      for (const Section& kind : choice->kinds) each_key(kind, visit);
    }
  }
}

TEST(ScenarioTables, EveryKeyIsInTheDocumentationAndSaysWhatItMeans) {
  const std::string text = read_text(source_file("docs/scenario.md"));
  int keys = 0;
  each_key(scenario_format(), [&](const Key& key) {
    ++keys;
    EXPECT_FALSE(key.help.empty()) << key.name;
    EXPECT_NE(text.find('`' + std::string(key.name) + '`'), std::string::npos) << key.name;
  });
  EXPECT_GT(keys, 80);
}

/// A default outside of its own range could not be written down.
TEST(ScenarioTables, DefaultsAreInRange) {
  const auto check_all = [](const auto& fields, const auto& config) {
    for (const Field& field : fields) {
      const Value value = field.get(&config);
      if (text_of(field, value).empty()) continue;
      EXPECT_EQ(check(field, value), std::nullopt) << field.name;
      EXPECT_EQ(parse(field, text_of(field, value)).value, value) << field.name;
    }
  };
  const Config config;
  const auto part = [&]<class P>() { check_all(P::Config::fields(), config.of<P>()); };
  Overlays::each(part);
  Broadcasts::each(part);
  Repairs::each(part);
  check_all(IntakeConfig::fields(), config.of<Intake>());
  check_all(HistoryConfig::fields(), config.of<History>());
}

}  // namespace
}  // namespace gossip::sim
