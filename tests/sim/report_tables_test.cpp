#include <set>

#include "sim/report/report.hpp"
#include "tests/docs.hpp"

/// The tables of docs/scenario.md that say what a report has.
namespace gossip::sim {
namespace {

template <class All, class Get>
std::string table_of(const char* what, const All& all, Get&& named) {
  gossip::test::Rows rows{{what, "unit", "meaning"}};
  for (const auto& entry : all) {
    const Named& n = named(entry);
    rows.push_back({'`' + std::string(n.name) + '`', std::string(n.unit), std::string(n.help)});
  }
  return gossip::test::markdown(rows);
}

std::optional<std::string> table(const std::string& name) {
  const auto itself = [](const Named& named) { return named; };
  if (name == "report") return table_of("key", metrics(), [](const Metric& metric) { return metric.named; });
  if (name == "messages.csv") {
    return table_of("column", message_columns(), [](const MessageColumn& column) { return column.named; });
  }
  if (name == "misses") return table_of("reason", miss_names, itself);
  if (name == "drops") return table_of("reason", reasons, itself);
  if (name == "transport_drops") return table_of("reason", transport_drops, itself);
  return std::nullopt;
}

TEST(ReportTables, AreThoseOfTheDocumentation) {
  gossip::test::expect_tables(GOSSIP_SOURCE_DIR "/docs/scenario.md", table);
}

TEST(ReportTables, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const Metric& metric : metrics()) EXPECT_TRUE(names.insert(metric.named.name).second) << metric.named.name;
  names.clear();
  for (const Named& reason : reasons) EXPECT_TRUE(names.insert(reason.name).second) << reason.name;
  for (const Named& reason : transport_drops) EXPECT_TRUE(names.insert(reason.name).second) << reason.name;
}

}  // namespace
}  // namespace gossip::sim
