#include "core/operations.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "core/config/text.hpp"

namespace gossip {
namespace {

template <class F>
void each_kind(F&& f) {
  Overlays::each([&]<class O>() {
    Broadcasts::each([&]<class B>() { Repairs::each([&]<class R>() { f(O::name, B::name, R::name); }); });
  });
}

/// Every field of every protocol, once each, in a configuration of defaults.
std::map<const Field*, const void*> all_fields(Config& config) {
  std::map<const Field*, const void*> all;
  each_kind([&](auto overlay, auto broadcast, auto repair) {
    for (const Fields& fields : find_operations(overlay, broadcast, repair)->fields(config)) {
      for (const Field& field : fields.table) all[&field] = fields.config;
    }
  });
  // Also where no registered protocol uses it yet.
  for (const Field& field : detail::fields<History>) all[&field] = &config.of<History>();
  return all;
}

TEST(Operations, AreFoundByTheNamesOfTheProtocols) {
  each_kind([](std::string_view overlay, std::string_view broadcast, std::string_view repair) {
    const Operations* kind = find_operations(overlay, broadcast, repair);
    ASSERT_NE(kind, nullptr);
    EXPECT_EQ(kind->overlay, overlay);
    EXPECT_EQ(kind->broadcast, broadcast);
    EXPECT_EQ(kind->repair, repair);
    EXPECT_EQ(find_operations(overlay, broadcast, repair), kind) << "one for ever";
  });
  EXPECT_EQ(find_operations("sampling", "flood"), find_operations("sampling", "flood", "none"));
}

TEST(Operations, ThereIsNoneForANameThatIsNotKnown) {
  EXPECT_EQ(find_operations("tree", "flood"), nullptr);
  EXPECT_EQ(find_operations("sampling", "tree"), nullptr);
  EXPECT_EQ(find_operations("sampling", "flood", "tree"), nullptr);
  EXPECT_EQ(find_operations("Sampling", "flood"), nullptr);
}

TEST(Operations, NamesOfProtocolsAreUnique) {
  std::set<std::string_view> names;
  const auto add = [&]<class P>() {
    EXPECT_TRUE(names.insert(P::name).second) << P::name;
    EXPECT_FALSE(std::string_view(P::about).empty());
  };
  Overlays::each(add), Broadcasts::each(add), Repairs::each(add);
}

TEST(Operations, FieldsAreThoseOfThePeersOwnParts) {
  Config config;
  std::set<std::string_view> names;
  for (const Fields& fields : find_operations("fixed", "flood")->fields(config)) {
    for (const Field& field : fields.table) names.insert(field.name);
  }
  EXPECT_TRUE(names.contains("seen_ttl"));
  EXPECT_FALSE(names.contains("degree") || names.contains("history_age"));
}

TEST(Fields, NoNameStandsForTwoParameters) {
  Config config;
  std::set<std::string_view> names{"overlay", "broadcast", "repair", "seed", "self"};
  for (const auto& [field, of] : all_fields(config)) EXPECT_TRUE(names.insert(field->name).second) << field->name;
  for (const Fields& fields : find_operations("sampling", "flood")->driver_fields(config)) {
    for (const Field& field : fields.table) EXPECT_TRUE(names.insert(field.name).second) << field.name;
  }
}

TEST(Fields, EveryDefaultMayBeSaidAndHasASource) {
  Config config;
  for (const auto& [field, of] : all_fields(config)) {
    const Value value = field->get(of);
    const bool is_automatic = !field->derived.empty() && value == Value{std::int64_t{automatic}};
    EXPECT_TRUE(is_automatic || !check(*field, value)) << field->name;
    EXPECT_FALSE(field->source.empty()) << field->name;
    EXPECT_FALSE(field->help.empty()) << field->name;
    EXPECT_NE(range_text(*field), "any") << field->name;
  }
}

TEST(Fields, TheTextOfADefaultParsesToIt) {
  Config config;
  for (const auto& [field, of] : all_fields(config)) {
    const Value value = field->get(of);
    EXPECT_EQ(parse(*field, text_of(*field, value)).value, value) << field->name;
  }
}

TEST(Fields, SettingGivesBackWhatWasSetAndChangesNothingElse) {
  const Config defaults;
  Config read = defaults;
  for (const auto& [field, of] : all_fields(read)) {
    for (const Value& bound : {field->range.least, field->range.most}) {
      Config config = defaults;
      const auto fields = all_fields(config);
      void* const changed = const_cast<void*>(fields.at(field));
      field->set(changed, bound);
      for (const auto& [other, where] : fields) {
        EXPECT_EQ(other->get(where), other == field ? bound : other->get(all_fields(read).at(other)))
            << field->name << ", " << other->name;
      }
    }
  }
}

}  // namespace
}  // namespace gossip
