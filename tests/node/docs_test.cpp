// The tables of docs/node.md are the program's own. GOSSIP_UPDATE_DOCS=1 writes them anew.

#include <gtest/gtest.h>

#include <cstdlib>

#include "node/counters.hpp"
#include "node/settings.hpp"
#include "tests/node/process.hpp"

namespace gossip::node::test {
namespace {

const std::string page = GOSSIP_SOURCE_DIR "/docs/node.md";

std::string keys_table(std::string_view section) {
  std::string text = "| key | default | may be | meaning, and where the default comes from |\n|---|---|---|---|\n";
  Settings defaults;
  for (const Key& key : keys_of(defaults)) {
    if (key.section != section) continue;
    const std::string value = key.get();
    text.append("| `").append(key.name).append("` | ").append(value.empty() ? "" : "`" + value + "`").append(" | ");
    text.append(key.range).append(" | ").append(key.help).append(key.source.empty() ? "" : "; ").append(key.source);
    text.append(key.reloadable ? " ⟳ |\n" : " |\n");
  }
  return text;
}

std::string names_table(std::span<const Named> all) {
  std::string text = "| name | counts | what |\n|---|---|---|\n";
  for (const Named& one : all) {
    text.append("| `").append(one.name).append("` | ").append(one.unit).append(" | ").append(one.help).append(" |\n");
  }
  return text;
}

void expect_table(const std::string& name, const std::string& table) {
  const std::string begin = "<!-- table: " + name + " -->\n", end = "<!-- end -->";
  std::string text = read_file(page);
  const std::size_t from = text.find(begin);
  ASSERT_NE(from, std::string::npos) << "no " << begin;
  const std::size_t first = from + begin.size(), size = text.find(end, first) - first;
  if (std::getenv("GOSSIP_UPDATE_DOCS") != nullptr) {
    write_file(page, text.replace(first, size, table));
  } else {
    EXPECT_EQ(text.substr(first, size), table) << "GOSSIP_UPDATE_DOCS=1 writes the table anew";
  }
}

TEST(Docs, TablesAreWhatTheProgramKnows) {
  expect_table("outside", keys_table(""));
  expect_table("gossip", keys_table("gossip"));
  expect_table("limits", keys_table("limits"));
  expect_table("node", keys_table("node"));
  expect_table("counters", names_table(known_counters));
  expect_table("drops", names_table(reasons));
}

}  // namespace
}  // namespace gossip::node::test
