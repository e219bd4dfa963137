#include "sim/report/words.hpp"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace gossip::sim {
namespace {

/// In characters: ± and … take two bytes or three.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string grouped_text(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string fixed_text(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

std::string bytes_text(double count) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  for (; count >= 1024 && unit < 4; ++unit) count /= 1024;
  return fixed_text(count, unit == 0 ? 0 : 1) + " " + units[unit];
}

std::string milliseconds_text(double ms) {
  return ms >= 10'000 ? fixed_text(ms / 1000, 2) + " s" : fixed_text(ms, ms < 10 ? 3 : 1) + " ms";
}

void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += "  " + row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]), ' ');
    }
    out << line << '\n';
  }
}

}  // namespace gossip::sim
