#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
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

bool is_of_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// What stands between backticks from one heading to another, and is a name.
std::set<std::string> quoted(const std::string& page, const std::string& from, const std::string& to) {
  std::istringstream part(page.substr(page.find(from), page.find(to) - page.find(from)));
  std::set<std::string> names;
  std::string text, quote;
  while (std::getline(part, text, '`') && std::getline(part, quote, '`')) {
    if (std::ranges::all_of(quote, [](char c) { return is_of_name(c) || c == ':'; })) names.insert(quote);
  }
  return names;
}

/// Whether the word stands there, and not as a part of a longer one.
bool says(const std::string& text, const std::string& word) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_of_name(text[at - 1])) && (end == text.size() || !is_of_name(text[end]))) return true;
  }
  return false;
}

/// `member` is said by a file that defines `of`, or anywhere as `of::member`.
bool has_member(const std::vector<std::string>& sources, const std::string& of, const std::string& member) {
  return std::ranges::any_of(sources, [&](const std::string& text) {
    return says(text, of + "::" + member) ||
           ((says(text, "class " + of) || says(text, "struct " + of)) && says(text, member));
  });
}

TEST(DesignPage, NamesFunctionsThatExist) {
  const auto names =
      quoted(read(fs::path(GOSSIP_SOURCE_DIR) / "docs/design.md"), "### The way of a message", "### To add a protocol");
  ASSERT_GT(names.size(), 50u);
  const auto all = sources();
  for (const std::string& name : names) {
    const std::size_t colons = name.find("::");
    const bool exists = colons == name.npos
                            ? std::ranges::any_of(all, [&](const auto& text) { return says(text, name); })
                            : has_member(all, name.substr(0, colons), name.substr(colons + 2));
    EXPECT_TRUE(exists) << "docs/design.md tells of " << name;
  }
}

}  // namespace
