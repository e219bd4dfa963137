#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

// A gossip peer decides by its inputs alone: no clock, thread, socket, file or log can creep in by an include.
namespace {

namespace fs = std::filesystem;

struct Include {
  std::string file, name;
  bool system;
};

void add_includes(const fs::path& file, std::vector<Include>& includes) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#' || line.find("include", hash) == std::string::npos) continue;
    const std::size_t open = line.find_first_of("<\"", hash);
    const std::size_t close = line.find_first_of(">\"", open + 1);
    includes.push_back({file.string(), line.substr(open + 1, close - open - 1), line[open] == '<'});
  }
}

std::vector<Include> includes_under(const std::string& folder) {
  std::vector<Include> includes;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(GOSSIP_SOURCE_DIR) / folder)) {
    const auto extension = entry.path().extension();
    if (extension == ".hpp" || extension == ".cpp") add_includes(entry.path(), includes);
  }
  return includes;
}

bool is_ours(const Include& include, const std::set<std::string>& folders) {
  return folders.contains(include.name.substr(0, include.name.find('/')));
}

TEST(Purity, CoreIncludesTheStandardLibraryAndItself) {
  const std::set<std::string> allowed{"algorithm", "array",       "bit",     "charconv", "concepts",
                                      "cstddef",   "cstdint",     "cstdio",  "cstdlib",  "limits",
                                      "new",       "optional",    "span",    "string",   "string_view",
                                      "tuple",     "type_traits", "utility", "variant",  "vector"};
  const auto includes = includes_under("core");
  ASSERT_GT(includes.size(), 20u);
  for (const Include& include : includes) {
    EXPECT_TRUE(include.system ? allowed.contains(include.name) : include.name.starts_with("core/"))
        << include.file << " includes " << include.name;
  }
}

TEST(Purity, OnlyTheAssertionPrints) {
  for (const Include& include : includes_under("core")) {
    EXPECT_TRUE(include.name != "cstdio" || include.file.ends_with("core/assert.hpp")) << include.file;
  }
}

void expect_none(const std::string& folder, const std::set<std::string>& forbidden) {
  const auto includes = includes_under(folder);
  ASSERT_FALSE(includes.empty());
  for (const Include& include : includes) {
    EXPECT_FALSE(is_ours(include, forbidden)) << include.file << " includes " << include.name;
  }
}

TEST(Purity, TheWireKnowsNeitherWorld) { expect_none("net", {"sim", "node", "bench", "tests"}); }
TEST(Purity, TheSimulatorDoesNotKnowTheNode) { expect_none("sim", {"node", "bench", "tests"}); }
TEST(Purity, TheNodeDoesNotKnowTheSimulator) { expect_none("node", {"sim", "bench", "tests"}); }

// ---- the ways in docs/design.md are made of functions that exist

std::string read(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> sources() {
  std::vector<std::string> all;
  for (const char* folder : {"core", "net", "sim", "node"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(GOSSIP_SOURCE_DIR) / folder)) {
      if (entry.is_regular_file()) all.push_back(read(entry.path()));
    }
  }
  return all;
}

/// What stands between backticks from one heading to another.
std::set<std::string> quoted(const std::string& page, const std::string& from, const std::string& to) {
  const std::string part = page.substr(page.find(from), page.find(to) - page.find(from));
  const std::regex quote("`([A-Za-z_:]+)`");
  std::set<std::string> names;
  for (std::sregex_iterator one(part.begin(), part.end(), quote), end; one != end; ++one) names.insert((*one)[1]);
  return names;
}

/// `member` is said by a file that defines `of`, or anywhere as `of::member`.
bool has_member(const std::vector<std::string>& sources, const std::string& of, const std::string& member) {
  const std::regex defined("(class|struct) " + of + "\\b[^;]*\\{"), said("\\b" + member + "\\b");
  return std::ranges::any_of(sources, [&](const std::string& text) {
    return text.find(of + "::" + member + '(') != text.npos ||
           (text.find(' ' + of) != text.npos && std::regex_search(text, defined) && std::regex_search(text, said));
  });
}

TEST(DesignPage, NamesFunctionsThatExist) {
  const auto names =
      quoted(read(fs::path(GOSSIP_SOURCE_DIR) / "docs/design.md"), "### The way of a message", "### To add a protocol");
  ASSERT_GT(names.size(), 50u);
  const auto all = sources();
  for (const std::string& name : names) {
    const std::size_t colons = name.find("::");
    const bool exists =
        colons == name.npos
            ? std::ranges::any_of(
                  all, [&](const auto& text) { return std::regex_search(text, std::regex("\\b" + name + "\\b")); })
            : has_member(all, name.substr(0, colons), name.substr(colons + 2));
    EXPECT_TRUE(exists) << "docs/design.md tells of " << name;
  }
}

}  // namespace
