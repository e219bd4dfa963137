#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/units.hpp"

/// Tables in text files.
namespace gossip::sim {

/// One line of a table; knows where it stands for messages.
struct TextLine {
  const std::string& file;
  std::size_t number;
  std::vector<std::string_view> fields;

  std::string where() const { return file + ": line " + std::to_string(number); }
};

/// The fields of a line without the blanks around them. The separator ' ' is any run of blanks; others each count.
inline std::vector<std::string_view> split(std::string_view line, char separator) {
  constexpr std::string_view blank = " \t\r";
  std::vector<std::string_view> fields;
  const auto trim = [&](std::string_view field) {
    const std::size_t first = field.find_first_not_of(blank);
    if (first == std::string_view::npos) return std::string_view();
    return field.substr(first, field.find_last_not_of(blank) - first + 1);
  };
  line = trim(line);
  while (!line.empty()) {
    const std::size_t end = separator == ' ' ? line.find_first_of(blank) : line.find(separator);
    fields.push_back(trim(line.substr(0, end)));
    if (end == std::string_view::npos) break;
    line = separator == ' ' ? trim(line.substr(end)) : line.substr(end + 1);
    if (line.empty()) fields.emplace_back();  // a separator at the end, so an empty last field
  }
  return fields;
}

/// Calls visit(TextLine) for each line that is neither empty nor a comment.
template <class Visit>
void each_line(const std::string& file, std::string_view text, char separator, Visit visit) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    TextLine entry{file, number, split(line, separator)};
    if (entry.fields.empty() || entry.fields[0].starts_with('#')) continue;
    visit(entry);
  }
}

/// Milliseconds or seconds, as `unit` says, rounded to the nanosecond; nothing when negative, not a number or above
/// `most`.
inline std::optional<Duration> parse_time(std::string_view field, Duration unit, Duration most) {
  const auto number = parse_number<double>(field);
  if (!number || !(*number >= 0) || *number > static_cast<double>(most / unit)) return std::nullopt;
  return static_cast<Duration>(*number * static_cast<double>(unit) + 0.5);
}

}  // namespace gossip::sim
