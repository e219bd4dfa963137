#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

/// Parts of the documentation that are made from the code: what stands between `<!-- table: NAME -->` and
/// `<!-- end -->`. A test compares; run with GOSSIP_UPDATE_DOCS=1 it writes the file anew.
namespace gossip::test {

inline std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline void expect_file(const std::string& path, const std::string& text) {
  if (std::getenv("GOSSIP_UPDATE_DOCS") != nullptr) std::ofstream(path, std::ios::binary) << text;
  EXPECT_TRUE(read_whole(path) == text) << path
                                        << " is not what the tables say; run this test with GOSSIP_UPDATE_DOCS=1";
}

using Rows = std::vector<std::vector<std::string>>;

/// A cell a column; the first row is the head; columns that are empty below it are left out.
inline std::string markdown(const Rows& rows) {
  std::string text;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::string line = "|", rule = "|";
    for (std::size_t column = 0; column < rows[row].size(); ++column) {
      const auto used = [&](const auto& cells) { return !cells[column].empty(); };
      if (std::none_of(rows.begin() + 1, rows.end(), used)) continue;
      line += rows[row][column].empty() ? " |" : ' ' + rows[row][column] + " |";
      rule += "---|";
    }
    text += line + '\n' + (row == 0 ? rule + '\n' : "");
  }
  return text;
}

/// `table(name)`: the lines of a table; nothing where it is another test's.
inline void expect_tables(const std::string& path,
                          const std::function<std::optional<std::string>(const std::string&)>& table) {
  const std::string text = read_whole(path), begin = "<!-- table: ", end = "<!-- end -->";
  std::string made;
  std::size_t from = 0;
  int tables = 0;
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, from)) {
    const std::size_t line = text.find('\n', at) + 1, name = at + begin.size(), close = text.find(end, line);
    ASSERT_NE(close, std::string::npos) << path << " has a table without an end";
    const auto lines = table(text.substr(name, text.find(' ', name) - name));
    tables += lines.has_value();
    made += text.substr(from, line - from) + lines.value_or(text.substr(line, close - line));
    from = close;
  }
  EXPECT_GT(tables, 0) << path;
  expect_file(path, made + text.substr(from));
}

}  // namespace gossip::test
